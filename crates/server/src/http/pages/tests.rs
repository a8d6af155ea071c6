//! Every page in every state, in both languages.

mod password_fields;

use sekisho_model::Locale;

use super::*;
use samples::{all, hostile};

/// What must hold for each page.
fn inspect(name: &str, locale: Locale, html: &str) {
    let at = format!("{name} {}", locale.tag());
    assert!(
        !html.contains('⟦'),
        "{at}: missing key {:?}",
        html.split('⟦').nth(1)
    );
    assert!(!html.contains("{$"), "{at}: value without a place");
    assert!(
        html.contains(&format!("<html lang=\"{}\"", locale.tag())),
        "{at}"
    );
    assert_eq!(html.matches("<h1").count(), 1, "{at}");
    assert_eq!(html.matches("<main").count(), 1, "{at}");
    let first = html
        .split("<body")
        .nth(1)
        .unwrap()
        .split("<a ")
        .nth(1)
        .unwrap();
    assert!(first.starts_with("class=\"skip\" href=\"#main\""), "{at}");
    for inline in [
        " style=",
        "<style",
        " onclick=",
        " onsubmit=",
        "javascript:",
    ] {
        assert!(!html.contains(inline), "{at}: {inline}");
    }
    assert!(!html.contains(" disabled"), "{at}");
    for form in html
        .split("<form")
        .skip(1)
        .filter(|form| form.contains("method=\"post\""))
    {
        // Forms of ours carry our token; the form that answers an app must not.
        let ours = !form.contains("action=\"https:");
        assert_eq!(form.contains("name=\"csrf\""), ours, "{at}");
    }
    ids_are_unique(&at, html);
}

fn ids_are_unique(at: &str, html: &str) {
    let ids: Vec<&str> = html
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let unique: std::collections::BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "{at}: {ids:?}");
    let labels = html
        .split(" for=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    for label in labels {
        assert!(ids.contains(&label), "{at}: label for {label}");
    }
    let described = html
        .split("describedby=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    for id in described.flat_map(str::split_whitespace) {
        assert!(ids.contains(&id), "{at}: described by {id}");
    }
}

fn title(html: &str) -> &str {
    html.split("<title>")
        .nth(1)
        .unwrap()
        .split("</title>")
        .next()
        .unwrap()
}

#[test]
fn every_page_in_every_state_is_whole_in_both_languages() {
    for locale in Locale::ALL {
        for sample in all(locale) {
            inspect(&sample.name, locale, &sample.html);
        }
    }
}

#[test]
fn pages_with_an_error_say_so_first_in_their_title() {
    for (locale, prefix) in [(Locale::Ja, "エラー: "), (Locale::En, "Error: ")] {
        for sample in all(locale) {
            let title = title(&sample.html);
            assert_eq!(
                title.starts_with(prefix),
                sample.is_error,
                "{} {title}",
                sample.name
            );
            assert!(title.ends_with(" | Sekisho"), "{title}");
        }
    }
}

#[test]
fn no_page_in_english_holds_japanese_words_of_ours() {
    for sample in all(Locale::En) {
        let html = sample
            .html
            .replace("日本語", "")
            .replace("三浦 晴香", "")
            .replace("松", "");
        let stamps = ["通", "問", "止", "報", "変", "無", "三"];
        let html = stamps
            .iter()
            .fold(html, |html, stamp| html.replace(stamp, ""));
        let kana = html.chars().find(|c| ('\u{3040}'..='\u{9fff}').contains(c));
        assert_eq!(kana, None, "{}", sample.name);
    }
}

#[test]
fn web_09_hostile_words_are_shown_and_not_obeyed() {
    for locale in Locale::ALL {
        for sample in hostile(locale) {
            inspect(&sample.name, locale, &sample.html);
            let html = sample.html.to_lowercase();
            assert!(!html.contains("<img"), "{}", sample.name);
            assert!(!html.contains("<script>"), "{}", sample.name);
            assert!(
                html.contains("&#60;script&#62;") || html.contains("&lt;script"),
                "{}",
                sample.name
            );
        }
    }
}

#[test]
fn web_18_names_cannot_turn_the_writing_direction() {
    for sample in hostile(Locale::En) {
        assert!(!sample.html.contains('\u{202e}'), "{}", sample.name);
    }
}

#[test]
fn what_was_typed_stays_but_never_a_password() {
    let page = samples::sign_in(Locale::En, Some(SignInProblem::Wrong));
    assert!(page.contains("value=\"haruka.m@example.jp\""));
    let password = page
        .split("id=\"password\"")
        .nth(1)
        .unwrap()
        .split('>')
        .next()
        .unwrap();
    assert!(!password.contains("value="));
}

