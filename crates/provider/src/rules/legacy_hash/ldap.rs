//! Values of `userPassword` (RFC 2307 and what directories added), and Spring's prefixes of the same look.

use super::{ForeignHash, HashFunction, HashRefusal, Scheme, base64_forms};

pub(super) fn parse(text: &str) -> Result<ForeignHash, HashRefusal> {
    const FORM: HashRefusal = HashRefusal::Malformed("the hash is not {SCHEME}value");
    let (name, value) = text
        .strip_prefix('{')
        .and_then(|rest| rest.split_once('}'))
        .ok_or(FORM)?;
    let name = name.to_ascii_uppercase();
    match name.as_str() {
        "CRYPT" | "ARGON2" | "BCRYPT" => {
            if value.starts_with('$') {
                return super::modular::parse(value);
            }
            Err(HashRefusal::Unsupported("the old DES form of crypt(3)"))
        }
        "CLEARTEXT" | "NOOP" | "PLAIN" => Err(HashRefusal::Unsupported("a password in clear text")),
        _ => {
            let (salted, function) =
                function(&name).ok_or(HashRefusal::Unsupported("a hash of this LDAP scheme"))?;
            let mut digest = base64_forms::decode(value).ok_or(FORM)?;
            if digest.len() < function.length() || (!salted && digest.len() > function.length()) {
                return Err(FORM);
            }
            let scheme = Scheme::Plain {
                function,
                before: super::Bytes::default(),
                after: digest.split_off(function.length()).into(),
            };
            Ok(ForeignHash::new(scheme, digest))
        }
    }
}

/// `SSHA256` is salted SHA-256; the salt stands behind the digest.
fn function(name: &str) -> Option<(bool, HashFunction)> {
    let known = |name: &str| {
        let named = matches!(
            name,
            "MD5"
                | "SHA"
                | "SHA1"
                | "SHA224"
                | "SHA256"
                | "SHA384"
                | "SHA512"
                | "SHA-256"
                | "SHA-512"
        );
        named.then(|| HashFunction::from_name(name)).flatten()
    };
    match (known(name), name.strip_prefix('S').and_then(known)) {
        (Some(function), _) => Some((false, function)),
        (None, Some(function)) => Some((true, function)),
        (None, None) => None,
    }
}
