//! Signing in on another device (RFC 8628): the codes, and the states one request goes through.
//!
//! ```text
//!             polled too fast: slow_down, the interval grows
//!               ┌────┐
//!               ▼    │
//!   begin ──► Pending ── the person allows ──► Allowed ── first poll ──► tokens; then nothing
//!               │  └──── the person denies ──► Denied: access_denied
//!               └─────── ten minutes ────────► expired_token
//! ```

use std::time::Duration;

use sekisho_model::{
    AuthenticationMethod, Client, ClientId, Digest, Epoch, GrantType, ScopeSet, Timestamp,
};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

use super::oauth_error::TokenError;
use super::parameters::Parameters;
use super::sign_in::SessionFacts;

/// How long a person has to allow the device (RFC 8628 §3.2 `expires_in`).
pub const LIFE: Duration = Duration::from_mins(10);

/// How long a request is remembered, so that too late is told from never heard of.
pub const REMEMBERED_FOR: Duration = Duration::from_mins(20);

/// Seconds between two polls at first (RFC 8628 §3.2 `interval`).
pub const INTERVAL: u64 = 5;

/// How much sooner than the interval a poll may come: networks are not even.
const EARLY: Duration = Duration::from_secs(1);

/// Letters that make no words and are not mistaken for digits (RFC 8628 §6.1).
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// How many letters a user code has.
const LENGTH: usize = 8;

/// The code a person reads off the device: eight letters, some 34 bits (THR-17).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// How many there are.
    pub const ALL: u64 = 25_600_000_000;

    /// The code of a number below [`Self::ALL`].
    pub fn of(number: u64) -> Self {
        let mut rest = number;
        let mut text = String::with_capacity(LENGTH);
        for _ in 0..LENGTH {
            let place = usize::try_from(rest % 20).unwrap_or_default();
            text.extend(ALPHABET.get(place).map(|letter| char::from(*letter)));
            rest /= 20;
        }
        Self(text)
    }

    /// Reads what a person typed: in any case and width, with blanks and dashes anywhere (RFC 8628
    /// §6.1).
    pub fn read(typed: &str) -> Option<Self> {
        if typed.len() > 256 {
            return None;
        }
        let text: String = typed
            .nfkc()
            .filter(|c| !c.is_whitespace() && !is_dash(*c))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let letters = text.bytes().all(|b| ALPHABET.contains(&b));
        (letters && text.len() == LENGTH).then_some(Self(text))
    }

    /// As devices and pages show it: `BCDF-GHJK`.
    pub fn shown(&self) -> String {
        let (first, second) = self.0.split_at_checked(LENGTH / 2).unwrap_or_default();
        format!("{first}-{second}")
    }

    /// The letters alone.
    pub fn letters(&self) -> &str {
        &self.0
    }
}

fn is_dash(c: char) -> bool {
    matches!(
        c,
        '-' | '_' | '.' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}'
    )
}

/// How far a request got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Nobody has decided.
    Pending,
    /// The person said yes; the grant waits for the device.
    Allowed,
    /// The person said no.
    Denied,
}

/// What a device asked for, and what became of it. Parked under the digest of its device code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// What is asked, as far as the client may ask it.
    pub scope: ScopeSet,
    /// For which resources (RFC 8707).
    pub resources: Vec<String>,
    /// The address the device asked from.
    pub ip: String,
    /// How the device describes itself.
    pub user_agent: String,
    /// When it began.
    pub began_at: Timestamp,
    /// The epoch it began under (SES-09).
    pub epoch: Epoch,
    /// Seconds between two polls.
    pub interval: u64,
    /// When the device last asked.
    pub polled_at: Option<Timestamp>,
    /// How far it got.
    pub stage: Stage,
}

/// What a poll gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poll {
    /// An error; the request changed and is written back.
    Later(TokenError),
    /// An error for good.
    Never(TokenError),
    /// The grant, for the first who takes it.
    Take,
}

impl DeviceRequest {
    /// Until when it can be allowed and polled.
    pub fn expires_at(&self) -> Timestamp {
        self.began_at + LIFE
    }

    /// How long it is still remembered.
    pub fn left(&self, now: Timestamp) -> Duration {
        (self.began_at + REMEMBERED_FOR).since(now)
    }

