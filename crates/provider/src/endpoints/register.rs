//! Dynamic registration and its management (RFC 7591 §3, RFC 7592 §2; REG-07, REG-08, REG-12).

use std::time::Duration;

use sekisho_guard::{Concerned, EndpointClass, Pass, Registering};
use sekisho_model::{
    Client, ClientId, ClientOrigin, ClientSecret, Digest, Epoch, EpochKind, EventKind, Feature,
    InitialAccessToken, Origin, Outcome, Purpose, RegistrationToken, Timestamp,
};
use sekisho_store::{Once, RegisteredClient, StoreError, Tx};
use serde_json::{Map, Value, json};

use crate::knowledge::shared_epochs;
use crate::outbound::Limits;
use crate::rules::client_metadata::{ClientRefusal, needs_secret};
use crate::rules::discovery::offers_authentication;
use crate::rules::lookalike::Doubt;
use crate::rules::registration::{read, told};
use crate::rules::software_statement;
use crate::rules::standing::is_current;
use crate::{Failure, Provider};

/// What registration answers.
#[derive(Debug)]
pub enum RegistrationAnswer {
    /// 201 or 200 with the registration.
    Told(Map<String, Value>),
    /// 204.
    Gone,
    /// 400 with an error of RFC 7591 §3.2.2.
    Refused {
        /// `error`.
        error: &'static str,
        /// What is wrong.
        description: String,
    },
    /// 401: no token, or none that counts (RFC 6750 §3).
    Unauthorized,
    /// Too many registrations from there (429).
    Wait(Timestamp),
}

/// A lost answer must not be a lost client: the former management token works this long.
const GRACE: Duration = Duration::from_mins(1);

impl From<ClientRefusal> for RegistrationAnswer {
    fn from(refusal: ClientRefusal) -> Self {
        Self::Refused {
            error: refusal.code(),
            description: refusal.to_string(),
        }
    }
}

fn wrong(member: &'static str, reason: &'static str) -> RegistrationAnswer {
    ClientRefusal::Metadata { member, reason }.into()
}

impl Provider {
    /// RFC 7591 §3.1: a new client, with an initial access token or, if that is on, without.
    pub async fn register(
        &self,
        bearer: Option<&str>,
        asked: &Map<String, Value>,
        origin: &Origin,
    ) -> Result<RegistrationAnswer, Failure> {
        let (now, since) = (self.now(), self.knowledge.epoch_now());
        self.knowledge.may_issue(now)?;
        self.works(Feature::DynamicRegistration)?;
        self.pass(EndpointClass::ClientRegistration, Concerned::default())?;
        let by = match bearer {
            Some(_) => Registering::WithToken,
            None => Registering::Anybody,
        };
        let counted = self.throttle.before_registration(&origin.ip, by, now);
        if let Pass::Wait { until, .. } = counted.await? {
            return Ok(RegistrationAnswer::Wait(until));
        }
        let initial = bearer
            .and_then(InitialAccessToken::presented)
            .map(|token| token.digest());
        let by_token = match &initial {
            Some(digest) => {
                let digest = *digest;
                self.store
                    .read(move |tx| tx.allows_registration(&digest, now))
                    .await?
            }
            None => false,
        };
        let open = self.settings.features.open_registration && bearer.is_none();
        if !by_token && !open {
            return Ok(RegistrationAnswer::Unauthorized);
        }
        let how = if by_token {
            ClientOrigin::Dynamic
        } else {
            ClientOrigin::Open
        };
        let id = ClientId::generate(&*self.entropy);
        let client = match self.checked(asked, &id, how).await? {
            Ok(client) => client,
            Err(answer) => return Ok(answer),
        };
        let initial = initial.filter(|_| by_token);
        self.store_registration(client, (initial, since), origin)
            .await
    }

