//! An authenticator app: added, and its codes checked.

use sekisho_guard::{CodeTry, Pass};
use sekisho_mail::RecoveryNews;
use sekisho_model::{Factor, FactorId, FactorKind, Feature, Outcome, Timestamp, UserId};
use sekisho_session::ParkedKind;
use sekisho_store::{Account, Once, Tx};

use super::super::sign_in::device_class;
use super::super::standing_session::stands;
use super::super::visit::{LiveSession, Visit};
use super::{Held, PATIENCE, enrolment};
use crate::accounts::OpenAccount;
use crate::rules::second_factor::{SECRET_BYTES, app_address, matched_step, spelled_secret};
use crate::{Failure, Provider};

/// What an app needs to know.
#[derive(Clone, PartialEq, Eq)]
pub struct AppEnrolment {
    /// The secret in letters and digits.
    pub secret: String,
    /// The same as an address, for a picture or a tap.
    pub address: String,
}

impl std::fmt::Debug for AppEnrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AppEnrolment(…)")
    }
}

/// What came of the first code of an app that is being added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppAdded {
    /// It counts from now on.
    Done,
    /// Both steps have to be proved first.
    Stale,
    /// It is not the code.
    Wrong,
    /// Too many wrong codes; again from then.
    Wait(Timestamp),
    /// The account has one already.
    Already,
    /// It took too long: a new secret.
    Gone,
}

/// What became of a typed code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AppCode {
    Right,
    Wrong,
    /// It was right, and it was used before.
    Used,
}

/// A secret that waits for its first code.
struct Waiting {
    account: Account,
    id: FactorId,
    secret: Vec<u8>,
}

impl Provider {
    /// The secret of an app that is to be added: the same one while it waits. `None` if both steps have to be
    /// proved first.
    pub async fn begin_app(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
    ) -> Result<Option<AppEnrolment>, Failure> {
        self.works(Feature::AuthenticatorApp)?;
        if !self.proved_both_lately(live, account).await? {
            return Ok(None);
        }
        let secret = match self.waiting_app(live).await? {
            Some(waiting) => waiting.secret,
            None => self.new_app(live).await?,
        };
        let (service, name) = (&self.settings.service_name, &account.login_address);
        let address = app_address(&secret, service, &name.to_string());
        Ok(Some(AppEnrolment {
            secret: spelled_secret(&secret),
            address: address.ok_or(Failure::Corrupt("service name"))?,
        }))
    }

    async fn new_app(&self, live: &LiveSession) -> Result<Vec<u8>, Failure> {
        let now = self.now();
        let account = self.stored_account(live.user.id).await?;
        let id = FactorId::new(now, &*self.entropy);
        let held = Held {
            name: String::new(),
            secret: self.entropy.bytes::<SECRET_BYTES>().to_vec(),
            passkey: serde_json::Value::Null,
        };
        let sealed = self.sealed_factor(&account, id, &held)?;
        let mut parked = id.to_string().into_bytes();
        parked.push(b' ');
        parked.extend_from_slice(sealed.as_bytes());
        let (kind, place) = (ParkedKind::FactorEnrolment, enrolment(live, "app"));
        self.session
            .park(kind, &place, parked, PATIENCE, now)
            .await?;
        Ok(held.secret.clone())
    }

    async fn waiting_app(&self, live: &LiveSession) -> Result<Option<Waiting>, Failure> {
        let (kind, place) = (ParkedKind::FactorEnrolment, enrolment(live, "app"));
        let Some(parked) = self.session.parked(kind, &place, self.now()).await? else {
            return Ok(None);
        };
        let unreadable = || Failure::Corrupt("enrolment");
        let mut parts = parked.value.splitn(2, |byte| *byte == b' ');
        let id = parts.next().and_then(|id| std::str::from_utf8(id).ok());
        let id = id.and_then(FactorId::parse).ok_or_else(unreadable)?;
        let sealed = parts.next().ok_or_else(unreadable)?.to_vec();
        let account = self.stored_account(live.user.id).await?;
        let factor = new_factor(id, live, sealed, (self.now(), 0));
        let held = self.opened_factor(&account, &factor)?;
        let secret = held.secret.clone();
        Ok(Some(Waiting {
            account,
            id,
            secret,
        }))
    }

