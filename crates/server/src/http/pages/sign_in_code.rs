use askama::Template;

use super::code_state::TypedCode;
use super::{App, CodeState, Fault, Moment, Notice, Page, Resend, Stamp};

/// `/login/code`: the mailed code (ux 6.2). Resending posts `action=resend` to the same address.
#[derive(Debug, Template)]
#[template(path = "code.html")]
pub struct CodePage {
    /// Frame.
    pub page: Page,
    /// The app that sent the person here.
    pub app: Option<App>,
    /// Where the code went, masked (OTP-21).
    pub masked: String,
    /// Whether the page says the same after wrong passwords: it names no address (OTP-07).
    pub uniform: bool,
    /// What a passkey is asked, on such a page.
    pub question: Option<String>,
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
    /// For how many days this browser may be trusted; `None` hides the box.
    pub trust_days: Option<u32>,
    /// The wrong code that was typed, to compare; else empty.
    pub typed: String,
    /// What happened before.
    pub state: CodeState,
    /// Where another code address can be set, if this one is lost; `None` if that is not offered here.
    pub lost: Option<String>,
    /// Path that starts the sign-in again, with another account if wished.
    pub restart: String,
}

impl CodePage {
    fn recovery(&self) -> String {
        self.restart.replacen("/login?", "/login/recovery?", 1)
    }

    fn is_error(&self) -> bool {
        self.notice().is_some_and(|notice| notice.stamp.is_stop())
    }

    /// Nothing can be typed any more.
    const fn is_over(&self) -> bool {
        matches!(self.state, CodeState::Stopped(_))
    }

    const fn opens_resend(&self) -> bool {
        matches!(
            self.state,
            CodeState::Expired | CodeState::Wait(_) | CodeState::MailDown
        )
    }

    fn heading(&self) -> String {
        let key = if self.is_over() {
            "code-over-title"
        } else if self.uniform {
            "code-uniform-title"
        } else {
            "code-title"
        };
        self.page.t(key)
    }

    fn lead(&self) -> String {
        let (digits, minutes) = (self.digits.to_string(), self.minutes.to_string());
        let values = [
            ("mask", self.masked.as_str()),
            ("digits", &digits),
            ("minutes", &minutes),
        ];
        let key = if self.uniform {
            "code-uniform-lead"
        } else {
            "code-lead"
        };
        self.page.words().with(key, &values)
    }

    fn hint(&self) -> String {
        if self.uniform {
            return self.page.count("code-uniform-hint", u64::from(self.digits));
        }
        self.page.count("code-hint", u64::from(self.digits))
    }

    fn trust(&self) -> Option<String> {
        let days = u64::from(self.trust_days?);
        Some(self.page.count("trust-browser", days))
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
        self.typing().fault("code-wrong-last")
    }

    fn notice(&self) -> Option<Notice> {
        let page = &self.page;
        let ask = |key| Some(Notice::new(Stamp::Ask, page.t(key)));
        let stop = |key| Notice::new(Stamp::Stop, page.t(key));
        match &self.state {
            CodeState::Fresh => None,
            CodeState::ExpiredAndResent if self.uniform => ask("code-uniform-expired"),
            CodeState::Resent if self.uniform => ask("code-uniform-resent"),
            CodeState::Exhausted => ask("code-no-more"),
            CodeState::Stopped(from) => {
                let at = |time: &Moment| page.with("code-stopped-from", [("time", &*time.words)]);
                let again = from.as_ref().map_or_else(|| page.t("code-stopped-now"), at);
                Some(stop("code-stopped").saying(again))
            }
            CodeState::MailDown => {
                Some(stop("code-mail-down").saying(page.t("code-mail-down-hint")))
            }
            CodeState::Unavailable => {
                Some(stop("login-unavailable").saying(page.t("login-unavailable-hint")))
            }
            _ => self.typing().notice(self.fault()),
        }
    }
}
