use askama::Template;
use sekisho_model::AddressKind;

use super::{Page, Stamp};

/// The page of a link that stops or undoes something (OTP-26, REC-07). Looking changes nothing.
#[derive(Debug, Template)]
#[template(path = "mailed_link.html")]
pub struct MailedLinkPage {
    /// Frame.
    pub page: Page,
    /// What the link carries; of no use once it cannot act.
    pub token: String,
    /// What it is for.
    pub link: LinkUse,
    /// How far it got.
    pub state: LinkState,
}

/// What a link of a letter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkUse {
    /// A report that the stronger second step is lost is stopped.
    KeepFactor,
    /// A report that the code address is lost is stopped.
    KeepAddress,
    /// The change of an address is undone.
    UndoAddress,
}

/// How far somebody got with such a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// It can act.
    Asked,
    /// It can act; which address comes back, and `None` if there was none before.
    AskedBack(AddressKind, Option<String>),
    /// It is done.
    Done,
    /// It was done before.
    Used,
    /// Its time is over, or there is nothing to do.
    Over,
}

impl LinkUse {
    /// What its form is for (WEB-01).
    pub const fn form(self) -> &'static str {
        match self {
            Self::KeepFactor => "keep-factor",
            Self::KeepAddress => "keep-address",
            Self::UndoAddress => "undo-address",
        }
    }

    /// Where its button leads; the page of a token is below it.
    pub const fn path(self) -> &'static str {
        match self {
            Self::KeepFactor => "/second-step/keep",
            Self::KeepAddress => "/code-address/keep",
            Self::UndoAddress => "/address/undo",
        }
    }
}

impl LinkState {
    /// Whether there is a button.
    pub const fn can_act(&self) -> bool {
        matches!(self, Self::Asked | Self::AskedBack(..))
    }
}

impl MailedLinkPage {
    const fn is_error(&self) -> bool {
        matches!(self.state, LinkState::Used | LinkState::Over)
    }

    const fn stamp(&self) -> Stamp {
        match self.state {
            LinkState::Asked | LinkState::AskedBack(..) => Stamp::Ask,
            LinkState::Done => Stamp::Pass,
            LinkState::Used | LinkState::Over => Stamp::Stop,
        }
    }

    fn heading(&self) -> String {
        use LinkState::{Asked, AskedBack, Done, Over, Used};
        use LinkUse::{KeepAddress, KeepFactor, UndoAddress};
        self.page.t(match (self.link, &self.state) {
            (KeepFactor, Asked | AskedBack(..)) => "factor-keep-title",
            (KeepAddress, Asked | AskedBack(..)) => "keep-address-title",
            (KeepFactor | KeepAddress, Done) => "loss-stopped",
            (KeepFactor | KeepAddress, Used | Over) => "keep-over",
            (UndoAddress, AskedBack(AddressKind::Login, _)) => "undo-login-title",
            (UndoAddress, AskedBack(AddressKind::Code, _) | Asked) => "undo-code-title",
            (UndoAddress, Done) => "undo-done",
            (UndoAddress, Used) => "undo-used",
            (UndoAddress, Over) => "undo-over",
        })
    }

    fn lead(&self) -> String {
        use LinkState::{Asked, AskedBack, Done, Over, Used};
        use LinkUse::{KeepAddress, KeepFactor, UndoAddress};
        self.page.t(match (self.link, &self.state) {
            (KeepFactor, Asked | AskedBack(..)) => "factor-keep-lead",
            (KeepFactor, Done) => "loss-stopped-hint",
            (KeepAddress, Asked | AskedBack(..)) => "keep-address-lead",
            (KeepAddress, Done) => "keep-address-done",
            (KeepFactor | KeepAddress, Used | Over) => "keep-over-lead",
            (UndoAddress, AskedBack(_, Some(former))) => {
                return self.page.with("undo-lead", [("mask", former.as_str())]);
            }
            (UndoAddress, Asked | AskedBack(_, None)) => "undo-lead-none",
            (UndoAddress, Done) => "undo-done-lead",
            (UndoAddress, Used | Over) => "undo-over-lead",
        })
    }

    fn button(&self) -> String {
        self.page.t(match self.link {
            LinkUse::KeepFactor => "loss-stop",
            LinkUse::KeepAddress => "keep-address-stop",
            LinkUse::UndoAddress => "undo-submit",
        })
    }

    fn undoes(&self) -> bool {
        self.link == LinkUse::UndoAddress
    }

    /// Where to go on: addresses and words, the first one stands out.
    fn ways_on(&self) -> [(&'static str, String); 2] {
        let sign_in = || ("/account", self.page.t("login-title"));
        match (self.link, &self.state) {
            (LinkUse::KeepFactor | LinkUse::KeepAddress, _) => [
                ("/account/password", self.page.t("own-password-title")),
                sign_in(),
            ],
            (LinkUse::UndoAddress, LinkState::Done) => {
                [("/password/forgot", self.page.t("undo-forgot")), sign_in()]
            }
            (LinkUse::UndoAddress, _) => [sign_in(), ("/help", self.page.t("help"))],
        }
    }
}
