use askama::Template;

use super::{App, Fault, Moment, Notice, Page, Stamp};

/// `/login`: address and password (ux 6.1). The same for known and unknown addresses (ENU-01).
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub struct SignInPage {
    /// Frame.
    pub page: Page,
    /// The app that sent the person here; `None` for our own pages.
    pub app: Option<App>,
    /// Address typed before, or the `login_hint`, or of whoever is signed in at this browser.
    pub email: String,
    /// Whether it is that of whoever is signed in: then it is text.
    pub known: bool,
    /// What went wrong.
    pub problem: Option<SignInProblem>,
    /// Whether somebody who is signed in is about to change something (ux 5.7).
    pub before_change: bool,
    /// Which ways out exist here.
    pub links: SignInLinks,
}

/// Links under the form, for what this server offers.
#[derive(Debug, Clone, Default)]
pub struct SignInLinks {
    /// `/password/forgot`
    pub forgot: bool,
    /// `/register`, on the way to this flow; else empty.
    pub register: String,
    /// This page for somebody else than who is signed in.
    pub another: String,
}

/// What went wrong at the password step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInProblem {
    /// No address typed.
    EmailEmpty,
    /// What was typed is not an address.
    EmailShape,
    /// No password typed.
    PasswordEmpty,
    /// One of them is wrong; nobody is told which.
    Wrong,
    /// Too many wrong passwords in a row: a mailed link is the way.
    OnlyByMail,
    /// The password was right but is void: a mailed link leads to a new one.
    ChangeByMail,
    /// Too many tries; again from then.
    Throttled(Moment),
    /// Strangers are kept out of this connection; the reference to quote.
    Blocked(String),
    /// The password was right, but no code can be mailed until then (OTP-12).
    NoMoreCodes(Moment),
    /// The password was right, but the account is stopped (ENU-06); the reference to quote.
    AccountStopped(String),
    /// A part we need is down.
    Unavailable,
}

impl SignInPage {
    fn is_error(&self) -> bool {
        self.problem.is_some()
    }

    fn fault(&self, field: &str) -> Option<Fault> {
        let (at, key) = match self.problem.as_ref()? {
            SignInProblem::EmailEmpty => ("email", "email-empty"),
            SignInProblem::EmailShape => ("email", "email-shape"),
            SignInProblem::PasswordEmpty => ("password", "password-empty"),
            _ => return None,
        };
        (at == field).then(|| Fault {
            field: at,
            text: self.page.t(key),
        })
    }

    fn notice(&self) -> Option<Notice> {
        let stop = |heading: String| Notice::new(Stamp::Stop, heading);
        let words = self.page.words();
        let at = |key, time: &Moment| words.with(key, &[("time", &time.words)]);
        let by_mail = |notice: Notice| notice.leading("/login/by-mail", words.t("let-in-title"));
        let quoting = |key, reference: &String| words.with(key, &[("reference", reference)]);
        Some(match self.problem.as_ref()? {
            SignInProblem::EmailEmpty
            | SignInProblem::EmailShape
            | SignInProblem::PasswordEmpty => {
                let fault = self.fault("email").or_else(|| self.fault("password"))?;
                stop(words.t("check-input")).about(fault)
            }
            SignInProblem::Wrong => {
                stop(words.t("login-wrong")).saying(words.t("login-wrong-hint"))
            }
            SignInProblem::Throttled(time) => {
                let held = stop(at("login-throttled", time));
                by_mail(held.saying(words.t("login-throttled-hint")))
            }
            SignInProblem::OnlyByMail => {
                by_mail(stop(words.t("login-by-mail")).saying(words.t("login-by-mail-hint")))
            }
            SignInProblem::ChangeByMail => {
                stop(words.t("login-void")).saying(words.t("login-void-hint"))
            }
            SignInProblem::Blocked(reference) => {
                stop(words.t("login-blocked")).saying(quoting("login-blocked-hint", reference))
            }
            SignInProblem::NoMoreCodes(time) => {
                stop(at("login-no-more-codes", time)).saying(words.t("login-no-more-codes-hint"))
            }
            SignInProblem::AccountStopped(reference) => {
                stop(words.t("login-stopped")).saying(quoting("login-stopped-hint", reference))
            }
            SignInProblem::Unavailable => {
                stop(words.t("login-unavailable")).saying(words.t("login-unavailable-hint"))
            }
        })
    }
}
