use sekisho_model::{
    Client, Digest, Event, EventKind, Grant, GrantType, KeyRing, Origin, Outcome, RefreshRecord,
    RefreshToken, ScopeSet, Sealed, Timestamp,
};
use sekisho_store::{Once, RegisteredClient, StoreError, Tx};

use super::issue::Bearer;
use super::{Issued, TokenResponse};
use crate::rules::oauth_error::TokenError;
use crate::rules::parameters::Parameters;
use crate::rules::refresh_rotation::{Decision, decide, narrowed};
use crate::{Failure, Provider};

/// What became of the refresh token in the transaction.
enum Used {
    /// An access token may be issued, with this refresh token beside it.
    Go(Box<Grant>, Beside),
    /// Refused; the grant is named if it was ended just now.
    Refused(&'static str, Option<sekisho_model::GrantId>),
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
        origin: &Origin,
    ) -> Result<Issued, Failure> {
        let refused = |error| Ok(Issued::Refused(error));
        if !client.client.may_use(GrantType::RefreshToken) {
            return refused(TokenError::UnauthorizedClient);
        }
        let Some(text) = form.first("refresh_token") else {
            return refused(TokenError::InvalidRequest("refresh_token is missing"));
        };
        let asked = form.first("scope").map(ScopeSet::parse).transpose();
        let Ok(asked) = asked else {
            return refused(TokenError::InvalidScope);
        };
        let Some(presented) = RefreshToken::presented(text) else {
            return refused(TokenError::InvalidGrant(UNKNOWN));
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
            .use_refresh(&presented, &client.client, asked.clone(), &prepared, origin)
            .await?
        {
            Used::Refused("scope", _) => refused(TokenError::InvalidScope),
            Used::Refused(why, grant) => {
                if let Some(grant) = grant {
                    self.forget_standing(grant);
                }
                refused(TokenError::InvalidGrant(why))
            }
            Used::Go(grant, beside) => {
                let refresh = match beside {
                    Beside::Nothing => None,
                    Beside::Prepared => Some(prepared.token.reveal().to_owned()),
                    Beside::Earlier(sealed) => Some(reopened(&presented, &sealed)?),
                };
                self.answer_refresh(client, &grant, asked.as_ref(), refresh)
                    .await
            }
        }
    }

    async fn use_refresh(
        &self,
        presented: &RefreshToken,
        client: &Client,
        asked: Option<ScopeSet>,
        prepared: &Prepared,
        origin: &Origin,
    ) -> Result<Used, Failure> {
        let now = self.now();
        let digest = presented.digest();
        let client = client.clone();
        let (successor, sealed) = (prepared.token.digest(), prepared.sealed.clone());
        let idle = self.settings.lifetimes.refresh_idle;
        let event = self.event(EventKind::Refresh, Outcome::Passed, origin);
        let work = move |tx: &mut Tx<'_>| {
            let Some((record, grant)) = tx.refresh(&digest)? else {
                return Ok(Used::Refused(UNKNOWN, None));
            };
            if narrowed(&grant.scope, asked.as_ref()).is_none()
                && record.client_id == client.client_id
            {
                return Ok(Used::Refused("scope", None));
            }
            let go = |beside| Ok(Used::Go(Box::new(grant.clone()), beside));
            match decide(&record, &grant, &client, &client.client_id, now) {
                Decision::Keep => {
                    tx.touch_refresh(&digest, (now + idle).min(record.expires_at))?;
                    tx.record(&about(&event, &grant, Outcome::Passed))?;
                    go(Beside::Nothing)
                }
                Decision::Rotate => {
                    if tx.take_refresh(&digest, now, &sealed)? == Once::Again {
                        return earlier(tx, &digest, &grant, &event, now);
                    }
                    tx.insert_refresh(&RefreshRecord {
                        digest: successor,
                        issued_at: now,
                        idle_until: (now + idle).min(record.expires_at),
                        used_at: None,
                        successor: None,
                        ..record
                    })?;
                    tx.record(&about(&event, &grant, Outcome::Passed))?;
                    go(Beside::Prepared)
                }
                Decision::SameSuccessor => earlier(tx, &digest, &grant, &event, now),
                Decision::RevokeFamily => revoke_family(tx, &grant, &event, now),
                Decision::Refuse(why) => {
                    tx.record(&about(&event, &grant, Outcome::Refused))?;
                    Ok(Used::Refused(why, None))
                }
            }
        };
        Ok(self.store.write(work).await?)
    }

