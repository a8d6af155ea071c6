//! Every page in every state in a real Chromium: both languages, light and dark, wide and narrow.
//!
//! axe-core finds nothing to object to, nothing violates the policy of the page, nothing is wider than the
//! window. The pictures lie in `target/screenshots/gallery`.

use std::path::{Path, PathBuf};

use sekisho_model::Locale;
use sekisho_server::gallery::{Picture, asset, pictures};
use serde_json::Value;

use crate::support::app_server::AppServer;
use crate::support::chromium::{Chromium, Window};
use crate::support::house::variable;

const ASSETS: [&str; 7] = [
    "tokens.css",
    "style.css",
    "enhance.js",
    "check_session.js",
    "signed_out.js",
    "logo.svg",
    "logo-dark.svg",
];

fn hang(server: &AppServer, pictures: &[Picture]) {
    for picture in pictures {
        let mut headers = vec![("content-type", "text/html; charset=utf-8")];
        let theirs = picture.headers.iter();
        headers.extend(theirs.map(|(name, value)| (*name, &**value)));
        server.put(
            &format!("/{}", picture.name),
            &headers,
            picture.html.clone().into_bytes(),
        );
    }
    let html = &pictures[0].html;
    let edition = html.split("/assets/").nth(1).unwrap();
    let edition = edition.split('/').next().unwrap();
    for name in ASSETS {
        let path = format!("/assets/{edition}/{name}");
        let (kind, body) = asset(&path).unwrap();
        server.put(&path, &[("content-type", kind)], body.to_vec());
    }
}

/// What axe-core objects to: rule and place of each finding. Frames are pages of others. The queue comes
/// back by itself without script: to wait there is all that the page is for (WCAG 2.2.1, essential).
const ASK: &str = "const done = arguments[arguments.length - 1];
    const wishes = {resultTypes: ['violations'], iframes: false, rules: {'meta-refresh': {enabled: false}}};
    axe.run(document, wishes).then(
        found => done(found.violations.flatMap(v => v.nodes.map(
            n => v.id + ' ' + n.target.join(' ') + ' ' + n.failureSummary))),
        error => done(['axe: ' + error]));";

async fn objections(browser: &Chromium) -> Vec<String> {
    let found: Value = browser.ask(ASK).await;
    let found = found.as_array().expect("a list").iter();
    found
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

async fn look_at_all(locale: Locale, width: u32, dark: bool) {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let all = pictures(locale);
    let server = AppServer::start().await;
    hang(&server, &all);
    let browser = Chromium::open(Window {
        width,
        dark,
        language: locale.tag(),
        script: true,
    })
    .await;
    let shots = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots/gallery");
    let theme = if dark { "dark" } else { "light" };
    // Both languages, both themes, the widest and the narrowest: not each with each, it takes long.
    let by_axe = matches!(
        (locale, width, dark),
        (Locale::Ja, 1280, false) | (Locale::En, 320, true)
    );
    if by_axe {
        let modules = PathBuf::from(variable("TEST_NODE_MODULES"));
        let axe = modules.join("node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(axe).unwrap();
        browser.bring_along(&axe).await;
    }
    let mut faults = Vec::new();
    for picture in &all {
        let at = format!("{}-{}-{theme}-{width}", picture.name, locale.tag());
        browser.go(&server.url(&format!("/{}", picture.name))).await;
        let said = browser.complaints().await;
        faults.extend(said.into_iter().map(|what| format!("{at}: {what}")));
        if browser.scrolls_sideways().await {
            faults.push(format!("{at}: wider than the window"));
        }
        if by_axe {
            let found = objections(&browser).await;
            faults.extend(found.into_iter().map(|what| format!("{at}: {what}")));
        }
        if width != 390 {
            browser.screenshot(&shots.join(format!("{at}.png"))).await;
        }
    }
    browser.close().await;
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

macro_rules! views {
    ($($name:ident: $locale:ident $width:literal $dark:literal;)+) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            look_at_all(Locale::$locale, $width, $dark).await;
        })+
    };
}

views! {
    every_page_is_whole_in_japanese_light_and_wide: Ja 1280 false;
    every_page_is_whole_in_japanese_dark_and_wide: Ja 1280 true;
    every_page_is_whole_in_japanese_light_on_a_phone: Ja 390 false;
    every_page_is_whole_in_japanese_dark_on_a_phone: Ja 390 true;
    every_page_is_whole_in_japanese_light_and_narrow: Ja 320 false;
    every_page_is_whole_in_japanese_dark_and_narrow: Ja 320 true;
    every_page_is_whole_in_english_light_and_wide: En 1280 false;
    every_page_is_whole_in_english_dark_and_wide: En 1280 true;
    every_page_is_whole_in_english_light_on_a_phone: En 390 false;
    every_page_is_whole_in_english_dark_on_a_phone: En 390 true;
    every_page_is_whole_in_english_light_and_narrow: En 320 false;
    every_page_is_whole_in_english_dark_and_narrow: En 320 true;
}
