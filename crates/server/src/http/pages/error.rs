use askama::Template;

use super::{Moment, Page, Stamp};

/// The page for what cannot be sent back to an app (ux 6.13). Answer with [`Cause::status`].
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// Frame.
    pub page: Page,
    /// What happened.
    pub cause: Cause,
    /// What to quote: `SK-XXXX-XXXX`.
    pub reference: String,
    /// When; with seconds and zone.
    pub at: Moment,
    /// Name of the app, if it is known and cleaned.
    pub app: Option<String>,
    /// Names and values for developers; nothing that tells strangers what exists.
    pub details: Vec<(&'static str, String)>,
    /// Where people begin at that app, if it registered that and somebody looked at it.
    pub home: Option<String>,
    /// Path of the page where what is gone here goes on.
    pub onward: Option<String>,
    /// Path that starts again, if there is one.
    pub again: Option<String>,
    /// The operator's words, while something is paused.
    pub notice: Option<String>,
}

/// Why there is no other page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The redirect URI is not one of the app's.
    RedirectUri,
    /// No such client.
    UnknownClient,
    /// The client is stopped.
    ClientStopped,
    /// The request is wrong in a way that makes redirecting unsafe.
    BadRequest,
    /// The sign-in ended, went on in another tab, or timed out.
    FlowGone,
    /// The decision was made before.
    AlreadyDecided,
    /// The form was not ours, or not for this browser.
    Csrf,
    /// The browser sends no cookies.
    NoCookie,
    /// Too many requests; again from then.
    TooMany(Option<Moment>),
    /// Too many changes of one account; again from then.
    ChangesUsedUp(Moment),
    /// Too many copies of one account's data; again from then.
    ExportsUsedUp(Moment),
    /// The connection is blocked.
    Blocked,
    /// Paused for safety (level 2).
    Paused,
    /// Nobody can sign in (level 3); where news are.
    Closed(Option<String>),
    /// A part we need is down.
    Unavailable,
    /// No such page.
    NotFound,
    /// Not with this method.
    Method,
    /// The request took too long.
    TooSlow,
    /// The request is too large.
    TooLarge,
    /// Our fault.
    OurFault,
}

impl Cause {
    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::RedirectUri
            | Self::UnknownClient
            | Self::BadRequest
            | Self::FlowGone
            | Self::AlreadyDecided
            | Self::NoCookie => 400,
            Self::ClientStopped | Self::Csrf | Self::Blocked => 403,
            Self::NotFound => 404,
            Self::Method => 405,
            Self::TooSlow => 408,
            Self::TooLarge => 413,
            Self::TooMany(_) | Self::ChangesUsedUp(_) | Self::ExportsUsedUp(_) => 429,
            Self::OurFault => 500,
            Self::Paused | Self::Closed(_) | Self::Unavailable => 503,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::RedirectUri => "redirect-uri",
            Self::UnknownClient => "unknown-client",
            Self::ClientStopped => "client-stopped",
            Self::BadRequest => "bad-request",
            Self::FlowGone => "flow-gone",
            Self::AlreadyDecided => "already-decided",
            Self::Csrf => "csrf",
            Self::NoCookie => "no-cookie",
            Self::TooMany(_) => "too-many",
            Self::ChangesUsedUp(_) => "changes-used-up",
            Self::ExportsUsedUp(_) => "exports-used-up",
            Self::Blocked => "blocked",
            Self::Paused => "paused",
            Self::Closed(_) => "closed",
            Self::Unavailable => "unavailable",
            Self::NotFound => "not-found",
            Self::Method => "method",
            Self::TooSlow => "too-slow",
            Self::TooLarge => "too-large",
            Self::OurFault => "our-fault",
        }
    }

    /// 問 for what passes by waiting or doing it again, 止 for what was stopped.
    const fn stamp(&self) -> Stamp {
        match self {
            Self::FlowGone
            | Self::AlreadyDecided
            | Self::NoCookie
            | Self::TooMany(_)
            | Self::ChangesUsedUp(_)
            | Self::ExportsUsedUp(_)
            | Self::Unavailable
            | Self::NotFound
            | Self::Method
            | Self::TooSlow => Stamp::Ask,
            Self::RedirectUri
            | Self::UnknownClient
            | Self::ClientStopped
            | Self::BadRequest
            | Self::Csrf
            | Self::Blocked
            | Self::Paused
            | Self::Closed(_)
            | Self::TooLarge
            | Self::OurFault => Stamp::Stop,
        }
    }
}

impl ErrorPage {
    fn say(&self, part: &str) -> String {
        self.page.t(&format!("error-{}-{part}", self.cause.name()))
    }

    fn heading(&self) -> String {
        self.say("title")
    }

    fn lead(&self) -> String {
        let words = self.page.words();
        match &self.cause {
            Cause::TooMany(Some(time)) => {
                words.with("error-too-many-from", &[("time", &time.words)])
            }
            Cause::ChangesUsedUp(time) => {
                words.with("error-changes-used-up-lead", &[("time", &time.words)])
            }
            Cause::ExportsUsedUp(time) => {
                words.with("error-exports-used-up-lead", &[("time", &time.words)])
            }
            _ => self.say("lead"),
        }
    }

    /// Where news are; only addresses that a link of ours may have.
    fn news(&self) -> Option<&str> {
        let Cause::Closed(Some(news)) = &self.cause else {
            return None;
        };
        let is_web = news.starts_with("https://") || news.starts_with("http://");
        is_web.then_some(news.as_str())
    }

    fn next_step(&self) -> String {
        match &self.onward {
            Some(_) => self.page.t("error-onward-next"),
            None => self.say("next"),
        }
    }

    /// The link to the app's own first page; only addresses that a link of ours may have.
    fn app_link(&self) -> Option<(&str, String)> {
        let home = self.home.as_deref()?;
        let name = self.app.as_deref().unwrap_or_default();
        let words = || self.page.with("back-to-app", [("app", name)]);
        home.starts_with("https://").then(|| (home, words()))
    }
}
