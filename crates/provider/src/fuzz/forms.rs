use std::collections::BTreeSet;

use proptest::prelude::*;
use sekisho_fuzz::config;

use super::target;
use crate::rules::parameters::{Parameters, Repeated};

/// `application/x-www-form-urlencoded` of one name or value by a second reader, byte by byte.
pub(super) fn decoded(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok()
}

fn pairs(text: &[u8]) -> Option<Vec<(String, String)>> {
    text.split(|byte| *byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decoded(halves.next()?)?;
            Some((name, decoded(halves.next().unwrap_or_default())?))
        })
        .collect()
}

/// RFC 6749 §3.1, NET-10.
fn is_sound(pairs: &[(String, String)]) -> bool {
    let once = |name: &&str| !["resource", "audience"].contains(name);
    let names: Vec<&str> = pairs.iter().map(|(name, _)| &**name).filter(once).collect();
    let different: BTreeSet<&str> = names.iter().copied().collect();
    let printable = |c: char| matches!(c, '\t' | '\n' | '\r') || !c.is_control();
    let all = pairs.iter().flat_map(|(name, value)| [name, value]);
    names.len() == different.len()
        && pairs.len() <= 100
        && all.into_iter().all(|text| text.chars().all(printable))
}

#[test]
fn az_10_net_10_parameters_are_sound_exactly_when_a_second_reader_finds_nothing_wrong() {
    let words = [
        "resource=",
        "audience=x",
        "client_id=",
        "&a=1&a=2",
        "&&",
        "%E2%82",
        "%AC",
        "%7f",
        "+",
    ];
    target("form", &words).run(|input| {
        let read = Parameters::decode(input);
        let expected = pairs(input);
        let sound = expected.as_deref().is_some_and(is_sound);
        assert_eq!(read.fault().is_none(), sound);
        let Some(expected) = expected else {
            return false;
        };
        for (name, _) in &expected {
            let of_name = || expected.iter().filter(|(other, _)| other == name);
            let single = match of_name().count() {
                1 => Ok(of_name().map(|(_, v)| &**v).find(|v| !v.is_empty())),
                _ => Err(Repeated),
            };
            assert_eq!(read.single(name), single);
            assert!(read.all(name).eq(of_name().map(|(_, value)| &**value)));
        }
        assert_eq!(read.into_pairs(), expected);
        sound
    });
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn az_09_what_is_encoded_arrives_as_it_was(pairs in prop::collection::btree_map("[^\\pC]{1,6}", "[^\\pC]{0,12}", 0..5)) {
        let pairs: Vec<(String, String)> = pairs.into_iter().collect();
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        let read = Parameters::decode(form.extend_pairs(&pairs).finish().as_bytes());
        prop_assert_eq!(read.fault(), None);
        prop_assert_eq!(read.into_pairs(), pairs);
    }
}
