//! What happened, who is told, and how the telling leaves the house.
//!
//! - [`NewEvent`] makes the events that are stored in the same transaction as the act;
//!   [`MachineEvents`] batches those of machines, which change no state.
//! - [`history`] turns stored events into what a person reads on the account page.
//! - [`alert_rules`] decides, without doing anything, which letters follow a sign-in.
//! - [`delivery`] judges whether mail servers take our letters.
//! - [`outbox`] seals letters for the wait; the [`Dispatcher`] opens and sends them, the urgent first and
//!   to each mail domain of [`lanes`] no faster than it takes them.
//!
//! Not here: the words of letters (`sekisho-mail`), the tables (`sekisho-store`), the pages.
//! Invariants: an event never holds a secret (AU-05); a letter waits only sealed (OTP-15); the
//! answer to a person never waits for SMTP (ENU-03).

pub mod alert_rules;
pub mod delivery;
mod dispatcher;
pub mod history;
pub mod lanes;
mod machine_events;
pub mod outbox;
mod record;

pub use dispatcher::{Bell, Dispatcher};
pub use history::HistoryEntry;
pub use machine_events::{MachineEvents, Unrecorded};
pub use record::{NewEvent, clean_user_agent, flow_mark};
