mod admission;
mod judged;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sekisho_model::{Digest, Timestamp};
use sekisho_session::{Limit, Session, SessionError};

use self::judged::{Judged, wait};
use crate::lately::Lately;
use crate::limits::Limits;
use crate::rules::{
    self, Blocks, ClientSecretTry, CodeMail, CodeTry, Counter, DeviceClass, Measures,
    PasswordAttempt, ProofMail, Registering, ResetMail, Rule, UserCodeTry,
};
use crate::ticket::{Counted, Place, Ticket};

/// How long everybody waits when this process has no room left to count.
const NO_ROOM: Duration = Duration::from_mins(1);

/// How long the address a client has proved itself from is its usual one.
const USUAL: Duration = Duration::from_hours(24);

/// Applies the [`Limits`] to all that is guessed or mailed.
#[derive(Debug)]
pub struct Throttle {
    session: Session,
    /// Counts while the session store is away (THR-12).
    own: Session,
    limits: Limits,
    key: Digest,
    /// Of wrong client secrets.
    suspects: Lately,
    /// Clients that have lately proved themselves from there.
    proven: Lately,
    blocks: RwLock<Arc<Blocks>>,
    measures: RwLock<Arc<Measures>>,
}

/// The limit of whoever comes from a network that strangers are kept out of (S5).
pub const BLOCK: &str = "block";

/// How long strangers wait at a block without an end.
const NO_END: Duration = Duration::from_hours(24);

/// Whether an act may go ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Pass {
    /// It may. The ticket is handed back once it is known how it ended.
    Go(Ticket),
    /// It may not; it must look and cost like a failed one (THR-09).
    Wait {
        /// From when on it may.
        until: Timestamp,
        /// The limit that was reached, as it is named in the configuration: for events, never for people.
        limit: &'static str,
    },
}

