//! Signing in on another device (RFC 8628): the device asks, the person decides here.

use std::time::Duration;

use sekisho_model::{
    AuthenticationMethod, Client, Consent, DeviceCode, Digest, EventKind, Grant, GrantId,
    GrantTerms, GrantType, Outcome, Purpose, ScopeSet, Timestamp,
};
use sekisho_session::{CounterKey, Limit, ParkedKind, Verdict};
use sekisho_store::RegisteredClient;

use super::call::Call;
use super::client_authentication::Caller;
use super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
use crate::rules::device::{self, DeviceRequest, DeviceState, INTERVAL, LIFE, REMEMBERED};
use crate::rules::oauth_error::TokenError;
use crate::rules::parameters::Parameters;
use crate::rules::{authorization_details, resource};
use crate::{Failure, Provider};

/// What the endpoint for devices answers (RFC 8628 §3.2).
#[derive(Debug)]
pub enum DeviceAnswer {
    /// The codes.
    Codes {
        /// For the device.
        device_code: DeviceCode,
        /// For the person, as shown.
        user_code: String,
        /// Seconds both work.
        expires_in: u64,
        /// Seconds between two polls.
        interval: u64,
    },
    /// An error.
    Refused(TokenError),
    /// Too many failures from there (429).
    Wait(Timestamp),
}

/// What a person sees of a device that waits.
#[derive(Debug)]
pub struct DeviceView {
    /// The app.
    pub client: Client,
    /// Its name in the page's language.
    pub client_name: String,
    /// What it asks.
    pub scope: ScopeSet,
    /// The code, as shown.
    pub user_code: String,
    /// The device's own description.
    pub user_agent: String,
    /// Its address.
    pub ip: String,
    /// When it asked.
    pub asked_at: Timestamp,
    /// Whose data it is.
    pub account: OpenAccount,
}

/// What came of a code that a person typed.
#[derive(Debug)]
pub enum TypedCode {
    /// Such a device waits.
    Found(Box<DeviceView>),
    /// No such device, or not any more.
    Unknown,
    /// Too many wrong codes; not before then.
    Wait(Timestamp),
    /// The app needs a sign-in with the mailed code first.
    StrongerSignIn,
}

/// Wrong user codes from one source or account, and everywhere: with these, guessing one of 20⁸ codes
/// takes longer than the service lives.
const GUESSES: [(&str, u32, Duration); 2] = [
    ("device.source", 20, Duration::from_hours(1)),
    ("device.account", 20, Duration::from_hours(1)),
];

impl Provider {
    /// RFC 8628 §3.1: gives a device its codes.
    pub async fn authorize_device(
        &self,
        call: &Call<'_>,
        form: &Parameters,
    ) -> Result<DeviceAnswer, Failure> {
        let refused = |error| Ok(DeviceAnswer::Refused(error));
        if form.any_repeated() {
            return refused(TokenError::InvalidRequest("a parameter is repeated"));
        }
        let client = match self.authenticate_client(call, form).await? {
            Caller::Client(client) => client,
            Caller::Refused(error) => return refused(error),
            Caller::Wait(until) => return Ok(DeviceAnswer::Wait(until)),
        };
        self.knowledge.may_issue(self.now())?;
        match self.device_request(&client.client, form, call) {
            Ok(request) => self.park_device(request).await,
            Err(error) => refused(error),
        }
    }

    fn device_request(
        &self,
        client: &Client,
        form: &Parameters,
        call: &Call<'_>,
    ) -> Result<DeviceRequest, TokenError> {
        if !client.may_use(GrantType::DeviceCode) {
            return Err(TokenError::UnauthorizedClient);
        }
        let asked = ScopeSet::parse(form.first("scope").unwrap_or_default())
            .map_err(|_refused| TokenError::InvalidScope)?;
        let mut scope = asked.common(&client.scope);
        if !client.may_use(GrantType::RefreshToken) {
            scope = scope.without("offline_access");
        }
        if scope.is_empty() {
            return Err(TokenError::InvalidScope);
        }
        let details = form
            .first("authorization_details")
            .map(|text| authorization_details::read(text, client, &self.settings.detail_types))
            .transpose()
            .map_err(TokenError::InvalidAuthorizationDetails)?;
        let now = self.now();
        Ok(DeviceRequest {
            client_id: client.client_id.clone(),
            scope,
            resources: resource::asked(form.all("resource"), client, &self.settings.resources)
                .map_err(|_refused| TokenError::InvalidTarget)?,
            authorization_details: details.unwrap_or_default(),
            user_code: device::draw(&*self.entropy),
            origin: call.origin.clone(),
            asked_at: now,
            expires_at: now + LIFE,
            interval: INTERVAL,
            polled_at: None,
            state: DeviceState::Pending,
        })
    }

