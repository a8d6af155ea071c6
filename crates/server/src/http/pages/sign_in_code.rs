use askama::Template;

use super::{App, Fault, Moment, Notice, Page, Stamp};

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
    /// Tries left, if known.
    pub tries_left: Option<u8>,
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

/// Whether a new code can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resend {
    /// Now.
    Now,
    /// In so many seconds, at that time. Pressing earlier is answered by the server in words.
    From(u64, Moment),
    /// No more in this sign-in.
    NoMore,
}

/// What happened before the page was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeState {
    /// Nothing: the code was just sent.
    Fresh,
    /// Nothing typed.
    Empty,
    /// So many digits were typed.
    WrongLength(u64),
    /// Not the code; so many tries are left.
    Wrong(u8),
    /// A code that was replaced before.
    Earlier,
    /// Too late; a new one can be asked for.
    Expired,
    /// Too late; a new one is on its way.
    ExpiredAndResent,
    /// A new one is on its way.
    Resent,
    /// Asked too early for a new one; possible from then.
    Wait(Moment),
    /// No more codes until then.
    NoMoreCodes(Moment),
    /// No more codes in this sign-in.
    Exhausted,
    /// The tries are used up; from the start, perhaps only from then.
    Stopped(Option<Moment>),
    /// The mail could not be handed over.
    MailDown,
    /// A part we need is down.
    Unavailable,
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

    fn tries(&self) -> Option<String> {
        let left = u64::from(self.tries_left?);
        Some(self.page.count("tries", left))
    }

    fn trust(&self) -> Option<String> {
        let days = u64::from(self.trust_days?);
        Some(self.page.count("trust-browser", days))
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
            CodeState::Wrong(1) => words.t("code-wrong-last"),
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
            CodeState::ExpiredAndResent if self.uniform => ask(words.t("code-uniform-expired")),
            CodeState::Resent if self.uniform => ask(words.t("code-uniform-resent")),
            CodeState::ExpiredAndResent => {
                Some(Notice::new(Stamp::Ask, words.t("code-expired-resent")).saying(tally()))
            }
            CodeState::Resent => {
                Some(Notice::new(Stamp::Pass, words.t("code-resent")).saying(tally()))
            }
            CodeState::Wait(time) => ask(at("code-wait", time)),
            CodeState::NoMoreCodes(time) => ask(at("code-sends-out", time)),
            CodeState::Exhausted => ask(words.t("code-no-more")),
            CodeState::Stopped(from) => {
                let again = from.as_ref().map(|time| at("code-stopped-from", time));
                let again = again.unwrap_or_else(|| words.t("code-stopped-now"));
                Some(stop(words.t("code-stopped")).saying(again))
            }
            CodeState::MailDown => {
                Some(stop(words.t("code-mail-down")).saying(words.t("code-mail-down-hint")))
            }
            CodeState::Unavailable => {
                Some(stop(words.t("login-unavailable")).saying(words.t("login-unavailable-hint")))
            }
        }
    }
}
