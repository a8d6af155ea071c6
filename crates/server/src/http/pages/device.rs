use askama::Template;

use super::{App, Fault, Moment, Notice, Page, ScopeItem, Stamp};

/// `/device`: the code that another device shows (ux 6.11).
#[derive(Debug, Template)]
#[template(path = "device.html")]
pub struct DevicePage {
    /// Frame.
    pub page: Page,
    /// What was typed, or came with the address.
    pub code: String,
    /// What went wrong.
    pub problem: Option<DeviceProblem>,
}

/// What went wrong with a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceProblem {
    /// Unknown, used or too old: one text.
    Unknown,
    /// The app needs a sign-in with the mailed code.
    StrongerSignIn,
    /// Too many wrong codes; again from then.
    Wait(Moment),
}

impl DevicePage {
    fn notice(&self) -> Option<Notice> {
        let heading = self.page.t("device-problem");
        Some(Notice::new(Stamp::Stop, heading).about(self.fault()?))
    }

    fn fault(&self) -> Option<Fault> {
        let words = self.page.words();
        let text = match self.problem.as_ref()? {
            DeviceProblem::Unknown => words.t("device-unknown-code"),
            DeviceProblem::StrongerSignIn => words.t("device-stronger"),
            DeviceProblem::Wait(until) => words.with("device-wait", &[("time", &until.words)]),
        };
        Some(Fault {
            field: "user_code",
            text,
        })
    }
}

/// What the device asks, and the decision.
#[derive(Debug, Template)]
#[template(path = "device_confirm.html")]
pub struct DeviceConfirmPage {
    /// Frame.
    pub page: Page,
    /// The app.
    pub app: App,
    /// Its id, for developers.
    pub client_id: String,
    /// What it asks.
    pub scopes: Vec<ScopeItem>,
    /// The code, to compare.
    pub code: String,
    /// The device in words.
    pub device: String,
    /// Its address.
    pub ip: String,
    /// When it asked.
    pub at: Moment,
}

impl DeviceConfirmPage {
    fn heading(&self) -> String {
        let words = self.page.words();
        words.with("device-confirm-title", &[("app", self.app.name())])
    }
}

/// What stands after the decision.
#[derive(Debug, Template)]
#[template(path = "device_done.html")]
pub struct DeviceDonePage {
    /// Frame.
    pub page: Page,
    /// What was decided.
    pub allowed: bool,
}

impl DeviceDonePage {
    fn heading(&self) -> String {
        let key = if self.allowed {
            "device-done-title"
        } else {
            "device-denied-title"
        };
        self.page.t(key)
    }
}
