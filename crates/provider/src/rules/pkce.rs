//! Proof key for code exchange, S256 only (RFC 7636; decisions: PKCE).

use sekisho_model::{Client, Digest};

use super::parameters::Parameters;

/// Why a request's PKCE parameters are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PkceRefusal {
    /// The client must send a challenge (PK-01).
    Missing,
    /// Only `S256` is accepted; a missing method means `plain`.
    Method,
    /// Not 43 base64url characters (PK-02).
    Challenge,
}

impl PkceRefusal {
    /// What the client reads.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Missing => "code_challenge is required",
            Self::Method => "code_challenge_method must be S256",
            Self::Challenge => "code_challenge must be 43 base64url characters",
        }
    }
}

/// RFC 7636 §4.3, §4.4.1: the challenge of an authorization request.
pub fn challenge(client: &Client, request: &Parameters) -> Result<Option<String>, PkceRefusal> {
    let challenge = request.first("code_challenge");
    let method = request.first("code_challenge_method");
    match (challenge, method) {
        (None, None) if !client.require_pkce && !client.is_public() && !client.is_fapi() => {
            Ok(None)
        }
        (None, None | Some(_)) => Err(PkceRefusal::Missing),
        (Some(_), None) => Err(PkceRefusal::Method),
        (Some(_), Some(method)) if method != "S256" => Err(PkceRefusal::Method),
        (Some(challenge), Some(_)) => {
            let canonical = Digest::from_base64url(challenge).map(|d| d.to_base64url());
            (canonical.as_deref() == Some(challenge))
                .then(|| Some(challenge.to_owned()))
                .ok_or(PkceRefusal::Challenge)
        }
    }
}

/// RFC 7636 §4.6: whether the verifier fits the challenge; neither may stand alone (PK-03).
pub fn verifies(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            let well_formed = (43..=128).contains(&verifier.len())
                && verifier
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
            // PK-04: `Digest` compares in constant time.
            well_formed
                && Digest::from_base64url(challenge) == Some(Digest::of(verifier.as_bytes()))
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::client_metadata::sample::{public, web};

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn ask(client: &Client, query: &str) -> Result<Option<String>, PkceRefusal> {
        challenge(client, &Parameters::decode(query.as_bytes()))
    }

    #[test]
    fn pk_01_s256_is_required_and_plain_is_not_enough() {
        let strict = web("https://a.example/");
        assert_eq!(ask(&strict, ""), Err(PkceRefusal::Missing));
        assert_eq!(
            ask(&strict, "code_challenge_method=S256"),
            Err(PkceRefusal::Missing)
        );
        let with = format!("code_challenge={CHALLENGE}");
        assert_eq!(ask(&strict, &with), Err(PkceRefusal::Method));
        assert_eq!(
            ask(&strict, &format!("{with}&code_challenge_method=plain")),
            Err(PkceRefusal::Method)
        );
        assert_eq!(
            ask(&strict, &format!("{with}&code_challenge_method=S256")),
            Ok(Some(CHALLENGE.into()))
        );
    }

    #[test]
    fn pk_01_a_switch_frees_confidential_clients_and_never_public_ones() {
        let mut client = web("https://a.example/");
        client.require_pkce = false;
        assert_eq!(ask(&client, ""), Ok(None));
        let mut client = public("https://a.example/");
        client.require_pkce = false;
        assert_eq!(ask(&client, ""), Err(PkceRefusal::Missing));
    }

    #[test]
    fn pk_02_the_challenge_has_43_base64url_characters() {
        let client = web("https://a.example/");
        for bad in [
            CHALLENGE.trim_end_matches('M'),
            &format!("{CHALLENGE}A"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN",
        ] {
            let query = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("code_challenge", bad)
                .append_pair("code_challenge_method", "S256")
                .finish();
            assert_eq!(ask(&client, &query), Err(PkceRefusal::Challenge), "{bad}");
        }
    }

    #[test]
    fn pk_03_pk_04_verifier_and_challenge_go_together_to_the_last_byte() {
        assert!(verifies(Some(CHALLENGE), Some(VERIFIER)));
        assert!(verifies(None, None));
        assert!(!verifies(Some(CHALLENGE), None));
        assert!(!verifies(None, Some(VERIFIER)));
        assert!(!verifies(Some(CHALLENGE), Some(&format!("{VERIFIER} "))));
        assert!(!verifies(Some(CHALLENGE), Some(CHALLENGE)));
        assert!(!verifies(Some(CHALLENGE), Some("short")));
    }
}
