//! Durable state: everything that must survive a restart, on SQLite or PostgreSQL.
//!
//! This is the only crate that knows SQL. Open a [`Store`], then hand it units of work:
//! `store.write(|tx| tx.insert_code(&code)).await`. The methods of [`Tx`] live in one file for each
//! table and are named for what they are for. Invariants:
//! - a raw secret is never stored: columns take `Digest` and `Sealed`;
//! - one unit of work is one blocking hop and one transaction; `Err` rolls it back, so a refusal
//!   that must write is an `Ok`;
//! - an `Err` from a [`Tx`] method ends the unit of work: pass it on (PostgreSQL refuses further
//!   statements); what may happen in normal life is told by [`Once`] or `Option` instead;
//! - single use is one conditional statement that reports what it did ([`Once`]);
//! - a unit of work may run twice (one retry after a serialization failure or a dead connection), so
//!   it has no effect outside its transaction.

#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
compile_error!("sekisho-store needs the feature sqlite or postgres");

mod access_tokens;
mod address_changes;
mod backend;
mod blocks;
mod brands;
mod browser_sessions;
mod browsers;
mod calendar;
mod canaries;
mod challenges;
mod clients;
mod code_address_losses;
mod codes;
mod cohorts;
mod column;
mod connected_apps;
mod consents;
mod doorway;
mod epochs;
mod error;
mod events;
mod factors;
mod gathered_letters;
mod grants;
mod held;
mod held_letters;
mod high_marks;
mod housekeeping;
mod imports;
mod incident_notices;
mod incidents;
mod invitations;
mod key_holders;
mod keys;
mod leaving;
mod lock;
mod logouts;
mod migrate;
mod not_me;
mod operator_alerts;
mod operator_tokens;
mod options;
mod outbox;
mod partitions;
mod password_runs;
mod pool;
mod publishers;
mod recovery;
mod refresh_tokens;
mod refused_mail;
mod registration;
mod revisions;
mod rule_firings;
mod schema;
mod sealed_values;
mod store;
mod transaction;
mod turns;
mod unused_clients;
mod users;
mod webhooks;
mod writer;

pub use access_tokens::OpaqueAccessToken;
pub use address_changes::{AddressChange, FormerAddress};
pub use backend::DatabaseKind;
pub use canaries::CanaryRow;
pub use clients::RegisteredClient;
pub use connected_apps::AppUse;
pub use epochs::SharedEpoch;
pub use error::{Outage, StoreError};
pub use events::HistoryFilter;
pub use gathered_letters::{GATHERED_AT_MOST, Gathering};
pub use held::Holder;
pub use held_letters::{HELD_LETTERS_EVERY, Hold};
pub use high_marks::HighMark;
pub use imports::{ImportProgress, ImportedAddress, ImportedUser};
pub use invitations::{Invitation, InvitedAddress};
pub use key_holders::KeyHolder;
pub use lock::ServerLock;
pub use logouts::{LogoutDelivery, LogoutState, SessionClient};
pub use not_me::NotMeLink;
pub use operator_alerts::{OperatorAlert, WaitingAlerts};
pub use operator_tokens::OperatorTokenRecord;
pub use options::StoreOptions;
pub use outbox::{DeliveryFigures, LetterRoom, LetterState, OutboxLetter, QueueFigures};
pub use password_runs::PasswordRun;
pub use recovery::{RecoveryFigures, ResetRecord, ResetWait};
pub use registration::{InitialAccess, RegistrationRecord};
pub use revisions::{Revisions, Topic};
pub use rule_firings::RuleFiring;
pub use sealed_values::{SealedPlace, SealedValue};
pub use store::Store;
pub use transaction::{Once, Tx};
pub use users::{Account, PasswordRecord, SealedAddress, UserFilter};
pub use webhooks::{NewWebhook, WebhookDelivery, WebhookState};
