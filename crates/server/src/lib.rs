//! The server: HTTP, pages, command line, configuration, wiring.
//!
//! Start at [`wiring`], where everything is put together, then [`http::routes`]. This is the only crate
//! that knows HTTP and the command line.

pub mod cli;
pub mod config;
pub mod http;
pub mod keys_file;
pub mod metrics_page;
pub mod rounds;
mod seed;
pub mod serve;
pub mod tls;
pub mod wiring;
