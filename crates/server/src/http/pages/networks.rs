use askama::Template;
use sekisho_provider::rules::networks::{MOST, NetworksRefusal};

use super::{AccountFrame, Fault, Notice, Page, Stamp};

/// `/account/security/networks`: from which networks the account may be signed in to (S14).
#[derive(Debug, Template)]
#[template(path = "networks.html")]
pub struct NetworksPage {
    /// Frame.
    pub page: Page,
    /// Frame of the account pages.
    pub account: AccountFrame,
    /// Where the person is now.
    pub ip: String,
    /// What is offered in one click: this connection, and its surroundings.
    pub offers: Vec<String>,
    /// The list, a line each: as it is, or as it was typed.
    pub typed: String,
    /// Whether the list is in force.
    pub is_limited: bool,
    /// How many recovery codes there are; without one no list is taken.
    pub recovery_codes: u64,
    /// What was wrong with what was typed.
    pub problem: Option<NetworksRefusal>,
    /// Whether a list was just saved.
    pub saved: bool,
}

impl NetworksPage {
    fn fault(&self) -> Option<Fault> {
        let page = &self.page;
        let text = match self.problem.as_ref()? {
            NetworksRefusal::Unreadable(line) => {
                page.with("networks-unreadable", [("line", line.as_str())])
            }
            NetworksRefusal::TooMany => {
                page.with("networks-too-many", [("most", MOST.to_string().as_str())])
            }
            NetworksRefusal::NotFromHere => {
                page.with("networks-not-here", [("ip", self.ip.as_str())])
            }
            NetworksRefusal::Everywhere => page.t("networks-everywhere-refused"),
            NetworksRefusal::NoWayOut => page.t("networks-no-way-out"),
        };
        Some(Fault {
            field: "networks",
            text,
        })
    }

    fn notice(&self) -> Option<Notice> {
        if let Some(fault) = self.fault() {
            let notice = Notice::new(Stamp::Stop, self.page.t("check-input"));
            return Some(notice.about(fault));
        }
        let notice = || Notice::new(Stamp::Pass, self.page.t("saved"));
        let words = if self.is_limited {
            "networks-some-hint"
        } else {
            "networks-anywhere-hint"
        };
        self.saved.then(|| notice().saying(self.page.t(words)))
    }

    const fn is_error(&self) -> bool {
        self.problem.is_some()
    }

    fn state(&self) -> String {
        let words = if self.is_limited {
            "networks-some-hint"
        } else {
            "networks-anywhere-hint"
        };
        self.page.t(words)
    }

    fn offer(&self, net: &str) -> String {
        self.page.with("networks-offer", [("network", net)])
    }
}

/// The row of the security page.
pub(super) fn networks_words(page: &Page, count: usize) -> String {
    match u64::try_from(count).unwrap_or(u64::MAX) {
        0 => page.t("networks-anywhere"),
        count => page.count("networks-some", count),
    }
}
