//! How nouns lie in columns: ids and enums as text, digests as bytes, times as microseconds.

use sekisho_model::{
    AddressKind, AlertSetting, AlertTopic, AuthenticationMethod, BlockEffect, Digest, EpochKind,
    EventKind, FactorKind, Feature, LetterKind, Locale, NoticeState, Outcome, ScopeSet,
    SigningAlgorithm, Standing, Timestamp, UserState,
};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{LetterState, LogoutState, StoreError, Topic, WebhookState};

/// An enum with a stored name. Names are data: add, never rename.
pub(crate) trait Stored: Sized + Copy {
    fn stored(self) -> &'static str;
    fn read(name: &str) -> Result<Self, StoreError>;
}

macro_rules! stored {
    ($($noun:ident { $($variant:ident = $name:literal),+ $(,)? })+) => {$(
        impl Stored for $noun {
            fn stored(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            fn read(name: &str) -> Result<Self, StoreError> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(StoreError::Corrupt(stringify!($noun))),
                }
            }
        }
    )+};
}

stored! {
    UserState { Active = "active", Disabled = "disabled" }
    AlertSetting { Every = "every", NewDevice = "new_device", Off = "off" }
    AddressKind { Login = "login", Code = "code" }
    EpochKind { Password = "password", Session = "session", Token = "token", Browser = "browser" }
    AuthenticationMethod { Pwd = "pwd", Otp = "otp", Hwk = "hwk", Swk = "swk", User = "user" }
    FactorKind { Totp = "totp", Passkey = "passkey" }
    Locale { Ja = "ja", En = "en" }
    LetterState { Waiting = "waiting", Gathered = "gathered", Sent = "sent", Dead = "dead" }
    NoticeState { Sending = "sending", Done = "done", Stopped = "stopped" }
    LogoutState { Waiting = "waiting", Done = "done", Dead = "dead" }
    WebhookState { Waiting = "waiting", Done = "done", Dead = "dead" }
    Standing { InForce = "in_force", Asked = "asked" }
    Topic { Clients = "clients", Keys = "keys", Epochs = "epochs", Levels = "levels", Blocks = "blocks" }
}

macro_rules! stored_by_model {
    ($($noun:ident by $find:expr;)+) => {$(
        impl Stored for $noun {
            fn stored(self) -> &'static str {
                self.name()
            }

            fn read(name: &str) -> Result<Self, StoreError> {
                let find: fn(&str) -> Option<Self> = $find;
                find(name).ok_or(StoreError::Corrupt(stringify!($noun)))
            }
        }
    )+};
}

stored_by_model! {
    AlertTopic by Self::from_name;
    BlockEffect by Self::from_name;
    EventKind by Self::from_name;
    Feature by Self::from_name;
    Outcome by Self::from_name;
    SigningAlgorithm by Self::from_name;
    LetterKind by |name| Self::ALL.into_iter().find(|kind| kind.name() == name);
}

pub(crate) fn methods(list: &[AuthenticationMethod]) -> String {
    list.iter()
        .map(|method| method.stored())
        .collect::<Vec<_>>()
        .join(" ")
}

pub(crate) fn read_methods(text: &str) -> Result<Vec<AuthenticationMethod>, StoreError> {
    text.split_whitespace()
        .map(AuthenticationMethod::read)
        .collect()
}

pub(crate) fn read_digest(bytes: &[u8]) -> Result<Digest, StoreError> {
    Digest::from_slice(bytes).ok_or(StoreError::Corrupt("digest"))
}

pub(crate) fn read_scope(text: &str) -> Result<ScopeSet, StoreError> {
    ScopeSet::parse(text).map_err(|_refused| StoreError::Corrupt("scope"))
}

/// A value that lies in a column as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(Box::new(error)))
}

pub(crate) fn read_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_malformed| StoreError::Corrupt("JSON"))
}

pub(crate) const fn time(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

pub(crate) fn micros(moment: Option<Timestamp>) -> Option<i64> {
    moment.map(Timestamp::micros)
}

/// Reads an id, naming the type of id if it is not one.
macro_rules! read_id {
    ($id:ident, $text:expr) => {
        $id::parse($text).ok_or($crate::StoreError::Corrupt(stringify!($id)))
    };
}
pub(crate) use read_id;