#[test]
fn otp_17_the_code_field_takes_a_pasted_code() {
    let page = samples::code(Locale::Ja, CodeState::Fresh);
    let field = page
        .split("id=\"code\"")
        .nth(1)
        .unwrap()
        .split('>')
        .next()
        .unwrap();
    assert!(field.contains("autocomplete=\"one-time-code\""));
    assert!(field.contains("inputmode=\"numeric\""));
    assert!(!field.contains("maxlength"));
}

#[test]
fn otp_21_the_code_page_shows_the_masked_address_only() {
    let page = samples::code(Locale::Ja, CodeState::Fresh);
    assert!(page.contains("h•••@m•••.example"));
    assert!(!page.contains("haruka"));
}

#[test]
fn con_01_denying_comes_first_and_nothing_is_ticked() {
    for sample in all(Locale::En)
        .iter()
        .filter(|sample| sample.name.starts_with("consent"))
    {
        let deny = sample.html.find("value=\"deny\"").unwrap();
        let allow = sample.html.find("value=\"allow\"").unwrap();
        assert!(deny < allow, "{}", sample.name);
        assert!(!sample.html.contains(" checked"), "{}", sample.name);
    }
}

#[test]
fn the_language_switch_keeps_the_page_and_its_query() {
    let mut page = samples::page(Locale::Ja);
    page.path = "/login?flow=abc&ui_locales=ja&x=1".to_owned();
    assert_eq!(page.switch_href(), "/login?flow=abc&x=1&ui_locales=en");
    page.locale = Locale::En;
    page.path = "/account".to_owned();
    assert_eq!(page.switch_href(), "/account?ui_locales=ja");
    for elsewhere in [
        "//evil.example/",
        "https://evil.example",
        "",
        "/\\evil.example",
        "/a b",
    ] {
        page.path = elsewhere.to_owned();
        assert_eq!(page.switch_href(), "/?ui_locales=ja", "{elsewhere}");
    }
}

#[test]
fn whoever_is_signed_in_saves_the_language_with_a_form_of_its_own() {
    let mut page = samples::page(Locale::Ja);
    page.path = "/account/history?ui_locales=ja&period=7".to_owned();
    assert_eq!(without_language(&page.path), "/account/history?period=7");
    assert_eq!(without_language("//evil.example"), "/");
    let overview = all(Locale::Ja);
    let html = &overview
        .iter()
        .find(|one| one.name == "overview")
        .unwrap()
        .html;
    let form = html.split("action=\"/language\"").nth(1).unwrap();
    let form = form.split("</form>").next().unwrap();
    for part in [
        "name=\"csrf\"",
        "name=\"back\" value=\"/account\"",
        "value=\"en\" lang=\"en\"",
    ] {
        assert!(form.contains(part), "{part} in {form}");
    }
    let login = overview.iter().find(|one| one.name == "login").unwrap();
    assert!(login.html.contains("hreflang=\"en\"") && !login.html.contains("/language"));
}

#[test]
fn a_pinned_theme_is_in_the_page_and_a_strange_way_back_is_not() {
    let mut page = samples::page(Locale::En);
    page.theme = Theme::from_name("dark");
    let html = ThemePage::new(page.clone(), "https://evil.example")
        .render()
        .unwrap();
    assert!(html.contains("data-theme=\"dark\""));
    assert!(html.contains("href=\"/account\"") && !html.contains("evil"));
    page.theme = Theme::from_name("<script>");
    assert!(
        !ThemePage::new(page, "/")
            .render()
            .unwrap()
            .contains("data-theme")
    );
}

#[test]
fn no_link_leads_to_script() {
    let page = samples::page(Locale::En);
    let app = App::new("App", "app.example");
    for target in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "nonsense",
    ] {
        assert!(
            ReturnPage::new(page.clone(), app.clone(), target.to_owned()).is_none(),
            "{target}"
        );
        assert!(BackLink::new("App", target).is_none(), "{target}");
    }
    assert!(BackLink::new("App", "https://app.example/").is_some());
}

#[test]
fn every_cause_has_a_status_of_its_kind() {
    for (cause, status) in [
        (Cause::RedirectUri, 400),
        (Cause::TooMany(None), 429),
        (Cause::OurFault, 500),
    ] {
        assert_eq!(cause.status(), status);
    }
}

/// Leaves the pages in `target/pages`, to be looked at with a browser.
#[test]
fn pages_can_be_looked_at() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pages");
    std::fs::create_dir_all(&folder).unwrap();
    let assets = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    for asset in std::fs::read_dir(assets).unwrap() {
        let asset = asset.unwrap().path();
        std::fs::copy(&asset, folder.join(asset.file_name().unwrap())).unwrap();
    }
    let base = assets::href("");
    for locale in Locale::ALL {
        for sample in all(locale) {
            let html = sample.html.replace(&base, "");
            let file = folder.join(format!("{}.{}.html", sample.name, locale.tag()));
            std::fs::write(file, html).unwrap();
        }
    }
}