    /// The client that is asked for, with everything checked that does not need the store.
    async fn checked(
        &self,
        asked: &Map<String, Value>,
        id: &ClientId,
        how: ClientOrigin,
    ) -> Result<Result<Client, RegistrationAnswer>, Failure> {
        let trusted = &self.settings.software_issuers;
        let asked = match software_statement::applied(asked, trusted, self.now()) {
            Ok(asked) => asked,
            Err(refusal) => {
                return Ok(Err(RegistrationAnswer::Refused {
                    error: refusal.code(),
                    description: refusal.to_string(),
                }));
            }
        };
        let client = match read(&asked, id, how, &self.settings.registration) {
            Ok(client) => client,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        if let Some(doubt) = self.doubt_about_app(&client).await? {
            let reason = match doubt {
                Doubt::LooksLike(_) => "is too much like another name that people know here",
                Doubt::MixedScripts => "mixes letters of different scripts in one word",
            };
            return Ok(Err(wrong("client_name", reason)));
        }
        let features = &self.settings.features;
        if !offers_authentication(features, client.token_endpoint_auth_method) {
            let member = "token_endpoint_auth_method";
            return Ok(Err(wrong(member, "is not offered")));
        }
        if self.sector_is_sound(&client, how).await {
            return Ok(Ok(client));
        }
        Ok(Err(wrong(
            "sector_identifier_uri",
            "its document does not list every redirect URI",
        )))
    }

    /// REG-14: the document lists all redirect URIs. REG-12: for callers whom nobody vouches for,
    /// nothing is fetched, so they cannot have one.
    async fn sector_is_sound(&self, client: &Client, how: ClientOrigin) -> bool {
        let Some(uri) = &client.sector_identifier_uri else {
            return true;
        };
        if how != ClientOrigin::Dynamic {
            return false;
        }
        let Ok(fetched) = self.outbound.get_json(uri, Limits::default()).await else {
            return false;
        };
        let listed: Vec<String> = serde_json::from_slice(&fetched.body).unwrap_or_default();
        client.redirect_uris.iter().all(|uri| listed.contains(uri))
    }

    async fn store_registration(
        &self,
        client: Client,
        (initial, since): (Option<Digest>, Epoch),
        origin: &Origin,
    ) -> Result<RegistrationAnswer, Failure> {
        let now = self.now();
        let token = RegistrationToken::generate(&*self.entropy);
        let made = needs_secret(&client).then(|| self.new_client_secret(&client));
        let (secret, record) = made.unzip();
        let mut event = self.event(EventKind::ClientChanged, Outcome::Passed, origin);
        event.client_id = Some(client.client_id.clone());
        event.detail = json!({"by": "registration", "open": initial.is_none()});
        let (stored, digest) = (client.clone(), token.digest());
        let work = move |tx: &mut Tx<'_>| {
            if let Some(initial) = &initial
                && tx.use_initial_access(initial, now)? == Once::Again
            {
                return Ok(false);
            }
            let _first = tx.insert_client(&stored, now)?;
            if let Some(record) = &record {
                tx.add_client_secret(&stored.client_id, record)?;
            }
            tx.insert_registration_token(&stored.client_id, (&digest, since), now)?;
            tx.record(&event)?;
            Ok(true)
        };
        if !self.store.write(work).await? {
            return Ok(RegistrationAnswer::Unauthorized);
        }
        self.clients.forget();
        let mut answer = self.registered_as(&client, secret.as_ref(), &token);
        answer.insert("client_id_issued_at".to_owned(), json!(now.seconds()));
        Ok(RegistrationAnswer::Told(answer))
    }

    fn registered_as(
        &self,
        client: &Client,
        secret: Option<&ClientSecret>,
        token: &RegistrationToken,
    ) -> Map<String, Value> {
        let mut answer = told(client);
        if let Some(secret) = secret {
            answer.insert("client_secret".to_owned(), json!(secret.reveal()));
            answer.insert("client_secret_expires_at".to_owned(), json!(0));
        }
        let place = format!(
            "{}/oauth2/register/{}",
            self.settings.issuer, client.client_id
        );
        answer.insert("registration_client_uri".to_owned(), json!(place));
        answer.insert(
            "registration_access_token".to_owned(),
            json!(token.reveal()),
        );
        answer
    }

