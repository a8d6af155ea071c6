use std::collections::BTreeSet;

use sekisho_guard::{DeviceClass, EndpointClass, Pass, UserCodeTry};
use sekisho_model::{
    Client, CodeRecord, Consent, Digest, Event, EventKind, Feature, FlowId, Grant, GrantId,
    GrantTerms, KnownBrowser, Locale, Outcome, PreAuthToken, ScopeSet, SessionId, Timestamp,
    UserId,
};
use sekisho_session::ParkedKind;
use sekisho_store::{Once, StoreError, Tx};
use serde::{Deserialize, Serialize};

use super::super::authorize::KEEP_PAGE;
use super::super::leaving::is_leaving;
use super::{LoadedDevice, written};
use crate::accounts::OpenAccount;
use crate::endpoints::visit::{LiveSession, Visit};
use crate::rules::consent::begins_offline_access;
use crate::rules::device::{Stage, UserCode, may_ask, session_suffices, storage_digest};
use crate::rules::sign_in::{Destination, SessionFacts};
use crate::{Failure, Provider};

/// What the confirmation page shows.
#[derive(Debug)]
pub struct DeviceView {
    /// The app on the device.
    pub client: Client,
    /// Its name in the page's language.
    pub client_name: String,
    /// What it asks.
    pub scope: ScopeSet,
    /// For which resources.
    pub resources: Vec<String>,
    /// The code, as the device shows it.
    pub user_code: String,
    /// The address the device asked from.
    pub ip: String,
    /// How the device describes itself.
    pub user_agent: String,
    /// When it asked.
    pub asked_at: Timestamp,
    /// Whose data it is.
    pub account: OpenAccount,
    /// What the decision's form names; not the code.
    pub handle: String,
}

/// What came of a typed user code.
#[derive(Debug)]
pub enum DeviceFound {
    /// A device shows it: the person is asked.
    Ask(Box<DeviceView>),
    /// The app wants a better sign-in first.
    SignIn(FlowId, Option<PreAuthToken>),
    /// No device shows it, or not any more; nobody learns which.
    Unusable,
    /// Too many wrong codes; not before then.
    Wait(Timestamp),
}

/// What came of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceDecided {
    /// The device gets its tokens with its next poll.
    Allowed,
    /// It gets nothing.
    Denied,
    /// Too late, or decided before.
    Gone,
}

/// What the decision's form names, parked between the two pages.
#[derive(Serialize, Deserialize)]
struct Confirmed {
    device: Digest,
    code: String,
    user_id: UserId,
    session_id: SessionId,
}

impl Provider {
    /// Looks up what a signed-in person typed. Counted before it is looked up (THR-17).
    pub async fn find_device(
        &self,
        typed: &str,
        live: &LiveSession,
        visit: &Visit,
    ) -> Result<DeviceFound, Failure> {
        let Some(code) = UserCode::read(typed) else {
            return Ok(DeviceFound::Unusable);
        };
        self.works(Feature::DeviceFlow)?;
        self.pass_person(EndpointClass::Consent, &live.user)?;
        let now = self.now();
        let attempt = UserCodeTry {
            user: &live.user.id,
            device: self.device_before(live).await?,
            ip: &visit.origin.ip,
        };
        let ticket = match self.throttle.before_user_code(attempt, now).await? {
            Pass::Go(ticket) => ticket,
            Pass::Wait { until, .. } => return Ok(DeviceFound::Wait(until)),
        };
        let Some((device, client)) = self.shown_device(&code).await? else {
            self.record_device(live, visit, None, Outcome::WrongCode)
                .await?;
            return Ok(DeviceFound::Unusable);
        };
        self.throttle.after_success(ticket).await;
        if is_leaving(&live.user) {
            let (flow, cookie) = self
                .begin_flow(Destination::StrongPage(KEEP_PAGE.to_owned()), None, visit)
                .await?;
            return Ok(DeviceFound::SignIn(flow, cookie));
        }
        if !session_suffices(facts(live), &client, now) || self.must_change_first(live) {
            let page = format!("/device?user_code={}", code.shown());
            let (flow, cookie) = self
                .begin_flow(Destination::StrongPage(page), None, visit)
                .await?;
            return Ok(DeviceFound::SignIn(flow, cookie));
        }
        self.ask_about(device, client, &code, (live, visit)).await
    }

    /// Known is a browser that the account was used from before this sign-in: whoever guesses brings accounts and
    /// browsers that are new.
    async fn device_before(&self, live: &LiveSession) -> Result<DeviceClass, Failure> {
        let (user, session) = (live.user.id, &live.session);
        let browsers = self.store.read(move |tx| tx.browsers_of(user)).await?;
        let before = |browser: &KnownBrowser| {
            browser.id == session.browser_id && browser.first_seen_at < session.created_at
        };
        let known = browsers.into_iter().find(before);
        Ok(known.map_or(DeviceClass::Unknown, |known| DeviceClass::Known(known.id)))
    }

