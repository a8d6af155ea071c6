//! Client authentication (RFC 6749 §2.3, RFC 7521 §4.2, OpenID Connect Core §9; TK-02..04, TK-17,
//! ENU-07).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use sekisho_model::{Client, ClientAuthentication, ClientSecret, ClientSecretRecord, Timestamp};

use super::client_assertion;
use super::oauth_error::{HeaderUsed, TokenError};
use super::parameters::{Parameters, escapes_are_whole};
use crate::jwt::compact::Compact;

/// What a request presents to prove which client it is.
#[derive(Debug)]
pub(crate) struct Presented<'a> {
    /// The `client_id` it claims.
    pub(crate) client_id: String,
    /// By what.
    pub(crate) proof: Proof<'a>,
}

/// The one proof of a request.
#[derive(Debug)]
pub(crate) enum Proof<'a> {
    /// None in the request: a public client, or one that its certificate proves.
    Nothing,
    /// A secret in the `Authorization` header.
    Basic(ClientSecret),
    /// A secret in the form.
    Post(ClientSecret),
    /// A JWT, not verified yet (RFC 7523 §2.2).
    Assertion(Compact<'a>),
}

impl Presented<'_> {
    /// How a failure is answered.
    pub(crate) const fn failure(&self) -> TokenError {
        TokenError::InvalidClient(match self.proof {
            Proof::Basic(_) => HeaderUsed::Yes,
            Proof::Nothing | Proof::Post(_) | Proof::Assertion(_) => HeaderUsed::No,
        })
    }
}

const FAILED: TokenError = TokenError::InvalidClient(HeaderUsed::No);

/// Reads the one authentication of a request: the `Authorization` header or the form (TK-02).
pub(crate) fn presented<'a>(
    header: Option<&str>,
    form: &'a Parameters,
) -> Result<Presented<'a>, TokenError> {
    let single = |name| {
        form.single(name)
            .map_err(|_repeated| TokenError::InvalidRequest("a parameter is repeated"))
    };
    let id = single("client_id")?;
    let secret = single("client_secret")?;
    let assertion = single("client_assertion")?;
    let kind = single("client_assertion_type")?;
    match (header, secret, assertion) {
        (Some(header), None, None) if kind.is_none() => {
            let basic = basic(header).ok_or(TokenError::InvalidClient(HeaderUsed::Yes))?;
            if id.is_some_and(|id| id != basic.client_id) {
                // TK-04: header and body must agree.
                return Err(TokenError::InvalidClient(HeaderUsed::Yes));
            }
            Ok(basic)
        }
        (None, None, Some(assertion)) => by_assertion(id, assertion, kind),
        (None, _, None) if kind.is_some() => Err(TokenError::InvalidRequest(
            "client_assertion_type needs a client_assertion",
        )),
        (None, Some(secret), None) => Ok(Presented {
            client_id: id.ok_or(FAILED)?.to_owned(),
            proof: Proof::Post(ClientSecret::presented(secret).ok_or(FAILED)?),
        }),
        (None, None, None) => Ok(Presented {
            client_id: id.ok_or(FAILED)?.to_owned(),
            proof: Proof::Nothing,
        }),
        _ => Err(TokenError::InvalidRequest(
            "use one client authentication method, not two",
        )),
    }
}

/// RFC 7521 §4.2: the assertion names its client; a `client_id` beside it must be the same (TK-04).
fn by_assertion<'a>(
    id: Option<&str>,
    assertion: &'a str,
    kind: Option<&str>,
) -> Result<Presented<'a>, TokenError> {
    let kind = kind.ok_or(TokenError::InvalidRequest(
        "client_assertion needs a client_assertion_type",
    ))?;
    if kind != client_assertion::TYPE {
        return Err(FAILED);
    }
    let jwt = Compact::read(assertion).map_err(|_named| FAILED)?;
    let client_id = jwt.text("sub").ok_or(FAILED)?.to_owned();
    if id.is_some_and(|id| id != client_id) {
        return Err(FAILED);
    }
    Ok(Presented {
        client_id,
        proof: Proof::Assertion(jwt),
    })
}

