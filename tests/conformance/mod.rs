//! The OpenID Foundation's test modules for a server with the code flow, written again as tests of our
//! own under the modules' names. What would be a warning there fails here. This is no certification:
//! the foundation's suite was not run.

mod basic;
mod checks;
mod driver;
mod fapi2;
mod plain;