    async fn ask_about(
        &self,
        device: LoadedDevice,
        client: Client,
        code: &UserCode,
        (live, visit): (&LiveSession, &Visit),
    ) -> Result<DeviceFound, Failure> {
        let Some(account) = self.account(live.user.id).await? else {
            return Ok(DeviceFound::Unusable);
        };
        let now = self.now();
        let handle = FlowId::generate(&*self.entropy);
        let confirmed = Confirmed {
            device: device.id,
            code: self.user_code_id(code),
            user_id: live.user.id,
            session_id: live.session.id,
        };
        let left = device.request.expires_at().since(now);
        let (kind, value) = (ParkedKind::UserCode, written(&confirmed)?);
        self.session
            .park(kind, &handle_id(handle.as_str()), value, left, now)
            .await?;
        let request = device.request;
        Ok(DeviceFound::Ask(Box::new(DeviceView {
            client_name: crate::endpoints::sign_in::client_name(&client, visit.locale),
            client,
            scope: request.scope,
            resources: request.resources,
            user_code: code.shown(),
            ip: request.ip,
            user_agent: request.user_agent,
            asked_at: request.began_at,
            account,
            handle: handle.as_str().to_owned(),
        })))
    }

    /// Writes down what the person decided. Of several decisions the first counts.
    pub async fn decide_device(
        &self,
        handle: &str,
        allow: bool,
        live: &LiveSession,
        visit: &Visit,
    ) -> Result<DeviceDecided, Failure> {
        let now = self.now();
        let kind = ParkedKind::UserCode;
        let parked = self.session.unpark(kind, &handle_id(handle), now).await?;
        let Some(confirmed) = parked.and_then(|value| serde_json::from_slice(&value).ok()) else {
            return Ok(DeviceDecided::Gone);
        };
        let confirmed: Confirmed = confirmed;
        let own = confirmed.user_id == live.user.id && confirmed.session_id == live.session.id;
        let found = if own {
            self.open_device(confirmed.device).await?
        } else {
            None
        };
        let found = found.filter(|(_, client)| session_suffices(facts(live), client, now));
        let Some((mut device, client)) = found else {
            return Ok(DeviceDecided::Gone);
        };
        device.request.stage = if allow { Stage::Allowed } else { Stage::Denied };
        if !allow {
            if !self.settle_device(&device).await? {
                return Ok(DeviceDecided::Gone);
            }
            self.record_device(live, visit, Some(&client), Outcome::Denied)
                .await?;
            let _expiring = self.session.unpark(kind, &confirmed.code, now).await;
            return Ok(DeviceDecided::Denied);
        }
        self.knowledge.may_issue(now)?;
        self.works(Feature::DeviceFlow)?;
        self.pass_app(EndpointClass::Consent, &client, Some(&live.user))?;
        if !self.settle_device(&device).await? {
            return Ok(DeviceDecided::Gone);
        }
        if let Err(failure) = self.allow_device(&device, &client, live, visit).await {
            // The person may try again: nothing was given.
            self.reopen_device(device.id).await;
            return Err(failure);
        }
        let _expiring = self.session.unpark(kind, &confirmed.code, now).await;
        Ok(DeviceDecided::Allowed)
    }

