use askama::Template;
use sekisho_provider::rules::sign_up::{NameRefusal, SignUpRefusal};

use super::{AddressProblem, App, Fault, Moment, Notice, Page, PasswordProblem, Stamp};

/// `/register`: the address first, and nothing else. The same for known and unknown addresses (ENU-04, ux 6.5).
#[derive(Debug, Template)]
#[template(path = "register.html")]
pub struct SignUpPage {
    /// Frame.
    pub page: Page,
    /// The app that sent the person here; `None` for our own pages.
    pub app: Option<App>,
    /// Address typed before, or the `login_hint`.
    pub email: String,
    /// What the link of an invitation carried; else empty.
    pub invitation: String,
    /// The pending sign-in, for the way back to it; else empty.
    pub flow: String,
    /// What went wrong.
    pub problem: Option<SignUpProblem>,
}

/// What is wrong with a typed address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignUpProblem {
    /// Nothing typed.
    Empty,
    /// Not an address.
    Shape,
    /// The invitation is for another address.
    Elsewhere,
    /// No more codes until then.
    NoMoreCodes(Moment),
}

impl SignUpPage {
    const fn is_error(&self) -> bool {
        self.problem.is_some()
    }

    fn fault(&self) -> Option<Fault> {
        let key = match self.problem.as_ref()? {
            SignUpProblem::Empty => "email-empty",
            SignUpProblem::Shape => "email-shape",
            SignUpProblem::Elsewhere => "register-elsewhere",
            SignUpProblem::NoMoreCodes(_) => return None,
        };
        Some(Fault {
            field: "email",
            text: self.page.t(key),
        })
    }

    fn notice(&self) -> Option<Notice> {
        let stop = |heading| Notice::new(Stamp::Stop, heading);
        if let SignUpProblem::NoMoreCodes(until) = self.problem.as_ref()? {
            let until = [("time", until.words.as_str())];
            return Some(stop(self.page.with("code-sends-out", until)));
        }
        Some(stop(self.page.t("check-input")).about(self.fault()?))
    }

    fn sign_in_href(&self) -> String {
        sign_in_href(&self.flow)
    }
}

fn sign_in_href(flow: &str) -> String {
    if flow.is_empty() {
        "/login".to_owned()
    } else {
        format!("/login?flow={flow}")
    }
}

/// What is left to say when no account is made.
#[derive(Debug, Template)]
#[template(path = "register_said.html")]
pub struct SignUpSaidPage {
    /// Frame.
    pub page: Page,
    /// What.
    pub said: SignUpSaid,
    /// The pending sign-in; else empty.
    pub flow: String,
}

/// Why no account is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpSaid {
    /// Nobody can, or not with this invitation.
    Refused(SignUpRefusal),
    /// Somebody made one with this address meanwhile.
    Taken,
}

impl SignUpSaidPage {
    const fn stem(&self) -> &'static str {
        match self.said {
            SignUpSaid::Refused(SignUpRefusal::Closed) => "register-closed",
            SignUpSaid::Refused(SignUpRefusal::InvitationNeeded) => "register-invitation-needed",
            SignUpSaid::Refused(SignUpRefusal::InvitationOver) => "register-invitation-over",
            SignUpSaid::Refused(SignUpRefusal::InvitationElsewhere) => {
                "register-invitation-elsewhere"
            }
            SignUpSaid::Taken => "register-taken",
        }
    }

    fn heading(&self) -> String {
        self.page.t(self.stem())
    }

    fn lead(&self) -> String {
        self.page.t(&format!("{}-hint", self.stem()))
    }

    fn sign_in_href(&self) -> String {
        sign_in_href(&self.flow)
    }
}

/// `/register/details`: name and password, once the address is proved.
#[derive(Debug, Template)]
#[template(path = "register_details.html")]
pub struct SignUpDetailsPage {
    /// Frame.
    pub page: Page,
    /// The proved address.
    pub email: String,
    /// The name as it was typed.
    pub name: String,
    /// Fewest characters of the password.
    pub min: u64,
    /// What went wrong.
    pub problem: Option<DetailsProblem>,
}

/// What is wrong with name or password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DetailsProblem {
    /// The name.
    Name(NameRefusal),
    /// The password.
    Password(PasswordProblem),
    /// Too many accounts from there; again from then.
    Wait(Moment),
}

impl SignUpDetailsPage {
    const fn is_error(&self) -> bool {
        self.problem.is_some()
    }

    fn any_fault(&self) -> Option<Fault> {
        let key = match self.problem.as_ref()? {
            DetailsProblem::Password(problem) => return problem.fault(&self.page),
            DetailsProblem::Wait(_) => return None,
            DetailsProblem::Name(NameRefusal::Long) => "register-name-long",
            DetailsProblem::Name(NameRefusal::Character) => "register-name-character",
        };
        Some(Fault {
            field: "name",
            text: self.page.t(key),
        })
    }

    fn fault(&self, field: &str) -> Option<Fault> {
        self.any_fault().filter(|fault| fault.field == field)
    }

    fn notice(&self) -> Option<Notice> {
        let stop = |heading| Notice::new(Stamp::Stop, heading);
        if let DetailsProblem::Wait(until) = self.problem.as_ref()? {
            let until = [("time", until.words.as_str())];
            return Some(stop(self.page.with("register-wait", until)));
        }
        Some(stop(self.page.t("check-input")).about(self.any_fault()?))
    }
}

/// `/register/code-address`: where codes are to go (ux 6.6).
#[derive(Debug, Template)]
#[template(path = "register_code_address.html")]
pub struct FirstCodeAddressPage {
    /// Frame.
    pub page: Page,
    /// The address of the sign-in.
    pub login: String,
    /// Whether it can receive the codes until another one is given.
    pub may_wait: bool,
    /// What was typed.
    pub typed: String,
    /// What is wrong with it.
    pub problem: Option<AddressProblem>,
}

impl FirstCodeAddressPage {
    const fn is_error(&self) -> bool {
        self.problem.is_some()
    }

    fn fault(&self) -> Option<Fault> {
        self.problem.as_ref()?.fault_in("code_address", &self.page)
    }

    fn notice(&self) -> Option<Notice> {
        Some(self.problem.as_ref()?.notice(self.fault(), &self.page))
    }
}

/// The end of a registration: signed in, with the recovery codes that are shown this once (REC-05).
#[derive(Debug, Template)]
#[template(path = "register_done.html")]
pub struct SignUpDonePage {
    /// Frame.
    pub page: Page,
    /// The app that waits; `None` for our own pages.
    pub app: Option<App>,
    /// The address to sign in with.
    pub email: String,
    /// The recovery codes.
    pub codes: Vec<String>,
    /// Whether a pending sign-in goes on from here; else the account page is next.
    pub goes_on: bool,
}
