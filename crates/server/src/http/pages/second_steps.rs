use askama::Template;
use qrcode::{Color, QrCode};

use super::{AccountFrame, Fault, Moment, Notice, Page, SecondStep, Stamp};

/// `/account/security/second-step`: on and off, authenticator app, passkeys (ux 7.2).
#[derive(Debug, Template)]
#[template(path = "second_steps.html")]
pub struct SecondStepsPage {
    /// Frame.
    pub page: Page,
    /// Frame of the account pages.
    pub account: AccountFrame,
    /// Whether it is asked for.
    pub second_step: SecondStep,
    /// Why it cannot be switched off, in words.
    pub required: Option<String>,
    /// Whether there is anything it could be asked with.
    pub can_be_on: bool,
    /// Fewest characters of a password that stands alone.
    pub min: u64,
    /// The authenticator app.
    pub app: Option<FactorItem>,
    /// The passkeys.
    pub passkeys: Vec<FactorItem>,
    /// Whether a passkey can be added.
    pub offers_passkeys: bool,
    /// From when a reported loss counts.
    pub loss: Option<Moment>,
    /// What happened before.
    pub news: Option<SecondStepNews>,
}

/// An authenticator app or a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorItem {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was added.
    pub made: Moment,
    /// When it was last used.
    pub used: Option<Moment>,
    /// Whether other devices of the person have it too, if that is known.
    pub is_synced: Option<bool>,
}

impl FactorItem {
    /// Where a passkey is kept (ux 7.2).
    fn place(&self, page: &Page) -> Option<String> {
        let key = if self.is_synced? {
            "factor-passkey-synced"
        } else {
            "factor-passkey-one-device"
        };
        Some(page.t(key))
    }

    fn words(&self, page: &Page) -> String {
        let made = ("made", self.made.words.as_str());
        match &self.used {
            Some(used) => page.with("factor-used", [made, ("used", used.words.as_str())]),
            None => page.with("factor-unused", [made]),
        }
    }
}

/// What happened before the page was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondStepNews {
    /// It is switched on.
    On,
    /// It is switched off.
    Off,
    /// The app was added.
    AppAdded,
    /// A passkey was added.
    PasskeyAdded,
    /// One was removed.
    Removed,
    /// A passkey has another name.
    Renamed,
    /// This passkey was given no name.
    NameMissing(String),
    /// A reported loss was taken back.
    Kept,
    /// It cannot be switched off, nothing changed.
    Required,
    /// It cannot be switched on: there is nothing to ask for.
    NoWay,
    /// The password was not given.
    PasswordMissing,
    /// The password is wrong.
    PasswordWrong,
    /// The password is too short to stand alone.
    PasswordShort,
    /// Too many wrong passwords; again from then.
    Wait(Moment),
}

impl SecondStepsPage {
    fn is_error(&self) -> bool {
        self.notice().is_some_and(|notice| notice.stamp.is_stop())
    }

    fn lost(&self) -> Option<String> {
        let due = self.loss.as_ref()?;
        Some(
            self.page
                .with("loss-waits-until", [("time", due.words.as_str())]),
        )
    }

    fn fault(&self) -> Option<Fault> {
        let text = match self.news.as_ref()? {
            SecondStepNews::PasswordMissing => self.page.t("password-empty"),
            SecondStepNews::PasswordWrong => self.page.t("present-password-wrong"),
            SecondStepNews::PasswordShort => self.page.count("second-step-off-short", self.min),
            _ => return None,
        };
        Some(Fault {
            field: "password",
            text,
        })
    }

    /// What is wrong with the new name of a passkey.
    fn name_fault(&self, id: &str) -> Option<Fault> {
        let wrong = self.news == Some(SecondStepNews::NameMissing(id.to_owned()));
        wrong.then(|| Fault {
            field: "new-name",
            text: self.page.t("passkey-name-missing"),
        })
    }

    fn notice(&self) -> Option<Notice> {
        let pass = |key| Notice::new(Stamp::Pass, self.page.t(key));
        Some(match self.news.as_ref()? {
            SecondStepNews::On => pass("second-step-now-on"),
            SecondStepNews::Off => {
                pass("second-step-now-off").saying(self.page.t("second-step-off-hint"))
            }
            SecondStepNews::AppAdded => {
                pass("factor-app-added").saying(self.page.t("factor-have-recovery"))
            }
            SecondStepNews::PasskeyAdded => {
                pass("factor-passkey-added").saying(self.page.t("factor-have-recovery"))
            }
            SecondStepNews::Removed => pass("factor-removed"),
            SecondStepNews::Renamed => pass("saved"),
            SecondStepNews::NameMissing(id) => {
                let notice = Notice::new(Stamp::Stop, self.page.t("check-input"));
                notice.about(self.name_fault(id)?)
            }
            SecondStepNews::Kept => pass("loss-stopped").saying(self.page.t("loss-stopped-hint")),
            SecondStepNews::Required => {
                let notice = Notice::new(Stamp::Stop, self.page.t("second-step-stays"));
                notice.saying(self.required.clone().unwrap_or_default())
            }
            SecondStepNews::NoWay => {
                let notice = Notice::new(Stamp::Stop, self.page.t("second-step-stays-off"));
                notice.saying(self.page.t("second-step-no-way"))
            }
            SecondStepNews::Wait(time) => {
                let until = [("time", time.words.as_str())];
                Notice::new(Stamp::Stop, self.page.with("login-throttled", until))
            }
            SecondStepNews::PasswordMissing
            | SecondStepNews::PasswordWrong
            | SecondStepNews::PasswordShort => {
                Notice::new(Stamp::Stop, self.page.t("check-input")).about(self.fault()?)
            }
        })
    }
}

