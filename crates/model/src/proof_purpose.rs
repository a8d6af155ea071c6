use serde::{Deserialize, Serialize};

/// What an address is proved for; a code of one purpose is refused for another (OTP-09, REC-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofPurpose {
    /// Making an account.
    Register,
    /// Receiving the codes of an account that is being made.
    FirstCodeAddress,
    /// Receiving the codes of an account.
    CodeAddress,
    /// Signing in to an account.
    LoginAddress,
    /// Nothing new: that whoever knows the password reads the sign-in mailbox, because no code can reach them.
    LoginMailbox,
    /// Receiving the codes of an account for which no code can be typed now.
    OtherCodeAddress,
}

impl ProofPurpose {
    /// Every purpose.
    pub const ALL: [Self; 6] = [
        Self::Register,
        Self::FirstCodeAddress,
        Self::CodeAddress,
        Self::LoginAddress,
        Self::LoginMailbox,
        Self::OtherCodeAddress,
    ];

    /// The name in events and under codes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::FirstCodeAddress => "first_code_address",
            Self::CodeAddress => "code_address",
            Self::LoginAddress => "login_address",
            Self::LoginMailbox => "login_mailbox",
            Self::OtherCodeAddress => "other_code_address",
        }
    }
}
