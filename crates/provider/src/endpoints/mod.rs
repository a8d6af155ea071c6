//! The services behind the endpoints: load, decide by a rule, save, record. Each returns an outcome
//! that says everything the HTTP layer needs to answer.

pub mod account;
pub mod address_change;
pub mod address_proof;
pub mod authorization_answer;
pub mod authorize;
pub mod browser_state;
pub mod call;
mod client_assertion;
pub mod client_authentication;
mod client_certificate;
pub mod connected_apps;
pub mod consent;
pub mod device;
pub mod devices;
pub mod end_session;
pub mod introspect;
pub mod leaving;
pub mod new_password;
pub mod not_me;
pub mod operator_help;
mod own_data;
pub mod own_password;
pub mod password_reset;
pub mod pushed_request;
pub mod recovery_codes;
pub mod register;
pub mod revoke;
pub mod second_steps;
pub mod sender;
pub mod sign_in;
pub mod sign_up;
pub mod standing;
pub mod token;
pub mod userinfo;
pub mod visit;
