use askama::Template;

use super::{App, Fault, Moment, Notice, Page, Person, ScopeItem, Stamp};

/// `/device`: the code that a device shows (ux 6.11).
#[derive(Debug, Template)]
#[template(path = "device.html")]
pub struct DevicePage {
    /// Frame.
    pub page: Page,
    /// What is in the field.
    pub typed: String,
    /// What was wrong with it.
    pub problem: Option<DeviceProblem>,
}

/// What was wrong with a typed code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceProblem {
    /// Nothing was typed.
    Empty,
    /// No device shows it, or not any more: one text for both.
    Unusable,
}

impl DevicePage {
    const fn is_error(&self) -> bool {
        self.problem.is_some()
    }

    fn fault(&self) -> Option<Fault> {
        let key = match self.problem? {
            DeviceProblem::Empty => "device-empty",
            DeviceProblem::Unusable => "device-unusable",
        };
        Some(Fault {
            field: "user_code",
            text: self.page.t(key),
        })
    }

    fn notice(&self) -> Option<Notice> {
        let notice = Notice::new(Stamp::Stop, self.page.t("check-input"));
        Some(notice.about(self.fault()?))
    }
}

/// `/device` after the code: who asks, for what, and whether the person holds the device.
#[derive(Debug, Template)]
#[template(path = "device_confirm.html")]
pub struct DeviceConfirmPage {
    /// Frame.
    pub page: Page,
    /// Whether the decision came too soon after the page, and is asked for again (CON-06).
    pub too_soon: bool,
    /// The app on the device, with the host of its home page, or its id if it has none.
    pub app: App,
    /// The app's id.
    pub client_id: String,
    /// Whose data it is.
    pub person: Person,
    /// The code, as the device shows it.
    pub user_code: String,
    /// The device in words.
    pub device: String,
    /// The address it asked from.
    pub ip: String,
    /// When it asked.
    pub asked: Moment,
    /// What it asks.
    pub scopes: Vec<ScopeItem>,
    /// For which resources.
    pub resources: Vec<String>,
}

impl DeviceConfirmPage {
    fn heading(&self) -> String {
        let words = self.page.words();
        words.with("device-confirm-title", &[("app", self.app.name())])
    }

    /// Always, also for apps we vouch for: the person may have been talked into it (RFC 8628 §5.4).
    fn notice(&self) -> Notice {
        let words = self.page.words();
        let heading = if self.too_soon {
            "decision-too-soon"
        } else {
            "device-warning"
        };
        Notice::new(Stamp::Ask, words.t(heading)).saying(words.t("device-warning-hint"))
    }

    fn all_scopes(&self) -> String {
        let scopes: Vec<&str> = self.scopes.iter().map(|item| item.scope.as_str()).collect();
        scopes.join(" ")
    }
}

/// `/device` after the decision.
#[derive(Debug, Template)]
#[template(path = "device_done.html")]
pub struct DeviceDonePage {
    /// Frame.
    pub page: Page,
    /// Whether the person said yes.
    pub allowed: bool,
}

impl DeviceDonePage {
    fn heading(&self) -> String {
        self.page.t(if self.allowed {
            "device-allowed-title"
        } else {
            "device-denied-title"
        })
    }

    fn lead(&self) -> String {
        self.page.t(if self.allowed {
            "device-allowed-lead"
        } else {
            "device-denied-lead"
        })
    }

    const fn stamp(&self) -> Stamp {
        if self.allowed {
            Stamp::Pass
        } else {
            Stamp::Stop
        }
    }
}
