//! Pure rules: values in, a decision out. No I/O, no clock, no randomness: time and random values
//! are arguments. One rule, one file, the specification's section on top.

pub mod authorization_details;
pub mod authorization_request;
pub mod authorization_response;
pub mod claims;
pub mod claims_request;
pub(crate) mod client_assertion;
pub(crate) mod client_authentication;
pub mod client_certificate;
pub mod client_members;
pub mod client_metadata;
pub mod code_redemption;
pub mod consent;
pub mod device;
pub mod discovery;
pub mod discovery_members;
pub mod distinguished_name;
pub mod dpop;
pub mod logout_token;
pub mod logout_uris;
pub mod oauth_error;
pub mod one_time_code;
pub mod parameters;
pub mod password_policy;
pub mod pkce;
pub mod prompt;
pub mod redirect_uri;
pub mod refresh_rotation;
pub mod registration;
pub mod request_object;
pub mod resource;
pub mod session_state;
pub mod sign_in;
pub mod sign_out;
pub mod software_statement;
pub mod standing;
