//! What a caller is told who does not come in: RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3, and where to read
//! more (RFC 9728 §5.1).

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::WWW_AUTHENTICATE;
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use crate::gate::StepUp;
use crate::proof::ALGORITHMS;

/// How a token is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Bearer,
    Dpop,
}

#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    NoToken,
    Malformed,
    InvalidToken(Scheme),
    InvalidProof(&'static str),
    InsufficientScope(Scheme, &'static str),
    SignInAgain(Scheme, StepUp),
    Unavailable,
}

/// A refusal, and the address of the metadata that every challenge names.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) why: Refusal,
    pub(crate) metadata: String,
}

impl Refusal {
    const fn code(&self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::Malformed => "invalid_request",
            Self::InvalidToken(_) => "invalid_token",
            Self::InvalidProof(_) => "invalid_dpop_proof",
            Self::InsufficientScope(..) => "insufficient_scope",
            Self::SignInAgain(..) => "insufficient_user_authentication",
            Self::Unavailable => "temporarily_unavailable",
        }
    }
}

impl Refused {
    /// The challenges. Who sent no token is shown every way in, without an error code.
    fn challenges(&self) -> Vec<String> {
        match &self.why {
            Refusal::NoToken => vec![
                self.challenge(Scheme::Bearer, &[]),
                self.challenge(Scheme::Dpop, &[]),
            ],
            Refusal::Malformed => vec![self.with_error(Scheme::Bearer, &[])],
            Refusal::InvalidToken(scheme) => vec![self.with_error(*scheme, &[])],
            Refusal::InvalidProof(why) => {
                vec![self.with_error(Scheme::Dpop, &[("error_description", why)])]
            }
            Refusal::InsufficientScope(scheme, scope) => {
                vec![self.with_error(*scheme, &[("scope", scope)])]
            }
            Refusal::SignInAgain(scheme, wanted) => {
                let max_age = wanted.max_age.to_string();
                let more = [("acr_values", &*wanted.acr_values), ("max_age", &max_age)];
                vec![self.with_error(*scheme, &more)]
            }
            Refusal::Unavailable => Vec::new(),
        }
    }

    fn with_error(&self, scheme: Scheme, more: &[(&str, &str)]) -> String {
        let error = [("error", self.why.code())];
        self.challenge(scheme, &[&error, more].concat())
    }

    fn challenge(&self, scheme: Scheme, more: &[(&str, &str)]) -> String {
        let algorithms = ALGORITHMS.map(|(name, _)| name).join(" ");
        let (name, algorithms) = match scheme {
            Scheme::Bearer => ("Bearer", None),
            Scheme::Dpop => ("DPoP", Some(("algs", &*algorithms))),
        };
        let mut challenge = format!("{name} realm=\"orders\"");
        let metadata = Some(("resource_metadata", &*self.metadata));
        for (member, value) in more.iter().copied().chain(algorithms).chain(metadata) {
            challenge.push_str(&format!(", {member}=\"{value}\""));
        }
        challenge
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.why {
            Refusal::NoToken => "an access token is needed",
            Refusal::Malformed => "the Authorization header cannot be read",
            Refusal::InvalidToken(_) => "the access token does not count here",
            Refusal::InvalidProof(why) => why,
            Refusal::InsufficientScope(..) => "the access token allows other things",
            Refusal::SignInAgain(..) => "the person has to sign in again, or better",
            Refusal::Unavailable => "access tokens cannot be checked at the moment",
        })
    }
}

impl ResponseError for Refused {
    fn status_code(&self) -> StatusCode {
        match self.why {
            Refusal::Malformed => StatusCode::BAD_REQUEST,
            Refusal::NoToken
            | Refusal::InvalidToken(_)
            | Refusal::InvalidProof(_)
            | Refusal::SignInAgain(..) => StatusCode::UNAUTHORIZED,
            Refusal::InsufficientScope(..) => StatusCode::FORBIDDEN,
            Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        for challenge in self.challenges() {
            response.append_header((WWW_AUTHENTICATE, challenge));
        }
        let (error, description) = (self.why.code(), self.to_string());
        response.json(json!({"error": error, "error_description": description}))
    }
}
