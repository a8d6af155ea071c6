//! The server: HTTP, pages, command line, configuration, wiring.
//!
//! Start at [`http`] for what a browser or an app sees. Rules and effects live in the crates below;
//! this one parses, calls and renders.

pub mod http;
