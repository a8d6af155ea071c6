//! What a thief does with a stolen database: every scheme by which servers keep passwords and addresses,
//! tried over every byte of it, with every byte string of it as key and salt.

use std::collections::{BTreeSet, HashSet};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordVerifier as _};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use sekisho_model::{Digest, KeyId, KeyRing, Purpose, Sealed};

use super::md5::md5;

/// So much of a digest must be there; a shortened one counts as well.
const ENOUGH: usize = 8;

/// What was stolen, with what is spelt in it in hexadecimal and base64.
pub struct Loot {
    bytes: Vec<u8>,
    words: BTreeSet<Vec<u8>>,
    /// Every eight bytes in a row.
    index: HashSet<[u8; ENOUGH]>,
}

/// What a guess was verified by.
pub type Scheme = String;

impl Loot {
    pub fn of(stolen: &[u8]) -> Self {
        let mut bytes = stolen.to_vec();
        let mut words = BTreeSet::new();
        let in_hexadecimal = |byte: &u8| !byte.is_ascii_hexdigit();
        let in_base64 = |byte: &u8| !(byte.is_ascii_alphanumeric() || b"+/-_".contains(byte));
        for word in stolen.split(in_hexadecimal).filter(|word| word.len() >= 16) {
            bytes.push(0);
            bytes.extend(from_hexadecimal(word));
        }
        for word in stolen.split(in_base64).filter(|word| word.len() >= 11) {
            let text = String::from_utf8_lossy(word)
                .replace('-', "+")
                .replace('_', "/");
            bytes.push(0);
            bytes.extend(STANDARD_NO_PAD.decode(text).unwrap_or_default());
            words.insert(word.to_vec());
        }
        let index = bytes
            .windows(ENOUGH)
            .map(|eight| eight.try_into().unwrap())
            .collect();
        Self {
            bytes,
            words,
            index,
        }
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the beginning of a digest is somewhere.
    fn has(&self, digest: &[u8]) -> bool {
        let begin: Option<[u8; ENOUGH]> = digest.get(..ENOUGH).and_then(|d| d.try_into().ok());
        begin.is_some_and(|begin| self.index.contains(&begin))
    }

    /// Whether a text is somewhere; one of digits not as a part of a longer number.
    pub fn holds(&self, text: &[u8]) -> bool {
        if text.len() >= ENOUGH && !self.has(text) {
            return false;
        }
        let number = text.iter().all(u8::is_ascii_digit);
        let mut places = self.bytes.windows(text.len()).enumerate();
        places.any(|(at, window)| {
            let neighbour = |at: Option<usize>| at.and_then(|at| self.bytes.get(at));
            let before = neighbour(at.checked_sub(1)).is_some_and(u8::is_ascii_digit);
            let after = neighbour(Some(at + text.len())).is_some_and(u8::is_ascii_digit);
            window == text && !(number && (before || after))
        })
    }

    /// Byte strings that may be keys or salts: windows that look random, and every word.
    fn secrets(&self, length: usize) -> HashSet<&[u8]> {
        let random = |window: &&[u8]| {
            let mut seen = [false; 256];
            let distinct = window
                .iter()
                .filter(|byte| !std::mem::replace(&mut seen[usize::from(**byte)], true));
            distinct.count() * 5 >= length * 4
        };
        let windows = self.bytes.windows(length).filter(random);
        windows
            .chain(self.words.iter().map(Vec::as_slice))
            .collect()
    }

    /// By which schemes `guess` is verified.
    pub fn verify(&self, guess: &str) -> BTreeSet<Scheme> {
        let mut found = BTreeSet::new();
        for (form, text) in forms(guess) {
            if self.holds(&text) {
                found.insert(format!("plain, {form}"));
            }
            for (name, hashed) in hashes(&text) {
                for (spelt, digest) in spellings(&hashed) {
                    if self.has(&digest) {
                        found.insert(format!("{name} in {spelt}, {form}"));
                    }
                }
            }
        }
        found.extend(self.records_of(guess));
        found.extend(self.keyed(guess));
        found.extend(self.salted(guess));
        found
    }

    /// PHC strings and the like, wherever they lie.
    fn records_of(&self, guess: &str) -> BTreeSet<Scheme> {
        let mut found = BTreeSet::new();
        let text = String::from_utf8_lossy(&self.bytes);
        for (at, _) in text.match_indices("$argon2") {
            for record in records(&text[at..]) {
                let Ok(record) = PasswordHash::new(record) else {
                    continue;
                };
                let tried = Argon2::default().verify_password(guess.as_bytes(), &record);
                if tried.is_ok() {
                    found.insert("Argon2".to_owned());
                }
            }
        }
        found
    }

    /// Keyed hashes, with everything that may be a key; our own formula as well, which is no secret.
    fn keyed(&self, guess: &str) -> BTreeSet<Scheme> {
        let mut found = BTreeSet::new();
        let name = KeyId::new("stolen");
        for secret in self.secrets(32) {
            let mut check = |scheme: &str, digest: &[u8]| {
                if self.has(digest) {
                    found.insert(format!("{scheme} with a key that lies beside it"));
                }
            };
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            check("HMAC", hmac::sign(&key, guess.as_bytes()).as_ref());
            check(
                "our HMAC",
                Digest::keyed(secret, &[guess.as_bytes()]).as_bytes(),
            );
            let mark = Digest::keyed(secret, &[b"password", guess.as_bytes()]);
            check("our mark of wrong passwords", mark.as_bytes());
            let Ok(root) = secret.try_into() else {
                continue;
            };
            let Ok(ring) = KeyRing::new(name.clone(), [(name.clone(), root)], root) else {
                continue;
            };
            for purpose in [Purpose::AddressIndex, Purpose::OneTimeCode] {
                let key = ring.mac_key(purpose);
                let derived = Digest::keyed(key.as_bytes(), &[guess.as_bytes()]);
                check("our derived HMAC", derived.as_bytes());
            }
        }
        found
    }

    fn salted(&self, guess: &str) -> BTreeSet<Scheme> {
        let mut found = BTreeSet::new();
        for salt in self.secrets(16) {
            for (order, text) in [
                ("salt first", [salt, guess.as_bytes()].concat()),
                ("salt last", [guess.as_bytes(), salt].concat()),
            ] {
                for algorithm in [&digest::SHA1_FOR_LEGACY_USE_ONLY, &digest::SHA256] {
                    if self.has(digest::digest(algorithm, &text).as_ref()) {
                        found.insert(format!("{algorithm:?}, {order}"));
                    }
                }
            }
        }
        found
    }

    /// What a sealed value opens to with anything that lies beside it as key.
    pub fn opens(&self, purpose: Purpose, owner: &str, sealed: &Sealed) -> Option<Vec<u8>> {
        let id = sealed.key_id()?;
        self.secrets(32).into_iter().find_map(|secret| {
            let key = secret.try_into().ok()?;
            let ring = KeyRing::new(id.clone(), [(id.clone(), key)], key).ok()?;
            ring.open(purpose, owner, sealed).ok()
        })
    }
}

/// What may be a PHC string at the beginning of a text, with hashes of the usual lengths: something else
/// may follow without a gap.
fn records(text: &str) -> impl Iterator<Item = &str> {
    let before_hash = text.match_indices('$').nth(4).map(|(at, _)| at + 1);
    let lengths = [22, 32, 43, 64, 86].into_iter();
    lengths.filter_map(move |length| text.get(..before_hash? + length))
}

fn from_hexadecimal(word: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    let pairs = word.chunks_exact(2);
    pairs
        .map(|pair| digit(pair[0]) * 16 + digit(pair[1]))
        .collect()
}

/// A guess as servers may have written it.
fn forms(guess: &str) -> Vec<(&'static str, Vec<u8>)> {
    let wide = guess.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        ("as it is", guess.as_bytes().to_vec()),
        ("in small letters", guess.to_lowercase().into_bytes()),
        ("in capitals", guess.to_uppercase().into_bytes()),
        ("in UTF-16", wide),
        (
            "backwards",
            guess.chars().rev().collect::<String>().into_bytes(),
        ),
        ("in base64", STANDARD_NO_PAD.encode(guess).into_bytes()),
        ("in hexadecimal", hexadecimal(guess.as_bytes()).into_bytes()),
        ("with a line end", format!("{guess}\n").into_bytes()),
    ]
}

