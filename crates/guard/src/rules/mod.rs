//! Which limits an act counts against. Pure: values in, rules out.

mod act;
mod admission;
mod counter;
mod origin;

pub use act::{
    ClientSecretTry, CodeMail, CodeTry, DeviceClass, PasswordAttempt, ResetMail, UserCodeTry,
};
pub(crate) use act::{
    client_secret, code_mail, code_try, device_request, password, reset_mail, sign_up, user_code,
};
pub use admission::{Admission, AdmissionSettings};
pub(crate) use counter::Counter;
pub(crate) use origin::networks;

/// One limit an act counts against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Which limit.
    pub(crate) counter: Counter,
    /// Whom it concerns; only a keyed digest of it leaves this process.
    pub(crate) whom: String,
}
