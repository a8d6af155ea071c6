use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use crate::{Entropy, Timestamp};

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id: UUID version 7, ordered by time (RFC 9562 §5.7).
            pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
                let millis = u64::try_from(now.millis()).unwrap_or(0);
                Self(Builder::from_unix_timestamp_millis(millis, &entropy.bytes()).into_uuid())
            }

            /// The id that `text` spells, if it does.
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )+};
}

impl UserId {
    /// One of its random bytes; shares accounts out evenly.
    pub fn last_byte(self) -> u8 {
        self.0.as_bytes().last().copied().unwrap_or_default()
    }
}

uuid_ids! {
    /// An account. Internal: apps see the [`Subject`].
    UserId;
    /// A browser session; also the `sid` claim.
    SessionId;
    /// What one authorization gave one app: the family of its codes and tokens.
    GrantId;
    /// A browser an account has been used from.
    BrowserId;
    /// A security event.
    EventId;
    /// A letter in the outbox.
    LetterId;
    /// An invitation to make an account.
    InvitationId;
    /// A token that an operator's program calls the API with.
    OperatorTokenId;
    /// A notice about an incident.
    NoticeId;
    /// An authenticator app or passkey of an account.
    FactorId;
}

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a text that is already known to be one.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

text_ids! {
    /// A registered client (RFC 6749 §2.2), made by the server (REG-01).
    ClientId;
    /// What an app knows a user by: random, never reused (REC-14; OpenID Connect Core §2 `sub`).
    Subject;
    /// The `kid` of a signing key, or the name of a key-encryption key.
    KeyId;
    /// One pending sign-in at one browser; unguessable, useless without that browser's cookie.
    FlowId;
    /// One mailed code; unguessable, useless without the browser's cookie (OTP-10).
    ChallengeId;
}

macro_rules! random_text {
    ($($name:ident)+) => {$(
        impl $name {
            /// A new one: 128 random bits, 32 hexadecimal digits.
            pub fn generate(entropy: &dyn Entropy) -> Self {
                Self(format!("{:032x}", u128::from_le_bytes(entropy.bytes())))
            }
        }
    )+};
}

random_text! { ClientId Subject KeyId FlowId ChallengeId }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;

    #[test]
    fn ids_sort_by_time_and_read_back() {
        let entropy = SeededEntropy::new(1);
        let early = GrantId::new(Timestamp::from_seconds(1), &entropy);
        let late = GrantId::new(Timestamp::from_seconds(2), &entropy);
        assert!(early < late);
        assert_eq!(GrantId::parse(&late.to_string()), Some(late));
        assert_eq!(GrantId::parse("nonsense"), None);
    }
}
