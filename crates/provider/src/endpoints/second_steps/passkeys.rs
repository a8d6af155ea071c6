//! Passkeys: added in the account pages, asked for at a sign-in.

use sekisho_mail::RecoveryNews;
use sekisho_model::{Digest, Factor, FactorId, FactorKind, Feature, Sealed, Timestamp, UserId};
use sekisho_session::ParkedKind;
use sekisho_store::{Account, Once, Tx};
use serde_json::Value;

use super::super::sign_in::LoadedFlow;
use super::super::standing_session::stands;
use super::super::visit::{LiveSession, Visit};
use super::ceremony::{self, Answered, Asker, Made, Newcomer, Refusal};
use super::{Held, PATIENCE, enrolment};
use crate::accounts::OpenAccount;
use crate::rules::second_factor::{MOST_PASSKEYS, clean_name};
use crate::{Failure, Provider};

/// What came of a passkey that is being added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasskeyAdded {
    /// It counts from now on.
    Done,
    /// Both steps have to be proved first.
    Stale,
    /// It needs a name of 1 to 60 characters.
    Name,
    /// The answer does not fit the question, or came too late.
    Refused,
    /// An account has this passkey already, or there are too many.
    Already,
}

/// What became of the answer of a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasskeyUse {
    Right {
        /// Whether the key may be copied between devices.
        copied: bool,
    },
    Wrong,
    /// It was right, but its counter did not grow: somebody has a copy.
    Replayed,
}

/// The passkeys of an account, opened.
struct Known {
    account: Account,
    all: Vec<(Factor, Held)>,
}

impl Known {
    fn stored(&self) -> Vec<Value> {
        let passkey = |(_, held): &(Factor, Held)| held.passkey.clone();
        self.all.iter().map(passkey).collect()
    }
}

