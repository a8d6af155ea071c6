use askama::Template;

use super::{AccountFrame, App, Fault, Moment, Notice, Page, Stamp};

/// `/login/recovery`: a recovery code in the place of the mailed one (ux 6.3).
#[derive(Debug, Template)]
#[template(path = "recovery.html")]
pub struct RecoveryPage {
    /// Frame.
    pub page: Page,
    /// The app that sent the person here.
    pub app: Option<App>,
    /// The page of the mailed code.
    pub back: String,
    /// Whether the person is outside of the networks they allow: nothing else is taken (S14).
    pub is_outside: bool,
    /// What went wrong.
    pub problem: Option<RecoveryProblem>,
}

/// What went wrong with a recovery code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecoveryProblem {
    /// Nothing typed.
    Empty,
    /// Unknown or used: nobody is told which.
    Wrong,
    /// Too many wrong ones; again from then.
    Wait(Moment),
}

impl RecoveryPage {
    const fn is_error(&self) -> bool {
        self.problem.is_some()
    }

    fn fault(&self) -> Option<Fault> {
        let key = match self.problem.as_ref()? {
            RecoveryProblem::Empty => "recovery-missing",
            RecoveryProblem::Wrong => "recovery-wrong",
            RecoveryProblem::Wait(_) => return None,
        };
        Some(Fault {
            field: "recovery_code",
            text: self.page.t(key),
        })
    }

    fn notice(&self) -> Option<Notice> {
        if self.problem.is_none() {
            let outside = || Notice::new(Stamp::Stop, self.page.t("networks-outside-title"));
            let outside = self.is_outside.then(outside);
            return outside.map(|notice| notice.saying(self.page.t("networks-outside-lead")));
        }
        if let RecoveryProblem::Wait(time) = self.problem.as_ref()? {
            let heading = self
                .page
                .with("recovery-throttled", [("time", time.words.as_str())]);
            return Some(Notice::new(Stamp::Stop, heading));
        }
        let notice = Notice::new(Stamp::Stop, self.page.t("check-input"));
        Some(notice.about(self.fault()?))
    }
}

/// `/login/recovery/used`: what is left, and a look at the code address (ux 6.3).
#[derive(Debug, Template)]
#[template(path = "recovered.html")]
pub struct RecoveredPage {
    /// Frame.
    pub page: Page,
    /// The app that sent the person here.
    pub app: Option<App>,
    /// How many recovery codes are left.
    pub left: u64,
    /// Where codes are mailed to.
    pub code_address: Option<String>,
    /// Until when it stays as it is.
    pub held_until: Option<Moment>,
}

/// So few are left that new ones are offered.
const FEW: u64 = 2;

impl RecoveredPage {
    fn notice(&self) -> Notice {
        Notice::new(Stamp::Pass, self.page.count("recovered-left", self.left))
    }

    fn lead(&self) -> String {
        match &self.code_address {
            Some(address) => self
                .page
                .with("recovered-lead", [("address", address.as_str())]),
            None => self.page.t("no-code-address"),
        }
    }

    /// `None` where there is no address to look at.
    fn what_to_do(&self) -> Option<String> {
        self.code_address.as_ref()?;
        let from = |until: &Moment| self.page.with("recovered-held", [("time", &*until.words)]);
        let now = || self.page.t("recovered-change");
        Some(self.held_until.as_ref().map_or_else(now, from))
    }

    const fn address_key(&self) -> &'static str {
        match self.code_address {
            Some(_) => "recovered-address",
            None => "next-code-address-link",
        }
    }

    const fn has_few(&self) -> bool {
        self.left <= FEW
    }

    fn go_on(&self) -> String {
        match &self.app {
            Some(app) => self.page.with("back-to-app", [("app", app.name())]),
            None => self.page.t("login-next"),
        }
    }
}

/// `/account/security/recovery-codes`: how many are left, and a new set shown once (REC-05).
#[derive(Debug, Template)]
#[template(path = "recovery_codes.html")]
pub struct RecoveryCodesPage {
    /// Frame.
    pub page: Page,
    /// Frame of the account pages.
    pub account: AccountFrame,
    /// How many are left.
    pub left: u64,
    /// When they were made.
    pub made: Option<Moment>,
    /// A new set, just made.
    pub codes: Vec<String>,
    /// When the set that the form replaces was made; `none` if there is none.
    pub replaces: String,
    /// The form was sent before.
    pub already: bool,
}

impl RecoveryCodesPage {
    fn notice(&self) -> Option<Notice> {
        let notice = || Notice::new(Stamp::Ask, self.page.t("recovery-codes-already"));
        let hint = || self.page.t("recovery-codes-already-hint");
        self.already.then(|| notice().saying(hint()))
    }

    fn state(&self) -> String {
        recovery_words(&self.page, self.left, self.made.as_ref())
    }
}

/// How many recovery codes are left, in words.
pub(super) fn recovery_words(page: &Page, left: u64, made: Option<&Moment>) -> String {
    match made {
        None => page.t("recovery-none"),
        Some(made) => {
            let left = left.to_string();
            page.with("recovery-left", [("left", &*left), ("time", &made.words)])
        }
    }
}

/// The page of the queue: it comes back by itself, without script.
#[derive(Debug, Template)]
#[template(path = "queue.html")]
pub struct QueuePage {
    /// Frame.
    pub page: Page,
    /// The place, and about how many minutes it takes; `None` if there is no room to wait.
    pub place: Option<(u64, u64)>,
    /// For how many minutes at most what led here works, where the wait is longer.
    pub outlived: Option<u64>,
    /// After how many seconds the page comes back.
    pub seconds: u64,
    /// Where to.
    pub here: String,
}

/// `/help/code-address`: what to do without the code address; the same for everybody.
#[derive(Debug, Template)]
#[template(path = "help_code_address.html")]
pub struct CodeAddressHelpPage {
    /// Frame.
    pub page: Page,
    /// Whether the address of the page says that there is no code address: a right password ends there. Nobody sets
    /// one with a password alone, or whoever stole it would.
    pub has_none: bool,
}

impl CodeAddressHelpPage {
    fn notice(&self) -> Option<Notice> {
        let notice = || Notice::new(Stamp::Stop, self.page.t("no-code-address"));
        self.has_none
            .then(|| notice().saying(self.page.t("no-code-address-hint")))
    }
}

impl QueuePage {
    fn about(&self) -> String {
        let minutes = self.place.map_or(1, |(_, minutes)| minutes);
        self.page.count("queue-minutes", minutes)
    }

    fn outlives(&self) -> Option<String> {
        self.outlived
            .map(|minutes| self.page.count("queue-outlives", minutes))
    }
}