fn hashes(text: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut made = vec![
        ("MD5".to_owned(), md5(text).to_vec()),
        (
            "MD5 twice".to_owned(),
            md5(hexadecimal(&md5(text)).as_bytes()).to_vec(),
        ),
    ];
    for algorithm in [
        &digest::SHA1_FOR_LEGACY_USE_ONLY,
        &digest::SHA224,
        &digest::SHA256,
        &digest::SHA384,
        &digest::SHA512,
        &digest::SHA3_256,
        &digest::SHA3_512,
    ] {
        let once = digest::digest(algorithm, text);
        let twice = digest::digest(algorithm, once.as_ref());
        made.push((format!("{algorithm:?}"), once.as_ref().to_vec()));
        made.push((format!("{algorithm:?} twice"), twice.as_ref().to_vec()));
    }
    for algorithm in [
        hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        hmac::HMAC_SHA256,
        hmac::HMAC_SHA512,
    ] {
        let key = hmac::Key::new(algorithm, b"");
        made.push((
            format!("{algorithm:?} without a key"),
            hmac::sign(&key, text).as_ref().to_vec(),
        ));
    }
    let ours = Digest::keyed(b"", &[text]);
    made.push((
        "our HMAC without a key".to_owned(),
        ours.as_bytes().to_vec(),
    ));
    made
}

/// A digest as servers write it. What is spelt in small letters and in the usual base64 is spelt out in
/// the loot; these are the rest.
fn spellings(digest: &[u8]) -> [(&'static str, Vec<u8>); 4] {
    [
        ("bytes", digest.to_vec()),
        ("hexadecimal", hexadecimal(digest).into_bytes()),
        (
            "capital hexadecimal",
            hexadecimal(digest).to_uppercase().into_bytes(),
        ),
        ("base64url", URL_SAFE_NO_PAD.encode(digest).into_bytes()),
    ]
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
