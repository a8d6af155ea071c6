use askama::Template;

use super::Page;
use crate::http::assets;
use crate::http::headers::is_safe_scheme;
use crate::http::text::clean_name;

/// The question before signing out (ux 6.12): `decision=yes|no`.
#[derive(Debug, Template)]
#[template(path = "sign_out.html")]
pub struct SignOutPage {
    /// Frame.
    pub page: Page,
    /// Where the answer goes.
    pub action: SignOutAction,
    /// Name of the app that asked, if one did.
    pub app: Option<String>,
    /// Names of the apps in use here, this one too.
    pub apps: Vec<String>,
    /// Where to go after a yes. The form token vouches for it: see `http::sign_out`.
    pub target: Option<SignOutTarget>,
}

/// Which endpoint asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignOutAction {
    /// `/logout`
    Page,
    /// `/oauth2/end_session`
    EndSession,
}

impl SignOutAction {
    const fn path(self) -> &'static str {
        match self {
            Self::Page => "/logout",
            Self::EndSession => "/oauth2/end_session",
        }
    }
}

/// Where a sign-out leads: to an address that an app registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOutTarget {
    /// Id of that app.
    pub client: String,
    /// The address, with `state`.
    pub uri: String,
}

/// What stands after the answer.
#[derive(Debug, Template)]
#[template(path = "signed_out.html")]
pub struct SignedOutPage {
    /// Frame.
    pub page: Page,
    /// Whether the person chose to stay signed in.
    pub signed_in: bool,
    /// The app that asked, if it registered where to return to.
    pub back: Option<BackLink>,
    /// Whether to go there without a click, once the frames have loaded.
    pub goes_on: bool,
    /// Addresses of apps that are told in frames (Front-Channel Logout 1.0 §3).
    pub frames: Vec<String>,
    /// Apps that could not be told.
    pub unreached: Vec<UnreachedApp>,
}

/// An app that could not be told: people sign out there themselves (ux 6.12).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreachedApp {
    name: String,
    home: Option<String>,
}

impl UnreachedApp {
    /// By its name, and where people begin there; only https addresses become links.
    pub fn new(name: &str, home: Option<&str>) -> Self {
        let home = home.filter(|home| home.starts_with("https://"));
        Self {
            name: clean_name(name),
            home: home.map(str::to_owned),
        }
    }
}

/// A link back to an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackLink {
    app: String,
    href: String,
}

impl BackLink {
    /// To a registered address of the app; `None` for an address no link may lead to.
    pub fn new(app: &str, href: &str) -> Option<Self> {
        let scheme = href.split_once(':')?.0;
        is_safe_scheme(scheme).then(|| Self {
            app: clean_name(app),
            href: href.to_owned(),
        })
    }

    fn app(&self) -> &str {
        &self.app
    }

    fn href(&self) -> &str {
        &self.href
    }
}

impl SignedOutPage {
    fn next(&self) -> Option<&str> {
        let back = self.back.as_ref().filter(|_| self.goes_on)?;
        Some(back.href())
    }

    fn heading(&self) -> String {
        self.page.t(if self.signed_in {
            "stayed-title"
        } else {
            "signed-out-title"
        })
    }

    fn lead(&self) -> String {
        self.page.t(if self.signed_in {
            "stayed-lead"
        } else {
            "signed-out-lead"
        })
    }
}

/// The frame by which apps watch the session (Session Management 1.0 §3.3).
#[derive(Debug, Template)]
#[template(path = "check_session.html")]
pub struct CheckSessionPage {
    /// Name of the cookie its script reads.
    pub cookie: &'static str,
}

impl CheckSessionPage {
    #[expect(clippy::unused_self, reason = "templates call methods")]
    fn script(&self) -> String {
        assets::href("check_session.js")
    }
}
