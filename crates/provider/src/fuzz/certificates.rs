use proptest::prelude::*;
use rcgen::{CertificateParams, DnType, KeyPair};
use sekisho_fuzz::config;
use sekisho_model::{Client, ClientAuthentication, Timestamp};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{target, text};
use crate::endpoints::call::{Chain, ClientCertificate};
use crate::rules::client_certificate::proves;
use crate::rules::client_metadata::sample::web;
use crate::rules::distinguished_name::DistinguishedName;

#[test]
fn tk_18_a_distinguished_name_is_a_list_of_types_with_values() {
    let words = [
        "CN=", "O=", "2.5.4.3=", "+", "\\,", "\\2C", "#0c0161", "\\\\", " , ", "\\é", "\"", "1.=",
    ];
    target("distinguished_name", &words).run(|input| {
        let input = text(input);
        let Some(name) = DistinguishedName::parse(&input) else {
            return false;
        };
        assert!(
            !input.contains(['\0', '"', ';', '<', '>']) || input.contains('\\'),
            "RFC 4514 §3"
        );
        let bare = input
            .replace("\\\\", "")
            .replace("\\,", "")
            .replace("\\2C", "");
        assert!(bare.split(',').all(|part| part.contains('=')), "{input}");
        // Letter case and blanks around do not matter, one more name does.
        let longer = DistinguishedName::parse(&format!("{input},CN=more"));
        assert!(longer.is_none_or(|longer| longer != name));
        assert_eq!(DistinguishedName::parse(&format!(" {input}")), Some(name));
        true
    });
}

/// RFC 4514 §2.4 twice: with characters escaped where they must be, and every byte in digits.
fn escaped(value: &str) -> (String, String) {
    let special = |c: char| {
        matches!(
            c,
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' | '#' | ' '
        )
    };
    let one = |c: char| {
        if special(c) {
            format!("\\{c}")
        } else {
            c.to_string()
        }
    };
    let digits: Vec<String> = value.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    (value.chars().map(one).collect(), digits.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: config().cases / 10, ..config() })]

    #[test]
    fn tk_18_a_certificate_bears_the_name_however_it_is_written(value in "[^\\pC ][^\\pC]{0,20}[^\\pC ]", other in "[a-z]{1,8}") {
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "Aozora");
        params.distinguished_name.push(DnType::CommonName, value.clone());
        let made = params.self_signed(&key).unwrap();
        let (_, read) = X509Certificate::from_der(made.der()).unwrap();
        let borne = DistinguishedName::of(read.subject());
        prop_assert!(borne.is_some());
        let (plain, digits) = escaped(&value);
        prop_assert_eq!(&DistinguishedName::parse(&format!("CN={plain},O=Aozora")), &borne);
        prop_assert_eq!(&DistinguishedName::parse(&format!("cn={digits}, o = aozora")), &borne);
        let longer = format!("CN={plain}{other}x,O=Aozora");
        prop_assert_ne!(&DistinguishedName::parse(&longer), &borne);
        prop_assert_ne!(&DistinguishedName::parse(&format!("O=Aozora,CN={plain}")), &borne);
    }
}

#[test]
fn tk_18_a_certificate_that_proves_a_client_bears_its_name_and_ends_where_it_ends() {
    let client = Client {
        token_endpoint_auth_method: ClientAuthentication::TlsClientAuth,
        tls_client_auth_subject_dn: Some("CN=client.example,O=Aozora".to_owned()),
        ..web("https://app.example/cb")
    };
    let now = Timestamp::from_seconds(1_800_000_000);
    let trusted = |der: &[u8]| ClientCertificate::from_der(der.to_vec(), Chain::Trusted);
    target("client_certificate", &["client.example", "Aozora"]).run(|der| {
        if !proves(&trusted(der), &client, &[], now) {
            return false;
        }
        let read = text(der).to_ascii_lowercase();
        assert!(read.contains("client.example") && read.contains("aozora"));
        let longer = [der, &[0]].concat();
        assert!(!proves(&trusted(&longer), &client, &[], now));
        let unknown = ClientCertificate::from_der(der.to_vec(), Chain::Unknown);
        assert!(!proves(&unknown, &client, &[], now));
        true
    });
}
