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

/// What is looked at: width, dark, and whether axe-core is asked as well.
const VIEWS: [(u32, bool, bool); 6] = [
    (1280, false, true),
    (1280, true, true),
    (390, false, false),
    (390, true, false),
    (320, false, false),
    (320, true, true),
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

/// What axe-core objects to: rule and place of each finding.
async fn objections(browser: &Chromium, axe: &str) -> Vec<String> {
    let script = format!(
        "{axe}; const done = arguments[arguments.length - 1];
        axe.run(document, {{resultTypes: ['violations']}}).then(
            found => done(found.violations.flatMap(v => v.nodes.map(
                n => v.id + ' ' + n.target.join(' ') + ' ' + n.failureSummary))),
            error => done(['axe: ' + error]));"
    );
    let found: Value = browser.ask(&script).await;
    let found = found.as_array().expect("a list").iter();
    found
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

async fn look_at_all(locale: Locale) {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let all = pictures(locale);
    let server = AppServer::start().await;
    hang(&server, &all);
    let modules = PathBuf::from(variable("TEST_NODE_MODULES"));
    let axe = std::fs::read_to_string(modules.join("node_modules/axe-core/axe.min.js")).unwrap();
    let browser = Chromium::open(Window {
        width: 1280,
        dark: false,
        language: locale.tag(),
        script: true,
    })
    .await;
    let shots = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots/gallery");
    let mut faults = Vec::new();
    for (width, dark, by_axe) in VIEWS {
        browser.resize(width, dark).await;
        let theme = if dark { "dark" } else { "light" };
        for picture in &all {
            let at = format!("{}-{}-{theme}-{width}", picture.name, locale.tag());
            browser.go(&server.url(&format!("/{}", picture.name))).await;
            let said = browser.complaints().await;
            faults.extend(said.into_iter().map(|what| format!("{at}: {what}")));
            if browser.scrolls_sideways().await {
                faults.push(format!("{at}: wider than the window"));
            }
            if by_axe {
                let found = objections(&browser, &axe).await;
                faults.extend(found.into_iter().map(|what| format!("{at}: {what}")));
                browser.screenshot(&shots.join(format!("{at}.png"))).await;
            }
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ux_12_every_page_in_japanese_is_whole_in_every_window() {
    look_at_all(Locale::Ja).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ux_12_every_page_in_english_is_whole_in_every_window() {
    look_at_all(Locale::En).await;
}
