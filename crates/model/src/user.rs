use serde::{Deserialize, Serialize};

use crate::grant::AuthenticationMethod;
use crate::{BrowserId, Digest, Epoch, Locale, SessionId, Subject, Timestamp, UserEpochs, UserId};

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// May sign in.
    Active,
    /// Stopped by an operator; said only after the right password (ENU-06).
    Disabled,
}

/// Which sign-ins are told by mail (S12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertSetting {
    /// Every successful sign-in.
    Every,
    /// Only from a browser the account has not been used from.
    NewDevice,
    /// No mail about sign-ins.
    Off,
}

/// Which of a user's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressKind {
    /// The one typed at sign-in; unique.
    Login,
    /// The one codes go to, verified beforehand (S8).
    Code,
}

/// An account, without what is sealed (addresses, claims) and without its password record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Internal id.
    pub id: UserId,
    /// What apps know the user by.
    pub subject: Subject,
    /// Whether the account may be used.
    pub state: UserState,
    /// Language of mails: the person's choice, or what their last sign-in was in, or the server's own.
    pub locale: Locale,
    /// Whether the person chose it; only then do pages speak it whatever the browser says.
    pub locale_chosen: bool,
    /// IANA time zone name for dates in pages and mails.
    pub zone: String,
    /// Which sign-ins are told by mail.
    pub alert: AlertSetting,
    /// Whether the user wants the mailed code after the password (on by default).
    pub second_step: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// What has been voided for this user.
    pub epochs: UserEpochs,
    /// The name it was imported under; empty if it was not.
    pub cohort_tag: String,
    /// When the person chose the password; `None` without one.
    pub password_at: Option<Timestamp>,
    /// The epoch the password was chosen under.
    pub password_epoch: Epoch,
    /// Whether an import brought the password, and nobody has judged it yet (PW-29).
    pub password_imported: bool,
    /// When it is erased, unless its owner stops that (REC-16).
    pub leaves_at: Option<Timestamp>,
}

impl User {
    /// The language the person chose for pages and mails, if they did.
    pub fn chosen_locale(&self) -> Option<Locale> {
        self.locale_chosen.then_some(self.locale)
    }
}

/// A signed-in browser (SES-07: this record is the truth).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserSession {
    /// The session's lasting id; also `sid`.
    pub id: SessionId,
    /// Digest of the cookie's present value.
    pub digest: Digest,
    /// Whose session.
    pub user_id: UserId,
    /// The browser it lives in.
    pub browser_id: BrowserId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to within a minute.
    pub last_seen_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
    /// When the person last proved who they are (`auth_time`).
    pub auth_time: Timestamp,
    /// How (`amr`).
    pub methods: Vec<AuthenticationMethod>,
    /// The epoch it was issued under (SES-09).
    pub epoch: Epoch,
    /// Source address at the last authentication.
    pub ip: String,
    /// The browser's own description, shortened.
    pub user_agent: String,
}

/// A browser an account has been used from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownBrowser {
    /// Its id.
    pub id: BrowserId,
    /// Whose browser.
    pub user_id: UserId,
    /// Digest of the cookie's present value.
    pub digest: Digest,
    /// When the account was first used from it.
    pub first_seen_at: Timestamp,
    /// When the account was last used from it.
    pub last_seen_at: Timestamp,
    /// Until when the code may be skipped; `None` if the user did not ask for that.
    pub trusted_until: Option<Timestamp>,
    /// The epoch the trust was given under.
    pub epoch: Epoch,
    /// The browser's own description, shortened.
    pub user_agent: String,
}
