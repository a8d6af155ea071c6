//! Every page in every state in a real Chromium: both languages, light and dark, wide and narrow.
//!
//! axe-core finds nothing to object to, nothing violates the policy of the page, nothing is wider than the
//! window. What is not so is pictured in `target/screenshots/gallery`; `cargo xtask pictures` pictures all.

use std::path::{Path, PathBuf};

use sekisho_model::Locale;
use sekisho_server::gallery::{Picture, asset, pictures};
use serde_json::Value;

use crate::support::app_server::AppServer;
use crate::support::chromium::{Chromium, Window};
use crate::support::house::variable;

const ASSETS: [&str; 8] = [
    "tokens.css",
    "style.css",
    "enhance.js",
    "check_session.js",
    "signed_out.js",
    "passkey.js",
    "logo.svg",
    "logo-dark.svg",
];

pub fn hang(server: &AppServer, pictures: &[Picture]) {
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
    const wishes = {resultTypes: ['violations'], iframes: false, RULES};
    axe.run(document, wishes).then(
        found => done(found.violations.flatMap(v => v.nodes.map(
            n => v.id + ' ' + n.target.join(' ') + ' ' + n.failureSummary))),
        error => done(['axe: ' + error]));";

/// Every rule that is on by itself, and that there is room to press what can be pressed.
const ALL_RULES: &str = "rules: {'meta-refresh': {enabled: false}, 'target-size': {enabled: true}}";
/// Those about colours and room, which are others in each theme and width.
const RULES_OF_A_VIEW: &str = "runOnly: {type: 'rule', values: [
    'color-contrast', 'link-in-text-block', 'scrollable-region-focusable', 'target-size']}";

pub async fn objections(browser: &Chromium) -> Vec<String> {
    objections_by(browser, ALL_RULES).await
}

async fn objections_by(browser: &Chromium, rules: &str) -> Vec<String> {
    let found: Value = browser.ask(&ASK.replace("RULES", rules)).await;
    let found = found.as_array().expect("a list").iter();
    found
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// A width of the window, and whether it is dark.
type View = (u32, bool);

/// The theme changes once: each change of it costs as much as one of the width.
const VIEWS: [View; 6] = [
    (1280, false),
    (390, false),
    (320, false),
    (320, true),
    (390, true),
    (1280, true),
];

/// By all rules in one view of each language, since most are about the markup, which is the same in all. By those
/// about colours and room in two more, so that each language is seen in every width and in both themes.
fn rules_in(locale: Locale, view: View) -> Option<&'static str> {
    match (locale, view) {
        (Locale::Ja, (1280, false)) | (Locale::En, (320, true)) => Some(ALL_RULES),
        (Locale::Ja, (320, false) | (390, true)) | (Locale::En, (390, false) | (1280, true)) => {
            Some(RULES_OF_A_VIEW)
        }
        _ => None,
    }
}

/// What is pictured where somebody is going to look: a picture takes as long as everything else.
fn by_eye(view: View) -> bool {
    std::env::var_os("TEST_PICTURES").is_some() && matches!(view, (1280, false) | (320, true))
}

/// One in so many samples for each test, so that they run side by side. Each starts a browser.
const PARTS: usize = 4;

async fn faults_of(browser: &Chromium, name: &str, locale: Locale) -> Vec<String> {
    let shots = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots/gallery");
    let mut faults = Vec::new();
    for view in VIEWS {
        let (width, dark) = view;
        let theme = if dark { "dark" } else { "light" };
        let at = format!("{name}-{}-{theme}-{width}", locale.tag());
        let before = faults.len();
        browser.resize(width, dark).await;
        if browser.scrolls_sideways().await {
            faults.push(format!("{at}: wider than the window"));
        }
        if let Some(rules) = rules_in(locale, view) {
            let found = objections_by(browser, rules).await;
            faults.extend(found.into_iter().map(|what| format!("{at}: {what}")));
        }
        if by_eye(view) || faults.len() > before {
            browser.screenshot(&shots.join(format!("{at}.png"))).await;
        }
    }
    let said = browser.complaints().await;
    faults.extend(said.into_iter().map(|what| format!("{name}: {what}")));
    faults
}

/// Makes [`objections`] possible on pages from here on.
pub async fn bring_axe(browser: &Chromium) {
    let modules = PathBuf::from(variable("TEST_NODE_MODULES"));
    let axe = modules.join("node_modules/axe-core/axe.min.js");
    let axe = std::fs::read_to_string(axe).unwrap();
    browser.bring_along(&axe).await;
}

async fn look_at_part(locale: Locale, part: usize) {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let all = pictures(locale);
    let server = AppServer::start().await;
    hang(&server, &all);
    let browser = Chromium::open(Window {
        width: 1280,
        dark: false,
        language: locale.tag(),
        script: true,
    })
    .await;
    bring_axe(&browser).await;
    let mut faults = Vec::new();
    for picture in all.iter().skip(part).step_by(PARTS) {
        browser.go(&server.url(&format!("/{}", picture.name))).await;
        faults.extend(faults_of(&browser, &picture.name, locale).await);
    }
    browser.close().await;
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// As the server counts: letters, not the parts they are typed of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_03_what_a_new_password_still_lacks_is_counted_while_it_is_typed() {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let all = pictures(Locale::Ja);
    let server = AppServer::start().await;
    hang(&server, &all);
    let browser = Chromium::open(Window {
        width: 390,
        dark: false,
        language: "ja",
        script: true,
    })
    .await;
    browser.go(&server.url("/own-password")).await;
    for (typed, told) in [
        ("abc", Some("あと5文字")),
        ("か\u{3099}き\u{3099}", Some("あと6文字")),
        ("abcdefg", Some("あと1文字")),
        ("abcdefgh", None),
    ] {
        browser.fill("#password", typed).await;
        let words = browser.words().await;
        match told {
            Some(told) => assert!(words.contains(told), "{typed}: {words}"),
            None => assert!(!words.contains("あと"), "{typed}: {words}"),
        }
    }
    browser.close().await;
}

macro_rules! parts {
    ($($name:ident: $locale:ident $part:literal;)+) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            look_at_part(Locale::$locale, $part).await;
        })+
    };
}

parts! {
    every_page_is_whole_in_japanese_1: Ja 0;
    every_page_is_whole_in_japanese_2: Ja 1;
    every_page_is_whole_in_japanese_3: Ja 2;
    every_page_is_whole_in_japanese_4: Ja 3;
    every_page_is_whole_in_english_1: En 0;
    every_page_is_whole_in_english_2: En 1;
    every_page_is_whole_in_english_3: En 2;
    every_page_is_whole_in_english_4: En 3;
}
