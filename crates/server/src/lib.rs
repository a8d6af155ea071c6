//! The server: HTTP, pages, command line, configuration, wiring.
//!
//! Start at [`wiring`], where everything is put together, then [`http::routes`]. This is the only crate
//! that knows HTTP and the command line.

mod advisories_file;
pub mod cli;
pub mod config;
#[cfg(test)]
mod fuzz;
#[cfg(feature = "gallery")]
pub mod gallery;
mod guard_overview;
mod hashing;
pub mod http;
mod incident_overview;
mod keys_command;
pub mod keys_file;
mod keys_source;
mod keys_watch;
mod leaked_file;
mod level_file;
pub mod metrics_page;
mod operators_listener;
mod places_file;
pub mod rounds;
mod rules_file;
mod seed;
pub mod serve;
pub mod tls;
pub mod wiring;
