use askama::Template;
use sekisho_model::ProofPurpose;

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

    /// The class that draws as many places as the code has digits.
    fn places(&self) -> String {
        format!("code-input--{}", self.digits)
    }

    fn fault(&self) -> Option<Fault> {
        let words = self.page.words();
        let text = match &self.state {
            CodeState::Empty => words.t("code-empty"),
            CodeState::WrongLength(typed) => {
                let (digits, typed) = (self.digits.to_string(), typed.to_string());
                words.with("code-length", &[("digits", &digits), ("typed", &typed)])
            }
            CodeState::Wrong(1) => words.t("proof-wrong-last"),
            CodeState::Wrong(left) => words.count("code-wrong", u64::from(*left)),
            CodeState::Earlier => words.with("code-earlier", &[("tally", &self.tally)]),
            _ => return None,
        };
        Some(Fault {
            field: "code",
            text,
        })
    }

    fn notice(&self) -> Option<Notice> {
        let words = self.page.words();
        let ask = |heading: String| Some(Notice::new(Stamp::Ask, heading));
        let stop = |heading: String| Notice::new(Stamp::Stop, heading);
        let tally = || words.with("code-new-tally", &[("tally", &self.tally)]);
        let at = |key, time: &Moment| words.with(key, &[("time", &time.words)]);
        match &self.state {
            CodeState::Fresh => None,
            CodeState::Empty
            | CodeState::WrongLength(_)
            | CodeState::Wrong(_)
            | CodeState::Earlier => Some(stop(words.t("check-input")).about(self.fault()?)),
            CodeState::Expired => {
                Some(stop(words.t("code-expired")).saying(words.t("code-expired-hint")))
            }
            CodeState::ExpiredAndResent => {
                Some(Notice::new(Stamp::Ask, words.t("code-expired-resent")).saying(tally()))
            }
            CodeState::Resent => {
                Some(Notice::new(Stamp::Pass, words.t("code-resent")).saying(tally()))
            }
            CodeState::Wait(time) => ask(at("code-wait", time)),
            CodeState::NoMoreCodes(time) => ask(at("code-sends-out", time)),
            CodeState::Exhausted => ask(words.t("proof-no-more")),
            CodeState::Stopped(_) => {
                Some(stop(words.t("proof-stopped")).saying(words.t("code-stopped-now")))
            }
            CodeState::MailDown | CodeState::Unavailable => {
                Some(stop(words.t("proof-unavailable")).saying(words.t("login-unavailable-hint")))
            }
        }
    }
}
