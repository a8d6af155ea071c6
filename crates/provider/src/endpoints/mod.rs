//! The services behind the endpoints: load, decide by a rule, save, record. Each returns an outcome
//! that says everything the HTTP layer needs to answer.

pub mod account;
pub mod authorize;
pub mod call;
pub mod client_authentication;
pub mod consent;
pub mod device;
pub mod end_session;
pub mod introspect;
pub mod revoke;
pub mod sender;
pub mod sign_in;
pub mod standing;
pub mod token;
pub mod userinfo;
pub mod visit;
