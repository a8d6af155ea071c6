use askama::Template;
use sekisho_model::{AddressKind, AlertSetting};

use super::{AccountFrame, AddressNews, Moment, Notice, Page, Stamp};

/// `/account/security`: how the account is kept, and which sign-ins are told (`alert`).
#[derive(Debug, Template)]
#[template(path = "security.html")]
pub struct SecurityPage {
    /// Frame.
    pub page: Page,
    /// Frame of the account pages.
    pub account: AccountFrame,
    /// Where codes go.
    pub code_address: Option<String>,
    /// Since when mail there has been refused for good, if it has.
    pub code_refused: Option<Moment>,
    /// When the password was last changed.
    pub password_changed: Option<Moment>,
    /// Whether a code is asked.
    pub second_step: SecondStep,
    /// Which sign-ins are told by mail.
    pub alert: AlertSetting,
    /// How many recovery codes are left, and when they were made.
    pub recovery: (u64, Option<Moment>),
    /// How many networks sign-ins are limited to; none is from everywhere (S14).
    pub networks: usize,
    /// How many browsers are trusted.
    pub trusted: usize,
    /// Whether a change was just saved.
    pub saved: bool,
    /// Addresses that are on their way.
    pub addresses: AddressNews,
    /// Whether the password was just changed.
    pub password_done: bool,
}

/// Whether a code is asked after the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondStep {
    /// The person wants it.
    On,
    /// The person turned it off.
    Off,
    /// The operator wants it.
    Required,
}

impl SecondStep {
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::On => "second-step-on",
            Self::Off => "second-step-off",
            Self::Required => "second-step-required",
        }
    }

    const fn hint(self) -> &'static str {
        match self {
            Self::On => "second-step-on-hint",
            Self::Off => "second-step-off-hint",
            Self::Required => "second-step-required-hint",
        }
    }

    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::On | Self::Required => "tag--good",
            Self::Off => "tag--warn",
        }
    }
}

/// The words of an alert setting; its names are those of the form field `alert`.
pub(super) trait AlertWords {
    fn name(&self) -> &'static str;
    fn key(&self) -> &'static str;
    fn hint(&self) -> &'static str;
}

impl AlertWords for AlertSetting {
    fn name(&self) -> &'static str {
        match self {
            Self::Every => "every",
            Self::NewDevice => "new_device",
            Self::Off => "off",
        }
    }

    fn key(&self) -> &'static str {
        match self {
            Self::Every => "alert-every",
            Self::NewDevice => "alert-new-device",
            Self::Off => "alert-off",
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::Every => "alert-every-hint",
            Self::NewDevice => "alert-new-device-hint",
            Self::Off => "alert-off-hint",
        }
    }
}

impl SecurityPage {
    fn notice(&self) -> Option<Notice> {
        let saved = || Notice::new(Stamp::Pass, self.page.t("saved"));
        let changed = self.addresses.notice(&self.page);
        let done = || Notice::new(Stamp::Pass, self.page.t("own-password-done"));
        let done = self.password_done.then(done);
        let done = done.map(|notice| notice.saying(self.page.t("own-password-done-hint")));
        changed.or(done).or_else(|| {
            self.saved
                .then(|| saved().saying(self.page.t(self.alert.hint())))
        })
    }

    fn undo_login(&self) -> Option<String> {
        self.addresses.undo_words(&self.page, AddressKind::Login)
    }

    fn undo_code(&self) -> Option<String> {
        self.addresses.undo_words(&self.page, AddressKind::Code)
    }

    fn recovery_words(&self) -> String {
        super::recovery::recovery_words(&self.page, self.recovery.0, self.recovery.1.as_ref())
    }

    fn trusted_words(&self) -> String {
        match u64::try_from(self.trusted).unwrap_or(u64::MAX) {
            0 => self.page.t("security-trusted-none"),
            count => self.page.count("security-trusted-count", count),
        }
    }

    fn networks_words(&self) -> String {
        super::networks::networks_words(&self.page, self.networks)
    }

    fn password_words(&self) -> String {
        password_words(&self.page, self.password_changed.as_ref())
    }

    #[expect(clippy::unused_self, reason = "called by the template")]
    const fn alerts(&self) -> [AlertSetting; 3] {
        [
            AlertSetting::Every,
            AlertSetting::NewDevice,
            AlertSetting::Off,
        ]
    }
}

pub(super) fn password_words(page: &Page, changed: Option<&Moment>) -> String {
    match changed {
        Some(at) => page
            .words()
            .with("password-changed", &[("time", &at.words)]),
        None => page.t("password-unchanged"),
    }
}
