use sekisho_model::{
    AuthenticationMethod, Digest, EmailAddress, Event, EventKind, FlowId, Outcome, Purpose,
};
use sekisho_store::{Once, PasswordRecord, StoreError, Tx};
use serde_json::{Map, Value};

use super::super::address_proof::Proved;
use super::super::authorize::Next;
use super::super::sign_in::{Completion, LoadedFlow};
use super::super::visit::{NewCookies, Visit};
use crate::accounts::AccountRows;
use crate::rules::recovery_code;
use crate::rules::sign_in::{Destination, PendingSignIn};
use crate::rules::sign_up::{Chosen, PendingSignUp, SignUpRefusal};
use crate::{Failure, Provider};

/// What came of the last step.
#[derive(Debug)]
pub enum SignUpOutcome {
    /// The account is made and its person signed in.
    Made(Box<SignedUp>),
    /// Somebody else made an account with this address meanwhile. Only who proved the address is told (REC-10).
    Taken(Option<FlowId>),
    /// Registration was closed, or the invitation used, meanwhile.
    Refused(SignUpRefusal),
    /// A step is missing in this browser: from the start.
    Gone,
}

/// A new account.
#[derive(Debug)]
pub struct SignedUp {
    /// The session and the mark of the browser.
    pub cookies: NewCookies,
    /// The address to sign in with.
    pub address: EmailAddress,
    /// Shown once, kept as digests (REC-05).
    pub recovery_codes: Vec<String>,
    /// The pending sign-in to go on with, for [`Provider::go_on_signed_up`].
    pub flow: Option<FlowId>,
}

impl Provider {
    /// Makes the account; with `None`, codes go to the address of the sign-in until another one is given.
    pub async fn finish_sign_up(
        &self,
        code_address: Option<Proved>,
        visit: &Visit,
    ) -> Result<SignUpOutcome, Failure> {
        self.knowledge.may_issue(self.now())?;
        let Some(pending) = self.load_sign_up(visit).await?.map(|found| found.pending) else {
            return Ok(SignUpOutcome::Gone);
        };
        let (Some(chosen), Some(login)) = (pending.chosen(), pending.address()) else {
            return Ok(SignUpOutcome::Gone);
        };
        let code = match code_address {
            Some(proved) => proved
                .for_first_code_address()
                .filter(|new| self.first_code_address_refusal(new, &login).is_none()),
            None => Some(login.clone()).filter(|login| self.may_give_code_address_later(login)),
        };
        // A key that was dropped meanwhile would leave a password that nobody can type.
        let owner = chosen.user_id.to_string();
        let opens = self
            .keyring
            .open(Purpose::Password, &owner, &chosen.sealed());
        let (Some(code), Ok(_)) = (code, opens) else {
            return Ok(SignUpOutcome::Gone);
        };
        let index = self.address_index(&login);
        let invited = self.sign_up_admission(pending.invitation, Some(&index));
        let invitation = match invited.await? {
            Ok(counts) => pending.invitation.filter(|_| counts),
            Err(refusal) => return Ok(SignUpOutcome::Refused(refusal)),
        };
        let recovery_codes = recovery_codes(self);
        let rows = self.rows_of(chosen, (&login, &code), visit)?;
        let work = SignUpWork {
            recovery: self.recovery_digests(&rows, &recovery_codes),
            event: self
                .made_event(&pending, &rows, login == code, visit)
                .await?,
            rows,
            invitation,
            index,
        };
        self.write_sign_up(work, (&pending, login), recovery_codes, visit)
            .await
    }

    async fn write_sign_up(
        &self,
        work: SignUpWork,
        (pending, address): (&PendingSignUp, EmailAddress),
        recovery_codes: Vec<String>,
        visit: &Visit,
    ) -> Result<SignUpOutcome, Failure> {
        let (now, user) = (self.now(), work.rows.id());
        let made = self.store.write(move |tx| work.write(tx, now)).await;
        match made {
            Ok(Once::First) => self.end_sign_up(pending).await?,
            Ok(Once::Again) => {
                return Ok(SignUpOutcome::Refused(SignUpRefusal::InvitationOver));
            }
            Err(StoreError::Conflict) => {
                self.end_sign_up(pending).await?;
                return Ok(SignUpOutcome::Taken(pending.flow.clone()));
            }
            Err(error) => return Err(error.into()),
        }
        let account = self.account(user).await?;
        let completion = Completion {
            account: account.ok_or(Failure::Corrupt("account"))?,
            browser: None,
            // The address was proved by a code and the password chosen, in this browser.
            methods: vec![AuthenticationMethod::Pwd, AuthenticationMethod::Otp],
            trust: false,
            spent_challenge: None,
            change: None,
        };
        let completed = self
            .complete_sign_in(self.way_in(pending), completion, visit)
            .await?;
        Ok(SignUpOutcome::Made(Box::new(SignedUp {
            cookies: completed.map(|done| done.cookies).unwrap_or_default(),
            address,
            recovery_codes,
            flow: pending.flow.clone(),
        })))
    }

