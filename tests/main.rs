//! The end-to-end suite: the real server, real clients, one browser. `cargo xtask test` runs it on the
//! embedded stack and on PostgreSQL, Redis and SMTP.

mod authorization;
mod device;
mod device_misuse;
mod failing_parts;
mod in_chromium;
mod introspection;
mod leaks;
mod machines;
mod races;
mod sign_in;
mod sign_out;
mod support;
mod token_exchange;
mod tokens;
mod whole_journey;