    /// The first code of the app: from then on it is asked for. Codes count like mailed ones, before they are
    /// compared (THR-07, THR-08).
    pub async fn add_app(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        code: &str,
        visit: &Visit,
    ) -> Result<AppAdded, Failure> {
        let now = self.now();
        self.knowledge.may_issue(now)?;
        self.works(Feature::AuthenticatorApp)?;
        if !self.proved_both_lately(live, account).await? {
            return Ok(AppAdded::Stale);
        }
        let Some(waiting) = self.waiting_app(live).await? else {
            return Ok(AppAdded::Gone);
        };
        let key = self.account_key(live.user.id);
        let attempt = CodeTry {
            account: &key,
            device: device_class(Some(live.session.browser_id)),
            ip: &visit.origin.ip,
        };
        let ticket = match self.throttle.before_code_try(attempt, now).await? {
            Pass::Go(ticket) => ticket,
            Pass::Wait { until, .. } => return Ok(AppAdded::Wait(until)),
        };
        let Some(step) = matched_step(&waiting.secret, code, now) else {
            let detail = serde_json::json!({ "factor": "totp", "step": "adding" });
            let mut failed = self.factor_event(live, detail, visit);
            failed.outcome = Outcome::WrongCode;
            self.store.write(move |tx| tx.record(&failed)).await?;
            return Ok(AppAdded::Wrong);
        };
        self.throttle.after_success(ticket).await;
        // Of several at once one adds it.
        let (kind, place) = (ParkedKind::FactorEnrolment, enrolment(live, "app"));
        if self.session.unpark(kind, &place, now).await?.is_none() {
            return Ok(AppAdded::Gone);
        }
        self.write_app((live, account), (waiting, step), visit)
            .await
    }

    async fn write_app(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        (waiting, step): (Waiting, i64),
        visit: &Visit,
    ) -> Result<AppAdded, Failure> {
        let (now, user) = (self.now(), live.user.id);
        self.count_change(user).await?;
        let held = Held {
            name: String::new(),
            secret: waiting.secret,
            passkey: serde_json::Value::Null,
        };
        let sealed = self.sealed_factor(&waiting.account, waiting.id, &held)?;
        let sealed = sealed.as_bytes().to_vec();
        let factor = new_factor(waiting.id, live, sealed, (now, step));
        let detail = serde_json::json!({ "factor": "totp", "step": "added" });
        let event = self.factor_event(live, detail, visit);
        let told = self.told_news(account, &event, RecoveryNews::AppAdded);
        let session = live.session.clone();
        let work = move |tx: &mut Tx<'_>| {
            if !stands(tx, &session)? {
                return Ok(AppAdded::Stale);
            }
            if tx.insert_factor(&factor)? == Once::Again {
                return Ok(AppAdded::Already);
            }
            tx.set_second_step(user, true)?;
            told.post(tx)?;
            tx.record(&event)?;
            Ok(AppAdded::Done)
        };
        let added = self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(added)
    }

    /// Uses a code of the app up: of any number of callers with the same code one is told that it is right.
    pub(crate) async fn use_app_code(
        &self,
        user: UserId,
        code: &str,
        now: Timestamp,
    ) -> Result<AppCode, Failure> {
        let read = move |tx: &mut Tx<'_>| Ok((tx.account(user)?, tx.factors_of(user)?));
        let (account, factors) = self.store.read(read).await?;
        let app = factors
            .into_iter()
            .find(|factor| factor.kind == FactorKind::Totp);
        let (Some(account), Some(app)) = (account, app) else {
            return Ok(AppCode::Wrong);
        };
        let held = self.opened_factor(&account, &app)?;
        let Some(step) = matched_step(&held.secret, code, now) else {
            return Ok(AppCode::Wrong);
        };
        let work = move |tx: &mut Tx<'_>| {
            let once = tx.use_factor(app.id, step, None, now)?;
            if once == Once::First {
                // Whoever has it did not lose it.
                let _noted = tx.end_factor_loss(user)?;
            }
            Ok(once)
        };
        Ok(match self.store.write(work).await? {
            Once::First => AppCode::Right,
            Once::Again => AppCode::Used,
        })
    }
}

fn new_factor(
    id: FactorId,
    live: &LiveSession,
    sealed: Vec<u8>,
    (made_at, mark): (Timestamp, i64),
) -> Factor {
    Factor {
        id,
        user_id: live.user.id,
        kind: FactorKind::Totp,
        sealed: sekisho_model::Sealed::from_bytes(sealed),
        credential: None,
        made_in: live.session.id,
        made_at,
        last_used_at: None,
        mark,
    }
}