    async fn park_device(&self, request: DeviceRequest) -> Result<DeviceAnswer, Failure> {
        let code = DeviceCode::generate(&*self.entropy);
        let (id, now) = (code.digest().to_base64url(), self.now());
        let user_code = request.user_code.clone();
        self.session
            .park(
                ParkedKind::DeviceCode,
                &id,
                written(&request)?,
                REMEMBERED,
                now,
            )
            .await?;
        let pointer = id.into_bytes();
        let handle = self.user_code_id(&user_code);
        self.session
            .park(ParkedKind::UserCode, &handle, pointer, LIFE, now)
            .await?;
        Ok(DeviceAnswer::Codes {
            device_code: code,
            user_code: device::shown(&user_code),
            expires_in: LIFE.as_secs(),
            interval: INTERVAL,
        })
    }

    /// A user code has few bits: under a key of ours, the shared store tells nobody which ones wait.
    fn user_code_id(&self, code: &str) -> String {
        let key = self.keyring.mac_key(Purpose::OneTimeCode);
        Digest::keyed(key.as_bytes(), &[b"device", code.as_bytes()]).to_base64url()
    }

    /// The device that waits under a code a signed-in person typed. Wrong codes are counted before
    /// they are looked up (THR-07), for the source and for the account.
    pub async fn typed_device_code(
        &self,
        text: &str,
        live: &LiveSession,
        visit: &Visit,
    ) -> Result<TypedCode, Failure> {
        let limits = self.guesses(live, visit);
        let now = self.now();
        if let Verdict::Over { until, .. } = self.session.count(&limits, now).await? {
            return Ok(TypedCode::Wait(until));
        }
        let found = match device::typed(text) {
            Some(code) => self.waiting_device(&code).await?,
            None => None,
        };
        let Some((_, request)) = found else {
            return Ok(TypedCode::Unknown);
        };
        let client = self.clients.find(request.client_id.as_str()).await?;
        let Some(client) = client.filter(|client| !client.client.disabled) else {
            return Ok(TypedCode::Unknown);
        };
        let keys = limits.map(|limit| limit.key);
        self.session.give_back(&keys, now).await?;
        if !is_strong_enough(&client, live) {
            return Ok(TypedCode::StrongerSignIn);
        }
        let Some(account) = self.account(live.user.id).await? else {
            return Ok(TypedCode::Unknown);
        };
        Ok(TypedCode::Found(Box::new(DeviceView {
            client_name: super::sign_in::client_name(&client.client, visit.locale),
            client: client.client.clone(),
            scope: request.scope,
            user_code: device::shown(&request.user_code),
            user_agent: request.origin.user_agent,
            ip: request.origin.ip,
            asked_at: request.asked_at,
            account,
        })))
    }

    fn guesses(&self, live: &LiveSession, visit: &Visit) -> [Limit; 2] {
        let key = self.keyring.mac_key(Purpose::Throttle);
        let user = live.user.id.to_string();
        let whom = [visit.origin.ip.as_bytes(), user.as_bytes()];
        let mut whom = whom.into_iter();
        GUESSES.map(|(name, max, window)| Limit {
            key: CounterKey {
                name,
                digest: Digest::keyed(key.as_bytes(), &[whom.next().unwrap_or_default()]),
            },
            max,
            window,
        })
    }

    async fn waiting_device(&self, code: &str) -> Result<Option<(String, DeviceRequest)>, Failure> {
        let now = self.now();
        let handle = self.user_code_id(code);
        let kind = ParkedKind::UserCode;
        let Some(pointer) = self.session.parked(kind, &handle, now).await? else {
            return Ok(None);
        };
        let id =
            String::from_utf8(pointer.value).map_err(|_not_text| Failure::Corrupt("user code"))?;
        let found = self
            .session
            .parked(ParkedKind::DeviceCode, &id, now)
            .await?;
        let Some(found) = found else { return Ok(None) };
        let request = read(&found.value)?;
        let waits = request.state == DeviceState::Pending && now < request.expires_at;
        Ok(waits.then_some((id, request)))
    }

