//! What a record of a file of accounts says: our own form, Keycloak's, Ory's. Reading only; whether an
//! address is free is asked elsewhere (REC-09, REC-10, PW-18).

mod keycloak;
mod members;
mod ory;
mod ours;

use sekisho_model::{AlertSetting, EmailAddress, Locale, Subject, Timestamp, UserState};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

pub use ours::is_cohort_tag;

use crate::rules::claims;
use crate::rules::legacy_hash::{ForeignHash, HashRefusal};

/// The claims one account may have, as JSON.
const MOST_CLAIMS: usize = 16 * 1024;

/// A form of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileForm {
    /// One JSON object on each line, with our own members.
    Jsonl,
    /// A table with the same members as heads of columns.
    Csv,
    /// A realm or users export of Keycloak.
    Keycloak,
    /// Identities of Ory Kratos.
    Ory,
}

/// Whether addresses count as verified even where the file does not say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressTrust {
    /// Only what the file calls verified.
    AsWritten,
    /// The operator vouches for all.
    All,
}

/// Somebody who moves in.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a member of a record that is true or false"
)]
pub struct Newcomer {
    /// The address typed at sign-in.
    pub login_address: EmailAddress,
    /// Whether it is known to be theirs.
    pub login_verified: bool,
    /// Where codes go, if that is written.
    pub code_address: Option<EmailAddress>,
    /// Whether it is known to be theirs.
    pub code_verified: bool,
    /// What apps already know them by.
    pub subject: Option<Subject>,
    /// Whether the account may be used.
    pub state: UserState,
    /// Language of pages and mails.
    pub locale: Option<Locale>,
    /// IANA time zone name.
    pub zone: Option<String>,
    /// Whether a mailed code is asked after the password.
    pub second_step: bool,
    /// Which sign-ins are told by mail.
    pub alert: AlertSetting,
    /// When the account was made.
    pub created_at: Option<Timestamp>,
    /// Which cohort it belongs to.
    pub cohort_tag: Option<String>,
    /// OpenID claims, texts in NFC.
    pub claims: Map<String, Value>,
    /// The password, in whatever form it comes.
    pub password: ArrivingPassword,
    /// When it was chosen.
    pub password_changed_at: Option<Timestamp>,
    /// Whether the next sign-in leads to a change.
    pub must_change: bool,
    /// When the account is erased, if its owner wished to leave (REC-14).
    pub leaves_at: Option<Timestamp>,
}

/// A password of somebody who moves in.
pub enum ArrivingPassword {
    /// None: a way to set one must be asked for.
    None,
    /// A hash another system made.
    Foreign(ForeignHash),
    /// A record of another server of ours.
    Moved(Zeroizing<String>),
}

/// Why a record cannot be used; names members, never repeats their values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RecordRefusal(pub String);

impl Newcomer {
    /// Reads one record.
    pub fn read(form: FileForm, record: Value) -> Result<Self, RecordRefusal> {
        let newcomer = match form {
            FileForm::Jsonl | FileForm::Csv => ours::read(record)?,
            FileForm::Keycloak => keycloak::read(record)?,
            FileForm::Ory => ory::read(record)?,
        };
        newcomer.checked()
    }

    fn at(login_address: EmailAddress) -> Self {
        Self {
            login_address,
            login_verified: false,
            code_address: None,
            code_verified: false,
            subject: None,
            state: UserState::Active,
            locale: None,
            zone: None,
            second_step: true,
            alert: AlertSetting::NewDevice,
            created_at: None,
            cohort_tag: None,
            claims: Map::new(),
            password: ArrivingPassword::None,
            password_changed_at: None,
            must_change: false,
            leaves_at: None,
        }
    }

    fn checked(mut self) -> Result<Self, RecordRefusal> {
        if let Some(subject) = &self.subject {
            let text = subject.as_str();
            let usable = (1..=255).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_graphic())
                && !text.contains('@');
            if !usable {
                return Err(refused(
                    "subject: 1 to 255 visible ASCII characters, no mail address",
                ));
            }
        }
        self.claims = std::mem::take(&mut self.claims)
            .into_iter()
            .filter(|(_, value)| !matches!(value, Value::Null) && value.as_str() != Some(""))
            .map(|(name, value)| (name, in_nfc(value)))
            .collect();
        if let Some(name) = self.claims.keys().find(|name| is_ours_to_say(name)) {
            return Err(RecordRefusal(format!("{name} is no claim of a person")));
        }
        claims::check_profile(&self.claims).map_err(RecordRefusal)?;
        if serde_json::to_string(&self.claims).map_or(0, |text| text.len()) > MOST_CLAIMS {
            return Err(refused("the claims are longer than 16 KiB"));
        }
        Ok(self)
    }

    /// Where codes would go, and whether mail is known to arrive there. `behind` tells of mailboxes that
    /// open only with this very sign-in (OTP-24).
    pub fn code_address(
        &self,
        trust: AddressTrust,
        behind: impl Fn(&EmailAddress) -> bool,
    ) -> Result<Option<&EmailAddress>, RecordRefusal> {
        let vouched = trust == AddressTrust::All;
        let code = match &self.code_address {
            Some(code) if behind(code) => {
                return Err(refused("code_address: its mailbox is behind this sign-in"));
            }
            Some(code) => (self.code_verified || vouched).then_some(code),
            None => (self.login_verified || vouched)
                .then_some(&self.login_address)
                .filter(|login| !behind(login)),
        };
        if code.is_none() && self.second_step {
            return Err(refused(
                "no verified address to mail codes to: give one, or second_step false",
            ));
        }
        Ok(code)
    }
}

/// What the server itself says in tokens, or has members of their own in a record.
fn is_ours_to_say(name: &str) -> bool {
    matches!(
        name,
        "sub"
            | "iss"
            | "aud"
            | "exp"
            | "iat"
            | "auth_time"
            | "nonce"
            | "acr"
            | "amr"
            | "sid"
            | "email"
            | "email_verified"
    )
}

fn in_nfc(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.nfc().collect()),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, in_nfc(value)))
            .collect(),
        Value::Array(values) => values.into_iter().map(in_nfc).collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

fn refused(text: &str) -> RecordRefusal {
    RecordRefusal(text.to_owned())
}

fn address(member: &str, text: &str) -> Result<EmailAddress, RecordRefusal> {
    EmailAddress::parse(text).map_err(|why| RecordRefusal(format!("{member}: {why}")))
}

impl From<HashRefusal> for RecordRefusal {
    fn from(why: HashRefusal) -> Self {
        Self(format!("password: {why}"))
    }
}

impl std::fmt::Debug for Newcomer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Newcomer(…)")
    }
}

impl std::fmt::Debug for ArrivingPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ArrivingPassword(…)")
    }
}

#[cfg(test)]
mod tests;
