//! Letters: what they say, how they look, and how they leave the house.
//!
//! Start at [`Letter`]; [`render`] turns it into words, [`Transport`] sends it. The outbox, retries
//! and the question *who* gets a letter live in `sekisho-audit`. Invariants:
//! - a code letter has no link, and its code stands on the first line, not in the subject (OTP-18);
//! - nothing a user or an app chose stands in a header (OTP-20), and names are cut to a harmless
//!   form before they stand in a body (WEB-18);
//! - only this crate knows SMTP.

mod catcher;
pub mod device;
mod gather;
mod letter;
mod message;
mod name;
mod render;
mod smtp;
mod taken;
pub mod tally;
mod transport;
pub mod when;
mod words;

pub use catcher::{Catcher, Caught};
pub use device::Device;
pub use letter::{
    AlertLine, AlsoSignedIn, ChangedHow, Letter, LetterBody, Proof, RecoveryNews, Sender, SignIn,
};
pub use name::harmless;
pub use render::{Rendered, render};
pub use taken::Taken;
pub use transport::{MailError, Transport, TransportRefusal};
