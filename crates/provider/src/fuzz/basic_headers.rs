use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use sekisho_fuzz::config;
use url::form_urlencoded::byte_serialize;

use super::base64url::read_padded;
use super::forms::decoded;
use super::{target, text};
use crate::rules::client_authentication::{Proof, presented};
use crate::rules::parameters::Parameters;

/// Id and secret that the header is read as.
fn read(header: &str) -> Option<(String, String)> {
    let nothing = Parameters::default();
    let presented = presented(Some(header), &nothing).ok()?;
    match presented.proof {
        Proof::Basic(secret) => Some((presented.client_id, secret.reveal().to_owned())),
        Proof::Nothing | Proof::Post(_) | Proof::Assertion(_) => None,
    }
}

/// RFC 7617 §2 and RFC 6749 §2.3.1 by a second reader.
fn second_reading(header: &str) -> Option<(String, String)> {
    let (scheme, credentials) = header.split_at_checked(6)?;
    scheme.eq_ignore_ascii_case("basic ").then_some(())?;
    let pair = String::from_utf8(read_padded(credentials)?).ok()?;
    let colon = pair.find(':')?;
    let id = decoded(&pair.as_bytes()[..colon])?;
    let secret = decoded(&pair.as_bytes()[colon + 1..])?;
    let plain = !secret.is_empty() && secret.bytes().all(|b| (0x21..=0x7e).contains(&b));
    let fits = secret.len() <= 512 && credentials.len() <= 4096;
    (plain && fits).then_some((id, secret))
}

#[test]
fn tk_03_a_basic_header_is_read_as_a_second_reader_reads_it() {
    target(
        "basic_header",
        &[
            "Basic ", "basic ", "Bearer ", "%3A", "%25", "Og==", "==", ":",
        ],
    )
    .run(|input| {
        let input = text(input);
        let raw = second_reading(&input);
        assert_eq!(read(&input), raw);
        // What the seeds say in plain reaches the inside more often.
        let wrapped = format!("Basic {}", STANDARD.encode(&*input));
        let inside = second_reading(&wrapped);
        assert_eq!(read(&wrapped), inside);
        raw.is_some() || inside.is_some()
    });
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn tk_03_what_a_client_encodes_as_rfc_6749_says_arrives(id in ".{1,40}", secret in "[!-~]{1,200}") {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(&id), encoded(&secret));
        let header = format!("Basic {}", STANDARD.encode(pair));
        prop_assert_eq!(read(&header), Some((id, secret)));
    }
}
