//! The two exchanges with a passkey (Web Authentication §7.1, §7.2). Their state stays on our side, in the session
//! store; without the feature `passkeys` there are none.

#[cfg(not(feature = "passkeys"))]
mod absent;
#[cfg(feature = "passkeys")]
mod present;

#[cfg(not(feature = "passkeys"))]
pub(super) use absent::{ask, begin, finish, guise, verify};
#[cfg(feature = "passkeys")]
pub(super) use present::{ask, begin, finish, guise, verify};

use sekisho_model::UserId;
use serde_json::Value;

/// Who asks: our address, and what we are called.
#[cfg_attr(
    not(feature = "passkeys"),
    expect(dead_code, reason = "read by what makes passkeys")
)]
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) issuer: &'a str,
    pub(super) service: &'a str,
}

/// Whose passkey is to be made.
#[cfg_attr(
    not(feature = "passkeys"),
    expect(dead_code, reason = "read by what makes passkeys")
)]
pub(super) struct Newcomer<'a> {
    pub(super) user: UserId,
    pub(super) address: &'a str,
    pub(super) present: &'a [Value],
}

/// What the browser is asked, and what its answer is held against.
pub(super) struct Question {
    pub(super) options: String,
    pub(super) state: Vec<u8>,
}

/// A passkey that was just made.
pub(super) struct Made {
    pub(super) credential: Vec<u8>,
    pub(super) passkey: Value,
}

/// A passkey that answered.
pub(super) struct Answered {
    pub(super) credential: Vec<u8>,
    /// The passkey as it is to be kept from now on.
    pub(super) passkey: Value,
    pub(super) counter: u32,
    /// Whether the key may be copied between devices, by its own word.
    pub(super) copied: bool,
}

/// Why an answer is refused.
#[cfg_attr(
    not(feature = "passkeys"),
    expect(dead_code, reason = "read by what makes passkeys")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It does not fit the question.
    Wrong,
    /// Its counter did not grow: there may be a copy of the key (Web Authentication §7.2 step 22).
    Copied,
}