impl Provider {
    const fn asker(&self) -> Asker<'_> {
        Asker {
            issuer: self.settings.issuer.as_str(),
            service: self.settings.service_name.as_str(),
        }
    }

    /// Whether passkeys can be added here: they need the feature, and a host with a name.
    pub fn offers_passkeys(&self) -> bool {
        let nobody = Newcomer {
            user: UserId::new(self.now(), &*self.entropy),
            address: "nobody",
            present: &[],
        };
        ceremony::begin(self.asker(), &nobody).is_some()
    }

    async fn known_passkeys(&self, user: UserId) -> Result<Known, Failure> {
        let account = self.stored_account(user).await?;
        let factors = self.store.read(move |tx| tx.factors_of(user)).await?;
        let mut all = Vec::new();
        for factor in factors {
            if factor.kind == FactorKind::Passkey {
                let held = self.opened_factor(&account, &factor)?;
                all.push((factor, held));
            }
        }
        Ok(Known { account, all })
    }

    /// What the browser is asked to make a passkey; a newer question replaces the former. `None` if both steps have
    /// to be proved first, or there can be none.
    pub async fn begin_passkey(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
    ) -> Result<Option<String>, Failure> {
        self.works(Feature::Passkeys)?;
        if !self.proved_both_lately(live, account).await? {
            return Ok(None);
        }
        let known = self.known_passkeys(live.user.id).await?.stored();
        let newcomer = Newcomer {
            user: live.user.id,
            address: &account.login_address.to_string(),
            present: &known,
        };
        let Some(question) = ceremony::begin(self.asker(), &newcomer) else {
            return Ok(None);
        };
        let (kind, place) = (ParkedKind::FactorEnrolment, enrolment(live, "passkey"));
        self.session
            .park(kind, &place, question.state, PATIENCE, self.now())
            .await?;
        Ok(Some(question.options))
    }

    /// Adds the passkey that the browser made. The question works once.
    pub async fn add_passkey(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        (answer, name): (&str, &str),
        visit: &Visit,
    ) -> Result<PasskeyAdded, Failure> {
        let now = self.now();
        self.knowledge.may_issue(now)?;
        self.works(Feature::Passkeys)?;
        if !self.proved_both_lately(live, account).await? {
            return Ok(PasskeyAdded::Stale);
        }
        let Some(name) = clean_name(name) else {
            return Ok(PasskeyAdded::Name);
        };
        let (kind, place) = (ParkedKind::FactorEnrolment, enrolment(live, "passkey"));
        let Some(state) = self.session.unpark(kind, &place, now).await? else {
            return Ok(PasskeyAdded::Refused);
        };
        let Some(made) = ceremony::finish(self.asker(), answer, &state) else {
            return Ok(PasskeyAdded::Refused);
        };
        self.write_passkey((live, account), (made, name), visit)
            .await
    }

    async fn write_passkey(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        (made, name): (Made, String),
        visit: &Visit,
    ) -> Result<PasskeyAdded, Failure> {
        let (now, user) = (self.now(), live.user.id);
        self.count_change(user).await?;
        let id = FactorId::new(now, &*self.entropy);
        let held = Held {
            name,
            secret: Vec::new(),
            passkey: made.passkey,
        };
        let stored = self.stored_account(user).await?;
        let factor = Factor {
            id,
            user_id: user,
            kind: FactorKind::Passkey,
            sealed: self.sealed_factor(&stored, id, &held)?,
            credential: Some(self.credential_digest(&made.credential)),
            made_in: live.session.id,
            made_at: now,
            last_used_at: None,
            mark: 0,
        };
        let detail = serde_json::json!({ "factor": "passkey", "step": "added" });
        let event = self.factor_event(live, detail, visit);
        let told = self.told_news(account, &event, RecoveryNews::PasskeyAdded);
        let session = live.session.clone();
        let work = move |tx: &mut Tx<'_>| {
            if !stands(tx, &session)? {
                return Ok(PasskeyAdded::Stale);
            }
            let all = tx.factors_of(user)?;
            let passkeys = all.iter().filter(|one| one.kind == FactorKind::Passkey);
            if passkeys.count() >= MOST_PASSKEYS || tx.insert_factor(&factor)? == Once::Again {
                return Ok(PasskeyAdded::Already);
            }
            tx.set_second_step(user, true)?;
            told.post(tx)?;
            tx.record(&event)?;
            Ok(PasskeyAdded::Done)
        };
        let added = self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(added)
    }

    fn credential_digest(&self, credential: &[u8]) -> Digest {
        Digest::keyed(self.address_key.as_bytes(), &[b"passkey", credential])
    }

    /// What a passkey is asked at a sign-in whose password was right. A newer question replaces the former.
    pub async fn passkey_question(&self, flow: &LoadedFlow) -> Result<Option<String>, Failure> {
        if self.works(Feature::Passkeys).is_err() {
            return Ok(None);
        }
        let stage = flow.pending.code_stage();
        if let Some(stage) = stage.filter(|stage| stage.is_uniform()) {
            return self.passkey_guise(flow, stage.user_id).await;
        }
        let asked = |stronger: crate::rules::sign_in::Stronger| stronger.passkey;
        let Some(stage) = stage.filter(|stage| stage.stronger.is_some_and(asked)) else {
            return Ok(None);
        };
        let known = self.known_passkeys(stage.user_id).await?.stored();
        let Some(question) = ceremony::ask(self.asker(), &known) else {
            return Ok(None);
        };
        let (kind, id) = (ParkedKind::PasskeyQuestion, flow.id.as_str());
        self.session
            .park(kind, id, question.state, PATIENCE, self.now())
            .await?;
        Ok(Some(question.options))
    }

    /// What anybody's passkey is asked where the page hides what the password was (OTP-07): whoever typed which
    /// password for an account, it looks the same. An account without passkeys, and none at all, seem to have some.
    async fn passkey_guise(
        &self,
        flow: &LoadedFlow,
        user: UserId,
    ) -> Result<Option<String>, Failure> {
        let there = self.store.read(move |tx| tx.account(user)).await?.is_some();
        let known = if there {
            self.known_passkeys(user).await?.stored()
        } else {
            Vec::new()
        };
        let question = ceremony::ask(self.asker(), &known);
        let key = self.address_key.as_bytes();
        let invented = Digest::keyed(key, &[b"no passkey", user.to_string().as_bytes()]);
        let challenge = self.entropy.bytes::<32>();
        let guise = (invented, &challenge);
        let Some(options) = ceremony::guise(self.asker(), question.as_ref(), guise) else {
            return Ok(None);
        };
        let state = question.map_or_else(Vec::new, |question| question.state);
        let (kind, id) = (ParkedKind::PasskeyQuestion, flow.id.as_str());
        self.session
            .park(kind, id, state, PATIENCE, self.now())
            .await?;
        Ok(Some(options))
    }

    /// Checks an answer: the question is taken away first, so that of any number of answers one is looked at.
    pub(crate) async fn use_passkey(
        &self,
        flow: &LoadedFlow,
        answer: &str,
        now: Timestamp,
    ) -> Result<PasskeyUse, Failure> {
        let (kind, id) = (ParkedKind::PasskeyQuestion, flow.id.as_str());
        let question = self.session.unpark(kind, id, now).await?;
        let (Some(question), Some(stage)) = (question, flow.pending.code_stage()) else {
            return Ok(PasskeyUse::Wrong);
        };
        let known = self.known_passkeys(stage.user_id).await?;
        let answered = match ceremony::verify(self.asker(), (answer, &question), &known.stored()) {
            Ok(answered) => answered,
            Err(Refusal::Wrong) => return Ok(PasskeyUse::Wrong),
            Err(Refusal::Copied) => return Ok(PasskeyUse::Replayed),
        };
        self.count_passkey(&known, answered, now).await
    }

    async fn count_passkey(
        &self,
        known: &Known,
        answered: Answered,
        now: Timestamp,
    ) -> Result<PasskeyUse, Failure> {
        let digest = self.credential_digest(&answered.credential);
        let fits = |(factor, _): &&(Factor, Held)| factor.credential == Some(digest);
        let Some((factor, held)) = known.all.iter().find(fits) else {
            return Ok(PasskeyUse::Wrong);
        };
        let renewed = Held {
            name: held.name.clone(),
            secret: Vec::new(),
            passkey: answered.passkey,
        };
        let sealed: Sealed = self.sealed_factor(&known.account, factor.id, &renewed)?;
        let (id, user, mark) = (factor.id, factor.user_id, i64::from(answered.counter));
        let work = move |tx: &mut Tx<'_>| {
            let once = tx.use_factor(id, mark, Some(&sealed), now)?;
            if once == Once::First {
                // Whoever has it did not lose it.
                let _noted = tx.end_factor_loss(user)?;
            }
            Ok(once)
        };
        Ok(match self.store.write(work).await? {
            Once::First => PasskeyUse::Right {
                copied: answered.copied,
            },
            Once::Again => PasskeyUse::Replayed,
        })
    }
}