/// `/account/security/second-step/app`: an authenticator app is added; the secret is shown here only.
#[derive(Template)]
#[template(path = "add_app.html")]
pub struct AddAppPage {
    /// Frame.
    pub page: Page,
    /// Frame of the account pages.
    pub account: AccountFrame,
    /// The secret in letters and digits.
    pub secret: String,
    /// The same as an address.
    pub address: String,
    /// What is wrong with the code.
    pub problem: Option<FirstCodeProblem>,
}

impl std::fmt::Debug for AddAppPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AddAppPage({:?}, …)", self.problem)
    }
}

/// What is wrong with the first code of an app, or with a code at a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstCodeProblem {
    /// Nothing typed, or not six digits.
    Shape,
    /// Not the code.
    Wrong,
    /// Too many wrong ones; again from then.
    Wait(Moment),
    /// It took too long: there is a new secret.
    Late,
}

impl AddAppPage {
    /// The picture: how many squares wide, and which are dark.
    fn picture(&self) -> Option<(usize, String)> {
        const MARGIN: usize = 4;
        let code = QrCode::new(self.address.as_bytes()).ok()?;
        let (width, squares) = (code.width(), code.to_colors());
        let dark = squares.iter().enumerate();
        let path = dark.filter(|(_, color)| **color == Color::Dark);
        let path = path.map(|(at, _)| {
            let (x, y) = (at % width + MARGIN, at / width + MARGIN);
            format!("M{x} {y}h1v1h-1z")
        });
        Some((width + 2 * MARGIN, path.collect()))
    }

    fn fault(&self) -> Option<Fault> {
        let key = match self.problem.as_ref()? {
            FirstCodeProblem::Shape => "app-code-shape",
            FirstCodeProblem::Wrong => "app-code-wrong-clock",
            FirstCodeProblem::Wait(_) | FirstCodeProblem::Late => return None,
        };
        Some(Fault {
            field: "code",
            text: self.page.t(key),
        })
    }

    fn notice(&self) -> Option<Notice> {
        Some(match self.problem.as_ref()? {
            FirstCodeProblem::Wait(time) => {
                let until = [("time", time.words.as_str())];
                Notice::new(Stamp::Stop, self.page.with("recovery-throttled", until))
            }
            FirstCodeProblem::Late => Notice::new(Stamp::Ask, self.page.t("app-secret-new")),
            FirstCodeProblem::Shape | FirstCodeProblem::Wrong => {
                Notice::new(Stamp::Stop, self.page.t("check-input")).about(self.fault()?)
            }
        })
    }
}

/// `/account/security/second-step/passkey`: a passkey is added. The one page beside sign-in that needs script.
#[derive(Debug, Template)]
#[template(path = "add_passkey.html")]
pub struct AddPasskeyPage {
    /// Frame.
    pub page: Page,
    /// Frame of the account pages.
    pub account: AccountFrame,
    /// What the browser is asked.
    pub options: String,
    /// What it is called.
    pub name: String,
    /// What is wrong.
    pub problem: Option<PasskeyProblem>,
}

/// What is wrong with a passkey that is being added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyProblem {
    /// It has no name.
    Name,
    /// The answer does not fit, or came too late.
    Refused,
    /// It is known already, or there are too many.
    Already,
}

impl AddPasskeyPage {
    fn fault(&self) -> Option<Fault> {
        (self.problem? == PasskeyProblem::Name).then(|| Fault {
            field: "name",
            text: self.page.t("passkey-name-missing"),
        })
    }

    fn notice(&self) -> Option<Notice> {
        let stop = |key| Notice::new(Stamp::Stop, self.page.t(key));
        Some(match self.problem? {
            PasskeyProblem::Name => stop("check-input").about(self.fault()?),
            PasskeyProblem::Refused => {
                stop("passkey-refused").saying(self.page.t("passkey-refused-hint"))
            }
            PasskeyProblem::Already => stop("passkey-already"),
        })
    }
}
