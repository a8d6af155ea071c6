use std::sync::Arc;
use std::time::Duration;

use sekisho_model::{
    Client, Digest, Event, EventKind, Grant, GrantType, KeyRing, Outcome, RefreshRecord,
    RefreshToken, ScopeSet, Sealed, Timestamp, User,
};
use sekisho_store::{Once, RegisteredClient, StoreError, Tx};

use super::issue::{ForUser, about, refusal};
use super::{Asked, Issued};
use crate::endpoints::sender::Sender;
use crate::failure::Halted;
use crate::incidents::Gate;
use crate::rules::oauth_error::TokenError;
use crate::rules::parameters::Parameters;
use crate::rules::refresh_rotation::{Decision, decide, narrowed};
use crate::rules::resource;
use crate::rules::standing::{SharedEpochs, may_issue_for};
use crate::{Failure, Provider};

/// What became of the refresh token in the transaction.
enum Used {
    /// An access token may be issued, with this refresh token beside it.
    Go(Box<Going>, Beside),
    /// Refused; the grant is named if it was ended just now.
    Refused(&'static str, Option<sekisho_model::GrantId>),
    /// Used before, and the family ended, or its time did: it is counted, and leaves no event of its own.
    Again(&'static str),
    /// More scope was asked than was granted, or another resource; nothing changed.
    Wrong(TokenError),
    /// An operator has paused it; nothing changed.
    Halted(Box<Halted>),
}

/// On whose behalf, and for what.
struct Going {
    grant: Grant,
    user: User,
    scope: ScopeSet,
    resources: Vec<String>,
}

/// What the request asks of the grant.
struct Wish {
    scope: Option<ScopeSet>,
    resources: Vec<String>,
}

enum Beside {
    /// None: the presented token goes on (confidential clients).
    Nothing,
    /// The successor that was prepared.
    Prepared,
    /// The successor that an earlier answer carried, sealed.
    Earlier(Sealed),
}

/// The successor prepared before the transaction, because sealing has no place in it.
struct Prepared {
    token: RefreshToken,
    sealed: Sealed,
}

impl Provider {
    /// RFC 6749 §6 with rotation for public clients (decisions: refresh tokens; RT-02..07).
    pub(super) async fn refresh_token(
        &self,
        client: &RegisteredClient,
        form: &Parameters,
        asked_by: &Asked<'_>,
    ) -> Result<Issued, Failure> {
        let refused = |error| Ok(Issued::Refused(error));
        if !client.client.may_use(GrantType::RefreshToken) {
            return refused(TokenError::UnauthorizedClient);
        }
        let Some(text) = form.first("refresh_token") else {
            return refused(TokenError::InvalidRequest("refresh_token is missing"));
        };
        let Ok(scope) = form.first("scope").map(ScopeSet::parse).transpose() else {
            return refused(TokenError::InvalidScope);
        };
        let wish = Wish {
            scope,
            resources: form.all("resource").map(str::to_owned).collect(),
        };
        let Some(presented) = RefreshToken::presented(text) else {
            return refused(TokenError::InvalidGrant(UNKNOWN));
        };
        let confirmation = match asked_by.sender.binding(&client.client) {
            Ok(confirmation) => confirmation,
            Err(error) => return refused(error),
        };
        let token = RefreshToken::generate(&*self.entropy);
        let sealed = KeyRing::seal_under(
            &successor_key(&presented),
            OWNER,
            token.reveal().as_bytes(),
            &*self.entropy,
        );
        let prepared = Prepared { token, sealed };
        match self
            .use_refresh(&presented, &client.client, wish, &prepared, asked_by)
            .await?
        {
            Used::Wrong(error) => refused(error),
            Used::Halted(halted) => Err(Failure::Halted(halted)),
            Used::Again(why) => refused(TokenError::InvalidGrant(why)),
            Used::Refused(why, grant) => {
                if let Some(grant) = grant {
                    self.forget_standing(grant);
                }
                refused(TokenError::InvalidGrant(why))
            }
            Used::Go(going, beside) => {
                let refresh = successor(beside, &presented, &prepared)?;
                let who = ForUser {
                    grant: &going.grant,
                    subject: &self.subject_for(&client.client, &going.user),
                    scope: &going.scope,
                    confirmation,
                    resources: going.resources,
                    nonce: None,
                    refresh_token: refresh,
                };
                self.tokens_for(&client.client, who).await
            }
        }
    }

    async fn use_refresh(
        &self,
        presented: &RefreshToken,
        client: &Client,
        wish: Wish,
        prepared: &Prepared,
        asked_by: &Asked<'_>,
    ) -> Result<Used, Failure> {
        let usage = Usage {
            now: self.now(),
            digest: presented.digest(),
            client: client.clone(),
            wish,
            successor: prepared.token.digest(),
            sealed: prepared.sealed.clone(),
            idle: self.settings.lifetimes.refresh_idle,
            sender: asked_by.sender.clone(),
            shared: self.knowledge.shared(),
            gate: self.token_gate(),
            event: self.event(EventKind::Refresh, Outcome::Passed, asked_by.origin),
        };
        let used = self.store.write(move |tx| usage.apply(tx)).await?;
        if matches!(used, Used::Again(_)) {
            self.note_replay("refresh_token", &client.client_id, asked_by.origin);
        }
        Ok(used)
    }
}

const REVOKED: &str = "the refresh token was revoked";
const UNKNOWN: &str = "the refresh token is unknown";
const OWNER: &str = "successor";

/// Only who holds the used token can read its successor (RT-05).
fn successor_key(presented: &RefreshToken) -> [u8; 32] {
    *Digest::keyed(
        presented.reveal().as_bytes(),
        &[b"sekisho/refresh-successor"],
    )
    .as_bytes()
}

/// What the answer carries beside the access token.
fn successor(
    beside: Beside,
    presented: &RefreshToken,
    prepared: &Prepared,
) -> Result<Option<String>, Failure> {
    Ok(match beside {
        Beside::Nothing => None,
        Beside::Prepared => Some(prepared.token.reveal().to_owned()),
        Beside::Earlier(sealed) => Some(reopened(presented, &sealed)?),
    })
}

fn reopened(presented: &RefreshToken, sealed: &Sealed) -> Result<String, Failure> {
    let bytes = KeyRing::open_under(&successor_key(presented), OWNER, sealed)?;
    String::from_utf8(bytes).map_err(|_not_text| Failure::Corrupt("refresh token"))
}

/// One use of a refresh token, decided and written in one transaction.
struct Usage {
    now: Timestamp,
    digest: Digest,
    client: Client,
    wish: Wish,
    successor: Digest,
    sealed: Sealed,
    idle: Duration,
    sender: Sender,
    shared: Arc<SharedEpochs>,
    gate: Gate,
    event: Event,
}

impl Usage {
    fn apply(&self, tx: &mut Tx<'_>) -> Result<Used, StoreError> {
        let Some((record, grant)) = tx.refresh(&self.digest)? else {
            return Ok(Used::Refused(UNKNOWN, None));
        };
        if let Some(halted) = self.gate.halt(tx, &grant)? {
            return Ok(Used::Halted(halted));
        }
        let own = record.client_id == self.client.client_id;
        if own
            && !record
                .bound_to
                .as_ref()
                .is_none_or(|bound| self.sender.holds(bound))
        {
            // DP-08
            return self.refuse(tx, &grant, "the refresh token is bound to another key");
        }
        if own && let Err(error) = self.wished(&grant) {
            return Ok(Used::Wrong(error));
        }
        let client_id = &self.client.client_id;
        match decide(&record, &grant, &self.client, client_id, self.now) {
            Decision::RevokeFamily => self.revoke_family(tx, &grant),
            // Whoever goes on with a token that was exchanged writes no more rows.
            Decision::Refuse(why) if own && record.used_at.is_some() => Ok(Used::Again(why)),
            Decision::Refuse(why) => self.refuse(tx, &grant, why),
            Decision::Keep => {
                let Some(going) = self.standing(tx, &grant)? else {
                    return self.refuse(tx, &grant, REVOKED);
                };
                tx.touch_refresh(&self.digest, self.idle_until(&record))?;
                self.go(tx, going, Beside::Nothing)
            }
            Decision::Rotate => match self.standing(tx, &grant)? {
                Some(going) => self.rotate(tx, record, going),
                None => self.refuse(tx, &grant, REVOKED),
            },
            Decision::SameSuccessor => match self.standing(tx, &grant)? {
                Some(going) => self.earlier(tx, going),
                None => self.refuse(tx, &grant, REVOKED),
            },
        }
    }

    /// RT-02: account and epochs, again at every use.
    fn standing(&self, tx: &mut Tx<'_>, grant: &Grant) -> Result<Option<Going>, StoreError> {
        let user = tx.account(grant.user_id)?.map(|account| account.user);
        let user = user.filter(|user| may_issue_for(user, grant, &self.shared));
        let (Some(user), Ok((scope, resources))) = (user, self.wished(grant)) else {
            return Ok(None);
        };
        Ok(Some(Going {
            grant: grant.clone(),
            user,
            scope,
            resources,
        }))
    }

    /// What of the grant the access token is asked for.
    fn wished(&self, grant: &Grant) -> Result<(ScopeSet, Vec<String>), TokenError> {
        let scope = narrowed(&grant.scope, self.wish.scope.as_ref());
        let scope = scope.ok_or(TokenError::InvalidScope)?;
        let named = self.wish.resources.iter().map(String::as_str);
        let default = self.client.default_resource.as_ref();
        let resources = resource::of_token(named, &grant.terms.resources, default)
            .map_err(|_refused| TokenError::InvalidTarget)?;
        Ok((scope, resources))
    }

    fn refuse(
        &self,
        tx: &mut Tx<'_>,
        grant: &Grant,
        why: &'static str,
    ) -> Result<Used, StoreError> {
        tx.record(&refusal(&self.event, grant, why))?;
        Ok(Used::Refused(why, None))
    }

    fn idle_until(&self, record: &RefreshRecord) -> Timestamp {
        (self.now + self.idle).min(record.expires_at)
    }

    fn rotate(
        &self,
        tx: &mut Tx<'_>,
        record: RefreshRecord,
        going: Going,
    ) -> Result<Used, StoreError> {
        if tx.take_refresh(&self.digest, self.now, &self.sealed)? == Once::Again {
            return self.earlier(tx, going);
        }
        tx.insert_refresh(&RefreshRecord {
            digest: self.successor,
            issued_at: self.now,
            idle_until: self.idle_until(&record),
            used_at: None,
            successor: None,
            ..record
        })?;
        self.go(tx, going, Beside::Prepared)
    }

    fn go(&self, tx: &mut Tx<'_>, going: Going, beside: Beside) -> Result<Used, StoreError> {
        tx.record(&about(&self.event, &going.grant, Outcome::Passed))?;
        Ok(Used::Go(Box::new(going), beside))
    }

    /// Within the grace: the same successor again, as long as that one is unused.
    fn earlier(&self, tx: &mut Tx<'_>, going: Going) -> Result<Used, StoreError> {
        let successor = tx
            .refresh(&self.digest)?
            .and_then(|(record, _)| record.successor);
        match successor {
            Some(sealed) if tx.refresh_token_unused_exists(going.grant.id)? => {
                self.go(tx, going, Beside::Earlier(sealed))
            }
            Some(_) | None => self.revoke_family(tx, &going.grant),
        }
    }

    /// RT-06: somebody holds a token that was exchanged long ago; the family ends.
    fn revoke_family(&self, tx: &mut Tx<'_>, grant: &Grant) -> Result<Used, StoreError> {
        if tx.revoke_grant(grant.id, self.now)? == Once::Again {
            return Ok(Used::Again(REVOKED));
        }
        tx.record(&about(&self.event, grant, Outcome::Replayed))?;
        Ok(Used::Refused(
            "the refresh token was used before",
            Some(grant.id),
        ))
    }
}
