//! How people leave, and how addresses are released (REC-14, REC-15, REC-16).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use sekisho_audit::outbox::open_letter;
use sekisho_guard::{Concerned, EndpointClass};
use sekisho_mail::RecoveryNews;
use sekisho_model::{
    AddressKind, BrowserSession, EmailAddress, Event, EventId, EventKind, Feature, LetterId,
    Outcome, Subject, Timestamp, User, UserId,
};
use sekisho_store::{Account, Once, OutboxLetter, StoreError, Tx};
use serde_json::json;

use super::standing_session::stands_before_move;
use super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
use crate::{Failure, Provider};

/// Days before the end at which people are told again.
const TOLD_AGAIN: Duration = Duration::from_hours(7 * 24);
/// Accounts looked at or told at once.
const ROUND: u32 = 100;
/// When so many were erased in one round, the others are due in the next.
const ENOUGH: usize = 100;

/// What came of a wish to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// The account is erased from then on.
    Until(Timestamp),
    /// The sign-in is too long ago: password and code first.
    Stale,
    /// It was asked already.
    Again,
}

/// What one round erased.
struct Erasures {
    erased: usize,
    /// The addresses of those who are gone.
    gone: HashSet<String>,
    /// The last that could not be.
    failed: Result<(), Failure>,
}

impl Default for Erasures {
    fn default() -> Self {
        Self {
            erased: 0,
            gone: HashSet::new(),
            failed: Ok(()),
        }
    }
}

impl Erasures {
    fn note(&mut self, outcome: Result<Option<Vec<String>>, Failure>) {
        match outcome {
            Ok(Some(addresses)) => {
                self.erased = self.erased.saturating_add(1);
                self.gone.extend(addresses);
            }
            Ok(None) => {}
            Err(failure) => self.failed = Err(failure),
        }
    }
}

impl Provider {
    /// Begins the deletion of whoever is signed in: everything ends at once, apps are told, and the account is
    /// erased after the delay.
    pub async fn ask_deletion(
        &self,
        live: &LiveSession,
        account: &OpenAccount,
        visit: &Visit,
    ) -> Result<Leaving, Failure> {
        self.works(Feature::AccountDeletion)?;
        if !self.proved_both_lately(live, account).await? {
            return Ok(Leaving::Stale);
        }
        let at = self.now() + self.settings.leaving.delay;
        let mut event = self.event(EventKind::Deletion, Outcome::Passed, &visit.origin);
        event.session_id = Some(live.session.id);
        event.detail = json!({ "step": "asked", "by": "person" });
        let (by, who) = (Some(live.session.clone()), (live.user.id, Some(account)));
        self.write_deletion((who, by), at, event).await
    }

    /// An operator begins the deletion of an account; with `at` in the past it is erased in the next round.
    /// Who has no sign-in address any more is not told.
    pub async fn begin_deletion(
        &self,
        who: (UserId, Option<&OpenAccount>),
        at: Timestamp,
        event: Event,
    ) -> Result<Leaving, Failure> {
        self.write_deletion((who, None), at, event).await
    }

