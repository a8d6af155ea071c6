//! Who comes in: the token, what it is bound to, what it allows, how well its person signed in.

use std::error::Error;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;
use url::Url;

use crate::certificate::Certificates;
use crate::issuer_keys::IssuerKeys;
use crate::metadata;
use crate::proof::{Call, Proofs};
use crate::refusal::{Refusal, Refused, Scheme};

/// Lets in who has a token for this API.
pub(crate) struct Gate {
    pub(crate) issuer: String,
    /// This API's name in tokens, byte for byte.
    pub(crate) audience: String,
    pub(crate) certificates: Certificates,
    address: Url,
    metadata_address: Url,
    step_up: StepUp,
    keys: IssuerKeys,
    proofs: Proofs,
}

/// The sign-in that some acts need (RFC 9470).
#[derive(Debug, Clone)]
pub(crate) struct StepUp {
    /// What `acr` of the token may be, with a space between them.
    pub(crate) acr_values: String,
    /// How long ago the person may have signed in, in seconds.
    pub(crate) max_age: i64,
}

/// Who calls, and how the token was presented.
pub(crate) struct Caller {
    pub(crate) claims: Claims,
    scheme: Scheme,
}

/// What this API wants to know from a token (RFC 9068 §2.2). `jsonwebtoken` checks `iss`, `aud`, `exp`, `nbf`.
#[derive(Clone, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    pub(crate) client_id: String,
    #[serde(default)]
    scope: String,
    acr: Option<String>,
    auth_time: Option<i64>,
    #[serde(default)]
    cnf: Binding,
}

/// What a token is bound to (RFC 7800). A kind of binding that is not known here cannot be checked, so
/// such a token is refused as a whole.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Binding {
    /// The key that signs proofs (RFC 9449 §6.1).
    jkt: Option<String>,
    /// The certificate of the connection (RFC 8705 §3.1).
    #[serde(rename = "x5t#S256")]
    certificate: Option<String>,
}

impl Gate {
    pub(crate) fn new(
        issuer: &str,
        audience: &str,
        step_up: StepUp,
        proxy: Option<IpAddr>,
    ) -> Result<Self, Box<dyn Error>> {
        let address = Url::parse(audience)?;
        if address.cannot_be_a_base() || address.query().or(address.fragment()).is_some() {
            return Err("AUDIENCE: use the address of this API, without ? and #".into());
        }
        if step_up.acr_values.contains(['"', '\\']) {
            return Err("ACR_VALUES: names without quotation marks".into());
        }
        Ok(Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            certificates: Certificates { proxy },
            metadata_address: metadata::address_for(&address),
            address,
            step_up,
            keys: IssuerKeys::of(issuer)?,
            proofs: Proofs::since(now()),
        })
    }

    /// Where apps read about this API (RFC 9728 §3).
    pub(crate) fn metadata_address(&self) -> &Url {
        &self.metadata_address
    }

    /// The caller, if the token counts here and allows `scope`.
    pub(crate) async fn admit(
        &self,
        request: &HttpRequest,
        scope: &'static str,
    ) -> Result<Caller, Refused> {
        let judged = self.judge(request, scope).await;
        judged.map_err(|why| self.refused(why))
    }

    /// RFC 9470 §3: the person has to have signed in lately, and well. Machines never have.
    pub(crate) fn insist_on_sign_in(&self, caller: &Caller) -> Result<(), Refused> {
        let wanted = &self.step_up;
        let reached = caller.claims.acr.as_deref();
        let well = wanted.acr_values.split(' ').any(|acr| Some(acr) == reached);
        let signed_in = caller.claims.auth_time;
        let lately = signed_in.is_some_and(|then| now().saturating_sub(then) <= wanted.max_age);
        if well && lately {
            Ok(())
        } else {
            Err(self.refused(Refusal::SignInAgain(caller.scheme, wanted.clone())))
        }
    }

    fn refused(&self, why: Refusal) -> Refused {
        Refused {
            why,
            metadata: self.metadata_address.to_string(),
        }
    }

    async fn judge(&self, request: &HttpRequest, scope: &'static str) -> Result<Caller, Refusal> {
        let (scheme, token) = presented(request)?;
        let claims = self
            .verify(token)
            .await?
            .ok_or(Refusal::InvalidToken(scheme))?;
        self.check_binding(request, scheme, token, &claims.cnf)?;
        if claims.scope.split(' ').any(|granted| granted == scope) {
            Ok(Caller { claims, scheme })
        } else {
            Err(Refusal::InsufficientScope(scheme, scope))
        }
    }

    /// RFC 9068 §4. The algorithm is ours to choose, not the token's: ES256 and nothing else. `None` is
    /// a token that does not count here, whatever the cause.
    async fn verify(&self, token: &str) -> Result<Option<Claims>, Refusal> {
        let Ok(header) = decode_header(token) else {
            return Ok(None);
        };
        // An ID token is no access token, though the same issuer signed it.
        let typ = header.typ.as_deref().map(str::to_ascii_lowercase);
        let is_access_token = matches!(typ.as_deref(), Some("at+jwt" | "application/at+jwt"));
        let is_plain = header.crit.is_none();
        let Some(kid) = header.kid.filter(|_| is_access_token && is_plain) else {
            return Ok(None);
        };
        let Some(key) = self.keys.find(&kid).await? else {
            return Ok(None);
        };
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_issuer(&[&self.issuer]);
        rules.set_audience(&[&self.audience]);
        rules.set_required_spec_claims(&["iss", "aud", "exp", "sub"]);
        rules.validate_nbf = true;
        rules.leeway = 5;
        Ok(decode::<Claims>(token, &key, &rules)
            .ok()
            .map(|token| token.claims))
    }

    /// Whoever holds a bound token has to show what it is bound to.
    fn check_binding(
        &self,
        request: &HttpRequest,
        scheme: Scheme,
        token: &str,
        binding: &Binding,
    ) -> Result<(), Refusal> {
        match (scheme, &binding.jkt) {
            (Scheme::Bearer, None) => {}
            (Scheme::Dpop, Some(key)) => {
                let mut address = self.address.clone();
                address.set_path(request.uri().path());
                let call = Call {
                    method: request.method().as_str(),
                    address: &address,
                    token,
                    key,
                    now: now(),
                };
                self.proofs.check(request, &call)?;
            }
            // RFC 9449 §7.2: a bound token is no bearer token, and a bearer token has no key.
            (Scheme::Bearer, Some(_)) | (Scheme::Dpop, None) => {
                return Err(Refusal::InvalidToken(scheme));
            }
        }
        match &binding.certificate {
            Some(wanted) if self.certificates.thumbprint(request).as_ref() != Some(wanted) => {
                Err(Refusal::InvalidToken(scheme))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// RFC 6750 §2.1, RFC 9449 §7.1: from the header only. A token in the address ends up in logs.
fn presented(request: &HttpRequest) -> Result<(Scheme, &str), Refusal> {
    let mut all = request.headers().get_all(AUTHORIZATION);
    let header = all.next().ok_or(Refusal::NoToken)?;
    if all.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let header = header.to_str().map_err(|_not_ascii| Refusal::Malformed)?;
    let (scheme, token) = header.split_once(' ').ok_or(Refusal::Malformed)?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Scheme::Bearer,
        "dpop" => Scheme::Dpop,
        _ => return Err(Refusal::NoToken),
    };
    Ok((scheme, token.trim()))
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().cast_signed())
}
