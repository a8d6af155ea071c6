use askama::Template;

use super::{App, Page};
use crate::http::headers::is_safe_scheme;

/// Hands an authorization answer over in a form that the browser posts (Form Post Response Mode §2).
/// The script sends it at once; without one there is a button.
#[derive(Debug, Template)]
#[template(path = "form_post.html")]
pub struct FormPostPage {
    page: Page,
    app: App,
    action: String,
    fields: Vec<(String, String)>,
    ask_first: bool,
}

impl FormPostPage {
    /// To the verified redirect URI; `None` for an address no form may lead to. With `ask_first`
    /// nothing is sent before the person says so.
    pub fn new(
        page: Page,
        app: App,
        action: &str,
        fields: Vec<(String, String)>,
        ask_first: bool,
    ) -> Option<Self> {
        let scheme = action.split_once(':')?.0;
        is_safe_scheme(scheme).then(|| Self {
            page,
            app,
            action: action.to_owned(),
            fields,
            ask_first,
        })
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
