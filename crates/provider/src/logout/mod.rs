//! Telling apps, server to server, that a session ended (OpenID Connect Back-Channel Logout 1.0;
//! LO-03). What is to be told is written with the end of the session; here it is carried out, without
//! anybody waiting for it.

mod deliverer;

pub use deliverer::Deliverer;
