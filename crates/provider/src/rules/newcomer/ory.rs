//! An identity of Ory Kratos, as its admin API lists it with `include_credential=password`, or as its
//! import takes it.

use sekisho_model::{Subject, UserState};
use serde_json::Value;

use super::members::{Members, rfc3339};
use super::{ArrivingPassword, Newcomer, RecordRefusal, address, refused};
use crate::rules::legacy_hash::ForeignHash;

pub(super) fn read(record: Value) -> Result<Newcomer, RecordRefusal> {
    let mut members = Members::of(record)?;
    if let Some(inner) = members.take("create") {
        return read(inner);
    }
    let mut traits = Members::of(
        members
            .take("traits")
            .ok_or_else(|| refused("traits is missing"))?,
    )?;
    let listed = members.take("verifiable_addresses").unwrap_or_default();
    let verifiable: Vec<&Value> = listed
        .as_array()
        .map(|list| list.iter().collect())
        .unwrap_or_default();
    let email = match traits.text("email")? {
        Some(email) => email,
        None => verifiable
            .iter()
            .filter(|one| one.get("via").and_then(Value::as_str) == Some("email"))
            .find_map(|one| one.get("value")?.as_str())
            .ok_or_else(|| refused("traits.email is missing"))?
            .to_owned(),
    };
    let mut newcomer = Newcomer::at(address("traits.email", &email)?);
    newcomer.login_verified = verifiable.iter().any(|one| {
        let value = one.get("value").and_then(Value::as_str).unwrap_or_default();
        value.eq_ignore_ascii_case(&email)
            && one.get("verified").and_then(Value::as_bool) == Some(true)
    });
    newcomer.subject = members.text("id")?.map(Subject::new);
    newcomer.state = match members.text("state")?.as_deref() {
        None | Some("" | "active") => UserState::Active,
        Some("inactive") => UserState::Disabled,
        Some(_) => return Err(refused("state is neither active nor inactive")),
    };
    newcomer.created_at = members.text("created_at")?.and_then(|text| rfc3339(&text));
    names(&mut newcomer, &mut traits);
    let credentials = members.take("credentials").unwrap_or_default();
    let hash = credentials
        .pointer("/password/config/hashed_password")
        .and_then(Value::as_str)
        .filter(|hash| !hash.is_empty());
    if let Some(hash) = hash {
        newcomer.password = ArrivingPassword::Foreign(ForeignHash::parse(hash)?);
    } else if credentials.pointer("/password/config/password").is_some() {
        return Err(refused("a password in clear text cannot be taken over"));
    }
    Ok(newcomer)
}

/// The traits of Ory's presets: a name in one piece, or in two.
fn names(newcomer: &mut Newcomer, traits: &mut Members) {
    let mut set = |claim: &str, text: &str| {
        if !text.is_empty() {
            newcomer.claims.insert(claim.to_owned(), text.into());
        }
    };
    match traits.take("name") {
        Some(Value::String(name)) => set("name", &name),
        Some(Value::Object(parts)) => {
            let part = |name: &str| parts.get(name).and_then(Value::as_str).unwrap_or_default();
            let (first, last) = (part("first"), part("last"));
            set("given_name", first);
            set("family_name", last);
            set("name", format!("{first} {last}").trim());
        }
        _ => {}
    }
    if let Ok(Some(username)) = traits.text("username") {
        set("preferred_username", &username);
    }
}
