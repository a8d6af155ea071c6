use askama::Template;
use sekisho_model::AddressKind;
use sekisho_provider::rules::address_change::AddressRefusal;

use super::{AccountFrame, Fault, Moment, Notice, Page, Stamp};

/// `/account/security/address` and `/account/security/code-address`: another address (ux 6.6, 7.2).
#[derive(Debug, Template)]
#[template(path = "change_address.html")]
pub struct ChangeAddressPage {
    /// Frame.
    pub page: Page,
    /// Frame of the account pages.
    pub account: AccountFrame,
    /// Which address.
    pub kind: AddressKind,
    /// The present one.
    pub present: Option<String>,
    /// What was typed.
    pub typed: String,
    /// What is wrong with it.
    pub problem: Option<AddressProblem>,
}

/// What is wrong with a typed address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressProblem {
    /// Nothing typed.
    Empty,
    /// Not an address.
    Shape,
    /// It cannot be this one.
    Refused(AddressRefusal),
    /// No more codes until then.
    NoMoreCodes(Moment),
    /// A recovery code was used lately: not before then.
    Held(Moment),
    /// Something else was faster: once more.
    Late,
}

impl ChangeAddressPage {
    fn heading(&self) -> String {
        self.page.t(match self.kind {
            AddressKind::Login => "change-login-title",
            AddressKind::Code => "change-code-title",
        })
    }

    fn lead(&self) -> String {
        self.page.t(match self.kind {
            AddressKind::Login => "change-login-lead",
            AddressKind::Code => "change-code-lead",
        })
    }

    fn hint(&self) -> String {
        self.page.t(match self.kind {
            AddressKind::Login => "change-login-hint",
            AddressKind::Code => "change-code-hint",
        })
    }

    const fn action(&self) -> &'static str {
        match self.kind {
            AddressKind::Login => "/account/security/address",
            AddressKind::Code => "/account/security/code-address",
        }
    }

    fn fault(&self) -> Option<Fault> {
        self.problem.as_ref()?.fault_in("email", &self.page)
    }

    fn notice(&self) -> Option<Notice> {
        Some(self.problem.as_ref()?.notice(self.fault(), &self.page))
    }
}

impl AddressProblem {
    /// What is said beside the field.
    pub(super) fn fault_in(&self, field: &'static str, page: &Page) -> Option<Fault> {
        let key = match self {
            Self::Empty => "email-empty",
            Self::Shape => "email-shape",
            Self::Refused(AddressRefusal::Present) => "address-is-present",
            Self::Refused(AddressRefusal::SameAsLogin) => "address-same-as-login",
            Self::Refused(AddressRefusal::SameAsCode) => "address-same-as-code",
            Self::Refused(AddressRefusal::BehindGate) => "address-behind-gate",
            Self::Refused(AddressRefusal::NoMailbox) => "address-no-mailbox",
            Self::NoMoreCodes(_) | Self::Held(_) | Self::Late => return None,
        };
        Some(Fault {
            field,
            text: page.t(key),
        })
    }

    /// What is said above the page, about what stands beside the field.
    pub(super) fn notice(&self, fault: Option<Fault>, page: &Page) -> Notice {
        let stop = |heading| Notice::new(Stamp::Stop, heading);
        match (self, fault) {
            (Self::NoMoreCodes(until), _) => {
                let until = [("time", until.words.as_str())];
                stop(page.with("code-sends-out", until))
            }
            (Self::Held(until), _) => {
                let until = [("time", until.words.as_str())];
                let hint = page.t("address-held-hint");
                stop(page.with("address-held", until)).saying(hint)
            }
            (Self::Late, _) => stop(page.t("address-late")).saying(page.t("address-late-hint")),
            (_, Some(fault)) => stop(page.t("check-input")).about(fault),
            (_, None) => stop(page.t("check-input")),
        }
    }
}

/// What the security page says about addresses that are on their way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressNews {
    /// A sign-in address that waits for its code.
    pub login_waits: bool,
    /// A code address that waits for its code.
    pub code_waits: bool,
    /// Until when changes can be undone.
    pub undo: Vec<(AddressKind, Moment)>,
    /// An address that was just changed.
    pub changed: Option<AddressKind>,
}

impl AddressNews {
    pub(super) fn undo_words(&self, page: &Page, kind: AddressKind) -> Option<String> {
        let newest = self.undo.iter().rfind(|(which, _)| *which == kind);
        let (_, until) = newest?;
        Some(page.with("address-undo-until", [("time", until.words.as_str())]))
    }

    pub(super) fn notice(&self, page: &Page) -> Option<Notice> {
        let key = match self.changed? {
            AddressKind::Login => "address-changed-login",
            AddressKind::Code => "address-changed-code",
        };
        let notice = Notice::new(Stamp::Pass, page.t(key));
        Some(notice.saying(page.t("address-changed-hint")))
    }
}
