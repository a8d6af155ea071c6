//! Pure rules: values in, a decision out. No I/O, no clock, no randomness: time and random values
//! are arguments. One rule, one file, the specification's section on top.

pub mod authorization_request;
pub mod claims;
pub mod client_authentication;
pub mod client_metadata;
pub mod code_redemption;
pub mod consent;
pub mod device;
pub mod discovery;
pub mod discovery_members;
pub mod oauth_error;
pub mod one_time_code;
pub mod parameters;
pub mod password_policy;
pub mod pkce;
pub mod prompt;
pub mod redirect_uri;
pub mod refresh_rotation;
pub mod sign_in;
pub mod standing;
pub mod token_exchange;
