//! Every page in every state with sample data, as a browser would get it: for tests that look at pages.

use std::borrow::Cow;

use sekisho_model::Locale;

use crate::http::assets::{self, Served};
use crate::http::headers::{Answer, form_target, security_headers};
use crate::http::pages::samples;

/// A page to look at.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Page and state.
    pub name: String,
    /// The page.
    pub html: String,
    /// What comes with it.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
}

/// All pages in a language, and some whose words are hostile.
pub fn pictures(locale: Locale) -> Vec<Picture> {
    // Two leave by themselves, for the app.
    let all = samples::all(locale).into_iter();
    let plain = all
        .filter(|s| !["form-post", "signed-out-frames"].contains(&&*s.name))
        .map(|s| (s.name, s.html));
    let hostile = samples::hostile(locale).into_iter();
    let hostile = hostile.map(|s| (format!("hostile-{}", s.name), s.html));
    plain
        .chain(hostile)
        .map(|(name, html)| Picture {
            headers: security_headers(&answer(name.trim_start_matches("hostile-")), false),
            name,
            html,
        })
        .collect()
}

/// Which headers a page gets where it is served.
fn answer(name: &str) -> Answer {
    let target = || form_target("https://mail.aozora.example/cb");
    match name.split('-').next() {
        Some("consent") => target().map_or(Answer::Page, Answer::FlowPage),
        Some("signed") => Answer::SignedOut(target().into_iter().collect()),
        Some("dev" | "letter") => Answer::MailPage,
        _ => Answer::Page,
    }
}

/// The kind and the bytes of an asset at a path of ours.
pub fn asset(path: &str) -> Option<(&'static str, &'static [u8])> {
    let (edition, name) = path.strip_prefix("/assets/")?.split_once('/')?;
    match assets::serve(edition, name, None) {
        Served::Body(served) => Some((served.content_type, served.body)),
        Served::NotModified { .. } | Served::Unknown => None,
    }
}
