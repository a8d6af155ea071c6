use askama::Template;
use sekisho_provider::rules::forced_change::ChangeReason;
use sekisho_provider::rules::password_policy::PasswordRefusal;
use sekisho_provider::rules::password_reset::MissingProof;

use super::{AccountFrame, App, Fault, Moment, Notice, Page, Stamp};

/// `/password/forgot` and `/login/by-mail`: the same before and after for known and unknown addresses (ENU-01,
/// ux 6.7).
#[derive(Debug, Template)]
#[template(path = "forgot.html")]
pub struct ForgotPage {
    /// Frame.
    pub page: Page,
    /// What was typed.
    pub email: String,
    /// How many minutes a link works.
    pub minutes: u64,
    /// What the link is for.
    pub way: MailedWay,
    /// How far it got.
    pub state: ForgotState,
}

/// What a link is mailed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailedWay {
    /// A new password.
    NewPassword,
    /// A sign-in at a browser that is held up (THR-04).
    LetIn,
}

impl MailedWay {
    /// Where the link is asked for.
    pub const fn path(self) -> &'static str {
        match self {
            Self::NewPassword => "/password/forgot",
            Self::LetIn => "/login/by-mail",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::NewPassword => "forgot-title",
            Self::LetIn => "let-in-title",
        }
    }

    const fn lead(self) -> &'static str {
        match self {
            Self::NewPassword => "forgot-lead",
            Self::LetIn => "let-in-lead",
        }
    }
}

/// How far somebody got who forgot a password, or is held up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForgotState {
    /// Nothing was sent yet.
    Fresh,
    /// No address typed.
    Empty,
    /// What was typed is not an address.
    Shape,
    /// Asked.
    Asked,
}

impl ForgotPage {
    const fn is_error(&self) -> bool {
        matches!(self.state, ForgotState::Empty | ForgotState::Shape)
    }

    fn is_asked(&self) -> bool {
        self.state == ForgotState::Asked
    }

    fn asked(&self) -> String {
        self.page.count("forgot-sent-hint", self.minutes)
    }

    fn fault(&self) -> Option<Fault> {
        let key = match self.state {
            ForgotState::Empty => "email-empty",
            ForgotState::Shape => "email-shape",
            ForgotState::Fresh | ForgotState::Asked => return None,
        };
        Some(Fault {
            field: "email",
            text: self.page.t(key),
        })
    }

    fn notice(&self) -> Option<Notice> {
        let fault = self.fault()?;
        Some(Notice::new(Stamp::Stop, self.page.t("check-input")).about(fault))
    }
}

/// What is wrong with a new password, or with what is asked beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordProblem {
    /// Nothing typed.
    Empty,
    /// The policy refuses it.
    Refused(Vec<PasswordRefusal>),
    /// It is the old one.
    Same,
    /// A recovery code is asked, and none was typed.
    CodeMissing,
    /// The recovery code does not work.
    CodeWrong,
    /// Too many wrong recovery codes or passwords; again from then.
    Wait(Moment),
    /// The present password is asked, and none was typed.
    PresentMissing,
    /// What was typed as the present password is wrong.
    PresentWrong,
    /// Another change was faster.
    Late,
}

impl PasswordProblem {
    pub(super) fn fault(&self, page: &Page) -> Option<Fault> {
        let (field, text) = match self {
            Self::Empty => ("password", page.t("password-empty")),
            Self::Same => ("password", page.t("new-password-same")),
            Self::Refused(reasons) => ("password", refused(page, reasons)),
            Self::CodeMissing => ("recovery_code", page.t("recovery-missing")),
            Self::CodeWrong => ("recovery_code", page.t("recovery-wrong")),
            Self::PresentMissing => ("present", page.t("present-password-empty")),
            Self::PresentWrong => ("present", page.t("present-password-wrong")),
            Self::Wait(_) | Self::Late => return None,
        };
        Some(Fault { field, text })
    }

    fn notice(&self, page: &Page) -> Notice {
        if let Self::Wait(time) = self {
            let heading = page.with("recovery-throttled", [("time", time.words.as_str())]);
            return Notice::new(Stamp::Stop, heading);
        }
        if *self == Self::Late {
            let late = Notice::new(Stamp::Stop, page.t("own-password-late"));
            return late.saying(page.t("own-password-late-hint"));
        }
        let notice = Notice::new(Stamp::Stop, page.t("check-input"));
        match self.fault(page) {
            Some(fault) => notice.about(fault),
            None => notice,
        }
    }
}

/// Every reason in words, one after the other.
fn refused(page: &Page, reasons: &[PasswordRefusal]) -> String {
    let stop = page.t("between-sentences");
    let words: Vec<String> = reasons
        .iter()
        .map(|reason| in_words(page, *reason))
        .collect();
    words.join(&stop)
}

/// A reason against a new password.
pub fn in_words(page: &Page, refusal: PasswordRefusal) -> String {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    match refusal {
        PasswordRefusal::Short { min, .. } => page.count("new-password-short", number(min)),
        PasswordRefusal::Long { max } => page.count("new-password-long", number(max)),
        PasswordRefusal::Character => page.t("new-password-character"),
        PasswordRefusal::Common => page.t("new-password-common"),
        PasswordRefusal::Breached => page.t("new-password-breached"),
        PasswordRefusal::Context => page.t("new-password-context"),
        PasswordRefusal::Weak => page.t("new-password-weak"),
    }
}

/// `/password/reset/…`: a new password by the link of a mail (ux 6.8).
#[derive(Debug, Template)]
#[template(path = "reset.html")]
pub struct ResetPage {
    /// Frame.
    pub page: Page,
    /// What the link carries.
    pub token: String,
    /// The sign-in address for password managers, where the link's holder knows it.
    pub username: Option<String>,
    /// What is asked beside the link.
    pub missing: Missing,
    /// Fewest characters of a new password.
    pub min: u64,
    /// What went wrong.
    pub problem: Option<PasswordProblem>,
}

