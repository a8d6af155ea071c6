use proptest::prelude::*;
use sekisho_fuzz::config;
use sekisho_fuzz::json::is_strict_object;
use sekisho_model::{Client, EmailAddress, ScopeSet};
use serde_json::{Map, Value};

use super::{target, text};
use crate::rules::authorization_details::{self, DetailType};
use crate::rules::claims::is_about_a_person;
use crate::rules::claims_request::{self, ClaimsRequest};
use crate::rules::client_metadata::sample::web;
use crate::rules::prompt::Prompt;
use crate::rules::resource::{asked, is_resource};

#[test]
fn az_18_the_claims_parameter_names_only_claims_that_are_asked_for() {
    let words = [
        "{\"userinfo\":",
        "\"id_token\":{",
        "\"email\":null,",
        "\"acr\":{\"essential\":true,\"values\":[\"x\"]},",
        "\"sub\":{\"value\":\"u\"},",
        "\"email\":7,",
        "{}",
        "}",
        "\"sub\":",
        "[]",
    ];
    target("claims", &words).run(|input| {
        let input = text(input);
        let Ok(read) = claims_request::read(&input) else {
            return false;
        };
        assert!(input.len() <= 8192 && is_strict_object(input.as_bytes()));
        let whole: Map<String, Value> = serde_json::from_str(&input).unwrap();
        for (place, names) in [
            ("userinfo", &read.claims.userinfo),
            ("id_token", &read.claims.id_token),
        ] {
            let wanted = whole.get(place).and_then(Value::as_object);
            let wanted = wanted.into_iter().flatten();
            let expected = wanted
                .map(|(name, _)| name)
                .filter(|name| is_about_a_person(name));
            assert!(
                names
                    .iter()
                    .eq(expected.collect::<std::collections::BTreeSet<_>>())
            );
            assert!(names.len() <= 60);
        }
        assert!(
            read.acr
                .values
                .iter()
                .all(|value| value.len() <= input.len())
        );
        assert_eq!(ClaimsRequest::of_grant(&read.claims.kept()), read.claims);
        true
    });
}

fn offered() -> [DetailType; 2] {
    let kind = |name: &str, required: &[&str]| DetailType {
        name: name.to_owned(),
        required: required.iter().map(|member| (*member).to_owned()).collect(),
        ..DetailType::default()
    };
    [kind("payment", &["amount"]), kind("file", &[])]
}

#[test]
fn rfc_9396_details_are_a_short_list_of_offered_types_as_they_were_sent() {
    let offered = offered();
    let client = Client {
        authorization_details_types: vec!["payment".to_owned()],
        ..web("https://app.example/cb")
    };
    let words = [
        "[",
        "]",
        "{\"type\":\"payment\",\"amount\":1}",
        "{\"type\":\"file\"}",
        ",",
        "}",
        "],\"x\":[",
        "]}",
        "\"list\":",
        "\"actions\":[\"read\"],",
        "\"actions\":[7],",
        "\"amount\":",
    ];
    target("authorization_details", &words).run(|input| {
        let input = text(input);
        let Ok(read) = authorization_details::read(&input, &client, &offered) else {
            return false;
        };
        let whole: Vec<Value> = serde_json::from_str(&input).unwrap();
        assert_eq!(read, whole);
        assert!(is_strict_object(format!("{{\"list\":{input}}}").as_bytes()));
        assert!((1..=10).contains(&read.len()) && input.len() <= 8192);
        for detail in &read {
            assert_eq!(detail["type"], "payment");
            assert!(detail.get("amount").is_some());
            let shown = authorization_details::shown(detail, &offered[0]);
            assert_eq!(shown.len() + 1, detail.as_object().unwrap().len());
        }
        true
    });
}

#[test]
fn az_11_a_scope_is_what_rfc_6749_a_4_says() {
    target(
        "scope",
        &["openid", " ", "  ", "offline_access", "a:b/c", "\u{a0}"],
    )
    .run(|input| {
        let input = text(input);
        let tokens: std::collections::BTreeSet<&str> =
            input.split(' ').filter(|t| !t.is_empty()).collect();
        let of_token = |c: char| matches!(c, '\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
        let sound = |token: &&str| token.chars().all(of_token) && token.len() <= 128;
        let expected = tokens.iter().all(sound) && tokens.len() <= 64;
        let read = ScopeSet::parse(&input);
        assert_eq!(read.is_ok(), expected);
        let Ok(read) = read else { return false };
        assert!(read.iter().eq(tokens));
        assert_eq!(ScopeSet::parse(&read.to_string()), Ok(read.clone()));
        assert!(read.is_within(&read) && read.common(&read) == read && read.union(&read) == read);
        true
    });
}

#[test]
fn tk_14_a_resource_is_an_absolute_uri_without_a_fragment() {
    target(
        "resource",
        &[
            "https://", "urn:", "a+b-c.1:", "%41", "[::1]", "<", "{x}", "|",
        ],
    )
    .run(|input| {
        let input = text(input);
        if !is_resource(&input) {
            return false;
        }
        let (scheme, rest) = input.split_once(':').unwrap();
        let of_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        assert!(
            scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(of_scheme)
        );
        // RFC 3986 §2: unreserved, reserved without '#', and escapes.
        let of_uri = |c: char| c.is_ascii_alphanumeric() || "-._~:/?[]@!$&'()*+,;=%".contains(c);
        assert!(rest.chars().all(of_uri) && input.len() <= 512, "{input}");
        let client = web("https://app.example/cb");
        assert!(
            asked([&*input].into_iter(), &client, &[]).is_err(),
            "nobody may ask for it"
        );
        let offered = [input.to_string()];
        let twice = [&*input, &*input].into_iter();
        assert_eq!(asked(twice, &client, &offered).unwrap(), offered);
        true
    });
}

#[test]
fn rec_09_an_address_that_is_taken_is_one_address_in_its_own_normal_form() {
    target(
        "email_address",
        &[
            "@",
            "a@b.example",
            "日本.example",
            "\"a b\"",
            "..",
            "\u{ff20}",
            "XN--",
        ],
    )
    .run(|input| {
        let Ok(address) = EmailAddress::parse(&text(input)) else {
            return false;
        };
        let shown = address.to_string();
        assert_eq!(shown.matches('@').count(), 1, "{shown}");
        assert!(
            !shown.chars().any(|c| c.is_control() || c.is_whitespace()),
            "{shown}"
        );
        assert_eq!(EmailAddress::parse(&shown), Ok(address));
        true
    });
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn az_13_none_stands_alone_whatever_else_is_asked(words in prop::collection::vec("none|login|consent|select_account|create|[a-z ]{0,6}", 0..5)) {
        let text = words.join(" ");
        let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
        let read = Prompt::parse(Some(&text));
        prop_assert_eq!(read.is_err(), words.contains(&"none") && words.len() > 1);
        prop_assert_eq!(read.is_ok_and(|prompt| prompt.none), words == ["none"]);
    }
}
