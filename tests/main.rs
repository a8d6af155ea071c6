//! The end-to-end suite: the real server, real clients, one browser. `cargo xtask test` runs it on the
//! embedded stack and on PostgreSQL, Redis and SMTP.

mod authorization;
mod authorization_requests;
mod bad_input;
mod browser_apps;
mod certificates;
mod client_assertions;
mod conformance;
mod device;
mod device_misuse;
mod failing_parts;
mod forced_resets;
mod foreign_clients;
mod foreign_openidconnect;
mod in_chromium;
mod introspection;
mod keys;
mod leaks;
mod logout;
mod machines;
mod operators;
mod quickstarts;
mod races;
mod registration;
mod sealing;
mod second_step;
mod sender_constrained;
mod sign_in;
mod sign_out;
mod standing;
mod stolen_database;
mod support;
mod token_exchange;
mod tokens;
mod whole_journey;
