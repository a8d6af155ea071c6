//! What must hold of every parser of untrusted text, whatever it is fed. The inputs come from
//! `seeds/` and from [`sekisho_fuzz`]; most judges here are second, simpler readers of the same
//! grammar. Longer runs: `docs/contributing/tests.md`.

mod authorization_values;
mod base64url;
mod basic_headers;
mod certificates;
mod client_documents;
mod dpop_proofs;
mod forms;
mod jwts;
mod keys;
mod redirect_uris;
mod registrations;
mod signer;
mod user_codes;

use sekisho_fuzz::Target;

/// The target that `seeds/<name>/` belongs to.
fn target<'a>(name: &'a str, words: &'a [&'a str]) -> Target<'a> {
    Target {
        manifest_dir: env!("CARGO_MANIFEST_DIR"),
        name,
        words,
    }
}

/// As a parser of text gets it.
fn text(input: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(input)
}
