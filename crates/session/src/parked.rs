//! Things put aside between two requests: pending sign-ins, pushed requests, device codes.

use std::time::Duration;

use sekisho_model::Timestamp;

use crate::{Session, SessionError, on_backend};

/// What is parked. Kinds do not see each other's ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ParkedKind {
    /// A sign-in that has begun and is not finished.
    SignIn,
    /// An address that is to be proved by a mailed code.
    AddressProof,
    /// An account that is being made.
    SignUp,
    /// An authenticator app or passkey that is being added.
    FactorEnrolment,
    /// The question a passkey is to answer at a sign-in.
    PasskeyQuestion,
    /// A pushed authorization request (RFC 9126).
    PushedRequest,
    /// A device authorization (RFC 8628), by device code.
    DeviceCode,
    /// A device authorization, by user code.
    UserCode,
}

impl ParkedKind {
    /// The name in a Redis key.
    #[cfg(feature = "redis")]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::AddressProof => "address-proof",
            Self::SignUp => "sign-up",
            Self::FactorEnrolment => "factor-enrolment",
            Self::PasskeyQuestion => "passkey-question",
            Self::PushedRequest => "pushed-request",
            Self::DeviceCode => "device-code",
            Self::UserCode => "user-code",
        }
    }
}

/// A parked value as it was when it was read.
#[derive(Clone, PartialEq, Eq)]
pub struct Parked {
    /// What was parked.
    pub value: Vec<u8>,
    /// Which state of it this is; [`Session::repark`] wants it back.
    pub version: u64,
}

impl std::fmt::Debug for Parked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Parked({} bytes, version {})",
            self.value.len(),
            self.version
        )
    }
}

impl Session {
    /// Puts `value` aside under `id` for `ttl`, replacing what was there. The id becomes part of a
    /// Redis key: pass the digest of a secret, not the secret.
    pub async fn park(
        &self,
        kind: ParkedKind,
        id: &str,
        value: Vec<u8>,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<(), SessionError> {
        on_backend!(self, park(kind, id, value, ttl, now))
    }

    /// Reads what is parked under `id` and leaves it there.
    pub async fn parked(
        &self,
        kind: ParkedKind,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Parked>, SessionError> {
        on_backend!(self, parked(kind, id, now))
    }

    /// Replaces what is parked by `value` for another `ttl`, if it still is the `version` that was
    /// read; `false` if it changed or went meanwhile.
    #[expect(
        clippy::too_many_arguments,
        reason = "what to replace, by what and when; a struct would only repeat the names"
    )]
    pub async fn repark(
        &self,
        kind: ParkedKind,
        id: &str,
        value: Vec<u8>,
        version: u64,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<bool, SessionError> {
        let next = Parked { value, version };
        on_backend!(self, repark(kind, id, next, ttl, now))
    }

    /// Takes what is parked under `id` away: of many takers exactly one gets it.
    pub async fn unpark(
        &self,
        kind: ParkedKind,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, SessionError> {
        on_backend!(self, unpark(kind, id, now))
    }
}
