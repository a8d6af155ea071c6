//! Client authentication by certificate (RFC 8705 §2; TK-18).

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sekisho_model::{Client, ClientAuthentication, Timestamp};
use serde_json::Value;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::distinguished_name::DistinguishedName;
use crate::endpoints::call::{Chain, ClientCertificate};

/// Whether the certificate proves that the caller is `client`, whose JWKs are `keys`. A client of
/// another method is never proved so.
pub fn proves(
    certificate: &ClientCertificate,
    client: &Client,
    keys: &[Value],
    now: Timestamp,
) -> bool {
    let Ok((rest, read)) = X509Certificate::from_der(certificate.der()) else {
        return false;
    };
    let validity = read.validity();
    let in_time = validity.not_before.timestamp() <= now.seconds()
        && now.seconds() <= validity.not_after.timestamp();
    if !rest.is_empty() || !in_time || client.disabled {
        return false;
    }
    match client.token_endpoint_auth_method {
        ClientAuthentication::TlsClientAuth => {
            certificate.chain() == Chain::Trusted && is_named(&read, client)
        }
        ClientAuthentication::SelfSignedTlsClientAuth => keys
            .iter()
            .any(|key| is_registered(certificate.der(), &read, key)),
        ClientAuthentication::None
        | ClientAuthentication::ClientSecretBasic
        | ClientAuthentication::ClientSecretPost
        | ClientAuthentication::ClientSecretJwt
        | ClientAuthentication::PrivateKeyJwt => false,
    }
}