    /// Writes the stage of `device`. A poll between reading and writing is no other decision.
    async fn settle_device(&self, device: &LoadedDevice) -> Result<bool, Failure> {
        if self.save_device(device).await? {
            return Ok(true);
        }
        for _ in 0..TRIES {
            let Some(mut again) = self.device_request(device.id).await? else {
                return Ok(false);
            };
            if !again.request.is_open(self.now()) {
                return Ok(false);
            }
            again.request.stage = device.request.stage;
            if self.save_device(&again).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn reopen_device(&self, id: Digest) {
        for _ in 0..TRIES {
            let Ok(Some(mut device)) = self.device_request(id).await else {
                return;
            };
            device.request.stage = Stage::Pending;
            if !matches!(self.save_device(&device).await, Ok(false)) {
                return;
            }
        }
    }

    /// The device that shows `code`, and its client, if a person can decide about it.
    async fn shown_device(
        &self,
        code: &UserCode,
    ) -> Result<Option<(LoadedDevice, Client)>, Failure> {
        let id = self.user_code_id(code);
        let parked = self
            .session
            .parked(ParkedKind::UserCode, &id, self.now())
            .await?;
        match parked.and_then(|parked| serde_json::from_slice(&parked.value).ok()) {
            Some(device) => self.open_device(device).await,
            None => Ok(None),
        }
    }

    async fn open_device(&self, id: Digest) -> Result<Option<(LoadedDevice, Client)>, Failure> {
        let now = self.now();
        let device = self.device_request(id).await?;
        let Some(device) = device.filter(|device| device.request.is_open(now)) else {
            return Ok(None);
        };
        let client = self
            .clients
            .find(device.request.client_id.as_str())
            .await?
            .filter(|client| !client.client.disabled && may_ask(&client.client));
        Ok(client
            .filter(|client| self.device_counts(&device.request, &client.client))
            .map(|client| (device, client.client.clone())))
    }

    /// The grant waits for the device like one behind an authorization code: as a record that one
    /// statement takes, under a digest that no authorization code has.
    async fn allow_device(
        &self,
        device: &LoadedDevice,
        client: &Client,
        live: &LiveSession,
        visit: &Visit,
    ) -> Result<(), Failure> {
        let grant = self.device_grant(device, client, live);
        let until = device.request.expires_at();
        let record = waiting(storage_digest(&device.id), &grant, until, visit.locale);
        let mut event = self.device_event(live, visit, Some(client), Outcome::Passed);
        event.detail = serde_json::json!({ "scope": grant.scope.to_string() });
        let (user, id) = (live.user.id, client.client_id.clone());
        let known = self.store.read(move |tx| tx.consent(user, &id)).await?;
        let known = known.as_ref().map(|consent| &consent.scope);
        let told = if begins_offline_access(known, &grant.scope) {
            self.told_app(client, &event).await?
        } else {
            None
        };
        let work = move |tx: &mut Tx<'_>| {
            if let Some(told) = &told {
                told.hold(tx)?;
            }
            if tx.hold_session(grant.session_id)? == Once::Again {
                // Ended at this moment: the device waits in vain (SES-09).
                return Ok(());
            }
            let before = tx.consent(grant.user_id, &grant.client_id)?;
            tx.put_consent(&widened(before, &grant))?;
            tx.insert_grant(&grant)?;
            tx.insert_code(&record)?;
            if let Some(told) = &told {
                told.post(tx)?;
            }
            tx.record(&event)
        };
        self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(())
    }

    fn device_grant(&self, device: &LoadedDevice, client: &Client, live: &LiveSession) -> Grant {
        let (now, request) = (self.now(), &device.request);
        Grant {
            id: GrantId::new(now, &*self.entropy),
            client_id: client.client_id.clone(),
            user_id: live.user.id,
            session_id: live.session.id,
            scope: request.scope.clone(),
            terms: GrantTerms {
                resources: request.resources.clone(),
                ..GrantTerms::default()
            },
            auth_time: live.session.auth_time,
            methods: live.session.methods.clone(),
            epoch: live.grant_epoch(),
            created_at: now,
            revoked_at: None,
        }
    }

    async fn record_device(
        &self,
        live: &LiveSession,
        visit: &Visit,
        client: Option<&Client>,
        outcome: Outcome,
    ) -> Result<(), Failure> {
        let event = self.device_event(live, visit, client, outcome);
        let work = move |tx: &mut Tx<'_>| -> Result<(), StoreError> { tx.record(&event) };
        Ok(self.store.write(work).await?)
    }

    fn device_event(
        &self,
        live: &LiveSession,
        visit: &Visit,
        client: Option<&Client>,
        outcome: Outcome,
    ) -> Event {
        let mut event = self.event(EventKind::DeviceDecided, outcome, &visit.origin);
        event.user_id = Some(live.user.id);
        event.session_id = Some(live.session.id);
        event.client_id = client.map(|client| client.client_id.clone());
        event
    }
}

/// How often a write that lost against a poll is tried again.
const TRIES: u8 = 8;

fn facts(live: &LiveSession) -> SessionFacts<'_> {
    SessionFacts {
        auth_time: live.session.auth_time,
        methods: &live.session.methods,
    }
}

fn handle_id(handle: &str) -> String {
    format!("handle:{}", Digest::of(handle.as_bytes()).to_base64url())
}

fn waiting(digest: Digest, grant: &Grant, expires_at: Timestamp, locale: Locale) -> CodeRecord {
    CodeRecord {
        digest,
        grant_id: grant.id,
        client_id: grant.client_id.clone(),
        redirect_uri: String::new(),
        code_challenge: None,
        nonce: None,
        dpop_jkt: None,
        auth_time_required: false,
        locale,
        expires_at,
        used_at: None,
    }
}

fn widened(before: Option<Consent>, grant: &Grant) -> Consent {
    let (scope, claims, mut resources) = before.map_or_else(
        || (ScopeSet::default(), BTreeSet::new(), BTreeSet::new()),
        |before| (before.scope, before.claims, before.resources),
    );
    resources.extend(grant.terms.resources.iter().cloned());
    Consent {
        user_id: grant.user_id,
        client_id: grant.client_id.clone(),
        scope: scope.union(&grant.scope),
        claims,
        resources,
        granted_at: grant.created_at,
    }
}
