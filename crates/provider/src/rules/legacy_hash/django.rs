//! Django's `algorithm$…` values.

use super::modular::{argon2, bcrypt, log_n, pbkdf2_of};
use super::{Argon2Kind, Bytes, ForeignHash, HashFunction, HashRefusal, Scheme, base64_forms};

const FORM: HashRefusal = HashRefusal::Malformed("the hash does not have the form Django gives it");

pub(super) fn parse(text: &str) -> Result<ForeignHash, HashRefusal> {
    let fields: Vec<&str> = text.split('$').collect();
    match fields.as_slice() {
        ["pbkdf2_sha256", rest @ ..] => pbkdf2(HashFunction::Sha256, rest),
        ["pbkdf2_sha1", rest @ ..] => pbkdf2(HashFunction::Sha1, rest),
        ["argon2", "argon2id", rest @ ..] => argon2(Argon2Kind::Id, rest),
        ["argon2", "argon2i", rest @ ..] => argon2(Argon2Kind::I, rest),
        ["bcrypt", "", "2a" | "2b" | "2y", rest @ ..] => bcrypt(rest, None),
        ["bcrypt_sha256", "", "2a" | "2b" | "2y", rest @ ..] => {
            bcrypt(rest, Some(HashFunction::Sha256))
        }
        ["scrypt", n, salt, r, p, digest] => {
            let number = |text: &str| text.parse::<u32>().map_err(|_no_number| FORM);
            let digest = base64_forms::decode(digest).ok_or(FORM)?;
            let scheme = Scheme::Scrypt {
                log_n: log_n(number(n)?)?,
                r: number(r)?,
                p: number(p)?,
                salt: Bytes::from(*salt),
                length: digest.len(),
            };
            Ok(ForeignHash::new(scheme, digest))
        }
        ["md5", salt, digest] => salted(HashFunction::Md5, salt, digest),
        ["sha1", salt, digest] => salted(HashFunction::Sha1, salt, digest),
        _ => Err(HashRefusal::Unsupported("a hash of this form")),
    }
}

fn pbkdf2(function: HashFunction, fields: &[&str]) -> Result<ForeignHash, HashRefusal> {
    let [iterations, salt, digest] = fields else {
        return Err(FORM);
    };
    let iterations = iterations.parse().map_err(|_no_number| FORM)?;
    let digest = base64_forms::decode(digest).ok_or(FORM)?;
    pbkdf2_of(function, iterations, salt.as_bytes().to_vec(), digest)
}

fn salted(function: HashFunction, salt: &str, digest: &str) -> Result<ForeignHash, HashRefusal> {
    let scheme = Scheme::Plain {
        function,
        before: Bytes::from(salt),
        after: Bytes::default(),
    };
    let digest = base64_forms::decode_hex(digest).ok_or(FORM)?;
    Ok(ForeignHash::new(scheme, digest))
}
