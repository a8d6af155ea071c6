//! Changing the address of a sign-in or of its codes: a fresh sign-in, a code typed that went to the new address,
//! a notice to all with a way back at the former ones (REC-06, REC-07, OTP-23, OTP-24).

mod undo;

pub(crate) use undo::Undoing;
pub use undo::{UndoOutcome, UndoView};

use sekisho_guard::EndpointClass;
use sekisho_mail::LetterBody;
use sekisho_model::{
    AddressKind, BrowserSession, Digest, EmailAddress, EpochKind, Event, EventKind, Feature,
    Outcome, ProofPurpose, Sealed, SessionToken, Timestamp, UndoToken, UserId,
};
use sekisho_store::{
    AddressChange, FormerAddress, HistoryFilter, Once, OutboxLetter, StoreError, Tx,
};

use super::address_proof::{ProofBegun, ProofWish, Proved};
use super::standing_session::stands_before_move;
use super::visit::{LiveSession, NewCookies, Visit};
use crate::accounts::OpenAccount;
use crate::rules::address_change::{
    AddressRefusal, HOLD_FOR, Present, UNDO_FOR, after_all, held_until, kind, refusal,
    set_by_mailbox_alone,
};
use crate::{Failure, Provider};

/// Events read at once.
const HELD_PAGE: u32 = 100;

/// What came of a new address that was typed.
#[derive(Debug)]
pub enum AddressAsked {
    /// A letter is on its way there.
    Sent,
    /// It cannot be used.
    Refused(AddressRefusal),
    /// No more letters until then.
    NoMoreCodes(Timestamp),
    /// A recovery code was used lately: not before then.
    Held(Timestamp),
    /// The sign-in is too long ago (REC-07).
    Stale,
}

/// What came of a proved address.
#[derive(Debug)]
pub enum AddressOutcome {
    /// It counts from now on; the session goes on under a new cookie.
    Changed(NewCookies),
    /// Another request was faster, or somebody else has the address by now.
    Late,
}

/// A change that can still be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoableChange {
    /// Which address.
    pub kind: AddressKind,
    /// When.
    pub made_at: Timestamp,
    /// Until when it can be undone.
    pub undo_until: Timestamp,
}

impl Provider {
    /// Mails a code to an address that is to become this account's.
    pub async fn begin_address_change(
        &self,
        purpose: ProofPurpose,
        (live, account): (&LiveSession, &OpenAccount),
        new: &EmailAddress,
        visit: &Visit,
    ) -> Result<AddressAsked, Failure> {
        self.works(Feature::AddressChange)?;
        if !self.proved_both_lately(live, account).await? {
            return Ok(AddressAsked::Stale);
        }
        if let Some(until) = self.addresses_held_until(live.user.id).await? {
            return Ok(AddressAsked::Held(until));
        }
        if let Some(refusal) = self.address_refusal(purpose, account, new) {
            return Ok(AddressAsked::Refused(refusal));
        }
        let wish = ProofWish {
            purpose,
            candidate: new,
            account: Some(&live.user),
        };
        Ok(match self.begin_proof(wish, visit).await? {
            ProofBegun::Sent(_) => AddressAsked::Sent,
            ProofBegun::NoMoreCodes(until) => AddressAsked::NoMoreCodes(until),
            ProofBegun::NoSession => AddressAsked::Stale,
        })
    }

    fn address_refusal(
        &self,
        purpose: ProofPurpose,
        account: &OpenAccount,
        new: &EmailAddress,
    ) -> Option<AddressRefusal> {
        let present = Present {
            login: &account.login_address,
            code: account.code_address.as_ref(),
            self_hosted: &self.settings.self_hosted_mail_domains,
            internal: &self.settings.resets.internal_domains,
        };
        refusal(kind(purpose)?, new, present)
    }

