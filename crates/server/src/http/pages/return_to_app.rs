use askama::Template;

use super::{App, Page};
use crate::http::headers::is_safe_scheme;

/// Asks before a browser returns to a program on this device (ux 6.14): loopback and private
/// schemes can be taken over by another program, so a person looks first (RFC 8252 §8.6).
#[derive(Debug, Template)]
#[template(path = "return_to_app.html")]
pub struct ReturnPage {
    page: Page,
    app: App,
    target: String,
}

impl ReturnPage {
    /// To the verified redirect URI with its answer; `None` for an address no link may lead to.
    pub fn new(page: Page, app: App, target: String) -> Option<Self> {
        let scheme = target.split_once(':')?.0;
        is_safe_scheme(scheme).then_some(Self { page, app, target })
    }

    fn heading(&self) -> String {
        let words = self.page.words();
        words.with("return-title", &[("app", self.app.name())])
    }

    fn lead(&self) -> String {
        let values = [("app", self.app.name()), ("host", self.app.host())];
        self.page.words().with("return-lead", &values)
    }
}
