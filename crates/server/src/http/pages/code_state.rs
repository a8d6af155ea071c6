use super::{Fault, Moment, Notice, Page, Stamp};

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

/// A page where a mailed code is typed, as far as sign-ins and proofs of an address say the same.
pub(super) struct TypedCode<'a> {
    pub(super) page: &'a Page,
    pub(super) state: &'a CodeState,
    pub(super) digits: u8,
    pub(super) tally: &'a str,
}

impl TypedCode<'_> {
    /// What is said beside the field; `last` after the last wrong code but one.
    pub(super) fn fault(&self, last: &str) -> Option<Fault> {
        let words = self.page.words();
        let text = match self.state {
            CodeState::Empty => words.t("code-empty"),
            CodeState::WrongLength(typed) => {
                let (digits, typed) = (self.digits.to_string(), typed.to_string());
                words.with("code-length", &[("digits", &digits), ("typed", &typed)])
            }
            CodeState::Wrong(1) => words.t(last),
            CodeState::Wrong(left) => words.count("code-wrong", u64::from(*left)),
            CodeState::Earlier => words.with("code-earlier", &[("tally", self.tally)]),
            _ => return None,
        };
        Some(Fault {
            field: "code",
            text,
        })
    }

    /// What is said above the page, about `fault` if there is one; `None` for what each page says in its own words.
    pub(super) fn notice(&self, fault: Option<Fault>) -> Option<Notice> {
        let words = self.page.words();
        let notice = |stamp, key| Notice::new(stamp, words.t(key));
        let tally = || words.with("code-new-tally", &[("tally", self.tally)]);
        let from =
            |key, time: &Moment| Notice::new(Stamp::Ask, words.with(key, &[("time", &time.words)]));
        Some(match self.state {
            CodeState::Empty
            | CodeState::WrongLength(_)
            | CodeState::Wrong(_)
            | CodeState::Earlier => notice(Stamp::Stop, "check-input").about(fault?),
            CodeState::Expired => {
                notice(Stamp::Stop, "code-expired").saying(words.t("code-expired-hint"))
            }
            CodeState::ExpiredAndResent => {
                notice(Stamp::Ask, "code-expired-resent").saying(tally())
            }
            CodeState::Resent => notice(Stamp::Pass, "code-resent").saying(tally()),
            CodeState::Wait(time) => from("code-wait", time),
            CodeState::NoMoreCodes(time) => from("code-sends-out", time),
            CodeState::Fresh
            | CodeState::Exhausted
            | CodeState::Stopped(_)
            | CodeState::MailDown
            | CodeState::Unavailable => return None,
        })
    }

    /// The class that draws as many places as the code has digits.
    pub(super) fn places(&self) -> String {
        format!("code-input--{}", self.digits)
    }
}
