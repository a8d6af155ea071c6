//! A member of `users` in a realm export (`UserRepresentation`).

use sekisho_model::{Locale, Subject, UserState};
use serde_json::Value;

use super::members::{Members, of_millis};
use super::{ArrivingPassword, Newcomer, RecordRefusal, address, refused};
use crate::rules::legacy_hash::KeycloakCredential;

pub(super) fn read(record: Value) -> Result<Newcomer, RecordRefusal> {
    let mut members = Members::of(record)?;
    let username = members.text("username")?;
    let email = match members.text("email")? {
        Some(email) => email,
        None => username
            .clone()
            .filter(|name| name.contains('@'))
            .ok_or_else(|| refused("email is missing"))?,
    };
    let mut newcomer = Newcomer::at(address("email", &email)?);
    newcomer.login_verified = members.truth("emailVerified")?.unwrap_or(false);
    newcomer.subject = members.text("id")?.map(Subject::new);
    if members.truth("enabled")? == Some(false) {
        newcomer.state = UserState::Disabled;
    }
    newcomer.created_at = millis(members.take("createdTimestamp"));
    let attributes = members.take("attributes").unwrap_or_default();
    let attribute = |name: &str| {
        let value = attributes.get(name)?;
        value.as_str().or_else(|| value.get(0)?.as_str())
    };
    newcomer.locale = attribute("locale").and_then(Locale::from_tag);
    let actions = members.take("requiredActions").unwrap_or_default();
    newcomer.must_change = actions
        .as_array()
        .is_some_and(|actions| actions.iter().any(|action| action == "UPDATE_PASSWORD"));
    let (given, family) = (members.text("firstName")?, members.text("lastName")?);
    let whole = match (&given, &family) {
        (Some(given), Some(family)) => Some(in_order(given, family)),
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    for (claim, value) in [
        ("given_name", given),
        ("family_name", family),
        ("name", whole),
        ("preferred_username", username),
    ] {
        if let Some(value) = value {
            newcomer.claims.insert(claim.to_owned(), value.into());
        }
    }
    credentials(&mut newcomer, members.take("credentials"))?;
    Ok(newcomer)
}

fn credentials(newcomer: &mut Newcomer, listed: Option<Value>) -> Result<(), RecordRefusal> {
    let listed: Vec<Value> = match listed {
        None => return Ok(()),
        Some(Value::Array(listed)) => listed,
        Some(_) => return Err(refused("credentials is not a list")),
    };
    for value in listed {
        let credential: KeycloakCredential = serde_json::from_value(value)
            .map_err(|_wrong_type| refused("a credential cannot be read"))?;
        if credential.is_password() {
            newcomer.password_changed_at = credential.created_millis().and_then(of_millis);
            newcomer.password = ArrivingPassword::Foreign(credential.hash()?);
            return Ok(());
        }
    }
    Ok(())
}

fn millis(value: Option<Value>) -> Option<sekisho_model::Timestamp> {
    value.and_then(|value| value.as_i64()).and_then(of_millis)
}

/// Chinese, Japanese and Korean names begin with the family.
fn in_order(given: &str, family: &str) -> String {
    let eastern = |c: char| matches!(u32::from(c), 0x3041..=0x9FFF | 0xAC00..=0xD7A3);
    if family.chars().any(eastern) {
        format!("{family} {given}")
    } else {
        format!("{given} {family}")
    }
}
