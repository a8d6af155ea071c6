//! OAuth 2 and OpenID Connect: the rules ([`rules`], pure) and the services that apply them
//! ([`endpoints`]).
//!
//! This crate knows nothing of HTTP: it takes parsed parameters and returns outcomes. It is the only
//! crate that names `jsonwebtoken`, `openidconnect` and `argon2`. Start at [`Provider`].

pub mod accounts;
pub mod advisories;
mod app_names;
mod app_origins;
mod begun_levels;
pub mod blocks;
pub mod brands;
mod client_documents;
mod client_secrets;
mod clients;
pub mod cohorts;
pub mod demo;
pub mod detection;
pub mod endpoints;
pub mod epoch_moves;
pub mod evidence;
mod failure;
#[cfg(test)]
mod fuzz;
mod incident_notices;
pub mod incidents;
pub mod jwt;
mod key_care;
mod knowledge;
mod level_orders;
pub mod logout;
mod mail_watch;
pub mod moving;
mod new_passwords;
pub mod operator_alerts;
pub mod operator_tokens;
pub mod outbound;
pub mod password;
pub mod people;
pub mod places;
mod provider;
pub mod publishers;
mod recall;
pub mod rules;
pub mod sealing;
mod settings;
pub mod signed_in_from;
mod subjects;
mod unused_clients;

pub use failure::{Failure, Halted, Often};
pub use new_passwords::PasswordContext;
pub use provider::{Health, Parts, Provider};
pub use settings::{CodeSettings, Features, LeavingSettings, Lifetimes, ResetSettings, Settings};