    /// The person decided. Of several decisions about one code the first counts; `false` for the
    /// others, and when it came too late.
    pub async fn decide_device(
        &self,
        code: &str,
        allow: bool,
        live: &LiveSession,
        visit: &Visit,
    ) -> Result<bool, Failure> {
        let now = self.now();
        self.knowledge.may_issue(now)?;
        let Some(code) = device::typed(code) else {
            return Ok(false);
        };
        let Some((id, request)) = self.waiting_device(&code).await? else {
            return Ok(false);
        };
        let client = self.clients.find(request.client_id.as_str()).await?;
        let strong = |client: &RegisteredClient| is_strong_enough(client, live);
        if !client.is_some_and(|client| !client.client.disabled && strong(&client)) {
            return Ok(false);
        }
        let handle = self.user_code_id(&code);
        let taken = self
            .session
            .unpark(ParkedKind::UserCode, &handle, now)
            .await?;
        if taken.is_none() {
            return Ok(false);
        }
        let state = if allow {
            DeviceState::Allowed(self.allow_device(&request, live, visit).await?)
        } else {
            self.note_device(&request, live, visit, Outcome::Denied)
                .await?;
            DeviceState::Denied
        };
        self.set_device_state(&id, state).await
    }

    /// The device may poll at the same time: so the state is put in by compare and set.
    async fn set_device_state(&self, id: &str, state: DeviceState) -> Result<bool, Failure> {
        let kind = ParkedKind::DeviceCode;
        for _ in 0..20 {
            let now = self.now();
            let Some(found) = self.session.parked(kind, id, now).await? else {
                return Ok(false);
            };
            let request = DeviceRequest {
                state,
                ..read(&found.value)?
            };
            let value = written(&request)?;
            let put = self
                .session
                .repark(kind, id, value, found.version, REMEMBERED, now)
                .await?;
            if put {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn allow_device(
        &self,
        request: &DeviceRequest,
        live: &LiveSession,
        visit: &Visit,
    ) -> Result<GrantId, Failure> {
        let now = self.now();
        let grant = Grant {
            id: GrantId::new(now, &*self.entropy),
            client_id: request.client_id.clone(),
            user_id: live.user.id,
            session_id: live.session.id,
            scope: request.scope.clone(),
            terms: GrantTerms {
                resources: request.resources.clone(),
                authorization_details: request.authorization_details.clone(),
                ..GrantTerms::default()
            },
            auth_time: live.session.auth_time,
            methods: live.session.methods.clone(),
            epoch: live.session.epoch,
            created_at: now,
            revoked_at: None,
        };
        let id = grant.id;
        let (user, client) = (live.user.id, request.client_id.clone());
        let mut event = self.event(EventKind::Consent, Outcome::Passed, &visit.origin);
        event.user_id = Some(user);
        event.client_id = Some(client.clone());
        event.session_id = Some(live.session.id);
        event.detail = serde_json::json!({ "scope": grant.scope.to_string(), "by": "device" });
        self.store
            .write(move |tx| {
                let before = tx.consent(user, &client)?;
                let (scope, claims, resources) = before
                    .map(|before| (before.scope, before.claims, before.resources))
                    .unwrap_or_default();
                tx.put_consent(&Consent {
                    user_id: user,
                    client_id: client.clone(),
                    scope: scope.union(&grant.scope),
                    claims,
                    resources: resources
                        .into_iter()
                        .chain(grant.terms.resources.iter().cloned())
                        .collect(),
                    granted_at: now,
                })?;
                tx.insert_grant(&grant)?;
                tx.record(&event)
            })
            .await?;
        Ok(id)
    }

    async fn note_device(
        &self,
        request: &DeviceRequest,
        live: &LiveSession,
        visit: &Visit,
        outcome: Outcome,
    ) -> Result<(), Failure> {
        let mut event = self.event(EventKind::Consent, outcome, &visit.origin);
        event.user_id = Some(live.user.id);
        event.client_id = Some(request.client_id.clone());
        event.session_id = Some(live.session.id);
        event.detail = serde_json::json!({ "by": "device" });
        self.store.write(move |tx| tx.record(&event)).await?;
        Ok(())
    }
}

/// TK-16: an app that requires the mailed code requires it here as well.
fn is_strong_enough(client: &RegisteredClient, live: &LiveSession) -> bool {
    let by_code = live.session.methods.contains(&AuthenticationMethod::Otp);
    !client.client.require_second_step || by_code
}

pub(super) fn read(value: &[u8]) -> Result<DeviceRequest, Failure> {
    serde_json::from_slice(value).map_err(|_unreadable| Failure::Corrupt("device code"))
}

pub(super) fn written(request: &DeviceRequest) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(request).map_err(|_unwritable| Failure::Corrupt("device code"))
}