/// What a `tls_client_auth` client registered to be known by (RFC 8705 §2.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegisteredName<'a> {
    /// `tls_client_auth_subject_dn`.
    Subject(&'a str),
    /// `tls_client_auth_san_dns`.
    Dns(&'a str),
    /// `tls_client_auth_san_uri`.
    Uri(&'a str),
    /// `tls_client_auth_san_ip`.
    Ip(&'a str),
    /// `tls_client_auth_san_email`.
    Email(&'a str),
}

impl<'a> RegisteredName<'a> {
    /// The one name of `client`; `None` if it registered none, or several.
    pub fn of(client: &'a Client) -> Option<Self> {
        let mut names = [
            client
                .tls_client_auth_subject_dn
                .as_deref()
                .map(Self::Subject),
            client.tls_client_auth_san_dns.as_deref().map(Self::Dns),
            client.tls_client_auth_san_uri.as_deref().map(Self::Uri),
            client.tls_client_auth_san_ip.as_deref().map(Self::Ip),
            client.tls_client_auth_san_email.as_deref().map(Self::Email),
        ]
        .into_iter()
        .flatten();
        let name = names.next()?;
        names.next().is_none().then_some(name)
    }

    /// Whether a certificate could ever bear it.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Subject(name) => DistinguishedName::parse(name).is_some(),
            Self::Ip(ip) => ip.parse::<IpAddr>().is_ok(),
            Self::Dns(text) | Self::Uri(text) | Self::Email(text) => !text.trim().is_empty(),
        }
    }
}

fn is_named(certificate: &X509Certificate<'_>, client: &Client) -> bool {
    let Some(registered) = RegisteredName::of(client).filter(RegisteredName::is_sound) else {
        return false;
    };
    if let RegisteredName::Subject(name) = registered {
        let subject = DistinguishedName::of(certificate.subject());
        return subject.is_some() && subject == DistinguishedName::parse(name);
    }
    let Ok(Some(names)) = certificate.subject_alternative_name() else {
        return false;
    };
    names
        .value
        .general_names
        .iter()
        .any(|name| match (&registered, name) {
            (RegisteredName::Dns(registered), GeneralName::DNSName(found))
            | (RegisteredName::Uri(registered), GeneralName::URI(found))
            | (RegisteredName::Email(registered), GeneralName::RFC822Name(found)) => {
                registered == found
            }
            (RegisteredName::Ip(registered), GeneralName::IPAddress(found)) => {
                match registered.parse() {
                    Ok(IpAddr::V4(ip)) => ip.octets() == *found,
                    Ok(IpAddr::V6(ip)) => ip.octets() == *found,
                    Err(_not_an_address) => false,
                }
            }
            _ => false,
        })
}

/// RFC 8705 §2.2.2: the certificate itself in `x5c`, or else its key.
fn is_registered(der: &[u8], certificate: &X509Certificate<'_>, key: &Value) -> bool {
    if let Some(chain) = key.get("x5c") {
        let first = chain.get(0).and_then(Value::as_str).unwrap_or_default();
        return STANDARD.decode(first).is_ok_and(|first| first == der);
    }
    is_key(certificate.public_key(), key).unwrap_or(false)
}

const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";
const ED25519: &str = "1.3.101.112";

fn is_key(info: &SubjectPublicKeyInfo<'_>, key: &Value) -> Option<bool> {
    let text = |name: &str| key.get(name)?.as_str();
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    let curve = |oid: &str| {
        let parameters = info.algorithm.parameters.as_ref()?;
        let found = parameters.as_oid().ok()?.to_id_string();
        Some(found == oid)
    };
    match (text("kty")?, info.parsed().ok()?) {
        ("RSA", PublicKey::RSA(rsa)) => {
            let same = |found: &[u8], member: &str| {
                Some(without_zeros(found) == without_zeros(&bytes(member)?))
            };
            Some(same(rsa.modulus, "n")? && same(rsa.exponent, "e")?)
        }
        ("EC", PublicKey::EC(point)) => {
            let (oid, length) = match text("crv")? {
                "P-256" => (P256, 32),
                "P-384" => (P384, 48),
                _ => return None,
            };
            let (x, y) = (bytes("x")?, bytes("y")?);
            let whole = [&[4], x.as_slice(), &y].concat();
            Some(curve(oid)? && x.len() == length && point.data() == whole)
        }
        ("OKP", PublicKey::Unknown(found)) => {
            let is_ed25519 = info.algorithm.algorithm.to_id_string() == ED25519;
            Some(is_ed25519 && text("crv")? == "Ed25519" && bytes("x")? == found)
        }
        _ => None,
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rcgen::{
        CertificateParams, DnType, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
        PublicKeyData as _, SanType, date_time_ymd,
    };
    use serde_json::json;

    use super::*;
    use crate::rules::client_metadata::sample::web;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn certificate(pair: &KeyPair, chain: Chain) -> ClientCertificate {
        let mut params = CertificateParams::new(vec!["client.example".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CountryName, "JP");
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Aozora, Inc.");
        params.distinguished_name.push(DnType::CommonName, "Mail");
        params.subject_alt_names.extend([
            SanType::IpAddress("192.0.2.7".parse().unwrap()),
            SanType::IpAddress("2001:db8::7".parse().unwrap()),
            SanType::URI("spiffe://aozora.example/mail".try_into().unwrap()),
            SanType::Rfc822Name("mail@aozora.example".try_into().unwrap()),
        ]);
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2030, 1, 1);
        let signed = params.self_signed(pair).unwrap();
        ClientCertificate::from_der(signed.der().to_vec(), chain)
    }

    fn client(method: &str, members: &Value) -> Client {
        let mut value = serde_json::to_value(web("https://a.example/cb")).unwrap();
        value["token_endpoint_auth_method"] = json!(method);
        for (name, member) in members.as_object().unwrap() {
            value[name] = member.clone();
        }
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn tk_18_a_certificate_of_the_registered_name_and_a_trusted_chain_proves_the_client() {
        let pair = KeyPair::generate().unwrap();
        for (member, value, fits) in [
            ("subject_dn", "CN=Mail,O=Aozora\\, Inc.,C=JP", true),
            ("subject_dn", "C=JP,O=Aozora\\, Inc.,CN=Mail", false),
            ("subject_dn", "CN=Mail", false),
            ("subject_dn", "no name", false),
            ("san_dns", "client.example", true),
            ("san_dns", "example", false),
            ("san_dns", "spiffe://aozora.example/mail", false),
            ("san_uri", "spiffe://aozora.example/mail", true),
            ("san_uri", "client.example", false),
            ("san_ip", "192.0.2.7", true),
            ("san_ip", "2001:db8:0::7", true),
            ("san_ip", "192.0.2.8", false),
            ("san_ip", "client.example", false),
            ("san_email", "mail@aozora.example", true),
            ("san_email", "other@aozora.example", false),
            ("san_email", "", false),
        ] {
            let member = format!("tls_client_auth_{member}");
            let client = client("tls_client_auth", &json!({member.clone(): value}));
            for (chain, trusted) in [(Chain::Trusted, true), (Chain::Unknown, false)] {
                let certificate = certificate(&pair, chain);
                assert_eq!(
                    proves(&certificate, &client, &[], NOW),
                    fits && trusted,
                    "{member} {value} {chain:?}"
                );
            }
        }
    }

    #[test]
    fn tk_18_no_name_or_two_names_prove_nothing() {
        let certificate = certificate(&KeyPair::generate().unwrap(), Chain::Trusted);
        let two = json!({
            "tls_client_auth_san_dns": "client.example",
            "tls_client_auth_san_ip": "192.0.2.7",
        });
        for members in [json!({}), two] {
            let client = client("tls_client_auth", &members);
            assert!(!proves(&certificate, &client, &[], NOW), "{members}");
        }
    }

    #[test]
    fn tk_18_a_certificate_counts_in_its_time_only_and_for_its_methods_only() {
        let certificate = certificate(&KeyPair::generate().unwrap(), Chain::Trusted);
        let named = json!({"tls_client_auth_san_dns": "client.example"});
        let own = client("tls_client_auth", &named);
        let day = |year: i64| Timestamp::from_seconds((year - 1970) * 31_557_600);
        for (year, fits) in [(2024, false), (2027, true), (2031, false)] {
            assert_eq!(proves(&certificate, &own, &[], day(year)), fits, "{year}");
        }
        for method in ["none", "client_secret_basic", "private_key_jwt"] {
            let other = client(method, &named);
            assert!(!proves(&certificate, &other, &[], NOW), "{method}");
        }
        let stopped = Client {
            disabled: true,
            ..own.clone()
        };
        assert!(!proves(&certificate, &stopped, &[], NOW));
        for bytes in [Vec::new(), vec![0; 64], [certificate.der(), &[0]].concat()] {
            let broken = ClientCertificate::from_der(bytes, Chain::Trusted);
            assert!(!proves(&broken, &own, &[], NOW));
        }
    }

    fn jwk(pair: &KeyPair) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let raw = pair.der_bytes();
        match raw.len() {
            32 => json!({"kty": "OKP", "crv": "Ed25519", "x": text(raw)}),
            65 => json!({
                "kty": "EC", "crv": "P-256", "x": text(&raw[1..33]), "y": text(&raw[33..]),
            }),
            97 => json!({
                "kty": "EC", "crv": "P-384", "x": text(&raw[1..49]), "y": text(&raw[49..]),
            }),
            _ => {
                let (_, key) = x509_parser::public_key::RSAPublicKey::from_der(raw).unwrap();
                let n = text(without_zeros(key.modulus));
                json!({"kty": "RSA", "n": n, "e": text(key.exponent)})
            }
        }
    }

    #[test]
    fn tk_18_a_self_signed_certificate_has_a_registered_key() {
        let client = client("self_signed_tls_client_auth", &json!({}));
        let pairs = [
            KeyPair::generate().unwrap(),
            KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap(),
            KeyPair::generate_for(&PKCS_ED25519).unwrap(),
            KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap(),
            KeyPair::generate().unwrap(),
        ];
        for (at, pair) in pairs.iter().enumerate() {
            let certificate = certificate(pair, Chain::Unknown);
            for (other, key) in pairs.iter().map(jwk).enumerate() {
                assert_eq!(
                    proves(&certificate, &client, std::slice::from_ref(&key), NOW),
                    at == other,
                    "{at} {other}"
                );
                // `x5c` names one certificate; then the key alone is not enough.
                let mut with_chain = key;
                with_chain["x5c"] = json!([STANDARD.encode(certificate.der())]);
                assert!(proves(&certificate, &client, &[with_chain.clone()], NOW));
                with_chain["x5c"] = json!(["AAAA"]);
                assert!(!proves(&certificate, &client, &[with_chain], NOW));
            }
            assert!(!proves(&certificate, &client, &[], NOW));
        }
    }
}