/// RFC 6749 §2.3.1: id and secret are form-encoded, joined by a colon, base64. Decoded strictly, once
/// (TK-03).
fn basic(header: &str) -> Option<Presented<'static>> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 4096 {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some(Presented {
        client_id: form_decoded(id)?,
        proof: Proof::Basic(ClientSecret::presented(&form_decoded(secret)?)?),
    })
}

fn form_decoded(text: &str) -> Option<String> {
    escapes_are_whole(text.as_bytes()).then_some(())?;
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// Whether a secret, or the lack of one, proves that the caller is `client`: by the registered method
/// and, for secrets, with one that is still valid. Every stored secret is compared, each in constant
/// time. Assertions and certificates are seen to elsewhere.
pub(crate) fn proves(
    proof: &Proof<'_>,
    client: &Client,
    secrets: &[ClientSecretRecord],
    now: Timestamp,
) -> bool {
    let secret = match (proof, client.token_endpoint_auth_method) {
        (Proof::Nothing, ClientAuthentication::None) => return !client.disabled,
        (Proof::Basic(secret), ClientAuthentication::ClientSecretBasic)
        | (Proof::Post(secret), ClientAuthentication::ClientSecretPost) => secret,
        _ => return false,
    };
    let digest = secret.digest();
    !client.disabled
        && live(secrets, now).fold(false, |found, record| (record.digest == digest) | found)
}

/// The secrets that still count (TK-17).
pub(crate) fn live(
    secrets: &[ClientSecretRecord],
    now: Timestamp,
) -> impl Iterator<Item = &ClientSecretRecord> {
    secrets
        .iter()
        .filter(move |record| record.expires_at.is_none_or(|end| now < end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::client_metadata::sample::{public, web};
    use sekisho_model::SeededEntropy;

    fn form(text: &str) -> Parameters {
        Parameters::decode(text.as_bytes())
    }

    fn header(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn tk_02_two_methods_at_once_are_an_invalid_request() {
        let both = form("client_id=web&client_secret=s");
        let got = presented(Some(&header("web:s")), &both);
        assert_eq!(got.unwrap_err().code(), "invalid_request");
    }

    #[test]
    fn tk_03_basic_is_decoded_once_and_strictly() {
        let empty = form("");
        let got = presented(Some(&header("we%3Ab:a%2Bb+c%25")), &empty);
        // A space cannot be in one of our secrets.
        assert!(got.is_err());
        let got = presented(Some(&header("we%3Ab:a%2Bb%25")), &empty).unwrap();
        let Proof::Basic(secret) = &got.proof else {
            panic!("not by Basic")
        };
        assert_eq!((got.client_id.as_str(), secret.reveal()), ("we:b", "a+b%"));
        for bad in [
            "Basic !!!",
            "Basic",
            "Bearer x",
            &header("nocolon"),
            &header("a:%zz"),
            &header("a:%2"),
            &header("a:%+f"),
        ] {
            assert_eq!(
                presented(Some(bad), &form("")).unwrap_err().code(),
                "invalid_client",
                "{bad}"
            );
        }
    }

    #[test]
    fn tk_04_header_and_body_must_name_the_same_client() {
        assert!(presented(Some(&header("web:s")), &form("client_id=other")).is_err());
        assert!(presented(Some(&header("web:s")), &form("client_id=web")).is_ok());
    }

    #[test]
    fn tk_02_only_the_registered_method_counts() {
        let now = Timestamp::from_seconds(100);
        let secret = ClientSecret::generate(&SeededEntropy::new(1));
        let record = ClientSecretRecord {
            digest: secret.digest(),
            created_at: now,
            expires_at: None,
            sealed: None,
        };
        let empty = form("");
        let basic = presented(Some(&header(&format!("web:{}", secret.reveal()))), &empty)
            .unwrap()
            .proof;
        let posted = form(&format!("client_id=web&client_secret={}", secret.reveal()));
        let post = presented(None, &posted).unwrap().proof;
        let named = form("client_id=web");
        let none = presented(None, &named).unwrap().proof;
        let client = web("https://a.example/");
        assert!(proves(&basic, &client, std::slice::from_ref(&record), now));
        assert!(!proves(&post, &client, std::slice::from_ref(&record), now));
        assert!(!proves(&none, &client, std::slice::from_ref(&record), now));
        assert!(proves(&none, &public("https://a.example/"), &[], now));
        let stopped = Client {
            disabled: true,
            ..client
        };
        assert!(!proves(
            &basic,
            &stopped,
            std::slice::from_ref(&record),
            now
        ));
    }

    fn assertion(claims: &str) -> String {
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.AAAA", encode(r#"{"alg":"ES256"}"#), encode(claims))
    }

    fn error(header: Option<&str>, text: &str) -> Option<&'static str> {
        presented(header, &form(text)).err().map(TokenError::code)
    }

    #[test]
    fn tk_02_an_assertion_is_a_method_of_its_own_and_comes_with_its_type() {
        let jwt = assertion(r#"{"sub":"web"}"#);
        let both = format!(
            "client_assertion={jwt}&client_assertion_type={}",
            client_assertion::TYPE
        );
        let basic = header("web:s");
        assert_eq!(error(None, &both), None);
        for (header, text, expected) in [
            (Some(&*basic), both.clone(), "invalid_request"),
            (
                None,
                format!("{both}&client_secret=s&client_id=web"),
                "invalid_request",
            ),
            (
                None,
                format!("{both}&client_assertion={jwt}"),
                "invalid_request",
            ),
            (None, format!("client_assertion={jwt}"), "invalid_request"),
            (
                None,
                format!("client_assertion_type={}", client_assertion::TYPE),
                "invalid_request",
            ),
            (
                Some(&*basic),
                format!("client_assertion_type={}", client_assertion::TYPE),
                "invalid_request",
            ),
            (
                None,
                format!("client_assertion={jwt}&client_assertion_type=urn:x"),
                "invalid_client",
            ),
            (None, both.replace(&jwt, "a.b.c"), "invalid_client"),
        ] {
            assert_eq!(error(header, &text), Some(expected), "{text}");
        }
    }

    #[test]
    fn tk_04_assertion_and_body_must_name_the_same_client() {
        let kind = client_assertion::TYPE;
        let with = |claims: &str, id: &str| {
            let jwt = assertion(claims);
            let text =
                format!("client_assertion={jwt}&client_assertion_type={kind}&client_id={id}");
            error(None, &text)
        };
        assert_eq!(with(r#"{"sub":"web"}"#, "web"), None);
        assert_eq!(with(r#"{"sub":"web"}"#, ""), None);
        assert_eq!(with(r#"{"sub":"web"}"#, "other"), Some("invalid_client"));
        assert_eq!(with(r#"{"sub":7}"#, "web"), Some("invalid_client"));
        assert_eq!(with("{}", "web"), Some("invalid_client"));
    }

    #[test]
    fn tk_17_a_secret_past_its_end_does_not_authenticate() {
        let now = Timestamp::from_seconds(100);
        let secret = ClientSecret::generate(&SeededEntropy::new(1));
        let record = ClientSecretRecord {
            digest: secret.digest(),
            created_at: now,
            expires_at: Some(now),
            sealed: None,
        };
        let empty = form("");
        let basic = presented(Some(&header(&format!("web:{}", secret.reveal()))), &empty)
            .unwrap()
            .proof;
        assert!(!proves(
            &basic,
            &web("https://a.example/"),
            std::slice::from_ref(&record),
            now
        ));
    }
}
