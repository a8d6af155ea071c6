//! Signing in: password, mailed code, session. The order of steps is [`crate::rules::sign_in`].

mod again;
mod app_home;
mod code;
mod code_mail;
mod complete;
mod copied_browser;
mod first_address;
mod flow;
mod letters;
mod recovered;
mod second_step;
pub(crate) use complete::Completion;
pub(crate) use flow::concerned;
pub(crate) use letters::{client_name, hold};
mod outside;
mod password;
mod password_run;
mod uniform;
pub(crate) use password::device_class;
pub(crate) use password_run::{Run, UsualTime};

pub use app_home::{AppHome, Restart};
pub use code::CodeOutcome;
pub use code_mail::ResendOutcome;
pub use complete::Completed;
pub use flow::{AppView, CodeView, LoadedFlow};
pub use password::PasswordOutcome;
pub use recovered::Recovered;
pub use uniform::Typed;
