use askama::Template;
use sekisho_provider::rules::code_address::Reason;

use super::{AddressProblem, App, Fault, Moment, Notice, Page, Stamp};

/// `/login/code-address/{flow}`: a code address is set where no code can be typed (ux 6.4, 6.6).
#[derive(Debug, Template)]
#[template(path = "set_up_code_address.html")]
pub struct SetUpPage {
    /// Frame.
    pub page: Page,
    /// The app that sent the person here.
    pub app: Option<App>,
    /// Why no code can be typed.
    pub reason: Reason,
    /// Whether the wait for a lost address is over.
    pub is_due: bool,
    /// The address typed at sign-in.
    pub login: String,
    /// Path of this page.
    pub here: String,
    /// The page where the code is typed.
    pub back: String,
    /// What was typed.
    pub typed: String,
    /// How far it got.
    pub state: SetUpState,
}

/// How far the setting of a code address got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetUpState {
    /// The sign-in mailbox is to be proved; no more letters until then.
    Mailbox(Option<Moment>),
    /// Every address is told; another one can be set from then.
    Waits(Moment),
    /// The new address is given; what is wrong with the one before.
    NewAddress(Option<AddressProblem>),
    /// Addresses stay until then.
    Held(Moment),
    /// Only an operator can help.
    Closed,
    /// It is set; where the sign-in begins anew.
    Done(String),
}

impl SetUpPage {
    fn is_error(&self) -> bool {
        self.notice().is_some_and(|notice| notice.stamp.is_stop())
    }

    fn heading(&self) -> String {
        self.page.t(match (&self.state, self.reason) {
            (SetUpState::NewAddress(_), _) => "set-up-new-title",
            (SetUpState::Done(_), _) => "set-up-done",
            (_, Reason::Lost) => "set-up-lost-title",
            (_, Reason::Missing) => "set-up-first-title",
        })
    }

    /// What the letter to the sign-in mailbox is for.
    fn lead(&self) -> String {
        let key = match (self.reason, self.is_due) {
            (Reason::Missing, _) => "set-up-first-lead",
            (Reason::Lost, true) => "set-up-due-lead",
            (Reason::Lost, false) => "set-up-lost-lead",
        };
        self.page.t(key)
    }

    /// Whether a report would begin the wait.
    fn begins_wait(&self) -> bool {
        self.reason == Reason::Lost && !self.is_due
    }

    fn is_lost(&self) -> bool {
        self.reason == Reason::Lost
    }

    const fn is_done(&self) -> bool {
        matches!(self.state, SetUpState::Done(_))
    }

    fn recovery(&self) -> String {
        self.back.replacen("/login/code?", "/login/recovery?", 1)
    }

    fn fault(&self) -> Option<Fault> {
        match &self.state {
            SetUpState::NewAddress(Some(problem)) => problem.fault_in("email", &self.page),
            _ => None,
        }
    }

    fn notice(&self) -> Option<Notice> {
        let stop = |heading| Notice::new(Stamp::Stop, heading);
        let at = |key, time: &Moment| self.page.with(key, [("time", time.words.as_str())]);
        match &self.state {
            SetUpState::Mailbox(None) | SetUpState::NewAddress(None) | SetUpState::Done(_) => None,
            SetUpState::Mailbox(Some(until)) => Some(stop(at("code-sends-out", until))),
            SetUpState::Waits(until) => Some(Notice::new(Stamp::Ask, at("set-up-waits", until))),
            SetUpState::NewAddress(Some(problem)) => Some(problem.notice(self.fault(), &self.page)),
            SetUpState::Held(until) => {
                let held = stop(at("address-held", until));
                Some(held.saying(self.page.t(match self.reason {
                    Reason::Missing => "set-up-held-hint",
                    Reason::Lost => "address-held-hint",
                })))
            }
            SetUpState::Closed => {
                let closed = stop(self.page.t("set-up-closed"));
                Some(closed.saying(self.page.t("set-up-closed-hint")))
            }
        }
    }
}
