//! Everything can be reached and done by keyboard alone, in the order in which it stands on the page, and one
//! always sees where one is (WCAG 2.1.1, 2.4.3, 2.4.7; `ux.md` 5.8).

use std::collections::BTreeSet;

use sekisho_model::Locale;
use sekisho_server::gallery::pictures;
use serde_json::Value;

use crate::gallery::hang;
use crate::in_chromium::begin;
use crate::support::app_server::AppServer;
use crate::support::chromium::{Chromium, ENTER, SHIFT, SPACE, TAB, Window};
use crate::support::wait;

/// Where the focus is among what can have it, in the order of the page; -1 is nowhere. And whether that shows.
const WHERE: &str = "const done = arguments[arguments.length - 1];
    const checked = e => e.type === 'radio' && document.querySelector(
        'input[type=radio][name=\"' + e.name + '\"]:checked');
    const first = e => e.type === 'radio' && document.querySelector(
        'input[type=radio][name=\"' + e.name + '\"]') === e;
    const all = [...document.querySelectorAll(
        'a[href], button, input:not([type=hidden]), select, textarea, summary, iframe, [tabindex]')]
        .filter(e => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({visibilityProperty: true}))
        .filter(e => e.type !== 'radio' || (checked(e) ? checked(e) === e : first(e)));
    const now = document.activeElement;
    const ring = e => { const s = getComputedStyle(e);
        return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2) || s.boxShadow !== 'none'; };
    const shows = now && (ring(now) || (now.labels && [...now.labels].some(ring)));
    done({at: all.indexOf(now), of: all.length, what: now ? now.outerHTML.slice(0, 90) : '', shows: !!shows,
          scrolls: [...document.querySelectorAll('[tabindex=\"0\"]')].length});";

struct Focus {
    at: i64,
    of: i64,
    what: String,
    shows: bool,
}

async fn focus(browser: &Chromium) -> Focus {
    let found: Value = browser.ask(WHERE).await;
    Focus {
        at: found["at"].as_i64().unwrap(),
        of: found["of"].as_i64().unwrap(),
        what: found["what"].as_str().unwrap().to_owned(),
        shows: found["shows"].as_bool().unwrap(),
    }
}

/// Forward to the last place, then back to the first: each step goes to the neighbour.
async fn faults_of(browser: &Chromium, name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut before = focus(browser).await;
    if before.of == 0 {
        return vec![format!("{name}: nothing can be reached")];
    }
    if before.at < 0 {
        // A page that begins with what is wrong begins there.
        browser.press(&[TAB]).await;
        before = focus(browser).await;
    }
    let (mut step, mut back) = (1, false);
    for _ in 0..before.of * 6 {
        if before.at == before.of - 1 {
            (step, back) = (-1, true);
        }
        if back && before.at == 0 {
            return faults;
        }
        browser
            .press(if back { &[SHIFT, TAB] } else { &[TAB] })
            .await;
        let now = focus(browser).await;
        // A date has places of its own for its parts.
        if now.at == before.at && now.what.contains("type=\"date\"") {
            continue;
        }
        if now.at != before.at + step {
            faults.push(format!("{name}: from {} to {}", before.what, now.what));
            return faults;
        }
        // The button of a date draws its own ring, inside.
        if !now.shows && !now.what.contains("type=\"date\"") {
            faults.push(format!(
                "{name}: nobody sees that {} has the focus",
                now.what
            ));
        }
        before = now;
    }
    faults.push(format!("{name}: the focus does not come to the end"));
    faults
}

const PARTS: usize = 2;

async fn walk_part(part: usize) {
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let all = pictures(Locale::En);
    let server = AppServer::start().await;
    hang(&server, &all);
    let browser = Chromium::open(Window {
        width: 1280,
        dark: false,
        language: "en",
        script: true,
    })
    .await;
    let mut faults = Vec::new();
    // One state of each page: what can have the focus differs little between them.
    let mut seen = BTreeSet::new();
    let kind = |name: &str| name.split('-').next().unwrap_or_default().to_owned();
    // Frames of the built-in mailbox hold the mails of others.
    let ours = all.iter().filter(|page| !page.name.contains("letter"));
    let pages = ours.filter(|page| seen.insert(kind(&page.name)));
    for page in pages.skip(part).step_by(PARTS) {
        browser.go(&server.url(&format!("/{}", page.name))).await;
        faults.extend(faults_of(&browser, &page.name).await);
    }
    browser.close().await;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_walked_through_by_keyboard_1() {
    walk_part(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_walked_through_by_keyboard_2() {
    walk_part(1).await;
}

/// Moves on until what has the focus looks like `part`.
async fn tab_to(browser: &Chromium, part: &str) {
    for _ in 0..40 {
        if focus(browser).await.what.contains(part) {
            return;
        }
        browser.press(&[TAB]).await;
    }
    panic!("{part} cannot be reached");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_signs_in_and_consents_by_keyboard_alone() {
    let (tour, password, _server) = begin(Window {
        width: 390,
        dark: false,
        language: "en",
        script: false,
    })
    .await;
    let browser = &tour.browser;
    browser.go(&format!("{}/_dev/playground", tour.base)).await;
    tab_to(browser, "<button").await;
    browser.press(&[ENTER]).await;
    tour.arrive("/login?", "k1-login").await;
    tab_to(browser, "id=\"email\"").await;
    browser.type_text("haruka@example.jp").await;
    browser.press(&[TAB]).await;
    assert!(focus(browser).await.what.contains("id=\"password\""));
    browser.type_text(&password).await;
    browser.press(&[ENTER]).await;
    tour.arrive("/login/code", "k2-code").await;
    tab_to(browser, "id=\"code\"").await;
    browser.type_text(&tour.code().await).await;
    browser.press(&[ENTER]).await;
    tour.arrive("/consent", "k3-consent").await;
    // CON-06: a decision counts half a second after its page.
    let shown = std::time::Instant::now();
    wait::until("a look at the page", async || {
        (shown.elapsed() > std::time::Duration::from_millis(700)).then_some(())
    })
    .await;
    tab_to(browser, "value=\"allow\"").await;
    browser.press(&[SPACE]).await;
    tour.arrive("/_dev/playground/callback", "k4-tokens").await;
    tour.browser.close().await;
}