    /// RFC 8628 §3.5.
    pub fn poll(&mut self, now: Timestamp) -> Poll {
        if now >= self.expires_at() {
            return Poll::Never(TokenError::ExpiredToken);
        }
        match self.stage {
            Stage::Denied => Poll::Never(TokenError::AccessDenied),
            Stage::Allowed => Poll::Take,
            Stage::Pending => {
                let wait = Duration::from_secs(self.interval).saturating_sub(EARLY);
                let too_fast = self.polled_at.is_some_and(|last| now.since(last) < wait);
                self.polled_at = Some(now);
                if too_fast {
                    self.interval = self.interval.saturating_add(INTERVAL);
                    return Poll::Later(TokenError::SlowDown);
                }
                Poll::Later(TokenError::AuthorizationPending)
            }
        }
    }

    /// Whether a person can still decide.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.stage == Stage::Pending && now < self.expires_at()
    }
}

/// What a client may ask for its device: scope as at the authorization endpoint (AZ-11), its own
/// resources (RFC 8707 §2).
pub fn read(client: &Client, form: &Parameters) -> Result<(ScopeSet, Vec<String>), TokenError> {
    if !may_ask(client) {
        return Err(TokenError::UnauthorizedClient);
    }
    if form.first("authorization_details").is_some() {
        return Err(TokenError::InvalidAuthorizationDetails(
            "devices cannot ask for authorization_details",
        ));
    }
    let asked = ScopeSet::parse(form.first("scope").unwrap_or_default())
        .map_err(|_malformed| TokenError::InvalidScope)?;
    let mut scope = asked.common(&client.scope);
    if !client.may_use(GrantType::RefreshToken) {
        scope = scope.without("offline_access");
    }
    if scope.is_empty() {
        return Err(TokenError::InvalidScope);
    }
    let mut resources: Vec<String> = form
        .all("resource")
        .filter(|resource| !resource.is_empty())
        .map(str::to_owned)
        .collect();
    resources.sort();
    resources.dedup();
    let known = |resource: &String| {
        client.resources.contains(resource) || client.default_resource.as_ref() == Some(resource)
    };
    if resources.iter().all(known) {
        Ok((scope, resources))
    } else {
        Err(TokenError::InvalidTarget)
    }
}

/// TK-12. What a device asks is neither pushed nor signed, so clients held to either cannot.
pub fn may_ask(client: &Client) -> bool {
    client.may_use(GrantType::DeviceCode) && !client.is_fapi() && !client.must_sign_requests()
}

/// Whether the session is good enough to allow `client` (SES-12): fresh if the client always asks
/// for that, with the second step if it requires that.
pub fn session_suffices(session: SessionFacts<'_>, client: &Client, now: Timestamp) -> bool {
    let fresh = client
        .default_max_age
        .is_none_or(|limit| now.since(session.auth_time) <= Duration::from_secs(limit));
    let strong =
        !client.require_second_step || AuthenticationMethod::prove_second_step(session.methods);
    fresh && strong
}

