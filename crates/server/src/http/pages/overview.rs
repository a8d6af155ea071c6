use askama::Template;
use sekisho_model::AlertSetting;

use super::security::{AlertWords as _, password_words};
use super::{AccountFrame, Moment, Notice, Page, SecondStep, Stamp};

/// `/account`: who somebody is here, and whether they are safe (ux 7.1).
#[derive(Debug, Template)]
#[template(path = "overview.html")]
pub struct OverviewPage {
    /// Frame.
    pub page: Page,
    /// Frame of the account pages.
    pub account: AccountFrame,
    /// Zone of all times here, in words.
    pub zone: String,
    /// The person's name, cleaned.
    pub name: Option<String>,
    /// Where codes go.
    pub code_address: Option<String>,
    /// When the password was last changed.
    pub password_changed: Option<Moment>,
    /// Whether a code is asked.
    pub second_step: SecondStep,
    /// Which sign-ins are told by mail.
    pub alert: AlertSetting,
    /// The sign-in before this one.
    pub visit_before: Option<LastVisit>,
}

/// An earlier sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastVisit {
    /// When.
    pub at: Moment,
    /// With what, in words.
    pub device: String,
    /// From where.
    pub ip: String,
}

impl OverviewPage {
    /// At most one next step: without an address for codes nothing else helps.
    fn notice(&self) -> Option<Notice> {
        let ask = |heading, hint| {
            let heading = self.page.t(heading);
            Some(Notice::new(Stamp::Ask, heading).saying(self.page.t(hint)))
        };
        match (&self.code_address, self.second_step) {
            (None, _) => ask("next-code-address", "next-code-address-hint"),
            (Some(_), SecondStep::Off) => ask("next-second-step", "next-second-step-hint"),
            (Some(_), SecondStep::On | SecondStep::Required) => None,
        }
    }

    fn password_words(&self) -> String {
        password_words(&self.page, self.password_changed.as_ref())
    }
}