/// Why a throttle could not decide; the act must not go ahead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardFailure {
    /// The session store answered nonsense.
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl Throttle {
    /// A throttle that counts in `session`. `key` keeps names and addresses out of it: only their
    /// HMAC under this key is stored.
    pub fn new(session: Session, limits: Limits, key: Digest) -> Self {
        Self {
            session,
            own: Session::in_memory(),
            limits,
            key,
            suspects: Lately::default(),
            proven: Lately::default(),
            blocks: RwLock::default(),
            measures: RwLock::default(),
        }
    }

    /// Whom operators and rules keep out from now on. Strangers from a blocked network wait at every act
    /// below; browsers that the account knows do not (S5, THR-03).
    pub fn tell_blocks(&self, blocks: Arc<Blocks>) {
        *self.blocks.write().unwrap_or_else(PoisonError::into_inner) = blocks;
    }

    /// What detection rules do from now on: strangers that are slowed try a few times a minute (THR-15).
    pub fn tell_measures(&self, measures: Arc<Measures>) {
        *self
            .measures
            .write()
            .unwrap_or_else(PoisonError::into_inner) = measures;
    }

    /// What detection rules do.
    pub fn measures(&self) -> Arc<Measures> {
        let measures = self.measures.read();
        Arc::clone(&measures.unwrap_or_else(PoisonError::into_inner))
    }

    fn blocks(&self) -> Arc<Blocks> {
        Arc::clone(&self.blocks.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts a password before it is checked. Hand the ticket to [`Self::after_success`] if it is right.
    pub async fn before_password(
        &self,
        attempt: PasswordAttempt<'_>,
        now: Timestamp,
    ) -> Result<Pass, GuardFailure> {
        self.unblocked(
            (attempt.device, attempt.ip),
            &rules::password(&attempt),
            now,
        )
        .await
    }

    /// Whether so many wrong passwords in a row leave the way open they came by (THR-02).
    pub const fn allows_run(&self, failures: u32) -> bool {
        failures < self.limits.password.consecutive
    }

    /// Counts a mailed code before it is checked. Hand the ticket to [`Self::after_success`] if it is
    /// right, or if it was not compared because its time was over.
    pub async fn before_code_try(
        &self,
        attempt: CodeTry<'_>,
        now: Timestamp,
    ) -> Result<Pass, GuardFailure> {
        self.unblocked(
            (attempt.device, attempt.ip),
            &rules::code_try(&attempt),
            now,
        )
        .await
    }

    /// Counts a wrong code again that the record tells of, after a restart.
    pub async fn recall_code(&self, account: &Digest, at: Timestamp) -> Result<(), GuardFailure> {
        let rules = [rules::code_of_strangers(account)];
        let _counted_or_full = self.judge(self.counted(&rules, false), at).await?;
        Ok(())
    }

    /// Counts a code before it is mailed. If the ticket is parked with the sign-in and handed to
    /// [`Self::after_success`] when the code turns out right, a busy owner is never stopped: only
    /// mails nobody wanted count.
    pub async fn before_code_mail(
        &self,
        mail: CodeMail<'_>,
        now: Timestamp,
    ) -> Result<Pass, GuardFailure> {
        let allowed = self.blocks().allows(mail.ip, now);
        let mut counted = self.counted(&rules::code_mail(&mail), allowed);
        if mail.device == DeviceClass::Unknown {
            counted.extend(self.slowed(rules::slowed_mails(mail.ip), mail.ip, now));
        }
        self.count(counted, now).await
    }

    /// Counts a code before it is mailed to an address that has no account yet. As with
    /// [`Self::before_code_mail`], only mails nobody wanted go on counting.
    pub async fn before_proof_mail(
        &self,
        mail: ProofMail<'_>,
        now: Timestamp,
    ) -> Result<Pass, GuardFailure> {
        let allowed = self.blocks().allows(mail.ip, now);
        self.count(self.counted(&rules::proof_mail(&mail), allowed), now)
            .await
    }

    /// Counts a device's user code before it is looked up (THR-17). Hand the ticket to
    /// [`Self::after_success`] if a device shows it.
    pub async fn before_user_code(
        &self,
        attempt: UserCodeTry<'_>,
        now: Timestamp,
    ) -> Result<Pass, GuardFailure> {
        let mut counted = self.counted(&rules::user_code(&attempt), false);
        match self.judge(counted.clone(), now).await? {
            Judged::Over(limit, _) if limit.is_filled_by_others() => {
                counted.retain(|c| !c.counter.is_filled_by_others());
                if attempt.device == DeviceClass::Unknown {
                    let allowed = self.blocks().allows(attempt.ip, now);
                    counted.extend(self.counted(&[rules::crowded(attempt.ip)], allowed));
                }
                self.count(counted, now).await
            }
            judged => Ok(judged.into_pass()),
        }
    }

    /// Counts a device's request for codes. It counts for good. No block: nothing is guessed by it, and
    /// neighbours of an attacker have devices too (S5).
    pub async fn before_device_request(
        &self,
        ip: &str,
        now: Timestamp,
    ) -> Result<Pass, GuardFailure> {
        let allowed = self.blocks().allows(ip, now);
        let counted = self.counted(&rules::device_request(ip), allowed);
        self.count(counted, now).await
    }

    /// Counts a reset link before anything is looked up. It counts for good.
    pub async fn before_reset_mail(
        &self,
        mail: ResetMail<'_>,
        now: Timestamp,
    ) -> Result<Pass, GuardFailure> {
        // No block: it reaches the owner alone, and is how an owner gets in from a new device (THR-04).
        let allowed = self.blocks().allows(mail.ip, now);
        let with_slowed = |rules: &[Rule]| {
            let mut counted = self.counted(rules, allowed);
            counted.extend(self.slowed(rules::slowed_mails(mail.ip), mail.ip, now));
            counted
        };
        let judged = self.judge(with_slowed(&rules::reset_mail(&mail)), now);
        match judged.await? {
            Judged::Over(Counter::ResetAccountDay, _) => {
                let slowly = rules::reset_mail_after_the_day_s(&mail);
                self.count(with_slowed(&slowly), now).await
            }
            judged => Ok(judged.into_pass()),
        }
    }

    /// Counts an app that somebody is about to register; with a token of an operator, also from where strangers are
    /// kept out. It counts for good.
    pub async fn before_registration(
        &self,
        ip: &str,
        by: Registering,
        now: Timestamp,
    ) -> Result<Pass, GuardFailure> {
        let rules = rules::registration(ip);
        match by {
            Registering::Anybody => {
                self.unblocked((DeviceClass::Unknown, ip), &rules, now)
                    .await
            }
            Registering::WithToken => {
                let allowed = self.blocks().allows(ip, now);
                self.count(self.counted(&rules, allowed), now).await
            }
        }
    }

    /// Counts an account that somebody is about to make. It counts for good.
    pub async fn before_sign_up(&self, ip: &str, now: Timestamp) -> Result<Pass, GuardFailure> {
        let rules = rules::sign_up(ip);
        self.unblocked((DeviceClass::Unknown, ip), &rules, now)
            .await
    }

    /// Counts a change of an account that is told to all its addresses. It counts for good, and no block stops it:
    /// whoever comes here is signed in.
    pub async fn before_account_change(
        &self,
        account: &Digest,
        now: Timestamp,
    ) -> Result<Pass, GuardFailure> {
        let counted = self.counted(&rules::account_change(account), true);
        self.count(counted, now).await
    }

    /// Counts a copy of everything that is kept about a person, in the same way.
    pub async fn before_account_export(
        &self,
        account: &Digest,
        now: Timestamp,
    ) -> Result<Pass, GuardFailure> {
        let counted = self.counted(&rules::account_export(account), true);
        self.count(counted, now).await
    }

    /// Asks before a client secret is checked. Hand the ticket to [`Self::after_success`] or
    /// [`Self::after_failure`]. A client that has not failed here lately costs no call to the session
    /// store: a secret of 256 random bits is not guessed in the few tries that are counted late. For the same
    /// reason neither a block nor the failures of a neighbour stop it where it has lately proved itself (S5,
    /// THR-16). Whoever presents no secret guesses none, and is not asked about here.
    pub async fn before_client_secret(
        &self,
        attempt: ClientSecretTry<'_>,
        now: Timestamp,
    ) -> Result<Pass, GuardFailure> {
        let counted = self.counted(&rules::client_secret(&attempt), false);
        let suspect = |c: &Counted| {
            let failed = self.suspects.is_full() || self.suspects.holds(&c.whom, now);
            failed && !self.proven.holds(&c.whom, now)
        };
        if counted.iter().any(suspect) {
            return match self.stopped(attempt.ip, now) {
                Some(stopped) => Ok(stopped),
                None => self.count(counted, now).await,
            };
        }
        Ok(Pass::Go(Ticket {
            taken_at: now,
            place: Place::Nowhere,
            counted,
        }))
    }

    /// Takes a ticket back: its act succeeded and does not count. A right password also ends the
    /// count of wrong ones for this account and class of browser (THR-10).
    pub async fn after_success(&self, ticket: Ticket) {
        let secrets = ticket.counted.iter();
        for secret in secrets.filter(|c| c.counter == Counter::ClientSecret) {
            let now = ticket.taken_at;
            self.proven.add(secret.whom, now + USUAL, now);
        }
        let place = match ticket.place {
            Place::Shared => &self.session,
            Place::Here => &self.own,
            Place::Nowhere => return,
        };
        let (ended, others) = ticket.after_success();
        let done = match place.forget(&ended).await {
            Ok(()) => place.give_back(&others, ticket.taken_at).await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "a success goes on counting as a failure");
        }
    }

    /// Takes a ticket back whose secret was not compared, since this server had no time for it: it counts neither
    /// for nor against anybody.
    pub async fn give_back(&self, ticket: Ticket) {
        let place = match ticket.place {
            Place::Shared => &self.session,
            Place::Here => &self.own,
            Place::Nowhere => return,
        };
        let counted = ticket.counted.iter().map(|counted| counted.key());
        let counted: Vec<_> = counted.collect();
        if let Err(error) = place.give_back(&counted, ticket.taken_at).await {
            tracing::warn!(%error, "an act that was not tried goes on counting");
        }
    }

    /// Takes the ticket of a wrong client secret, which counts from now on. Other acts count already.
    pub async fn after_failure(&self, ticket: Ticket, now: Timestamp) -> Result<(), GuardFailure> {
        for counted in &ticket.counted {
            let window = self.limits.rate_of(counted.counter).window();
            if counted.counter == Counter::ClientSecret {
                self.suspects.add(counted.whom, now + window, now);
            }
        }
        if ticket.place == Place::Nowhere {
            let _either_way_it_counts = self.count(ticket.counted, now).await?;
        }
        Ok(())
    }

    /// Counts an act of somebody who is not kept out.
    async fn unblocked(
        &self,
        (device, ip): (DeviceClass, &str),
        rules: &[Rule],
        now: Timestamp,
    ) -> Result<Pass, GuardFailure> {
        if device == DeviceClass::Unknown
            && let Some(stopped) = self.stopped(ip, now)
        {
            return Ok(stopped);
        }
        let allowed = self.blocks().allows(ip, now);
        let mut counted = self.counted(rules, allowed);
        if device == DeviceClass::Unknown {
            counted.extend(self.slowed(rules::slowed(ip), ip, now));
        }
        match self.judge(counted.clone(), now).await? {
            Judged::Over(limit, _) if limit.is_filled_by_others() => {
                counted.retain(|c| !c.counter.is_filled_by_others());
                counted.extend(self.counted(&[rules::crowded(ip)], allowed));
                self.count(counted, now).await
            }
            judged => Ok(judged.into_pass()),
        }
    }

    /// What a detection rule slows counts against this as well.
    fn slowed(&self, rule: Rule, ip: &str, now: Timestamp) -> Vec<Counted> {
        if self.measures().slows(ip, now) {
            self.counted(&[rule], self.blocks().allows(ip, now))
        } else {
            Vec::new()
        }
    }

    fn stopped(&self, ip: &str, now: Timestamp) -> Option<Pass> {
        let blocks = self.blocks();
        let block = blocks.keeps_strangers_out(ip, now)?;
        Some(wait(block.until.unwrap_or(now + NO_END), BLOCK))
    }

    fn counted(&self, rules: &[Rule], allowed: bool) -> Vec<Counted> {
        let counts = |rule: &&Rule| !(allowed && rule.counter.is_of_source());
        let rules = rules.iter().filter(counts);
        rules
            .map(|rule| Counted {
                counter: rule.counter,
                whom: Digest::keyed(self.key.as_bytes(), &[rule.whom.as_bytes()]),
            })
            .collect()
    }

    async fn count(&self, counted: Vec<Counted>, now: Timestamp) -> Result<Pass, GuardFailure> {
        Ok(self.judge(counted, now).await?.into_pass())
    }

    async fn judge(&self, counted: Vec<Counted>, now: Timestamp) -> Result<Judged, GuardFailure> {
        let limits = self.limits_of(&counted, Place::Shared);
        match self.session.count(&limits, now).await {
            Ok(verdict) => Ok(Judged::of(verdict, counted, Place::Shared, now)),
            Err(SessionError::Unavailable(reason)) => {
                metrics::counter!("sekisho_throttle_alone_total").increment(1);
                tracing::debug!(reason, "counting in this process, without the others");
                self.judge_alone(counted, now).await
            }
            Err(other) => Err(other.into()),
        }
    }

    /// THR-12: without the shared counters a process allows less than all together would.
    async fn judge_alone(
        &self,
        counted: Vec<Counted>,
        now: Timestamp,
    ) -> Result<Judged, GuardFailure> {
        let limits = self.limits_of(&counted, Place::Here);
        match self.own.count(&limits, now).await {
            Ok(verdict) => Ok(Judged::of(verdict, counted, Place::Here, now)),
            Err(SessionError::Unavailable(_full)) => Ok(Judged::NoRoom(now + NO_ROOM)),
            Err(other) => Err(other.into()),
        }
    }

    fn limits_of(&self, counted: &[Counted], place: Place) -> Vec<Limit> {
        let limits = counted.iter().map(|counted| {
            let rate = self.limits.rate_of(counted.counter);
            let rate = match place {
                Place::Here => rate.narrowed(),
                Place::Shared | Place::Nowhere => rate,
            };
            Limit {
                key: counted.key(),
                max: rate.max,
                window: rate.window(),
            }
        });
        limits.collect()
    }
}
