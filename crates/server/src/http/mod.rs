//! HTTP: what a browser or an app sends and sees.
//!
//! Start at [`routes`]. Handlers parse, call the provider, render; [`pages`] are what people see, the
//! other public modules the plumbing every handler needs: headers, cookies, CSRF tokens, languages,
//! client addresses, assets.

pub mod account;
pub mod address_proof;
pub mod answer;
pub mod app;
pub mod assets;
mod blocks;
pub mod brand;
pub mod call;
pub mod client_ip;
mod code_address;
pub mod cookies;
pub mod cors;
pub mod csp_reports;
pub mod csrf;
pub mod dev;
pub mod device;
pub mod edge;
pub mod failure;
pub mod flash;
pub mod frame;
pub mod headers;
pub mod health;
mod incident_notices;
pub mod levels;
pub mod locale;
mod lost_factor;
mod mailed_links;
pub mod not_me;
pub mod oauth;
pub mod operators;
pub mod pages;
pub mod passwords;
pub mod playground;
pub mod routes;
pub mod sign_in;
pub mod sign_out;
pub mod sign_up;
pub mod status;
pub mod text;
pub mod texts;
mod typed_address;
mod unanswered;
