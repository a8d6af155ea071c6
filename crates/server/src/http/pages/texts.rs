use std::time::Duration;

use askama::Template;

use super::Page;
use crate::http::cookies::{Cookies, Use};

/// `/help`: what to do when something does not work (ux 6.16).
#[derive(Debug, Template)]
#[template(path = "help.html")]
pub struct HelpPage {
    /// Frame.
    pub page: Page,
    /// Address our mails come from.
    pub sender: String,
    /// Host people should type themselves.
    pub host: String,
    /// How to reach the operator, if configured.
    pub contact: Option<String>,
}

/// `/privacy`: what is kept, why and how long.
#[derive(Debug, Template)]
#[template(path = "privacy.html")]
pub struct PrivacyPage {
    /// Frame.
    pub page: Page,
    /// How the cookies are named here.
    pub names: Cookies,
    /// How long the sign-in history is kept.
    pub history: Duration,
    /// How to reach the operator, if configured.
    pub contact: Option<String>,
}

/// One section of a text page.
#[derive(Debug)]
pub struct Topic {
    /// Its anchor.
    pub id: &'static str,
    /// Its heading.
    pub heading: String,
    /// Its paragraphs.
    pub lines: Vec<String>,
}

impl HelpPage {
    fn topics(&self) -> Vec<Topic> {
        let words = self.page.words();
        let topic = |id: &'static str, lines: Vec<String>| Topic {
            id,
            heading: words.t(&format!("help-{id}")),
            lines,
        };
        vec![
            topic(
                "code",
                vec![
                    words.with("help-code-1", &[("sender", &self.sender)]),
                    words.t("help-code-2"),
                ],
            ),
            topic("password", vec![words.t("help-password-1")]),
            topic(
                "unknown",
                vec![words.t("help-unknown-1"), words.t("help-unknown-2")],
            ),
            topic(
                "mail",
                vec![words.with("help-mail-1", &[("host", &self.host)])],
            ),
            topic(
                "contact",
                vec![
                    contact(&self.page, self.contact.as_deref()),
                    words.t("help-contact-1"),
                ],
            ),
        ]
    }
}

impl PrivacyPage {
    fn topics(&self) -> Vec<Topic> {
        let words = self.page.words();
        let days = self.history.as_secs() / (24 * 60 * 60);
        let topic = |id: &'static str, lines: Vec<String>| Topic {
            id,
            heading: words.t(&format!("privacy-{id}")),
            lines,
        };
        vec![
            topic(
                "kept",
                vec![words.t("privacy-kept-1"), words.t("privacy-kept-2")],
            ),
            topic("history", vec![words.count("privacy-history-1", days)]),
            topic("given", vec![words.t("privacy-given-1")]),
            topic("mails", vec![words.t("privacy-mails-1")]),
            topic(
                "contact",
                vec![contact(&self.page, self.contact.as_deref())],
            ),
        ]
    }

    fn cookies(&self) -> Vec<(&'static str, &'static str)> {
        let key = |cookie| match cookie {
            Use::Session => "cookie-session",
            Use::PreAuth => "cookie-visit",
            Use::Browser => "cookie-browser",
            Use::State => "cookie-state",
            Use::Queue => "cookie-queue",
            Use::Flash => "cookie-flash",
            Use::Language => "cookie-language",
            Use::Theme => "cookie-theme",
        };
        Use::ALL
            .map(|cookie| (self.names.name(cookie), key(cookie)))
            .to_vec()
    }
}

fn contact(page: &Page, contact: Option<&str>) -> String {
    match contact {
        Some(contact) => page.words().with("contact-at", &[("contact", contact)]),
        None => page.t("contact-operator"),
    }
}