/// `/login/by-mail/…`: on to a sign-in by the link of a mail (THR-04).
#[derive(Debug, Template)]
#[template(path = "let_in.html")]
pub struct LetInPage {
    /// Frame.
    pub page: Page,
    /// What the link carries.
    pub token: String,
}

/// What is asked beside the link (REC-04).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// Nothing.
    Nothing,
    /// A recovery code.
    Code,
    /// A recovery code, or a wait at this browser.
    CodeOrWait,
    /// A recovery code, or this moment.
    CodeOr(Moment),
}

impl Missing {
    /// In the words of a page.
    pub fn new(missing: MissingProof, time: impl Fn(sekisho_model::Timestamp) -> Moment) -> Self {
        match missing {
            MissingProof::None => Self::Nothing,
            MissingProof::RecoveryCode => Self::Code,
            MissingProof::RecoveryCodeOrWait => Self::CodeOrWait,
            MissingProof::RecoveryCodeOr(until) => Self::CodeOr(time(until)),
        }
    }
}

impl ResetPage {
    const fn is_error(&self) -> bool {
        self.problem.is_some()
    }

    fn fault(&self, field: &str) -> Option<Fault> {
        let fault = self.problem.as_ref()?.fault(&self.page)?;
        (fault.field == field).then_some(fault)
    }

    fn notice(&self) -> Option<Notice> {
        Some(self.problem.as_ref()?.notice(&self.page))
    }

    fn asks_code(&self) -> bool {
        self.missing != Missing::Nothing
    }
}

/// `/login/new-password`: a new password before anything is issued (ux 6.9).
#[derive(Debug, Template)]
#[template(path = "new_password_page.html")]
pub struct NewPasswordPage {
    /// Frame.
    pub page: Page,
    /// The app that sent the person here.
    pub app: Option<App>,
    /// Why.
    pub reason: ChangeReason,
    /// Fewest characters of a new password.
    pub min: u64,
    /// What went wrong.
    pub problem: Option<PasswordProblem>,
}

impl NewPasswordPage {
    const fn is_error(&self) -> bool {
        self.problem.is_some()
    }

    fn fault(&self, field: &str) -> Option<Fault> {
        let fault = self.problem.as_ref()?.fault(&self.page)?;
        (fault.field == field).then_some(fault)
    }

    fn notice(&self) -> Option<Notice> {
        Some(self.problem.as_ref()?.notice(&self.page))
    }

    fn why(&self) -> String {
        self.page.t(match self.reason {
            ChangeReason::Marked => "new-password-marked",
            ChangeReason::BelowPolicy => "new-password-below",
            ChangeReason::Known => "new-password-known",
        })
    }
}

/// `/account/password`: another password, in the account pages (ux 7.2, PW-12).
#[derive(Debug, Template)]
#[template(path = "account_password.html")]
pub struct OwnPasswordPage {
    /// Frame.
    pub page: Page,
    /// Frame of the account pages.
    pub account: AccountFrame,
    /// When it was last changed.
    pub changed: Option<Moment>,
    /// Fewest characters of a new one.
    pub min: u64,
    /// Whether other devices were to stay signed in.
    pub others_stay: bool,
    /// What went wrong.
    pub problem: Option<PasswordProblem>,
}

impl OwnPasswordPage {
    const fn is_error(&self) -> bool {
        self.problem.is_some()
    }

    fn fault(&self, field: &str) -> Option<Fault> {
        let fault = self.problem.as_ref()?.fault(&self.page)?;
        (fault.field == field).then_some(fault)
    }

    fn notice(&self) -> Option<Notice> {
        Some(self.problem.as_ref()?.notice(&self.page))
    }

    fn password_words(&self) -> String {
        super::security::password_words(&self.page, self.changed.as_ref())
    }
}

/// What is left to say about a link.
#[derive(Debug, Template)]
#[template(path = "reset_said.html")]
pub struct ResetSaidPage {
    /// Frame.
    pub page: Page,
    /// What.
    pub said: ResetSaid,
    /// What the link was for.
    pub way: MailedWay,
}

/// What is left to say about a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResetSaid {
    /// The password is changed.
    Done,
    /// A wait at this browser began, until then.
    Waiting(Moment),
    /// The link was used.
    Used,
    /// The link's time is over.
    Over,
}

impl ResetSaidPage {
    const fn is_error(&self) -> bool {
        matches!(self.said, ResetSaid::Used | ResetSaid::Over)
    }

    const fn stamp(&self) -> Stamp {
        match self.said {
            ResetSaid::Done => Stamp::Pass,
            ResetSaid::Waiting(_) => Stamp::Ask,
            ResetSaid::Used | ResetSaid::Over => Stamp::Stop,
        }
    }

    fn heading(&self) -> String {
        self.page.t(match self.said {
            ResetSaid::Done => "reset-done",
            ResetSaid::Waiting(_) => "reset-waiting",
            ResetSaid::Used => "reset-used",
            ResetSaid::Over => "reset-over",
        })
    }

    fn lead(&self) -> String {
        match &self.said {
            ResetSaid::Done => self.page.t("reset-done-hint"),
            ResetSaid::Waiting(until) => {
                let time = [("time", until.words.as_str())];
                self.page.with("reset-waiting-hint", time)
            }
            ResetSaid::Used => self.page.t(match self.way {
                MailedWay::NewPassword => "reset-used-hint",
                MailedWay::LetIn => "let-in-used-hint",
            }),
            ResetSaid::Over => self.page.t("reset-over-hint"),
        }
    }
}