    async fn write_deletion(
        &self,
        ((user, account), by): ((UserId, Option<&OpenAccount>), Option<BrowserSession>),
        at: Timestamp,
        mut event: Event,
    ) -> Result<Leaving, Failure> {
        let now = self.now();
        event.user_id = Some(user);
        let news = RecoveryNews::DeletionAsked { at };
        let told = account.map(|account| self.told_news(account, &event, news));
        let begun = move |tx: &mut Tx<'_>| {
            if let Some(session) = &by
                && !stands_before_move(tx, session)?
            {
                return Ok(Leaving::Stale);
            }
            let mut begun = tx.ask_deletion(user, at, now)?;
            if begun == Once::Again && by.is_none() {
                // An operator may end the wait of somebody who leaves already.
                begun = tx.hasten_deletion(user, at)?;
            }
            if begun == Once::Again {
                return Ok(Leaving::Again);
            }
            told.iter().try_for_each(|told| told.post(tx))?;
            tx.record(&event)?;
            Ok(Leaving::Until(at))
        };
        let leaving = self.store.write(begun).await?;
        if leaving == Leaving::Until(at) {
            self.access_ended().await?;
        }
        Ok(leaving)
    }

    /// The owner, who just signed in with everything asked, stays. `false` if the sign-in is too long ago.
    pub async fn keep_account(
        &self,
        live: &LiveSession,
        account: &OpenAccount,
        visit: &Visit,
    ) -> Result<bool, Failure> {
        if !self.is_fresh(live, account).await? {
            return Ok(false);
        }
        let mut event = self.event(EventKind::Deletion, Outcome::Passed, &visit.origin);
        event.session_id = Some(live.session.id);
        event.detail = json!({ "step": "stopped", "by": "person" });
        let who = (live.user.id, Some(account));
        self.stop_deletion(who, event, visit).await?;
        Ok(true)
    }

    /// The account stays. `false` if it was not leaving.
    pub async fn stop_deletion(
        &self,
        (user, account): (UserId, Option<&OpenAccount>),
        mut event: Event,
        visit: &Visit,
    ) -> Result<bool, Failure> {
        event.user_id = Some(user);
        let letters = account.map_or_else(Vec::new, |account| {
            self.letters_to_all(account, || {
                self.recovery_notice(RecoveryNews::DeletionStopped, visit)
            })
        });
        let stop = move |tx: &mut Tx<'_>| {
            if tx.stop_deletion(user)? == Once::Again {
                return Ok(false);
            }
            letters.iter().try_for_each(|letter| tx.post(letter))?;
            tx.record(&event)?;
            Ok(true)
        };
        let stopped = self.store.write(stop).await?;
        self.standings.invalidate_all();
        self.letters_wait.ring();
        Ok(stopped)
    }

    /// Erases the accounts that are due, and tells those again that soon are. Answers how many were erased. While
    /// nobody can sign in to an account, it stays: its owner could not stop it, and evidence would be lost.
    pub async fn see_off(&self) -> Result<usize, Failure> {
        let now = self.now();
        let closed = self.pass(EndpointClass::SignIn, Concerned::default());
        let (erased, mut failed) = match closed {
            Ok(()) => self.erase_due(now).await,
            Err(_) => (0, Ok(())),
        };
        let work = move |tx: &mut Tx<'_>| tx.deletions_to_tell(now + TOLD_AGAIN, ROUND);
        for user in self.store.read(work).await? {
            // One that cannot be told must keep nobody else from it.
            if let Err(failure) = self.tell_again(user).await {
                failed = Err(failure);
            }
        }
        failed.map(|()| erased)
    }

    /// `None` as well where nothing of an account can be read any more: who leaves must go without a letter then.
    async fn readable(&self, user: UserId) -> Result<Option<OpenAccount>, Failure> {
        match self.account(user).await {
            Err(Failure::Corrupt(what) | Failure::Sealed(what)) => {
                tracing::warn!(%user, what, "an account cannot be read; its person is not told");
                Ok(None)
            }
            other => other,
        }
    }

    /// Letters that were given up lie there for a month, and each names its address.
    async fn forget_letters_to(&self, gone: &HashSet<String>) -> Result<(), Failure> {
        let mut after = None;
        while !gone.is_empty() {
            let page = move |tx: &mut Tx<'_>| tx.dead_letters(after, ROUND);
            let dead = self.store.read(page).await?;
            let Some(last) = dead.last() else { break };
            after = Some(last.id);
            let to_them = |letter: &&OutboxLetter| {
                let opened = open_letter(&letter.sealed, letter.id, &self.keyring);
                let to = opened.and_then(|opened| EmailAddress::parse(&opened.to).ok());
                to.is_some_and(|to| gone.contains(&to.canonical()))
            };
            let theirs: Vec<LetterId> = dead.iter().filter(to_them).map(|one| one.id).collect();
            if !theirs.is_empty() {
                let drop = move |tx: &mut Tx<'_>| tx.drop_dead_letters(&theirs);
                self.store.write(drop).await?;
            }
        }
        Ok(())
    }

    /// Those that wait, and those that cannot be erased, do not hold up those behind them.
    async fn erase_due(&self, now: Timestamp) -> (usize, Result<(), Failure>) {
        let mut round = Erasures::default();
        let mut failed = self.erase_pages(now, &mut round).await;
        if let Err(failure) = self.forget_letters_to(&round.gone).await {
            failed = Err(failure);
        }
        (round.erased, failed.and(round.failed))
    }

    async fn erase_pages(&self, now: Timestamp, round: &mut Erasures) -> Result<(), Failure> {
        let mut after = None;
        loop {
            let work = move |tx: &mut Tx<'_>| tx.due_deletions(now, after, ROUND);
            let due = self.store.read(work).await?;
            for (_, user) in &due {
                round.note(self.erase_if_open(*user).await);
            }
            after = due.last().copied();
            if after.is_none() || round.erased >= ENOUGH {
                return Ok(());
            }
        }
    }

    /// As [`Provider::erase`]; `None` as well while nobody can sign in to it.
    async fn erase_if_open(&self, user: UserId) -> Result<Option<Vec<String>>, Failure> {
        if self.is_closed_to(user).await? {
            return Ok(None);
        }
        self.erase(user).await
    }

    /// Whether a level of some accounts, or a block, keeps this person from signing in.
    async fn is_closed_to(&self, user: UserId) -> Result<bool, Failure> {
        if !self.situation().tells_people_apart(self.now()) {
            return Ok(false);
        }
        let found = self.store.read(move |tx| tx.account(user)).await?;
        let passes = |user: &User| self.pass_person(EndpointClass::SignIn, user).is_ok();
        Ok(found.is_some_and(|account| !passes(&account.user)))
    }

    /// Answers the addresses the account had, as far as they could be read; `None` if it stays after all, or is gone.
    async fn erase(&self, user: UserId) -> Result<Option<Vec<String>>, Failure> {
        let now = self.now();
        let visit = Visit::default();
        // Who has no address any more, or a broken key, is erased without a letter.
        let account = self.readable(user).await?;
        let letters = account.as_ref().map_or_else(Vec::new, |account| {
            self.letters_to_all(account, || {
                self.recovery_notice(RecoveryNews::DeletionDone, &visit)
            })
        });
        let addresses = account
            .as_ref()
            .map_or_else(Vec::new, OpenAccount::addresses);
        let addresses = addresses.into_iter().map(EmailAddress::canonical);
        let addresses: Vec<String> = addresses.collect();
        let mut event = self.event(EventKind::Deletion, Outcome::Passed, &visit.origin);
        event.user_id = Some(user);
        event.detail = json!({ "step": "erased" });
        let erase = move |tx: &mut Tx<'_>| {
            if tx.erase_user(user, now)? == Once::Again {
                return Ok(false);
            }
            letters.iter().try_for_each(|letter| tx.post(letter))?;
            tx.record(&event)?;
            Ok(true)
        };
        let erased = self.store.write(erase).await?;
        self.profiles.invalidate(&user);
        self.standings.invalidate_all();
        self.letters_wait.ring();
        Ok(erased.then_some(addresses))
    }

    async fn tell_again(&self, user: UserId) -> Result<(), Failure> {
        let soon_from_the_start = self.settings.leaving.delay <= TOLD_AGAIN;
        let visit = Visit::default();
        let account = self.readable(user).await?;
        let letters = account.map_or_else(Vec::new, |account| {
            let at = account.user.leaves_at.unwrap_or_else(|| self.now());
            self.letters_to_all(&account, || {
                self.recovery_notice(RecoveryNews::DeletionSoon { at }, &visit)
            })
        });
        let tell = move |tx: &mut Tx<'_>| {
            if tx.deletion_told(user)? == Once::First && !soon_from_the_start {
                letters.iter().try_for_each(|letter| tx.post(letter))?;
            }
            Ok(())
        };
        self.store.write(tell).await?;
        self.letters_wait.ring();
        Ok(())
    }

    /// Takes an address from everybody who has it, because its provider may give it to somebody else; nobody
    /// can have it before the quarantine is over. Other addresses of theirs are told. Answers how many accounts
    /// had it.
    pub async fn release_address(
        &self,
        address: &EmailAddress,
        event: Event,
    ) -> Result<usize, Failure> {
        let (now, index) = (self.now(), self.address_index(address));
        let until = now + self.settings.leaving.quarantine;
        let letters = self.letters_of_release(address).await?;
        let entropy = Arc::clone(&self.entropy);
        let release = move |tx: &mut Tx<'_>| {
            let owners = tx.release_address(&index, until, now)?;
            let id = || EventId::new(now, &*entropy);
            record_release(tx, &event, &owners, id)?;
            letters.iter().try_for_each(|letter| tx.post(letter))?;
            Ok(owners.len())
        };
        let owners = self.store.write(release).await?;
        self.profiles.invalidate_all();
        self.access_ended().await?;
        Ok(owners)
    }

    /// To the other addresses of everybody who has `address`.
    async fn letters_of_release(
        &self,
        address: &EmailAddress,
    ) -> Result<Vec<OutboxLetter>, Failure> {
        let (index, visit) = (self.address_index(address), Visit::default());
        let owners = self.store.read(move |tx| tx.address_owners(&index)).await?;
        let mut letters = Vec::new();
        for owner in owners {
            let Some(account) = self.readable(owner).await? else {
                continue;
            };
            let own = [Some(&account.login_address), account.code_address.as_ref()];
            let others = own.into_iter().flatten();
            let others = others.filter(|other| other.canonical() != address.canonical());
            let body = || self.recovery_notice(RecoveryNews::AddressReleased, &visit);
            letters.extend(others.map(|to| self.sealed_letter(&account.user, to, body())));
        }
        Ok(letters)
    }

    /// Until when nobody can have an address.
    pub async fn quarantined_until(
        &self,
        address: &EmailAddress,
    ) -> Result<Option<Timestamp>, Failure> {
        let index = self.address_index(address);
        let work = move |tx: &mut Tx<'_>| tx.quarantined_until(&index);
        Ok(self.store.read(work).await?)
    }

    /// Ends the quarantine of an address. `false` if there is none.
    pub async fn end_quarantine(
        &self,
        address: &EmailAddress,
        event: Event,
    ) -> Result<bool, Failure> {
        let index = self.address_index(address);
        let end = move |tx: &mut Tx<'_>| {
            let ended = tx.end_quarantine(&index)?;
            if ended {
                tx.record(&event)?;
            }
            Ok(ended)
        };
        Ok(self.store.write(end).await?)
    }

    /// Gives somebody whose address was released another one to sign in with, after an operator checked who
    /// asks. `None` if there is no such account, `Some(false)` if it has an address, or nobody can have this one.
    pub async fn give_address(
        &self,
        subject: &Subject,
        address: &EmailAddress,
        mut event: Event,
    ) -> Result<Option<bool>, Failure> {
        let (now, subject) = (self.now(), subject.clone());
        let find = move |tx: &mut Tx<'_>| tx.account_by_subject(&subject);
        let Some(account) = self.store.read(find).await? else {
            return Ok(None);
        };
        if account.login_address.is_some() {
            return Ok(Some(false));
        }
        let user = account.user.id;
        let (sealed, index) = self.sealed_address(user, address).await?;
        event.user_id = Some(user);
        let letters = self.letters_of_gift(&account, address)?;
        let give = move |tx: &mut Tx<'_>| {
            let kind = AddressKind::Login;
            let given = tx.insert_address(user, kind, &sealed, &index, Some(now))?;
            if given == Once::First {
                letters.iter().try_for_each(|letter| tx.post(letter))?;
                tx.record(&event)?;
            }
            Ok::<_, StoreError>(given == Once::First)
        };
        let given = self.store.write(give).await?;
        self.letters_wait.ring();
        Ok(Some(given))
    }

    /// To the new address and to where codes go (REC-06).
    fn letters_of_gift(
        &self,
        account: &Account,
        address: &EmailAddress,
    ) -> Result<Vec<OutboxLetter>, Failure> {
        let code = account.code_address.as_ref();
        let code = code.filter(|code| code.verified_at.is_some());
        let code = code.map(|code| self.opened_address(account, &code.sealed));
        let visit = Visit::default();
        let body = || self.recovery_notice(RecoveryNews::AddressGiven, &visit);
        let told = [Some(address.clone()), code.transpose()?];
        let letters = told.iter().flatten();
        Ok(letters
            .map(|to| self.sealed_letter(&account.user, to, body()))
            .collect())
    }
}

/// One event for each account, so that it stands in each history.
fn record_release(
    tx: &mut Tx<'_>,
    event: &Event,
    owners: &[UserId],
    id: impl Fn() -> EventId,
) -> Result<(), StoreError> {
    if owners.is_empty() {
        return tx.record(event);
    }
    for owner in owners {
        tx.record(&Event {
            id: id(),
            user_id: Some(*owner),
            ..event.clone()
        })?;
    }
    Ok(())
}

/// Whether somebody is on the way out: nothing is issued to them any more (REC-16).
pub(crate) const fn is_leaving(user: &User) -> bool {
    user.leaves_at.is_some()
}