    /// RFC 7592 §2.1: what is registered. The answer carries a new management token.
    pub async fn read_registration(
        &self,
        id: &str,
        bearer: Option<&str>,
    ) -> Result<RegistrationAnswer, Failure> {
        let Some((client, turn)) = self.managed(id, bearer).await? else {
            return Ok(RegistrationAnswer::Unauthorized);
        };
        let id = client.client.client_id.clone();
        let token = turn.next.digest();
        let (held, until) = (turn.held, self.now() + GRACE);
        if held != token {
            // Of several at once one replaces it, and all are told the same successor.
            let work = move |tx: &mut Tx<'_>| turned(tx, &id, (&held, &token), until);
            if !self.store.write(work).await? {
                return Ok(RegistrationAnswer::Unauthorized);
            }
        }
        self.note_use(&client.client).await;
        let answer = self.registered_as(&client.client, None, &turn.next);
        Ok(RegistrationAnswer::Told(answer))
    }

    /// RFC 7592 §2.2: replaces the registration. What it is to us stays: its id, whether it can keep a
    /// secret, who vouches for it.
    pub async fn update_registration(
        &self,
        id: &str,
        bearer: Option<&str>,
        asked: &Map<String, Value>,
        origin: &Origin,
    ) -> Result<RegistrationAnswer, Failure> {
        let Some((known, turn)) = self.managed(id, bearer).await? else {
            return Ok(RegistrationAnswer::Unauthorized);
        };
        let before = &known.client;
        if asked.get("client_id").and_then(Value::as_str) != Some(before.client_id.as_str()) {
            return Ok(wrong("client_id", "must be the client's own"));
        }
        if !self.secret_is_its_own(asked, &known) {
            return Ok(wrong("client_secret", "must be the present one"));
        }
        let client = match self
            .checked(asked, &before.client_id, before.origin)
            .await?
        {
            Ok(client) => client,
            Err(answer) => return Ok(answer),
        };
        if client.is_public() != before.is_public() || needs_secret(&client) != needs_secret(before)
        {
            return Ok(wrong(
                "token_endpoint_auth_method",
                "a registration cannot change whether it has a secret: register anew",
            ));
        }
        let client = Client {
            disabled: before.disabled,
            ..client
        };
        let mut event = self.event(EventKind::ClientChanged, Outcome::Passed, origin);
        event.client_id = Some(client.client_id.clone());
        event.detail = json!({"by": "registration update"});
        let (stored, new, until) = (client.clone(), turn.next.digest(), self.now() + GRACE);
        let held = turn.held;
        let work = move |tx: &mut Tx<'_>| {
            let id = &stored.client_id;
            let ours = if !still_manages(tx, id)? {
                false
            } else if held == new {
                // Asked with the former token: its successor is in force, if nothing followed meanwhile.
                let present = tx.registration_token(id)?;
                present.is_some_and(|present| present.digest == held)
            } else {
                tx.rotate_registration_token(id, &held, &new, until)? == Once::First
            };
            if ours {
                tx.update_client(&stored)?;
                tx.record(&event)?;
            }
            Ok(ours)
        };
        if !self.store.write(work).await? {
            return Ok(RegistrationAnswer::Unauthorized);
        }
        self.clients.forget();
        self.note_use(&client).await;
        Ok(RegistrationAnswer::Told(
            self.registered_as(&client, None, &turn.next),
        ))
    }

    fn secret_is_its_own(&self, asked: &Map<String, Value>, known: &RegisteredClient) -> bool {
        let Some(sent) = asked.get("client_secret") else {
            return true;
        };
        let digest = sent
            .as_str()
            .and_then(ClientSecret::presented)
            .map(|secret| secret.digest());
        let now = self.now();
        let mut live = known
            .secrets
            .iter()
            .filter(|record| record.expires_at.is_none_or(|end| now < end));
        digest.is_some_and(|digest| live.any(|record| record.digest == digest))
    }

    /// RFC 7592 §2.3: the client, its tokens and its consents end.
    pub async fn delete_registration(
        &self,
        id: &str,
        bearer: Option<&str>,
        origin: &Origin,
    ) -> Result<RegistrationAnswer, Failure> {
        let Some((known, _)) = self.managed(id, bearer).await? else {
            return Ok(RegistrationAnswer::Unauthorized);
        };
        let id = known.client.client_id.clone();
        let mut event = self.event(EventKind::ClientChanged, Outcome::Passed, origin);
        event.client_id = Some(id.clone());
        event.detail = json!({"by": "registration delete"});
        let work = move |tx: &mut Tx<'_>| {
            if !still_manages(tx, &id)? {
                return Ok(false);
            }
            tx.delete_registration_token(&id)?;
            tx.delete_client(&id)?;
            tx.record(&event)?;
            Ok(true)
        };
        if !self.store.write(work).await? {
            return Ok(RegistrationAnswer::Unauthorized);
        }
        self.clients.forget();
        Ok(RegistrationAnswer::Gone)
    }

    /// The client that this token manages, and whose turn it is. Unknown clients and wrong tokens are one
    /// answer (RFC 7592 §2.1).
    async fn managed(
        &self,
        id: &str,
        bearer: Option<&str>,
    ) -> Result<Option<(RegisteredClient, Turn)>, Failure> {
        let (Some(token), true) = (bearer.and_then(RegistrationToken::presented), is_plain(id))
        else {
            return Ok(None);
        };
        let (id, digest, now) = (ClientId::new(id), token.digest(), self.now());
        let found = self
            .store
            .read(move |tx| Ok((tx.client(&id)?, tx.registration_token(&id)?)))
            .await?;
        let (Some(client), Some(record)) = found else {
            return Ok(None);
        };
        let former = record.previous;
        let is_former = former.is_some_and(|(former, until)| former == digest && now < until);
        let counts = (record.digest == digest) | is_former;
        let key = self.keyring.mac_key(Purpose::RegistrationToken);
        let turn = Turn {
            held: record.digest,
            next: token.successor(&key),
        };
        let of_client = Some(&client.client.client_id);
        let is_of_now = self
            .knowledge
            .is_current(record.epoch, EpochKind::Token, None, of_client);
        if !counts || !is_of_now || client.client.disabled {
            return Ok(None);
        }
        self.works(Feature::DynamicRegistration)?;
        self.pass_app(EndpointClass::ClientChange, &client.client, None)?;
        Ok(Some((client, turn)))
    }
}

/// The management token in force, and the one that is told now: the successor of the presented one. They
/// are the same when the former token was presented.
struct Turn {
    held: Digest,
    next: RegistrationToken,
}

/// Replaces the management token, if it still counts.
fn turned(
    tx: &mut Tx<'_>,
    id: &ClientId,
    (held, next): (&Digest, &Digest),
    until: Timestamp,
) -> Result<bool, StoreError> {
    if !still_manages(tx, id)? {
        return Ok(false);
    }
    let _first = tx.rotate_registration_token(id, held, next, until)?;
    Ok(true)
}

/// INC-07: whether no epoch voided the management token, also one that moved since the request began.
fn still_manages(tx: &mut Tx<'_>, id: &ClientId) -> Result<bool, StoreError> {
    let Some(held) = tx.registration_token(id)? else {
        return Ok(false);
    };
    let shared = shared_epochs(tx)?;
    let client = Some(id);
    Ok(is_current(
        held.epoch,
        EpochKind::Token,
        None,
        client,
        &shared,
    ))
}

fn is_plain(id: &str) -> bool {
    (1..=255).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}
