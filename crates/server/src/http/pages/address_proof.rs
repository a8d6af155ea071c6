use askama::Template;
use sekisho_model::ProofPurpose;

use super::code_state::TypedCode;
use super::{CodeState, Fault, Moment, Notice, Page, Resend, Stamp};

/// Where the code is typed that proves an address (ux 6.5, 6.6); the same page for an address of another account.
/// Resending posts `action=resend` to the same address.
#[derive(Debug, Template)]
#[template(path = "address_proof.html")]
pub struct AddressProofPage {
    /// Frame.
    pub page: Page,
    /// What the address is to be.
    pub purpose: ProofPurpose,
    /// Path of this page.
    pub here: String,
    /// The address, as it was typed in this browser.
    pub address: String,
    /// Word and number that tie this page to the mail.
    pub tally: String,
    /// When the code was sent; with zone.
    pub sent: Moment,
    /// Until when it works; with zone.
    pub until: Moment,
    /// How long it works in all, in minutes.
    pub minutes: u32,
    /// How many digits it has.
    pub digits: u8,
    /// Address the mail comes from.
    pub sender: String,
    /// Whether a new code can be asked for.
    pub resend: Resend,
    /// The wrong code that was typed, to compare; else empty.
    pub typed: String,
    /// What happened before.
    pub state: CodeState,
    /// Path that starts again with another address.
    pub restart: String,
}

impl AddressProofPage {
    fn is_error(&self) -> bool {
        self.notice().is_some_and(|notice| notice.stamp.is_stop())
    }

    /// Nothing can be typed any more.
    const fn is_over(&self) -> bool {
        matches!(self.state, CodeState::Stopped(_))
    }

    const fn opens_resend(&self) -> bool {
        matches!(self.state, CodeState::Expired | CodeState::Wait(_))
    }

    const fn wait_seconds(&self) -> Option<u64> {
        match self.resend {
            Resend::Now => Some(0),
            Resend::From(seconds, _) => Some(seconds),
            Resend::NoMore => None,
        }
    }

    fn heading(&self) -> String {
        let key = match self.purpose {
            _ if self.is_over() => "proof-over-title",
            ProofPurpose::Register => "proof-register-title",
            ProofPurpose::FirstCodeAddress
            | ProofPurpose::CodeAddress
            | ProofPurpose::OtherCodeAddress => "proof-code-title",
            ProofPurpose::LoginMailbox => "proof-mailbox-title",
            ProofPurpose::LoginAddress => "proof-login-title",
        };
        self.page.t(key)
    }

    /// Whether another address may be given instead.
    fn has_choice(&self) -> bool {
        self.purpose != ProofPurpose::LoginMailbox
    }

    fn lead(&self) -> String {
        let (digits, minutes) = (self.digits.to_string(), self.minutes.to_string());
        let values = [
            ("email", self.address.as_str()),
            ("digits", &digits),
            ("minutes", &minutes),
        ];
        self.page.words().with("proof-lead", &values)
    }

    fn hint(&self) -> String {
        self.page.count("code-hint", u64::from(self.digits))
    }

    const fn typing(&self) -> TypedCode<'_> {
        TypedCode {
            page: &self.page,
            state: &self.state,
            digits: self.digits,
            tally: self.tally.as_str(),
        }
    }

    fn places(&self) -> String {
        self.typing().places()
    }

    fn fault(&self) -> Option<Fault> {
        self.typing().fault("proof-wrong-last")
    }

    fn notice(&self) -> Option<Notice> {
        let page = &self.page;
        let stop = |key| Notice::new(Stamp::Stop, page.t(key));
        match &self.state {
            CodeState::Fresh => None,
            CodeState::Exhausted => Some(Notice::new(Stamp::Ask, page.t("proof-no-more"))),
            CodeState::Stopped(_) => Some(stop("proof-stopped").saying(page.t("code-stopped-now"))),
            CodeState::MailDown | CodeState::Unavailable => {
                Some(stop("proof-unavailable").saying(page.t("login-unavailable-hint")))
            }
            _ => self.typing().notice(self.fault()),
        }
    }
}
