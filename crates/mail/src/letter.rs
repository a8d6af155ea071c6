use std::fmt;

use sekisho_model::{
    AddressKind, AlertTopic, IncidentFacts, LetterKind, Locale, ProofPurpose, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{Device, Taken};

/// A letter as it waits, sealed, in the outbox: everything it needs to be written later.
#[derive(Serialize, Deserialize)]
pub struct Letter {
    /// Address it goes to; for codes of a sign-in one that the account had verified before (OTP-23).
    pub to: String,
    /// Language of the account.
    pub locale: Locale,
    /// IANA time zone of the account.
    pub zone: String,
    /// Who we are.
    pub sender: Sender,
    /// About where the source address in it is, in its language; an estimate.
    #[serde(default)]
    pub place: Option<String>,
    /// What it says.
    pub body: LetterBody,
}

/// Who a letter comes from, as configured (WEB-15).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Name of the service, in subjects and as the sender's name.
    pub service: String,
    /// Host of the issuer, with port if it has one: where people type their way to.
    pub host: String,
    /// Whether subjects show the code (`mail.code_in_subject`): then a locked screen does, too (OTP-19).
    #[serde(default)]
    pub code_in_subject: bool,
}

/// What a letter says.
#[derive(Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub enum LetterBody {
    /// The one-time code of a sign-in (S8).
    SignInCode {
        /// The digits.
        code: String,
        /// Index of the tally word, see [`crate::tally`].
        tally_word: u8,
        /// Number of the tally.
        tally_number: u8,
        /// Name of the app that is signed in to; `None` for our own pages.
        app: Option<String>,
        /// When the code stops working.
        expires_at: Timestamp,
        /// What it was asked with.
        device: Device,
        /// Source address it was asked from.
        ip: String,
        /// The login address, masked (`h•••@e•••.jp`).
        account_mask: String,
    },
    /// A successful sign-in (S12).
    SignInAlert(SignIn),
    /// A successful sign-in from a browser not seen before; cannot be turned off.
    NewDevice(SignIn),
    /// The right password was given and no code followed; cannot be turned off.
    PasswordKnown {
        /// When the password was given.
        at: Timestamp,
        /// With what.
        device: Device,
        /// From where.
        ip: String,
    },
    /// The link that lets a new password be chosen (`ux.md` 10.7).
    ResetLink {
        /// The link, made from the issuer.
        link: String,
        /// Whether an operator began it.
        by_operator: bool,
        /// How many minutes it works.
        minutes: u64,
        /// Until when; afterwards the letter is of no use.
        expires_at: Timestamp,
        /// When it was asked for.
        at: Timestamp,
        /// From where.
        ip: String,
    },
    /// The link that lets an owner try at a browser that is held up; the password stays (THR-04).
    LetInLink {
        /// The link, made from the issuer.
        link: String,
        /// How many minutes it works.
        minutes: u64,
        /// Until when; afterwards the letter is of no use.
        expires_at: Timestamp,
        /// When it was asked for.
        at: Timestamp,
        /// From where.
        ip: String,
    },
    /// The password was changed; cannot be turned off (REC-06).
    PasswordChanged {
        /// How.
        how: ChangedHow,
        /// When.
        at: Timestamp,
        /// With what.
        device: Device,
        /// From where.
        ip: String,
        /// The link that says it was somebody else.
        #[serde(default)]
        not_me: Option<String>,
        /// Name of the person.
        #[serde(default)]
        name: Option<String>,
    },
    /// Something about the ways back into the account happened; cannot be turned off (REC-06).
    RecoveryNotice {
        /// What.
        what: RecoveryNews,
        /// When.
        at: Timestamp,
        /// With what.
        device: Device,
        /// From where.
        ip: String,
        /// The link that stops it, if one does.
        #[serde(default)]
        link: Option<String>,
        /// The link that says it was somebody else.
        #[serde(default)]
        not_me: Option<String>,
        /// Names of the apps it is about.
        #[serde(default)]
        apps: Vec<String>,
        /// How often it happened beyond the first time.
        #[serde(default)]
        again: u32,
        /// What a denial took back.
        #[serde(default)]
        taken: Vec<Taken>,
    },
    /// The code that proves an address; nothing about any account (`ux.md` 10.6).
    AddressCode {
        /// What the address is to be.
        purpose: ProofPurpose,
        /// The digits.
        code: String,
        /// Index of the tally word, see [`crate::tally`].
        tally_word: u8,
        /// Number of the tally.
        tally_number: u8,
        /// When the code stops working.
        expires_at: Timestamp,
    },
    /// Somebody wanted this address, which has an account already (`ux.md` 10.9).
    AddressTaken {
        /// What it was to be.
        purpose: ProofPurpose,
        /// When.
        at: Timestamp,
        /// With what.
        device: Device,
        /// From where.
        ip: String,
    },
    /// An address of the account changed; cannot be turned off (REC-06, REC-07, `ux.md` 10.6).
    AddressChanged {
        /// Which.
        kind: AddressKind,
        /// The new one, masked.
        mask: String,
        /// The link that undoes it; former addresses get one.
        link: Option<String>,
        /// Until when that works.
        until: Timestamp,
        /// When.
        at: Timestamp,
        /// With what.
        device: Device,
        /// From where.
        ip: String,
    },
    /// An operator tells of an incident; cannot be turned off (`ux.md` 10.8).
    IncidentNotice {
        /// The day of it.
        happened_at: Timestamp,
        /// The facts in the language of the letter.
        facts: IncidentFacts,
        /// Name of the person, only if it was verified.
        name: Option<String>,
    },
    /// Operators are told what happened (AU-10).
    OperatorAlert {
        /// What it is about.
        topic: AlertTopic,
        /// How many events.
        count: u64,
        /// The newest of them, oldest first.
        lines: Vec<AlertLine>,
    },
    /// `sekisho mail test`.
    Test,
}

