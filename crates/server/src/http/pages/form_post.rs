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

#[cfg(test)]
mod tests {
    use super::super::Theme;
    use super::*;

    #[test]
    fn web_10_no_form_leads_to_anything_but_the_web() {
        let made = |action: &str| {
            let page = Page {
                locale: sekisho_model::Locale::En,
                theme: Theme::Auto,
                service: "Sekisho".to_owned(),
                path: "/login".to_owned(),
                house: std::sync::Arc::default(),
                paused: false,
                csrf: String::new(),
                language_csrf: None,
            };
            FormPostPage::new(
                page,
                App::new("App", "app.example"),
                action,
                Vec::new(),
                false,
            )
        };
        assert!(made("https://app.example/cb").is_some());
        for target in [
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "nothing",
        ] {
            assert!(made(target).is_none(), "{target}");
        }
    }
}
