//! The house under test and the people who use it.

pub mod app_server;
pub mod browser;
pub mod chromium;
pub mod client_keys;
pub mod databases;
pub mod documents;
pub mod guesser;
pub mod house;
pub mod letters;
pub mod md5;
pub mod places;
pub mod ports;
pub mod processes;
pub mod relying_party;
pub mod signing;
pub mod wait;