/// An event, as operators read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertLine {
    /// When it happened.
    pub at: Timestamp,
    /// What happened, in one line.
    pub text: String,
}

/// How a password was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangedHow {
    /// Through the link in a mail.
    ResetLink,
    /// At a sign-in, because it was asked for.
    Forced,
    /// By the person, in the account pages.
    Own {
        /// Whether other devices stay signed in.
        others_stay: bool,
    },
}

/// What happened to the ways back into an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryNews {
    /// A recovery code was used.
    CodeUsed {
        /// How many are left.
        left: u64,
    },
    /// A new set of recovery codes was made.
    CodesMade,
    /// Somebody waits at a known browser to choose a new password.
    Waiting {
        /// From when they may.
        until: Timestamp,
    },
    /// An operator mailed a link that lets a new password be chosen.
    ResetStarted,
    /// An operator set another code address.
    CodeAddressSet,
    /// The change of an address was undone by a mailed link.
    AddressUndone,
    /// Somebody said that a sign-in was not theirs (TD-08). The account asks for a new password.
    SignInDenied,
    /// The same, and the password stays as it is.
    SignInDeniedOnly,
    /// A second step that was added in a denied session is still asked for, and counts as lost (OTP-26).
    FactorDenied {
        /// From when a mailed code is accepted in its place.
        until: Timestamp,
    },
    /// A former value of a trusted browser's cookie was shown with the right password (TD-01).
    BrowserStolen,
    /// The second step was switched on by the person.
    SecondStepOn,
    /// The second step was switched off by the person.
    SecondStepOff,
    /// An authenticator app was added (OTP-26).
    AppAdded,
    /// An authenticator app was removed.
    AppRemoved,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// Somebody with the password says that the stronger second step is lost.
    FactorLost {
        /// From when a mailed code is accepted in its place.
        until: Timestamp,
    },
    /// A reported loss was taken back.
    FactorKept,
    /// After a reported loss a mailed code was accepted; the stronger second steps are gone.
    FactorsGivenUp,
    /// Somebody with the password and the sign-in mailbox says that the code address is lost (REC-04).
    CodeAddressLost {
        /// From when another one can be set.
        until: Timestamp,
    },
    /// That was taken back, or stopped.
    CodeAddressKept,
    /// Sign-ins from known browsers are not told any more; those from new ones are.
    AlertsOfNewDevices,
    /// Ordinary sign-ins are not told any more.
    AlertsOff,
    /// The account is to be erased (REC-16).
    DeletionAsked {
        /// When.
        at: Timestamp,
    },
    /// The account is erased in a few days.
    DeletionSoon {
        /// When.
        at: Timestamp,
    },
    /// The account stays after all.
    DeletionStopped,
    /// The account was erased.
    DeletionDone,
    /// The sign-in address was released (REC-15).
    AddressReleased,
    /// An operator gave an account whose sign-in address was released another one (REC-15).
    AddressGiven,
    /// The account may be signed in to from some networks only (S14).
    NetworksSet {
        /// How many.
        count: u64,
    },
    /// The account may be signed in to from everywhere again.
    NetworksCleared,
    /// The right password was typed outside of the networks of the account.
    OutsideNetworks,
    /// A copy of everything that is kept about the person was taken (ux 7.6).
    DataTaken,
    /// An app may use the account while its person is signed out (TD-07).
    AppAllowed,
    /// An operator stopped the account.
    AccountStopped,
    /// An operator opened the account again.
    AccountOpened,
    /// An operator looked at the account (TD-07).
    OperatorLooked,
    /// An operator took a copy of everything that is kept about the person (TD-07).
    OperatorTook,
}

