//! Client authentication (RFC 6749 §2.3, OpenID Connect Core §9; TK-02..04, TK-17, ENU-07).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use sekisho_model::{Client, ClientAuthentication, ClientSecret, ClientSecretRecord, Timestamp};

use super::oauth_error::{HeaderUsed, TokenError};
use super::parameters::Parameters;

/// What a request presents to prove which client it is.
#[derive(Debug)]
pub struct Presented {
    /// The `client_id` it claims.
    pub client_id: String,
    /// By which method.
    pub method: ClientAuthentication,
    /// The secret, for the two secret methods.
    pub secret: Option<ClientSecret>,
}

impl Presented {
    /// How a failure is answered.
    pub fn failure(&self) -> TokenError {
        TokenError::InvalidClient(match self.method {
            ClientAuthentication::ClientSecretBasic => HeaderUsed::Yes,
            ClientAuthentication::ClientSecretPost
            | ClientAuthentication::PrivateKeyJwt
            | ClientAuthentication::ClientSecretJwt
            | ClientAuthentication::TlsClientAuth
            | ClientAuthentication::SelfSignedTlsClientAuth
            | ClientAuthentication::None => HeaderUsed::No,
        })
    }
}

/// Reads the one authentication of a request: the `Authorization` header or the form (TK-02).
pub fn presented(header: Option<&str>, form: &Parameters) -> Result<Presented, TokenError> {
    let repeated = TokenError::InvalidRequest("a parameter is repeated");
    let id = form.single("client_id").map_err(|_repeated| repeated)?;
    let secret = form.single("client_secret").map_err(|_repeated| repeated)?;
    match (header, secret) {
        (Some(_), Some(_)) => Err(TokenError::InvalidRequest(
            "use one client authentication method, not two",
        )),
        (Some(header), None) => {
            let basic = basic(header).ok_or(TokenError::InvalidClient(HeaderUsed::Yes))?;
            if id.is_some_and(|id| id != basic.client_id) {
                // TK-04: header and body must agree.
                return Err(TokenError::InvalidClient(HeaderUsed::Yes));
            }
            Ok(basic)
        }
        (None, secret) => {
            let client_id = id
                .ok_or(TokenError::InvalidClient(HeaderUsed::No))?
                .to_owned();
            let method = match secret {
                Some(_) => ClientAuthentication::ClientSecretPost,
                None => ClientAuthentication::None,
            };
            let secret = match secret {
                Some(text) => Some(
                    ClientSecret::presented(text)
                        .ok_or(TokenError::InvalidClient(HeaderUsed::No))?,
                ),
                None => None,
            };
            Ok(Presented {
                client_id,
                method,
                secret,
            })
        }
    }
}

/// RFC 6749 §2.3.1: id and secret are form-encoded, joined by a colon, base64. Decoded strictly, once
/// (TK-03).
fn basic(header: &str) -> Option<Presented> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > 4096 {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some(Presented {
        client_id: form_decoded(id)?,
        method: ClientAuthentication::ClientSecretBasic,
        secret: Some(ClientSecret::presented(&form_decoded(secret)?)?),
    })
}

fn form_decoded(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('%') {
        let digits = after.get(..2)?;
        digits
            .bytes()
            .all(|b| b.is_ascii_hexdigit())
            .then_some(())?;
        rest = after.get(2..)?;
    }
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// Whether what was presented proves that the caller is `client`: the registered method and, for
/// secrets, one that is still valid. Every stored secret is compared, each in constant time.
pub fn proves(
    presented: &Presented,
    client: &Client,
    secrets: &[ClientSecretRecord],
    now: Timestamp,
) -> bool {
    if client.disabled || presented.method != client.token_endpoint_auth_method {
        return false;
    }
    match &presented.secret {
        None => client.is_public(),
        Some(secret) => {
            let digest = secret.digest();
            secrets
                .iter()
                .filter(|record| record.expires_at.is_none_or(|end| now < end))
                .fold(false, |found, record| (record.digest == digest) | found)
        }
    }
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
        let got = presented(
            Some(&header("web:s")),
            &form("client_id=web&client_secret=s"),
        );
        assert_eq!(got.unwrap_err().code(), "invalid_request");
    }

    #[test]
    fn tk_03_basic_is_decoded_once_and_strictly() {
        let got = presented(Some(&header("we%3Ab:a%2Bb+c%25")), &form(""));
        // A space cannot be in one of our secrets.
        assert!(got.is_err());
        let got = presented(Some(&header("we%3Ab:a%2Bb%25")), &form("")).unwrap();
        assert_eq!(
            (got.client_id.as_str(), got.secret.unwrap().reveal()),
            ("we:b", "a+b%")
        );
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
        let basic = presented(
            Some(&header(&format!("web:{}", secret.reveal()))),
            &form(""),
        )
        .unwrap();
        let post = presented(
            None,
            &form(&format!("client_id=web&client_secret={}", secret.reveal())),
        )
        .unwrap();
        let none = presented(None, &form("client_id=web")).unwrap();
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
        let basic = presented(
            Some(&header(&format!("web:{}", secret.reveal()))),
            &form(""),
        )
        .unwrap();
        assert!(!proves(
            &basic,
            &web("https://a.example/"),
            std::slice::from_ref(&record),
            now
        ));
    }
}
