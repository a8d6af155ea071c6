use askama::Template;

use super::{App, Fault, Moment, Notice, Page, Stamp};

/// `/login/code` for an account with an authenticator app or passkeys: no code is mailed (OTP-26).
#[derive(Debug, Template)]
#[template(path = "stronger_step.html")]
pub struct StrongerStepPage {
    /// Frame.
    pub page: Page,
    /// The app that sent the person here.
    pub app: Option<App>,
    /// Whether a code of an authenticator app is accepted.
    pub by_app: bool,
    /// What the browser is asked of a passkey.
    pub question: Option<String>,
    /// For how many days this browser may be trusted; `None` hides the box.
    pub trust_days: Option<u32>,
    /// What is wrong.
    pub problem: Option<StrongerProblem>,
    /// Path that starts the sign-in again.
    pub restart: String,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrongerProblem {
    /// Not six digits.
    Shape,
    /// Not the code, or used before; so many tries are left.
    WrongCode(u8),
    /// The passkey's answer was refused; so many tries are left.
    WrongPasskey(u8),
    /// Too many wrong ones; again from then.
    Wait(Moment),
    /// A part we need is down.
    Unavailable,
}

impl StrongerStepPage {
    const fn is_error(&self) -> bool {
        self.problem.is_some()
    }

    fn heading(&self) -> String {
        self.page.t(match (self.by_app, self.question.is_some()) {
            (true, true) => "stronger-title",
            (true, false) => "stronger-app-title",
            (false, _) => "stronger-passkey-title",
        })
    }

    fn lead(&self) -> String {
        self.page.t(match (self.by_app, self.question.is_some()) {
            (true, true) => "stronger-lead",
            (true, false) => "stronger-app-lead",
            (false, true) => "stronger-passkey-lead",
            (false, false) => "stronger-passkey-unavailable",
        })
    }

    fn trust(&self) -> Option<String> {
        let days = u64::from(self.trust_days?);
        Some(self.page.count("trust-browser", days))
    }

    fn recovery(&self) -> String {
        self.restart.replacen("/login?", "/login/recovery?", 1)
    }

    fn lost(&self) -> String {
        self.restart.replacen("/login?", "/login/lost-factor?", 1)
    }

    fn fault(&self) -> Option<Fault> {
        let text = match self.problem.as_ref()? {
            StrongerProblem::Shape => self.page.t("app-code-shape"),
            StrongerProblem::WrongCode(left) => self.page.count("app-code-wrong", u64::from(*left)),
            _ => return None,
        };
        Some(Fault {
            field: "code",
            text,
        })
    }

    fn notice(&self) -> Option<Notice> {
        let stop = |heading| Notice::new(Stamp::Stop, heading);
        Some(match self.problem.as_ref()? {
            StrongerProblem::Shape | StrongerProblem::WrongCode(_) => {
                stop(self.page.t("check-input")).about(self.fault()?)
            }
            StrongerProblem::WrongPasskey(left) => stop(self.page.t("passkey-refused"))
                .saying(self.page.count("passkey-tries", u64::from(*left))),
            StrongerProblem::Wait(time) => {
                let until = [("time", time.words.as_str())];
                stop(self.page.with("recovery-throttled", until))
            }
            StrongerProblem::Unavailable => {
                stop(self.page.t("login-unavailable")).saying(self.page.t("login-unavailable-hint"))
            }
        })
    }
}

/// `/login/lost-factor`: the stronger second step is lost (OTP-26).
#[derive(Debug, Template)]
#[template(path = "lost_factor.html")]
pub struct LostFactorPage {
    /// Frame.
    pub page: Page,
    /// The app that sent the person here.
    pub app: Option<App>,
    /// The page of the second step.
    pub back: String,
    /// How far it got.
    pub state: LostState,
}

/// How far the report of a loss got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LostState {
    /// It can be reported.
    Asked,
    /// It is reported; a mailed code counts from then.
    Waits(Moment),
    /// There is no address a code could go to.
    NoAddress,
}

impl LostFactorPage {
    fn recovery(&self) -> String {
        self.back.replacen("/login/code?", "/login/recovery?", 1)
    }

    fn notice(&self) -> Option<Notice> {
        match &self.state {
            LostState::Asked => None,
            LostState::Waits(time) => {
                let from = [("time", time.words.as_str())];
                let heading = self.page.with("lost-waits", from);
                Some(Notice::new(Stamp::Ask, heading))
            }
            LostState::NoAddress => Some(Notice::new(Stamp::Stop, self.page.t("lost-no-address"))),
        }
    }
}
