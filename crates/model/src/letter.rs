use serde::{Deserialize, Serialize};

/// The kinds of mail we send (`ux.md` section 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// The one-time code of a sign-in.
    SignInCode,
    /// A successful sign-in.
    SignInAlert,
    /// A successful sign-in from a browser not seen before.
    NewDevice,
    /// The right password was given and no code followed.
    PasswordKnown,
    /// The link that lets a new password be chosen.
    ResetLink,
    /// The link that lets an owner try at a browser that is held up (THR-04).
    LetInLink,
    /// The password was changed.
    PasswordChanged,
    /// Something about the ways back into the account happened.
    RecoveryNotice,
    /// The code that proves an address.
    AddressCode,
    /// Somebody wanted an address that has an account already.
    AddressTaken,
    /// An address of the account changed; with the link that undoes it.
    AddressChanged,
    /// An operator tells of an incident.
    IncidentNotice,
    /// Operators are told what happened (AU-10).
    OperatorAlert,
    /// `sekisho mail test`.
    Test,
}

/// How long a letter may be kept waiting by others. Declared from the most urgent down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Somebody sits at a page and waits for it.
    Now,
    /// It tells of something that just happened.
    Soon,
    /// It goes to many at once, over hours.
    Bulk,
}

impl Urgency {
    /// How it is stored: the lower goes first.
    pub const fn rank(self) -> i64 {
        match self {
            Self::Now => 0,
            Self::Soon => 1,
            Self::Bulk => 2,
        }
    }
}

impl LetterKind {
    /// How urgent letters of this kind are.
    pub const fn urgency(self) -> Urgency {
        match self {
            Self::SignInCode
            | Self::ResetLink
            | Self::LetInLink
            | Self::AddressCode
            | Self::Test => Urgency::Now,
            Self::SignInAlert
            | Self::NewDevice
            | Self::PasswordKnown
            | Self::PasswordChanged
            | Self::RecoveryNotice
            | Self::AddressTaken
            | Self::AddressChanged
            | Self::OperatorAlert => Urgency::Soon,
            Self::IncidentNotice => Urgency::Bulk,
        }
    }

    /// Whether letters of this kind may be told together in one (TD-07).
    pub const fn is_gathered(self) -> bool {
        matches!(
            self,
            Self::SignInAlert | Self::NewDevice | Self::RecoveryNotice
        )
    }

    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::SignInCode,
        Self::SignInAlert,
        Self::NewDevice,
        Self::PasswordKnown,
        Self::ResetLink,
        Self::LetInLink,
        Self::PasswordChanged,
        Self::RecoveryNotice,
        Self::AddressCode,
        Self::AddressTaken,
        Self::AddressChanged,
        Self::IncidentNotice,
        Self::OperatorAlert,
        Self::Test,
    ];

    /// The name in storage, logs and the dev catcher.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignInCode => "sign_in_code",
            Self::SignInAlert => "sign_in_alert",
            Self::NewDevice => "new_device",
            Self::PasswordKnown => "password_known",
            Self::ResetLink => "reset_link",
            Self::LetInLink => "let_in_link",
            Self::PasswordChanged => "password_changed",
            Self::RecoveryNotice => "recovery_notice",
            Self::AddressCode => "address_code",
            Self::AddressTaken => "address_taken",
            Self::AddressChanged => "address_changed",
            Self::IncidentNotice => "incident_notice",
            Self::OperatorAlert => "operator_alert",
            Self::Test => "test",
        }
    }
}
