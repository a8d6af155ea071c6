//! How apps and the service look (WEB-12): what operators set, what is refused, what browsers get and show.

use std::path::{Path, PathBuf};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::authorization::request;
use crate::gallery::{bring_axe, objections};
use crate::support::browser::Browser;
use crate::support::chromium::{Chromium, Window};
use crate::support::documents::{Document, DocumentServer};
use crate::support::house::TestHouse;
use crate::support::processes::Process;
use crate::tokens::App;

const COLOURS: &str = "#0a5f73,#084c5c,#ffffff";
const DARK: &str = "#8fd3e3,#b6e4ee,#0d1a1f";

/// A round picture with a transparent ground and words in its file.
fn drawn(side: i32) -> Vec<u8> {
    let mut file = Vec::new();
    let width = u32::try_from(side).unwrap();
    let mut encoder = png::Encoder::new(&mut file, width, width);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .add_text_chunk("Comment".to_owned(), "<script>alert(1)</script>".to_owned())
        .unwrap();
    let middle = side / 2;
    let point = |at: i32| {
        let (x, y) = (at % side - middle, at / side - middle);
        let inside = x * x + y * y < middle * middle;
        let ring = x * x + y * y > middle * middle / 3;
        if inside && ring {
            [10, 95, 115, 255]
        } else {
            [0, 0, 0, 0]
        }
    };
    let points: Vec<u8> = (0..side * side).flat_map(point).collect();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&points).unwrap();
    writer.finish().unwrap();
    file
}

struct Scene {
    house: TestHouse,
    config: String,
    folder: PathBuf,
}

impl Scene {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        let house_logo = folder.join("house.png");
        std::fs::write(&house_logo, drawn(64)).unwrap();
        let house = TestHouse::open_with(|config| {
            config.server.service_name = "青空 ID".to_owned();
            config.brand.logo = Some(house_logo);
            let link = "https://operator.example/about | 会社概要 | About us";
            config.brand.footer_links = vec![link.to_owned()];
        })
        .await;
        let file = folder.join("config.toml");
        house.write_config(&file, "127.0.0.1:0");
        Self {
            house,
            config: file.to_str().unwrap().to_owned(),
            folder,
        }
    }

    fn brand<'w>(&'w self, app: &'w App, more: &[&'w str]) -> Vec<&'w str> {
        let start = [
            "client",
            "brand",
            &app.id,
            "--config",
            &self.config,
            "-o",
            "json",
        ];
        [&start, more].concat()
    }

    async fn brand_now(&self, app: &App, more: &[&str]) -> Value {
        let told = Process::run(&self.brand(app, more), "");
        self.house.house.services.provider.hear().await.unwrap();
        serde_json::from_str(&told).unwrap()
    }

    fn refused(&self, app: &App, more: &[&str]) -> String {
        Process::refused(&self.brand(app, more), "").expect("a refusal")
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let gone = std::fs::remove_dir_all(&self.folder);
        drop(gone);
    }
}