/// The facts of a successful sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// When.
    pub at: Timestamp,
    /// What was proved.
    pub proof: Proof,
    /// With what.
    pub device: Device,
    /// Source address.
    pub ip: String,
    /// Name of the app; `None` for our own pages.
    pub app: Option<String>,
    /// Name of the person, only if it was verified.
    pub name: Option<String>,
    /// Wrong passwords since the sign-in before, said from three on (TD-07).
    pub failures_before: u32,
    /// Where a person can say "this was not me": an absolute URL made from the issuer, or `None`.
    pub not_me: Option<String>,
    /// Those after it that are told in the same letter, oldest first.
    #[serde(default)]
    pub more: Vec<AlsoSignedIn>,
    /// There were more of them than are kept.
    #[serde(default)]
    pub and_others: bool,
}

/// A sign-in that is told in the letter about another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlsoSignedIn {
    /// When.
    pub at: Timestamp,
    /// With what.
    pub device: Device,
    /// Source address.
    pub ip: String,
    /// About where that is.
    pub place: Option<String>,
    /// Name of the app; `None` for our own pages.
    pub app: Option<String>,
}

/// What a person proved at a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The password and a code.
    PasswordAndCode,
    /// The password and a passkey.
    PasswordAndPasskey,
    /// The password, in a browser that is trusted to skip the code.
    PasswordInTrustedBrowser,
    /// The password alone.
    Password,
}

impl LetterBody {
    /// Which kind of letter this is.
    pub const fn kind(&self) -> LetterKind {
        match self {
            Self::SignInCode { .. } => LetterKind::SignInCode,
            Self::SignInAlert(_) => LetterKind::SignInAlert,
            Self::NewDevice(_) => LetterKind::NewDevice,
            Self::PasswordKnown { .. } => LetterKind::PasswordKnown,
            Self::ResetLink { .. } => LetterKind::ResetLink,
            Self::LetInLink { .. } => LetterKind::LetInLink,
            Self::PasswordChanged { .. } => LetterKind::PasswordChanged,
            Self::RecoveryNotice { .. } => LetterKind::RecoveryNotice,
            Self::AddressCode { .. } => LetterKind::AddressCode,
            Self::AddressTaken { .. } => LetterKind::AddressTaken,
            Self::AddressChanged { .. } => LetterKind::AddressChanged,
            Self::IncidentNotice { .. } => LetterKind::IncidentNotice,
            Self::OperatorAlert { .. } => LetterKind::OperatorAlert,
            Self::Test => LetterKind::Test,
        }
    }

    /// When the letter is of no use any more (OTP-15).
    pub const fn not_after(&self) -> Option<Timestamp> {
        match self {
            Self::SignInCode { expires_at, .. }
            | Self::ResetLink { expires_at, .. }
            | Self::LetInLink { expires_at, .. }
            | Self::AddressCode { expires_at, .. } => Some(*expires_at),
            _ => None,
        }
    }

    /// The source address it tells of, if it tells of one.
    pub fn ip(&self) -> Option<&str> {
        let ip = match self {
            Self::SignInAlert(sign_in) | Self::NewDevice(sign_in) => &sign_in.ip,
            Self::SignInCode { ip, .. }
            | Self::PasswordKnown { ip, .. }
            | Self::ResetLink { ip, .. }
            | Self::LetInLink { ip, .. }
            | Self::PasswordChanged { ip, .. }
            | Self::RecoveryNotice { ip, .. }
            | Self::AddressTaken { ip, .. }
            | Self::AddressChanged { ip, .. } => ip,
            Self::AddressCode { .. }
            | Self::IncidentNotice { .. }
            | Self::OperatorAlert { .. }
            | Self::Test => return None,
        };
        Some(ip)
    }

    /// The code, if it carries one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::SignInCode { code, .. } | Self::AddressCode { code, .. } => Some(code),
            _ => None,
        }
    }
}

impl fmt::Debug for LetterBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LetterBody({}, …)", self.kind().name())
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({}, …)", self.body.kind().name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pw_25_debug_shows_neither_code_nor_address() {
        let letter = Letter {
            to: "haruka@mobile.example".to_owned(),
            locale: Locale::Ja,
            zone: "Asia/Tokyo".to_owned(),
            sender: Sender {
                service: "Sekisho".to_owned(),
                host: "id.example".to_owned(),
                code_in_subject: false,
            },
            place: None,
            body: LetterBody::SignInCode {
                code: "48291537".to_owned(),
                tally_word: 0,
                tally_number: 47,
                app: None,
                expires_at: Timestamp::from_seconds(600),
                device: Device::Unknown,
                ip: "203.0.113.24".to_owned(),
                account_mask: "h•••@e•••.jp".to_owned(),
            },
        };
        assert_eq!(format!("{letter:?}"), "Letter(sign_in_code, …)");
        assert!(!format!("{:?}", letter.body).contains("482"));
        let back: Letter = serde_json::from_slice(&serde_json::to_vec(&letter).unwrap()).unwrap();
        assert_eq!(back.body.code(), Some("48291537"));
        assert_eq!(back.body.not_after(), Some(Timestamp::from_seconds(600)));
    }
}
