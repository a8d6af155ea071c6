use serde::{Deserialize, Serialize};

/// What a denial took back, or left, of what was done in the sessions it is about (TD-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// Authenticator apps and passkeys that were added there are gone.
    Factors,
    /// One that was added there longer ago, or is used elsewhere, stays for three days more.
    FactorsStay,
    /// No recovery code works any more.
    Codes,
    /// The networks to sign in from are those of before.
    Networks,
    /// Networks that were chosen there longer ago stay.
    NetworksStay,
    /// The second step is on again.
    SecondStep,
    /// The mails about sign-ins are those of before.
    Alerts,
    /// The account is not deleted.
    Deletion,
}

impl Taken {
    /// Whether it guarded the account: then the password alone opens nothing any more.
    pub const fn guards(self) -> bool {
        match self {
            Self::Factors | Self::FactorsStay | Self::Codes | Self::Networks | Self::SecondStep => {
                true
            }
            Self::NetworksStay | Self::Alerts | Self::Deletion => false,
        }
    }
}
