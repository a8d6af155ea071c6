use sekisho_model::{AlertSetting, Locale, Subject, UserState};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::members::Members;
use super::{ArrivingPassword, Newcomer, RecordRefusal, address, refused};
use crate::rules::legacy_hash::{ForeignHash, HashFunction, PlainHash, SaltSide, salt_of};

pub(super) fn read(record: Value) -> Result<Newcomer, RecordRefusal> {
    let mut members = Members::of(record)?;
    let mut newcomer = Newcomer::at(address("email", &members.required("email")?)?);
    newcomer.login_verified = members.truth("email_verified")?.unwrap_or(false);
    newcomer.code_address = members
        .text("code_address")?
        .map(|text| address("code_address", &text))
        .transpose()?;
    newcomer.code_verified = members.truth("code_address_verified")?.unwrap_or(false);
    newcomer.subject = members.text("subject")?.map(Subject::new);
    newcomer.state = match members.text("state")?.as_deref() {
        None | Some("active") => UserState::Active,
        Some("disabled") => UserState::Disabled,
        Some(_) => return Err(refused("state is neither active nor disabled")),
    };
    newcomer.locale = members
        .text("locale")?
        .map(|tag| Locale::from_tag(&tag).ok_or_else(|| refused("locale is neither ja nor en")))
        .transpose()?;
    newcomer.zone = members.text("zone")?;
    newcomer.second_step = members.truth("second_step")?.unwrap_or(true);
    newcomer.alert = match members.text("alert")?.as_deref() {
        None | Some("new_device") => AlertSetting::NewDevice,
        Some("every") => AlertSetting::Every,
        Some("off") => AlertSetting::Off,
        Some(_) => return Err(refused("alert is none of every, new_device, off")),
    };
    newcomer.created_at = members.moment("created_at")?;
    newcomer.cohort_tag = members.text("cohort_tag")?;
    if newcomer
        .cohort_tag
        .as_deref()
        .is_some_and(|tag| !is_cohort_tag(tag))
    {
        let why = "cohort_tag is not 1 to 100 characters without control characters";
        return Err(refused(why));
    }
    newcomer.password_changed_at = members.moment("password_changed_at")?;
    newcomer.must_change = members.truth("must_change_password")?.unwrap_or(false);
    newcomer.leaves_at = members.moment("leaves_at")?;
    newcomer.password = password(&mut members)?;
    newcomer.claims = claims(members)?;
    Ok(newcomer)
}

fn password(members: &mut Members) -> Result<ArrivingPassword, RecordRefusal> {
    let hash = members.text("password_hash")?.map(Zeroizing::new);
    let moved = members.text("password_record")?.map(Zeroizing::new);
    let scheme = members.text("hash_scheme")?;
    let salt = members.text("hash_salt")?.unwrap_or_default();
    let encoding = members.text("hash_salt_encoding")?.unwrap_or_default();
    let side = match members.text("hash_salt_side")?.as_deref() {
        None | Some("before") => SaltSide::Before,
        Some("after") => SaltSide::After,
        Some(_) => return Err(refused("hash_salt_side is neither before nor after")),
    };
    match (hash, moved, scheme) {
        (None, None, _) => Ok(ArrivingPassword::None),
        (None, Some(record), None) => Ok(ArrivingPassword::Moved(record)),
        (Some(_), Some(_), _) | (None, Some(_), Some(_)) => Err(refused(
            "password_hash and password_record exclude each other",
        )),
        (Some(hash), None, None) if salt.is_empty() => {
            Ok(ArrivingPassword::Foreign(ForeignHash::parse(&hash)?))
        }
        (Some(_), None, None) => Err(refused("hash_salt needs hash_scheme")),
        (Some(hash), None, Some(name)) => {
            let function = HashFunction::from_name(&name)
                .ok_or_else(|| refused("hash_scheme is none of md5, sha1, sha224 … sha512"))?;
            let salt = salt_of(&salt, &encoding)
                .ok_or_else(|| refused("hash_salt is not in the form hash_salt_encoding says"))?;
            let plain = PlainHash {
                digest: &hash,
                function,
                salt: &salt,
                side,
            };
            Ok(ArrivingPassword::Foreign(plain.read()?))
        }
    }
}

/// What an account can be marked with for `user force-reset --tag`.
pub fn is_cohort_tag(text: &str) -> bool {
    (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// What is left over are claims; a table has no other place for them.
fn claims(mut members: Members) -> Result<Map<String, Value>, RecordRefusal> {
    let mut claims = match members.take("claims") {
        None => Map::new(),
        Some(Value::Object(claims)) => claims,
        // A cell of a table with nothing in it.
        Some(Value::String(text)) if text.is_empty() => Map::new(),
        Some(_) => return Err(refused("claims is not a JSON object")),
    };
    claims.extend(members.rest());
    Ok(claims)
}