/// The page where somebody signs in to an app.
async fn login(scene: &Scene, browser: &Browser, app: &App) -> String {
    let start = browser.get(&request(&app.id, &[])).await;
    let page = browser.get(start.location()).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.text.contains("https://operator.example/about"),
        "{}",
        scene.house.issuer
    );
    page.text
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let rest = &text[text.find(start).expect("its start") + start.len()..];
    &rest[..rest.find(end).unwrap()]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_12_pages_of_an_app_have_its_colours_and_picture_from_our_origin() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({})).await;
    let plain = App::of(&scene.house, json!({})).await;
    let browser = Browser::new(&scene.house);
    assert!(!login(&scene, &browser, &app).await.contains("tegata--logo"));
    let logo = scene.file("logo.png", &drawn(128));
    let told = scene
        .brand_now(
            &app,
            &[
                "--colours",
                COLOURS,
                "--dark-colours",
                DARK,
                "--logo",
                &logo,
            ],
        )
        .await;
    assert_eq!(told["version"], 1);
    assert_eq!(told["contrasts"].as_array().unwrap().len(), 6);

    let page = login(&scene, &browser, &app).await;
    let style = between(&page, "<link rel=\"stylesheet\" href=\"/theme/", "\"").to_owned();
    assert!(
        style.starts_with("server.css?v="),
        "the service comes first"
    );
    let sheet = browser.get(&format!("/theme/{}.css?v=1", app.id)).await;
    assert!(page.contains(&format!("href=\"/theme/{}.css?v=1\"", app.id)));
    assert_eq!(sheet.headers["content-type"], "text/css; charset=utf-8");
    assert!(
        sheet.headers["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
    assert!(sheet.text.contains("--brand: #0a5f73;") && sheet.text.contains("--brand: #8fd3e3;"));

    let picture = format!("/theme/{}/logo?v=1", app.id);
    assert!(page.contains(&format!("src=\"{picture}\"")));
    let url = scene.house.url(&picture);
    let answer = browser.http.get(url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(
        answer.headers()["cross-origin-resource-policy"],
        "same-origin"
    );
    let disposition = answer.headers()["content-disposition"].to_str().unwrap();
    assert!(disposition.starts_with("attachment"));
    let bytes = answer.bytes().await.unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    assert!(
        !bytes.windows(6).any(|part| part == b"script"),
        "only points are kept"
    );

    // An older address is served and not kept; an app without a brand, or none at all, has none.
    let old = browser.get(&format!("/theme/{}.css?v=7", app.id)).await;
    assert_eq!(old.headers["cache-control"], "public, no-cache");
    for id in [&*plain.id, "nobody", "..%2F..", "server%00", "%3Cscript%3E"] {
        for part in [".css?v=1", "/logo?v=1"] {
            let page = browser.get(&format!("/theme/{id}{part}")).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{id}{part}");
        }
    }
    assert!(
        !login(&scene, &Browser::new(&scene.house), &plain)
            .await
            .contains("tegata--logo")
    );

    // Each part goes by itself, and a number never comes twice.
    let told = scene.brand_now(&app, &["--no-logo"]).await;
    assert_eq!(
        (&told["logo"], &told["version"]),
        (&json!(false), &json!(2))
    );
    assert_eq!(browser.get(&picture).await.status, StatusCode::NOT_FOUND);
    let told = scene.brand_now(&app, &["--no-colours"]).await;
    assert_eq!(
        (&told["colours"], &told["version"]),
        (&Value::Null, &json!(3))
    );
    let page = login(&scene, &Browser::new(&scene.house), &app).await;
    assert!(!page.contains(&format!("/theme/{}", app.id)));
    scene.house.house.services.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_12_drawings_hard_colours_and_unfetched_pictures_are_refused_and_change_nothing() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({})).await;
    let svg = scene.file(
        "logo.svg",
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>",
    );
    assert!(scene.refused(&app, &["--logo", &svg]).contains("PNG"));
    let masked = scene.file(
        "logo.png",
        &[b"\x89PNG\r\n\x1a\n<svg/>".as_slice(), &[0; 99]].concat(),
    );
    assert!(
        scene
            .refused(&app, &["--logo", &masked])
            .contains("damaged")
    );
    let missing = scene.refused(&app, &["--logo", "/nowhere/at/all.png"]);
    assert!(missing.contains("all.png"), "{missing}");
    let pale = scene.refused(&app, &["--colours", "#cccccc,#bbbbbb,#ffffff"]);
    assert!(
        pale.contains("light pages, writing on the button: 1.61, needs 4.5"),
        "{pale}"
    );
    let dark = scene.refused(&app, &["--colours", COLOURS]);
    assert!(
        dark.contains("dark pages") && dark.contains("--dark-colours"),
        "{dark}"
    );
    assert!(scene.refused(&app, &["--fetch-logo"]).contains("logo_uri"));
    assert_eq!(scene.brand_now(&app, &[]).await["version"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_12_a_registered_picture_is_fetched_once_and_never_by_browsers() {
    let scene = Scene::open().await;
    let picture = |kind: &str, body: Vec<u8>| Document {
        status: 200,
        headers: vec![("content-type", kind.to_owned())],
        body,
    };
    let (server, authority) = DocumentServer::open_with_tls(picture("image/svg+xml", drawn(48)));
    let authority = scene.file("authority.pem", authority.as_bytes());
    let text = std::fs::read_to_string(&scene.config).unwrap();
    let more = format!("[outbound]\nextra_ca_file = {authority:?}\n");
    std::fs::write(&scene.config, text + &more).unwrap();
    let app = App::of(&scene.house, json!({"logo_uri": server.url})).await;
    let fetch = ["--fetch-logo"];
    assert!(scene.refused(&app, &fetch).contains("no PNG picture"));
    server.show(picture("image/png", b"<svg/>".to_vec()));
    assert!(scene.refused(&app, &fetch).contains("PNG file"));
    server.show(picture("image/png", drawn(48)));
    assert_eq!(scene.brand_now(&app, &fetch).await["logo"], true);
    let asked = server.asked();
    let page = login(&scene, &Browser::new(&scene.house), &app).await;
    assert!(page.contains("tegata--logo") && !page.contains(&server.url));
    assert_eq!(server.asked(), asked, "once, and by nobody else");
}

/// What colour something has, as the browser computes it.
async fn colour(browser: &Chromium, selector: &str, property: &str) -> String {
    let script =
        format!("arguments[0](getComputedStyle(document.querySelector('{selector}')).{property})");
    browser.ask(&script).await.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_12_a_branded_page_is_drawn_in_its_colours_in_both_themes() {
    let scene = Scene::open().await;
    let app = App::of(&scene.house, json!({"client_name": "Aozora Mail"})).await;
    let logo = scene.file("logo.png", &drawn(128));
    let more = [
        "--colours",
        COLOURS,
        "--dark-colours",
        DARK,
        "--logo",
        &logo,
    ];
    scene.brand_now(&app, &more).await;
    let browser = Chromium::open(Window {
        width: 1280,
        dark: false,
        language: "ja",
        script: true,
    })
    .await;
    bring_axe(&browser).await;
    browser.go(&scene.house.url(&request(&app.id, &[]))).await;
    let shots = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots/gallery");
    for (dark, width, button) in [
        (false, 1280, "rgb(10, 95, 115)"),
        (true, 390, "rgb(143, 211, 227)"),
        (true, 320, "rgb(143, 211, 227)"),
        (false, 320, "rgb(10, 95, 115)"),
    ] {
        browser.resize(width, dark).await;
        let theme = if dark { "dark" } else { "light" };
        browser
            .screenshot(&shots.join(format!("branded-ja-{theme}-{width}.png")))
            .await;
        assert_eq!(
            colour(&browser, ".btn--primary", "backgroundColor").await,
            button
        );
        let width_of = "arguments[0](document.querySelector('.tegata--logo img').naturalWidth)";
        assert_eq!(browser.ask(width_of).await, 128);
        let mask = colour(&browser, ".plaque .house", "maskImage").await;
        assert!(mask.contains("/theme/server/logo?v="), "{mask}");
        assert!(!browser.scrolls_sideways().await);
        assert_eq!(objections(&browser).await, [""; 0]);
    }
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
