//! Challenges: mailed codes that wait to be typed. The code itself never comes here, only an HMAC
//! of it that the caller makes (OTP-14).

use sekisho_model::{ChallengeId, Digest, Timestamp};

use crate::{Session, SessionError, on_backend};

/// A mailed code that waits to be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewChallenge {
    /// Its id, unguessable (OTP-10).
    pub id: ChallengeId,
    /// HMAC of challenge id, account and code (OTP-14).
    pub mac: Digest,
    /// Digest of all that the code is bound to: account, purpose, browser, request, epoch (OTP-09).
    pub binding: Digest,
    /// How many tries there are over its whole life (OTP-05).
    pub max_tries: u8,
    /// Until when this code is accepted (OTP-04).
    pub expires_at: Timestamp,
    /// When the challenge ends, whatever is sent again meanwhile (OTP-11).
    pub closes_at: Timestamp,
    /// From when on a new code may be asked for (OTP-12).
    pub resend_after: Timestamp,
    /// How many codes may be sent in all, the first one included (OTP-12).
    pub max_sends: u8,
}

/// What became of a typed code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It is the code. The challenge is gone: nobody else gets this answer.
    Right,
    /// It is not the code.
    Wrong {
        /// Tries that are left, at least one.
        left: u8,
    },
    /// It is not the code, and that was the last try. The challenge is gone.
    Stopped,
    /// It is a code that a later mail replaced; the try is counted.
    Earlier {
        /// Tries that are left, at least one.
        left: u8,
    },
    /// The code's time is over; the try is not counted, a new code may be asked for.
    Expired,
    /// There is no such challenge, or it belongs to another browser or purpose.
    Gone,
}

/// What became of the wish for a new code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// The new code is in force; the tries are as they were.
    Renewed {
        /// How many more codes may be sent.
        sends_left: u8,
    },
    /// Not yet.
    TooSoon {
        /// From when on.
        until: Timestamp,
    },
    /// All codes of this challenge have been sent.
    Exhausted,
    /// There is no such challenge, or it belongs to another browser or purpose.
    Gone,
}

/// A code that replaces the one before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NextCode {
    pub(crate) mac: Digest,
    pub(crate) expires_at: Timestamp,
    pub(crate) resend_after: Timestamp,
}

impl Session {
    /// Opens a challenge.
    pub async fn open_challenge(
        &self,
        challenge: &NewChallenge,
        now: Timestamp,
    ) -> Result<(), SessionError> {
        on_backend!(self, open_challenge(challenge, now))
    }

    /// Tries a code. The try is counted before the code is compared, in one atomic step, so that
    /// many guesses at once cost as many tries (THR-07).
    pub async fn try_code(
        &self,
        id: &ChallengeId,
        mac: &Digest,
        binding: &Digest,
        now: Timestamp,
    ) -> Result<Attempt, SessionError> {
        on_backend!(self, try_code(id, mac, binding, now))
    }

    /// Puts a new code in the place of the old one. Neither the tries nor the end of the challenge
    /// change (OTP-11): a code that would outlive the challenge ends with it.
    #[expect(
        clippy::too_many_arguments,
        reason = "which challenge, the new code and its two times; a struct would only repeat the names"
    )]
    pub async fn renew_challenge(
        &self,
        id: &ChallengeId,
        mac: &Digest,
        binding: &Digest,
        expires_at: Timestamp,
        resend_after: Timestamp,
        now: Timestamp,
    ) -> Result<Renewal, SessionError> {
        let next = NextCode {
            mac: *mac,
            expires_at,
            resend_after,
        };
        on_backend!(self, renew_challenge(id, binding, &next, now))
    }

    /// Ends a challenge, as when a new sign-in takes its place (OTP-11).
    pub async fn close_challenge(&self, id: &ChallengeId) -> Result<(), SessionError> {
        on_backend!(self, close_challenge(id))
    }
}