    /// Until when no address of an account can be changed, because a recovery code was used lately.
    pub async fn addresses_held_until(&self, user: UserId) -> Result<Option<Timestamp>, Failure> {
        let (now, mut before) = (self.now(), None);
        loop {
            let filter = HistoryFilter {
                from: Some(now - HOLD_FOR),
                kinds: vec![EventKind::RecoveryCodes],
                outcomes: vec![Outcome::Passed],
                ..HistoryFilter::default()
            };
            let page = move |tx: &mut Tx<'_>| tx.history_of(user, &filter, before, HELD_PAGE);
            let events = self.store.read(page).await?;
            // New sets are of this kind as well; however many were made, the use is found.
            let code = events
                .iter()
                .find(|event| event.detail.get("made").is_none());
            let last = events.last().map(|event| (event.at, event.id));
            if code.is_some() || last.is_none() {
                return Ok(held_until(code.map(|event| event.at), now));
            }
            before = last;
        }
    }

    /// Until when nobody sets the first code address of an account: whoever reads the sign-in mailbox set its password
    /// with that alone, and would be its second step as well (REC-04).
    pub(crate) async fn first_address_held_until(
        &self,
        user: UserId,
    ) -> Result<Option<Timestamp>, Failure> {
        let now = self.now();
        let filter = HistoryFilter {
            from: Some(now - HOLD_FOR),
            kinds: vec![EventKind::PasswordChanged],
            outcomes: vec![Outcome::Passed],
            ..HistoryFilter::default()
        };
        let page = move |tx: &mut Tx<'_>| tx.history_of(user, &filter, None, HELD_PAGE);
        let events = self.store.read(page).await?;
        // The newest link counts: an operator who checked who asks opens the way.
        let mut links = events
            .iter()
            .filter_map(|event| Some((event.at, set_by_mailbox_alone(&event.detail)?)));
        let alone = links.next().filter(|(_, alone)| *alone);
        let by_link = held_until(alone.map(|(at, _)| at), now);
        Ok(by_link.max(self.addresses_held_until(user).await?))
    }

    /// Makes a proved address count. In one transaction: the address, the end of other sessions, trusted browsers
    /// and pending sign-ins, the way back, letters and event.
    pub async fn finish_address_change(
        &self,
        purpose: ProofPurpose,
        (live, account): (&LiveSession, &OpenAccount),
        proved: Proved,
        visit: &Visit,
    ) -> Result<AddressOutcome, Failure> {
        let (now, user) = (self.now(), live.user.id);
        self.knowledge.may_issue(now)?;
        self.works(Feature::AddressChange)?;
        self.pass_person(EndpointClass::Credentials, &live.user)?;
        let (Some(kind), Some(new)) = (kind(purpose), proved.for_account(purpose, user)) else {
            return Ok(AddressOutcome::Late);
        };
        let held = self.addresses_held_until(user).await?.is_some();
        if held || self.address_refusal(purpose, account, &new).is_some() {
            return Ok(AddressOutcome::Late);
        }
        let (sealed, index) = self.sealed_address(user, &new).await?;
        let (letters, links) = self.change_letters(account, kind, &new, visit);
        let token = SessionToken::generate(&*self.entropy);
        let work = ChangeWork {
            user,
            kind,
            sealed,
            index,
            letters,
            links,
            session: live.session.clone(),
            cookie: token.digest(),
            event: self.change_event(kind, live, visit),
        };
        match self.store.write(move |tx| work.write(tx, now)).await {
            Ok(()) => {}
            Err(StoreError::Conflict) => return Ok(AddressOutcome::Late),
            Err(error) => return Err(error.into()),
        }
        self.after_password_change().await?;
        self.profiles.invalidate(&user);
        Ok(AddressOutcome::Changed(NewCookies {
            session: Some(token),
            browser_state: self.kept_browser_state(live),
            ..NewCookies::default()
        }))
    }

