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
    /// The password was changed.
    PasswordChanged,
    /// Something about the ways back into the account happened.
    RecoveryNotice,
    /// `sekisho mail test`.
    Test,
}

impl LetterKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::SignInCode,
        Self::SignInAlert,
        Self::NewDevice,
        Self::PasswordKnown,
        Self::ResetLink,
        Self::PasswordChanged,
        Self::RecoveryNotice,
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
            Self::PasswordChanged => "password_changed",
            Self::RecoveryNotice => "recovery_notice",
            Self::Test => "test",
        }
    }
}