/// What a device code is stored under. An authorization code never has this digest: it cannot be
/// redeemed as a device code, nor the other way round.
pub fn storage_digest(device_code: &Digest) -> Digest {
    Digest::of(&[b"device code ".as_slice(), device_code.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::client_metadata::sample::web;

    const BEGAN: Timestamp = Timestamp::from_seconds(10_000);

    fn after(seconds: u64) -> Timestamp {
        BEGAN + Duration::from_secs(seconds)
    }

    fn request() -> DeviceRequest {
        DeviceRequest {
            client_id: ClientId::new("tv"),
            scope: ScopeSet::parse("openid").unwrap(),
            resources: vec![],
            ip: "192.0.2.1".to_owned(),
            user_agent: String::new(),
            began_at: BEGAN,
            epoch: Epoch(0),
            interval: INTERVAL,
            polled_at: None,
            stage: Stage::Pending,
        }
    }

    fn device() -> Client {
        let mut client = web("https://app.example/cb");
        client.grant_types = vec![GrantType::DeviceCode, GrantType::RefreshToken];
        client.resources = vec!["https://api.example".to_owned()];
        client
    }

    fn asked(text: &str) -> Result<(String, Vec<String>), TokenError> {
        read(&device(), &Parameters::decode(text.as_bytes()))
            .map(|(scope, resources)| (scope.to_string(), resources))
    }

    #[test]
    fn thr_17_every_number_is_a_code_of_eight_letters() {
        assert_eq!(UserCode::of(0).shown(), "BBBB-BBBB");
        assert_eq!(UserCode::of(UserCode::ALL - 1).shown(), "ZZZZ-ZZZZ");
        assert_eq!(UserCode::ALL, 20_u64.pow(8));
        for number in [1, 19, 20, 12_345_678_901] {
            let code = UserCode::of(number);
            assert_eq!(UserCode::read(&code.shown()), Some(code));
        }
    }

    #[test]
    fn rfc_8628_6_1_case_width_blanks_and_dashes_do_not_matter() {
        let code = UserCode::read("WDJBMJHT").unwrap();
        for typed in [
            "wdjb-mjht",
            " WDJB MJHT ",
            "ＷＤＪＢ－ｍｊｈｔ",
            "w d j b\u{2013}mjht",
        ] {
            assert_eq!(UserCode::read(typed).as_ref(), Some(&code), "{typed}");
        }
        for typed in [
            "",
            "WDJB",
            "WDJBMJHTT",
            "WDJBMJHA",
            "0DJBMJHT",
            "日本語日本語日本",
            &"W".repeat(300),
        ] {
            assert_eq!(UserCode::read(typed), None, "{typed}");
        }
    }

    #[test]
    fn rfc_8628_3_5_polls_in_time_wait_and_polls_too_fast_slow_down() {
        let mut request = request();
        assert_eq!(
            request.poll(after(1)),
            Poll::Later(TokenError::AuthorizationPending)
        );
        assert_eq!(request.poll(after(2)), Poll::Later(TokenError::SlowDown));
        assert_eq!(request.interval, 10, "each slow_down adds five seconds");
        assert_eq!(request.poll(after(8)), Poll::Later(TokenError::SlowDown));
        assert_eq!(request.interval, 15);
        assert_eq!(
            request.poll(after(23)),
            Poll::Later(TokenError::AuthorizationPending)
        );
    }

    #[test]
    fn rfc_8628_3_5_a_decision_ends_the_waiting_and_time_ends_everything() {
        let mut request = request();
        request.stage = Stage::Denied;
        assert_eq!(
            request.poll(after(9)),
            Poll::Never(TokenError::AccessDenied)
        );
        request.stage = Stage::Allowed;
        assert_eq!(request.poll(after(9)), Poll::Take);
        assert!(!request.is_open(after(9)));
        assert_eq!(
            request.poll(after(600)),
            Poll::Never(TokenError::ExpiredToken)
        );
        request.stage = Stage::Pending;
        assert!(request.is_open(after(599)) && !request.is_open(after(600)));
        assert_eq!(
            request.poll(after(600)),
            Poll::Never(TokenError::ExpiredToken)
        );
    }

    #[test]
    fn az_11_a_device_asks_as_at_the_authorization_endpoint() {
        let ok = asked("scope=openid+orders&resource=https%3A%2F%2Fapi.example");
        let resource = "https://api.example".to_owned();
        assert_eq!(ok, Ok(("openid".to_owned(), vec![resource])));
        assert_eq!(asked(""), Err(TokenError::InvalidScope));
        assert_eq!(asked("scope=orders"), Err(TokenError::InvalidScope));
        let foreign = asked("scope=openid&resource=https%3A%2F%2Felse.example");
        assert_eq!(foreign, Err(TokenError::InvalidTarget));
        assert!(asked("scope=openid&authorization_details=%5B%5D").is_err());
        let none = read(
            &web("https://a.example/"),
            &Parameters::decode(b"scope=openid"),
        );
        assert_eq!(none, Err(TokenError::UnauthorizedClient));
    }

    #[test]
    fn ses_12_a_weak_or_stale_session_does_not_suffice() {
        use AuthenticationMethod::{Otp, Pwd};
        let suffices = |methods: &[AuthenticationMethod], age, client: &Client| {
            let auth_time = after(0);
            session_suffices(SessionFacts { auth_time, methods }, client, after(age))
        };
        let mut client = device();
        assert!(suffices(&[Pwd], 5000, &client));
        client.require_second_step = true;
        assert!(!suffices(&[Pwd], 1, &client));
        assert!(suffices(&[Pwd, Otp], 1, &client));
        client.default_max_age = Some(60);
        assert!(!suffices(&[Pwd, Otp], 61, &client));
    }
}
