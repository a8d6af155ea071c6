//! A file of made-up people for `sekisho user import`. They are made from their number alone, so that a
//! few can be asked to sign in without keeping the many in memory.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use argon2::password_hash::PasswordHasher as _;
use argon2::{Algorithm, Argon2, Params, Version};
use serde_json::json;

use crate::seed::PASSWORD;

/// As many different records of the one password are shared by all: hashing it once for each of
/// millions would take days, and what is measured is not the hash.
const RECORDS: usize = 64;

const FAMILIES: [(&str, &str); 8] = [
    ("佐藤", "sato"),
    ("鈴木", "suzuki"),
    ("高橋", "takahashi"),
    ("田中", "tanaka"),
    ("伊藤", "ito"),
    ("渡辺", "watanabe"),
    ("山本", "yamamoto"),
    ("中村", "nakamura"),
];
const GIVEN: [(&str, &str); 8] = [
    ("晴香", "haruka"),
    ("大翔", "hiroto"),
    ("結衣", "yui"),
    ("蓮", "ren"),
    ("陽菜", "hina"),
    ("悠真", "yuma"),
    ("美咲", "misaki"),
    ("健太", "kenta"),
];
const DOMAINS: [&str; 4] = [
    "example.jp",
    "mail.example",
    "ezweb.example",
    "home.example",
];

/// The address of person `number`.
pub fn address(number: u32) -> String {
    let ((_, family), (_, given)) = names(number);
    let domain = pick(&DOMAINS, number / 64);
    format!("{given}.{family}{number}@{domain}")
}

/// Where the codes of the person with this address go.
pub fn code_address_of(address: &str) -> String {
    let local = address.split('@').next().unwrap_or_default();
    let number = local.trim_start_matches(|c: char| !c.is_ascii_digit());
    format!("{number}@codes.example")
}

/// Writes `count` people to `file`, a line each. They have a code address as people do, but sign in without a
/// code, until their password is voided: what is compared is the look-up, not the mail.
pub fn write(file: &Path, count: u32) -> Result<(), String> {
    let records = records()?;
    write_lines(file, count, |number| {
        let ((family, _), (given, _)) = names(number);
        json!({
            "email": address(number),
            "email_verified": true,
            "code_address": code_address_of(&address(number)),
            "code_address_verified": true,
            "password_hash": pick(&records, number),
            "second_step": false,
            "claims": { "name": format!("{family} {given}"), "family_name": family, "given_name": given },
        })
    })
}

/// Writes `count` others whose password records are weak: each is wrapped while it is imported.
pub fn write_weak(file: &Path, count: u32) -> Result<(), String> {
    write_lines(file, count, |number| {
        // A salted SHA-1 of LDAP: 20 bytes of hash and 8 of salt, of nothing in particular.
        let bytes: Vec<u8> = (0..28_u32)
            .map(|at| {
                number
                    .wrapping_mul(2_654_435_761)
                    .rotate_left(at)
                    .to_le_bytes()[0]
            })
            .collect();
        let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
        json!({
            "email": format!("weak{number}@example.jp"),
            "email_verified": true,
            "password_hash": format!("{{SSHA}}{hash}"),
            "second_step": false,
        })
    })
}

fn write_lines(
    file: &Path,
    count: u32,
    line: impl Fn(u32) -> serde_json::Value,
) -> Result<(), String> {
    let file = File::create(file).map_err(|error| error.to_string())?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    for number in 0..count {
        let line = line(number);
        writeln!(out, "{line}").map_err(|error| error.to_string())?;
    }
    out.flush().map_err(|error| error.to_string())
}

fn names(number: u32) -> ((&'static str, &'static str), (&'static str, &'static str)) {
    (*pick(&FAMILIES, number), *pick(&GIVEN, number / 8))
}

fn pick<T>(from: &[T], number: u32) -> &T {
    let number = usize::try_from(number).unwrap_or(0);
    &from[number % from.len()]
}

fn records() -> Result<Vec<String>, String> {
    let params = Params::new(19_456, 2, 1, Some(32)).map_err(|error| error.to_string())?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let record = |number: usize| {
        let salt = format!("{number:016}");
        let hash = argon2.hash_password_with_salt(PASSWORD.as_bytes(), salt.as_bytes());
        hash.map(|hash| hash.to_string())
            .map_err(|error| error.to_string())
    };
    (0..RECORDS).map(record).collect()
}
