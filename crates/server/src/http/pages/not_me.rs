use askama::Template;

use super::{Moment, Page};

/// `/not-me`: what was seen, and what the button does (ux 6.15).
#[derive(Debug, Template)]
#[template(path = "not_me.html")]
pub struct NotMePage {
    /// Frame.
    pub page: Page,
    /// Where the form goes.
    pub action: String,
    /// What was seen, if it is still kept.
    pub seen: Option<SeenEvent>,
    /// Whether it is about a change of the account.
    pub change: bool,
    /// Whether the account is locked whatever is wished: there is nothing to tick then.
    pub locks: bool,
}

impl NotMePage {
    fn title(&self) -> String {
        self.page.t(if self.change {
            "not-me-change-title"
        } else {
            "not-me-title"
        })
    }
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenEvent {
    /// When.
    pub at: Moment,
    /// With what, in words.
    pub device: String,
    /// From where.
    pub ip: String,
    /// Name of the app, cleaned.
    pub app: Option<String>,
}

/// `/not-me`: it is done, or the link is over. Never says for whom.
#[derive(Debug, Template)]
#[template(path = "not_me_said.html")]
pub struct NotMeSaidPage {
    /// Frame.
    pub page: Page,
    /// Whether something was stopped.
    pub stopped: bool,
}

impl NotMeSaidPage {
    fn heading(&self) -> String {
        self.page.t(if self.stopped {
            "not-me-done"
        } else {
            "not-me-over"
        })
    }

    fn lead(&self) -> String {
        self.page.t(if self.stopped {
            "not-me-done-lead"
        } else {
            "not-me-over-lead"
        })
    }
}
