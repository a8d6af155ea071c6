//! Everything can be reached and done by keyboard alone, in the order in which it stands on the page, and one
//! always sees where one is (WCAG 2.1.1, 2.4.3, 2.4.7; `ux.md` 5.8).

use std::collections::BTreeSet;

use sekisho_model::Locale;
use sekisho_server::gallery::{Picture, pictures};
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

const PARTS: usize = 4;

/// What can have the focus on a page, in its order, by what it is and what it is for.
fn places(html: &str) -> Vec<String> {
    let part = |tag: &str, name: &str| {
        let rest = tag.split(&format!(" {name}=\"")).nth(1)?;
        let value = rest.split('"').next()?;
        // Two links to entries of the same list are the same place.
        Some(value.split(['?', '#']).next()?.to_owned())
    };
    let tags = html.split('<').skip(1);
    let tags = tags.map(|rest| rest.split('>').next().unwrap_or_default());
    let kinds = [
        "a", "button", "input", "select", "textarea", "summary", "iframe",
    ];
    let mut found: Vec<String> = tags
        .filter(|tag| kinds.contains(&tag.split(' ').next().unwrap_or_default()))
        .filter(|tag| !tag.contains("type=\"hidden\""))
        .map(|tag| {
            let kind = tag.split(' ').next().unwrap_or_default();
            let parts = ["id", "name", "href"].map(|name| part(tag, name).unwrap_or_default());
            format!("{kind} {}", parts.join(" "))
        })
        .collect();
    found.dedup();
    found
}

/// Every page, once in each arrangement of what can have the focus there. States that differ in words only are
/// walked once.
fn walked(all: &[Picture]) -> Vec<&Picture> {
    let mut seen = BTreeSet::new();
    // Frames of the built-in mailbox hold the mails of others.
    let ours = all.iter().filter(|page| !page.name.contains("letter"));
    ours.filter(|page| seen.insert(places(&page.html)))
        .collect()
}

#[test]
fn no_page_is_left_out_of_the_walk_because_another_has_a_name_like_it() {
    let all = pictures(Locale::En);
    let walked = walked(&all);
    let arrangements: BTreeSet<_> = walked.iter().map(|page| places(&page.html)).collect();
    for name in [
        "recovery-codes",
        "recovery-codes-new",
        "recovery-used",
        "apps-remove",
        "devices-others",
        "device-confirm",
        "help-code-address",
        "error-flow-gone-onward",
    ] {
        let page = all.iter().find(|page| page.name == name);
        let page = page.unwrap_or_else(|| panic!("no picture {name}"));
        assert!(arrangements.contains(&places(&page.html)), "{name}");
    }
    for start in ["set-up-", "register-", "add-passkey", "login-", "code-"] {
        let named = walked.iter().any(|page| page.name.starts_with(start));
        assert!(named, "{start}");
    }
}

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
    for page in walked(&all).into_iter().skip(part).step_by(PARTS) {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_walked_through_by_keyboard_3() {
    walk_part(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_walked_through_by_keyboard_4() {
    walk_part(3).await;
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