    async fn answer_refresh(
        &self,
        client: &RegisteredClient,
        grant: &Grant,
        asked: Option<&ScopeSet>,
        refresh_token: Option<String>,
    ) -> Result<Issued, Failure> {
        let invalid = |why| Ok(Issued::Refused(TokenError::InvalidGrant(why)));
        // RT-02: account, epochs and the grant itself, again at every use.
        let standing = self.standing_grant(grant.id).await?;
        let user = grant.user_id;
        let account = self.store.read(move |tx| tx.account(user)).await?;
        let (Some(_), Some(account)) = (standing, account) else {
            return invalid("the refresh token was revoked");
        };
        let Some(scope) = narrowed(&grant.scope, asked) else {
            return Ok(Issued::Refused(TokenError::InvalidScope));
        };
        let now = self.now();
        let subject = account.user.subject.as_str();
        let token =
            self.access_token(&client.client, &Bearer::User(grant, subject), &scope, now)?;
        let id_token = if scope.contains("openid") {
            self.id_token(&client.client, grant, subject, None, &token.text, now)?
        } else {
            None
        };
        if let Some(record) = token.record {
            self.store
                .write(move |tx| tx.insert_access_token(&record))
                .await?;
        }
        Ok(Issued::Tokens(Box::new(TokenResponse {
            access_token: token.text,
            token_type: "Bearer",
            expires_in: self.settings.lifetimes.access_token.as_secs(),
            scope: scope.to_string(),
            refresh_token,
            id_token,
        })))
    }
}

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

fn reopened(presented: &RefreshToken, sealed: &Sealed) -> Result<String, Failure> {
    let bytes = KeyRing::open_under(&successor_key(presented), OWNER, sealed)?;
    String::from_utf8(bytes).map_err(|_not_text| Failure::Corrupt("refresh token"))
}

fn about(event: &Event, grant: &Grant, outcome: Outcome) -> Event {
    Event {
        outcome,
        user_id: Some(grant.user_id),
        client_id: Some(grant.client_id.clone()),
        session_id: Some(grant.session_id),
        ..event.clone()
    }
}

/// Within the grace: the same successor again, as long as that one is unused.
fn earlier(
    tx: &mut Tx<'_>,
    digest: &Digest,
    grant: &Grant,
    event: &Event,
    now: Timestamp,
) -> Result<Used, StoreError> {
    let successor = tx.refresh(digest)?.and_then(|(record, _)| record.successor);
    let unused = tx.refresh_token_unused_exists(grant.id)?;
    match successor {
        Some(sealed) if unused => {
            tx.record(&about(event, grant, Outcome::Passed))?;
            Ok(Used::Go(Box::new(grant.clone()), Beside::Earlier(sealed)))
        }
        Some(_) | None => revoke_family(tx, grant, event, now),
    }
}

/// RT-06: somebody holds a token that was exchanged long ago; the family ends.
fn revoke_family(
    tx: &mut Tx<'_>,
    grant: &Grant,
    event: &Event,
    now: Timestamp,
) -> Result<Used, StoreError> {
    let _already = tx.revoke_grant(grant.id, now)?;
    tx.record(&about(event, grant, Outcome::Replayed))?;
    Ok(Used::Refused(
        "the refresh token was used before",
        Some(grant.id),
    ))
}
