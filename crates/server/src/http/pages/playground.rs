use askama::Template;

use super::dev::DevPlace;
use super::{Notice, Page, Stamp};

/// `/_dev/playground`: the demo client before its sign-in. Dev mode only.
#[derive(Debug, Template)]
#[template(path = "playground.html")]
pub struct PlaygroundPage {
    /// Frame.
    pub page: Page,
    /// Name of the demo client.
    pub app: String,
    /// Its id.
    pub client_id: String,
    /// Where its answer goes.
    pub redirect_uri: String,
    /// What it asks for.
    pub scope: String,
}

/// What the demo client got, and whether it believes it.
#[derive(Debug, Template)]
#[template(path = "playground_result.html")]
pub struct PlaygroundResultPage {
    /// Frame.
    pub page: Page,
    /// `error` and `error_description`, if the answer was no.
    pub refusal: Option<(String, String)>,
    /// What was checked.
    pub checks: Vec<Check>,
    /// What was received.
    pub tokens: Vec<ShownToken>,
}

/// One check of the demo client.
#[derive(Debug, Clone)]
pub struct Check {
    /// Which.
    pub kind: CheckKind,
    /// Whether it held.
    pub passed: bool,
    /// What was found; may be empty.
    pub found: String,
}

/// What a client checks (OpenID Connect Core §3.1.3.7, RFC 9207, RFC 9068).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckKind {
    /// `state` came back.
    State,
    /// `iss` of the answer is the issuer.
    AnswerIssuer,
    /// The signature belongs to a key of the issuer.
    Signature,
    /// `iss` is the issuer.
    Issuer,
    /// `aud` is the client.
    Audience,
    /// `exp` and `iat` fit the present.
    Lifetime,
    /// `nonce` is the one that was sent.
    Nonce,
    /// `at_hash` fits the access token.
    AccessTokenHash,
    /// The access token is an RFC 9068 JWT of the issuer.
    AccessToken,
    /// Userinfo speaks of the same `sub`.
    UserinfoSubject,
}

impl CheckKind {
    /// Every check.
    pub const ALL: [Self; 10] = [
        Self::State,
        Self::AnswerIssuer,
        Self::Signature,
        Self::Issuer,
        Self::Audience,
        Self::Lifetime,
        Self::Nonce,
        Self::AccessTokenHash,
        Self::AccessToken,
        Self::UserinfoSubject,
    ];

    const fn key(self) -> &'static str {
        match self {
            Self::State => "check-state",
            Self::AnswerIssuer => "check-answer-issuer",
            Self::Signature => "check-signature",
            Self::Issuer => "check-issuer",
            Self::Audience => "check-audience",
            Self::Lifetime => "check-lifetime",
            Self::Nonce => "check-nonce",
            Self::AccessTokenHash => "check-at-hash",
            Self::AccessToken => "check-access-token",
            Self::UserinfoSubject => "check-userinfo",
        }
    }
}

impl Check {
    const fn stamp(&self) -> Stamp {
        if self.passed {
            Stamp::Pass
        } else {
            Stamp::Stop
        }
    }

    const fn result_key(&self) -> &'static str {
        if self.passed {
            "check-passed"
        } else {
            "check-failed"
        }
    }
}

/// Something received, decoded.
#[derive(Debug, Clone)]
pub struct ShownToken {
    /// What it is.
    pub kind: TokenKind,
    /// The header of a JWT, as indented JSON.
    pub header: Option<String>,
    /// The claims, as indented JSON, or the value itself if it is opaque.
    pub body: String,
}

/// What was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// The ID token.
    Id,
    /// The access token.
    Access,
    /// The refresh token.
    Refresh,
    /// The answer of userinfo.
    Userinfo,
}

impl TokenKind {
    const fn key(self) -> &'static str {
        match self {
            Self::Id => "token-id",
            Self::Access => "token-access",
            Self::Refresh => "token-refresh",
            Self::Userinfo => "token-userinfo",
        }
    }
}

impl ShownToken {
    fn parts(&self) -> Vec<(&'static str, &str)> {
        let header = self
            .header
            .as_deref()
            .map(|header| ("token-header", header));
        let body = if self.header.is_some() {
            "token-claims"
        } else {
            "token-value"
        };
        header
            .into_iter()
            .chain([(body, self.body.as_str())])
            .collect()
    }
}

#[expect(clippy::unused_self, reason = "called by the template")]
impl PlaygroundPage {
    const fn place(&self) -> DevPlace {
        DevPlace::Playground
    }
}

impl PlaygroundResultPage {
    #[expect(clippy::unused_self, reason = "called by the template")]
    const fn place(&self) -> DevPlace {
        DevPlace::Playground
    }

    fn is_error(&self) -> bool {
        self.refusal.is_some() || self.checks.iter().any(|check| !check.passed)
    }

    fn notice(&self) -> Notice {
        let words = self.page.words();
        if let Some((error, description)) = &self.refusal {
            let heading = words.with("playground-refused", &[("error", error)]);
            return Notice::new(Stamp::Stop, heading).saying(description.clone());
        }
        if self.is_error() {
            return Notice::new(Stamp::Stop, words.t("playground-failed"));
        }
        Notice::new(Stamp::Pass, words.t("playground-passed"))
            .saying(words.t("playground-passed-hint"))
    }
}
