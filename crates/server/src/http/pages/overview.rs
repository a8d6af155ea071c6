use askama::Template;

use super::security::password_words;
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
    /// Since when mail there has been refused for good, if it has.
    pub code_refused: Option<Moment>,
    /// When the password was last changed.
    pub password_changed: Option<Moment>,
    /// Whether a code is asked.
    pub second_step: SecondStep,
    /// The sign-in before this one.
    pub visit_before: Option<LastVisit>,
    /// What they should look at.
    pub unexplained: Option<Unexplained>,
    /// How many recovery codes are left.
    pub recovery_codes: u64,
    /// In how many browsers they are signed in.
    pub devices: usize,
    /// How many apps are connected.
    pub apps: usize,
    /// Whether the profile was just saved.
    pub saved: bool,
}

/// Somebody knew the password, and nothing shows that it was the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unexplained {
    /// Its row in the history.
    pub id: String,
    /// When.
    pub at: Moment,
    /// With what, in words.
    pub device: String,
}

/// So few recovery codes are too few.
const FEW_CODES: u64 = 2;

/// An earlier sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastVisit {
    /// When.
    pub at: Moment,
    /// With what, in words.
    pub device: String,
    /// From where.
    pub ip: String,
    /// About where that is, if anybody knows.
    pub place: Option<String>,
}

impl OverviewPage {
    /// At most one next step (ux 7.1): what nobody explained, then an address for codes, without which nothing
    /// else helps, and at which something arrives, then recovery codes where a code is asked, then the second step itself.
    fn notice(&self) -> Option<Notice> {
        let page = &self.page;
        if let Some(found) = &self.unexplained {
            let values = [("time", &*found.at.words), ("device", &*found.device)];
            let notice = Notice::new(Stamp::Ask, page.t("next-unexplained"));
            let notice = notice.saying(page.with("next-unexplained-hint", values));
            let row = format!("/account/history?period=30#e-{}", found.id);
            return Some(notice.leading(row, page.t("history-warning-link")));
        }
        let (heading, hint, href, words) = self.next_step()?;
        let notice = Notice::new(Stamp::Ask, heading).saying(page.t(hint));
        Some(notice.leading(href, page.t(words)))
    }

    fn next_step(&self) -> Option<(String, &'static str, &'static str, &'static str)> {
        let page = &self.page;
        if self.code_address.is_none() {
            return Some((
                page.t("next-code-address"),
                "next-code-address-hint",
                "/account/security/code-address",
                "next-code-address-link",
            ));
        }
        if self.code_refused.is_some() {
            return Some((
                page.t("next-code-refused"),
                "next-code-refused-hint",
                "/account/security/code-address",
                "change-code-title",
            ));
        }
        if self.second_step == SecondStep::Off {
            return Some((
                page.t("next-second-step"),
                "next-second-step-hint",
                "/account/security/second-step",
                "second-steps-change",
            ));
        }
        (self.recovery_codes <= FEW_CODES).then(|| {
            (
                page.count("next-recovery-codes", self.recovery_codes),
                "next-recovery-codes-hint",
                "/account/security/recovery-codes",
                "recovery-codes-make",
            )
        })
    }

    fn news(&self) -> Option<Notice> {
        let notice = || Notice::new(Stamp::Pass, self.page.t("saved"));
        self.saved.then(notice)
    }

    fn password_words(&self) -> String {
        password_words(&self.page, self.password_changed.as_ref())
    }

    fn devices_words(&self) -> String {
        let count = u64::try_from(self.devices).unwrap_or(u64::MAX);
        self.page.count("overview-devices", count)
    }

    fn apps_words(&self) -> String {
        match u64::try_from(self.apps).unwrap_or(u64::MAX) {
            0 => self.page.t("overview-no-apps"),
            count => self.page.count("overview-apps", count),
        }
    }
}