    /// REC-06, REC-07: all known addresses are told; each that the account had before can undo the change.
    pub(super) fn change_letters(
        &self,
        account: &OpenAccount,
        kind: AddressKind,
        new: &EmailAddress,
        visit: &Visit,
    ) -> (Vec<OutboxLetter>, Vec<Digest>) {
        let now = self.now();
        let body = |link| LetterBody::AddressChanged {
            kind,
            mask: new.masked(),
            link,
            until: now + UNDO_FOR,
            at: now,
            device: Self::device(&visit.origin.user_agent),
            ip: visit.origin.ip.clone(),
        };
        let mut told = vec![&account.login_address];
        let unlike_login =
            |code: &&EmailAddress| code.canonical() != account.login_address.canonical();
        told.extend(account.code_address.as_ref().filter(unlike_login));
        let mut links = Vec::new();
        let mut letters = Vec::new();
        for address in told {
            let token = UndoToken::generate(&*self.entropy);
            let link = format!("{}/address/undo/{}", self.settings.issuer, token.reveal());
            links.push(token.digest());
            letters.push(self.sealed_letter(&account.user, address, body(Some(link))));
        }
        letters.push(self.sealed_letter(&account.user, new, body(None)));
        (letters, links)
    }

    fn change_event(&self, kind: AddressKind, live: &LiveSession, visit: &Visit) -> Event {
        let mut event = self.event(EventKind::AddressChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(live.user.id);
        event.session_id = Some(live.session.id);
        event.detail = serde_json::json!({ "which": kind, "step": "changed" });
        event
    }

    /// The changes of an account that can still be undone, oldest first.
    pub async fn undoable_changes(&self, user: UserId) -> Result<Vec<UndoableChange>, Failure> {
        let now = self.now();
        let open = self.store.read(move |tx| tx.open_address_changes(user));
        let open = open.await?.into_iter();
        Ok(open
            .filter(|change| now < change.undo_until)
            .map(|change| UndoableChange {
                kind: change.kind,
                made_at: change.made_at,
                undo_until: change.undo_until,
            })
            .collect())
    }
}

/// Everything one change writes.
struct ChangeWork {
    user: UserId,
    kind: AddressKind,
    sealed: Sealed,
    index: Digest,
    letters: Vec<OutboxLetter>,
    links: Vec<Digest>,
    session: BrowserSession,
    cookie: Digest,
    event: Event,
}

impl ChangeWork {
    /// `Conflict`, with nothing written, if the address is taken, or the session was renewed or voided meanwhile.
    fn write(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let (user, new) = (self.user, (&self.sealed, &self.index));
        // Locks the counter: changes and their undoing follow one another from here on.
        if !stands_before_move(tx, &self.session)? {
            return Err(StoreError::Conflict);
        }
        tx.move_user_epoch(user, EpochKind::Browser)?;
        let epoch = tx.move_user_epoch(user, EpochKind::Session)?;
        let before = tx.open_address_changes(user)?;
        let former: Option<FormerAddress> = tx.change_address(user, self.kind, new, now)?;
        let change = AddressChange {
            id: self.event.id,
            user_id: user,
            kind: self.kind,
            former,
            made_at: after_all(before.iter().map(|change| change.made_at), now),
            undo_until: now + UNDO_FOR,
            ended_at: None,
            made_in: Some(self.session.id),
        };
        tx.insert_address_change(&change, &self.links)?;
        for other in tx.sessions_of(user)? {
            if other.id != self.session.id {
                let _ended = tx.end_session(other.id, now)?;
            }
        }
        let renewed = BrowserSession {
            digest: self.cookie,
            epoch,
            ..self.session.clone()
        };
        let (id, old) = (self.session.id, &self.session.digest);
        if tx.rotate_session(id, old, &renewed)? == Once::Again {
            return Err(StoreError::Conflict);
        }
        tx.close_resets(user)?;
        tx.end_reset_wait(user)?;
        self.letters.iter().try_for_each(|letter| tx.post(letter))?;
        tx.record(&self.event)
    }
}