    /// A sign-in to the account page: the app's own waits until the recovery codes are written down, because
    /// what it would be answered lives for a minute.
    fn way_in(&self, pending: &PendingSignUp) -> LoadedFlow {
        let page = Destination::Page("/account".to_owned());
        let (binding, epoch) = (pending.binding, pending.epoch);
        LoadedFlow {
            id: FlowId::generate(&*self.entropy),
            pending: PendingSignIn::begin(page, binding, epoch, self.now()),
            version: 0,
        }
    }

    fn rows_of(
        &self,
        chosen: &Chosen,
        addresses: (&EmailAddress, &EmailAddress),
        visit: &Visit,
    ) -> Result<AccountRows, Failure> {
        let sealed = chosen.sealed();
        let record = PasswordRecord {
            key_id: sealed.key_id().ok_or(Failure::Corrupt("password record"))?,
            sealed,
            changed_at: chosen.chosen_at,
            must_change: false,
        };
        let mut claims = Map::new();
        if let Some(name) = &chosen.name {
            claims.insert("name".to_owned(), Value::from(name.as_str()));
        }
        let user = self.new_user(chosen.user_id, Some(visit.locale));
        Ok(self.account_rows(user, record, addresses, &claims))
    }

    fn recovery_digests(&self, rows: &AccountRows, codes: &[String]) -> Vec<Digest> {
        let codes = codes.iter();
        codes
            .filter_map(|code| self.recovery_digest(rows.id(), code))
            .collect()
    }

    async fn made_event(
        &self,
        pending: &PendingSignUp,
        rows: &AccountRows,
        later: bool,
        visit: &Visit,
    ) -> Result<Event, Failure> {
        let mut event = self.event(EventKind::UserCreated, Outcome::Passed, &visit.origin);
        event.user_id = Some(rows.id());
        event.detail = serde_json::json!({
            "how": "sign_up", "invited": pending.invitation.is_some(),
            "code_address": if later { "later" } else { "given" },
        });
        if let Some(id) = &pending.flow
            && let Some(flow) = self.flow(id.as_str(), visit).await?
        {
            event.client_id = flow.pending.request().map(|asked| asked.client_id.clone());
        }
        Ok(event)
    }

    /// Goes on to where somebody wanted to sign in when they made an account instead: by the session that was
    /// made since then. `None` if there is none, or the sign-in is gone.
    pub async fn go_on_signed_up(
        &self,
        flow: LoadedFlow,
        visit: &Visit,
    ) -> Result<Option<Next>, Failure> {
        let live = self.live_session(visit).await?.filter(|live| {
            let since = live.session.auth_time >= flow.pending.began_at;
            let strong = AuthenticationMethod::prove_second_step(&live.session.methods);
            since && strong && flow.pending.awaits_password() && !self.must_change_first(live)
        });
        match live {
            Some(live) => self.after_sign_in(flow, &live, visit).await,
            None => Ok(None),
        }
    }
}

fn recovery_codes(provider: &Provider) -> Vec<String> {
    (0..recovery_code::SET)
        .map(|_| recovery_code::spelled(provider.entropy.bytes()))
        .collect()
}

/// Everything one registration writes.
struct SignUpWork {
    rows: AccountRows,
    recovery: Vec<Digest>,
    invitation: Option<Digest>,
    index: Digest,
    event: Event,
}

impl SignUpWork {
    /// `Again`, with nothing written, if the invitation was used meanwhile; `Conflict` if the address was.
    fn write(&self, tx: &mut Tx<'_>, now: sekisho_model::Timestamp) -> Result<Once, StoreError> {
        let user = self.rows.id();
        if let Some(invitation) = &self.invitation
            && tx.take_invitation(invitation, &self.index, user, now)? == Once::Again
        {
            return Ok(Once::Again);
        }
        self.rows.write(tx, now)?;
        tx.replace_recovery_codes(user, &self.recovery, now)?;
        tx.record(&self.event)?;
        Ok(Once::First)
    }
}
