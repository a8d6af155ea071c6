use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{AccountFrame, App, Moment, Notice, Page, ScopeItem, Stamp, Vouched};
use crate::http::text::clean;

/// `/account/apps`: what each app may do, and the way to take it back (ux 7.5; CON-05).
#[derive(Debug, Template)]
#[template(path = "connected_apps.html")]
pub struct ConnectedAppsPage {
    /// Frame.
    pub page: Page,
    /// Frame of the account pages.
    pub account: AccountFrame,
    /// Zone of all times here, in words.
    pub zone: String,
    /// The apps, last used first.
    pub apps: Vec<ConnectedAppView>,
    /// Whether the access of one was just ended.
    pub removed: bool,
    /// How long an app may lag behind.
    pub lag_minutes: u64,
}

/// `/account/apps/remove`: what stops, and what does not.
#[derive(Debug, Template)]
#[template(path = "disconnect.html")]
pub struct DisconnectPage {
    /// Frame.
    pub page: Page,
    /// Frame of the account pages.
    pub account: AccountFrame,
    /// Which app.
    pub connected: ConnectedAppView,
    /// How long it may lag behind.
    pub lag_minutes: u64,
}

/// An app that may do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedAppView {
    /// Its id.
    pub id: String,
    /// Its name and host.
    pub app: App,
    /// What it may do.
    pub scopes: Vec<ScopeItem>,
    /// Single claims it may see.
    pub claims: Vec<String>,
    /// Since when.
    pub since: Moment,
    /// When it was last used.
    pub used: Option<Moment>,
    /// Whether it works on without the person.
    pub offline: bool,
    /// Who vouches for its maker, as on the consent page.
    pub vouched: Vouched,
}

impl ConnectedAppView {
    /// What it may do, in sentences.
    fn sentences(&self, page: &Page) -> Vec<String> {
        let scopes = self.scopes.iter().map(|item| item.label(page));
        let claim = |name: &String| page.with("consent-claim", [("claim", &*clean(name, 60))]);
        scopes.chain(self.claims.iter().map(claim)).collect()
    }

    fn remove_href(&self) -> String {
        let id = utf8_percent_encode(&self.id, NON_ALPHANUMERIC);
        format!("/account/apps/remove?client={id}")
    }
}

impl ConnectedAppsPage {
    fn notice(&self) -> Option<Notice> {
        let lag = || self.page.count("apps-may-lag", self.lag_minutes);
        let done = || Notice::new(Stamp::Pass, self.page.t("apps-removed"));
        self.removed.then(|| done().saying(lag()))
    }
}

impl DisconnectPage {
    fn heading(&self) -> String {
        let name = self.connected.app.name();
        self.page.with("apps-remove-title", [("app", name)])
    }

    fn lag(&self) -> String {
        self.page.count("apps-may-lag", self.lag_minutes)
    }
}
