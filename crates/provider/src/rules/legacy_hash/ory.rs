//! Forms that only Ory Kratos writes: plain hashes with a template, and HMAC.

use super::{ForeignHash, HashFunction, HashRefusal, Scheme, base64_forms};

const PASSWORD: &[u8] = b"{PASSWORD}";
const SALT: &[u8] = b"{SALT}";

/// `$sha1$pf=<template>$<salt>$<hash>`, or `$md5$<hash>`; all base64, of any bytes.
pub(super) fn plain(name: &str, fields: &[&str]) -> Result<ForeignHash, HashRefusal> {
    const FORM: HashRefusal = HashRefusal::Malformed("the hash is not $name$pf=…$salt$hash");
    let function = HashFunction::from_name(name).ok_or(FORM)?;
    let read = |text: &str| base64_forms::decode(text).ok_or(FORM);
    let (before, after, digest) = match fields {
        [digest] => (Vec::new(), Vec::new(), digest),
        [template, salt, digest] => {
            let template = read(template.strip_prefix("pf=").ok_or(FORM)?)?;
            let (before, after) = split_once(&template, PASSWORD).ok_or(FORM)?;
            if split_once(after, PASSWORD).is_some() {
                return Err(HashRefusal::Unsupported(
                    "a template with the password twice",
                ));
            }
            let salt = read(salt)?;
            (filled(before, &salt), filled(after, &salt), digest)
        }
        _ => return Err(FORM),
    };
    let scheme = Scheme::Plain {
        function,
        before: before.into(),
        after: after.into(),
    };
    Ok(ForeignHash::new(scheme, read(digest)?))
}

/// `$hmac-sha256$<hash>$<key>`: base64 of the hexadecimal digits, or of the digest itself.
pub(super) fn hmac(function: &str, fields: &[&str]) -> Result<ForeignHash, HashRefusal> {
    const FORM: HashRefusal = HashRefusal::Malformed("the hash is not $hmac-name$hash$key");
    let [digest, key] = fields else {
        return Err(FORM);
    };
    let function = match function {
        "md4" => HashFunction::Md4,
        _ => HashFunction::from_name(function)
            .ok_or(HashRefusal::Unsupported("HMAC with this function"))?,
    };
    let read = |text: &str| base64_forms::decode(text).ok_or(FORM);
    let mut digest = read(digest)?;
    if digest.len() == function.length() * 2 {
        let digits = String::from_utf8(digest).map_err(|_no_digits| FORM)?;
        digest = base64_forms::decode_hex(&digits).ok_or(FORM)?;
    }
    let key = read(key)?.into();
    Ok(ForeignHash::new(Scheme::Hmac { function, key }, digest))
}

fn filled(template: &[u8], salt: &[u8]) -> Vec<u8> {
    let (mut filled, mut rest) = (Vec::new(), template);
    while let Some((before, after)) = split_once(rest, SALT) {
        filled.extend_from_slice(before);
        filled.extend_from_slice(salt);
        rest = after;
    }
    filled.extend_from_slice(rest);
    filled
}

fn split_once<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes
        .windows(mark.len())
        .position(|window| window == mark)?;
    let (before, rest) = bytes.split_at_checked(at)?;
    Some((before, rest.get(mark.len()..)?))
}
