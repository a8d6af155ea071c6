//! Proving an address by a code that is mailed there and typed in the same browser (REC-08, REC-10, OTP-09 to
//! OTP-14). What the address is for is the caller's: a [`Proved`] comes only from here.
//!
//! An address that belongs to another account gets another letter and the same page; no code is right.

mod code;
mod letters;

pub use code::{ProofOutcome, Proved};

use sekisho_guard::{CodeMail, DeviceClass, Pass, ProofMail, Ticket};
use sekisho_model::{
    ChallengeId, Digest, EmailAddress, PreAuthToken, ProofPurpose, Purpose, SessionToken,
    Timestamp, User, UserId,
};
use sekisho_session::{NewChallenge, ParkedKind, Renewal};

use super::sign_in::ResendOutcome;
use super::visit::{NewCookies, Visit};
use crate::rules::address_proof::{self, Candidate, PendingProof};
use crate::rules::password_reset::may_be_mailed;
use crate::{Failure, Provider};

/// An address somebody wants to prove.
#[derive(Debug, Clone, Copy)]
pub struct ProofWish<'a> {
    /// What for.
    pub purpose: ProofPurpose,
    /// The address.
    pub candidate: &'a EmailAddress,
    /// For whose account; `None` to make one.
    pub account: Option<&'a User>,
}

/// What came of the wish.
#[derive(Debug)]
pub enum ProofBegun {
    /// A letter is on its way.
    Sent(NewCookies),
    /// No more letters there, or from there, until then (OTP-12).
    NoMoreCodes(Timestamp),
    /// The browser has no session for it.
    NoSession,
}

/// What the page shows on which the code is typed.
#[derive(Debug, Clone)]
pub struct ProofView {
    /// What is known.
    pub pending: PendingProof,
    /// The address, as it was typed in this browser.
    pub address: EmailAddress,
}

/// A proof, read for the browser it belongs to.
pub(super) struct Loaded {
    pending: PendingProof,
    candidate: Candidate,
    binding: Digest,
    version: u64,
}

impl Provider {
    /// Mails a code to an address that is to be proved. A proof of the same purpose that this browser had begun
    /// ends (OTP-11).
    pub async fn begin_proof(
        &self,
        wish: ProofWish<'_>,
        visit: &Visit,
    ) -> Result<ProofBegun, Failure> {
        let (now, purpose) = (self.now(), wish.purpose);
        self.knowledge.may_issue(now)?;
        let Some((binding, cookies)) = self.proof_binding(purpose, visit) else {
            return Ok(ProofBegun::NoSession);
        };
        let (account, to) = (wish.account.map(|user| user.id), wish.candidate);
        let mails = match self.count_proof_mails(account, to, visit, now).await? {
            Ok(tickets) => tickets,
            Err(until) => return Ok(ProofBegun::NoMoreCodes(until)),
        };
        let index = self.address_index(to);
        let found = self.store.read(move |tx| {
            Ok((
                tx.login_address_holder(&index)?,
                tx.quarantined_until(&index)?,
            ))
        });
        let (holder, quarantined) = found.await?;
        let free = quarantined.is_none()
            && address_proof::hears(purpose, account, holder.as_ref().map(|user| user.id));
        let candidate = Candidate {
            address: to.clone(),
            hears: free && may_be_mailed(to, &self.settings.resets.internal_domains),
        };
        let challenge = ChallengeId::generate(&*self.entropy);
        let written = self.write_proof_code(&challenge, (purpose, account), &candidate, visit);
        let (codes, place) = (self.settings.codes, self.proof_place(purpose, &binding));
        let pending = PendingProof {
            binding,
            purpose,
            account,
            candidate: self.sealed_candidate(&candidate, &place),
            challenge,
            tally_word: written.tally.0,
            tally_number: written.tally.1,
            sent_at: now,
            expires_at: written.expires_at,
            resend_after: now + codes.resend_after,
            closes_at: now + codes.closes_after,
            epoch: self.knowledge.epoch_now(),
            mails,
        };
        if let Some(former) = self.load_proof(purpose, visit).await? {
            let former = former.pending.challenge;
            self.session.close_challenge(&former).await?;
        }
        self.park_proof(&place, &pending, written.mac).await?;
        let reader = wish.account.or(holder.as_ref());
        self.post_proof(&pending, &candidate, (written.body, reader), visit)
            .await?;
        Ok(ProofBegun::Sent(cookies))
    }

    async fn park_proof(
        &self,
        place: &str,
        pending: &PendingProof,
        mac: Digest,
    ) -> Result<(), Failure> {
        let (codes, now) = (self.settings.codes, self.now());
        let challenge = NewChallenge {
            id: pending.challenge.clone(),
            mac,
            binding: pending.binding,
            max_tries: codes.max_tries,
            expires_at: pending.expires_at,
            closes_at: pending.closes_at,
            resend_after: pending.resend_after,
            max_sends: codes.max_sends,
        };
        self.session.open_challenge(&challenge, now).await?;
        let (kind, value) = (ParkedKind::AddressProof, parked(pending)?);
        let life = codes.closes_after;
        Ok(self.session.park(kind, place, value, life, now).await?)
    }

    /// What the code page shows; `None` if this browser has begun no such proof.
    pub async fn proof_view(
        &self,
        purpose: ProofPurpose,
        visit: &Visit,
    ) -> Result<Option<ProofView>, Failure> {
        let loaded = self.load_proof(purpose, visit).await?;
        Ok(loaded.map(|proof| ProofView {
            pending: proof.pending,
            address: proof.candidate.address,
        }))
    }

    /// Mails a new code in the place of the former one; tries and end stay (OTP-11, OTP-12).
    pub async fn resend_proof(
        &self,
        purpose: ProofPurpose,
        visit: &Visit,
    ) -> Result<ResendOutcome, Failure> {
        let now = self.now();
        self.knowledge.may_issue(now)?;
        let Some(mut proof) = self.load_proof(purpose, visit).await? else {
            return Ok(ResendOutcome::Gone);
        };
        let (account, to) = (proof.pending.account, proof.candidate.address.clone());
        if now < proof.pending.resend_after {
            return Ok(ResendOutcome::TooSoon(proof.pending.resend_after));
        }
        let mails = match self.count_proof_mails(account, &to, visit, now).await? {
            Ok(tickets) => tickets,
            Err(until) => return Ok(ResendOutcome::NoMoreCodes(until)),
        };
        let index = self.address_index(&to);
        let found = self.store.read(move |tx| {
            let holder = tx.login_address_holder(&index)?;
            let own = account.map(|user| tx.account(user)).transpose()?.flatten();
            Ok(own.map(|account| account.user).or(holder))
        });
        let reader = found.await?;
        let id = proof.pending.challenge.clone();
        let written = self.write_proof_code(&id, (purpose, account), &proof.candidate, visit);
        let resend_after = now + self.settings.codes.resend_after;
        let expires_at = written.expires_at.min(proof.pending.closes_at);
        let (mac, binding) = (written.mac, proof.binding);
        let renewal =
            self.session
                .renew_challenge(&id, &mac, &binding, expires_at, resend_after, now);
        match renewal.await? {
            Renewal::Renewed { .. } => {}
            Renewal::TooSoon { until } => return Ok(ResendOutcome::TooSoon(until)),
            Renewal::Exhausted => return Ok(ResendOutcome::Exhausted),
            Renewal::Gone => return Ok(ResendOutcome::Gone),
        }
        let pending = &mut proof.pending;
        (pending.tally_word, pending.tally_number) = written.tally;
        (pending.sent_at, pending.expires_at) = (now, expires_at);
        pending.resend_after = resend_after;
        pending.mails.extend(mails);
        self.save_proof(&proof).await?;
        let letter = (written.body, reader.as_ref());
        self.post_proof(&proof.pending, &proof.candidate, letter, visit)
            .await?;
        Ok(ResendOutcome::Sent)
    }

    async fn save_proof(&self, proof: &Loaded) -> Result<(), Failure> {
        let now = self.now();
        let place = self.proof_place(proof.pending.purpose, &proof.binding);
        let (value, version) = (parked(&proof.pending)?, proof.version);
        let left = proof.pending.closes_at.since(now);
        let kind = ParkedKind::AddressProof;
        // A parallel request that was faster leaves its own tally; the code in force is the challenge's.
        let saved = self.session.repark(kind, &place, value, version, left, now);
        saved.await?;
        Ok(())
    }

    async fn load_proof(
        &self,
        purpose: ProofPurpose,
        visit: &Visit,
    ) -> Result<Option<Loaded>, Failure> {
        let Some(binding) = present_binding(purpose, visit) else {
            return Ok(None);
        };
        let (now, place) = (self.now(), self.proof_place(purpose, &binding));
        let kind = ParkedKind::AddressProof;
        let Some(found) = self.session.parked(kind, &place, now).await? else {
            return Ok(None);
        };
        let unreadable = Failure::Corrupt("address proof");
        let Ok(pending) = serde_json::from_slice::<PendingProof>(&found.value) else {
            return Err(unreadable);
        };
        if !pending.belongs_to(purpose, &binding, now) {
            return Ok(None);
        }
        // A key that was dropped meanwhile: from the start.
        let sealed = pending.sealed();
        let Ok(opened) = self.keyring.open(Purpose::AddressProof, &place, &sealed) else {
            return Ok(None);
        };
        let text = String::from_utf8(opened).ok();
        let Some(candidate) = text.as_deref().and_then(Candidate::read) else {
            return Err(unreadable);
        };
        Ok(Some(Loaded {
            pending,
            candidate,
            binding,
            version: found.version,
        }))
    }

    /// The cookie a proof hangs on: the session, or before there is one what binds pending sign-ins (SES-04).
    fn proof_binding(&self, purpose: ProofPurpose, visit: &Visit) -> Option<(Digest, NewCookies)> {
        if let Some(binding) = present_binding(purpose, visit) {
            return Some((binding, NewCookies::default()));
        }
        if purpose != ProofPurpose::Register {
            return None;
        }
        let token = PreAuthToken::generate(&*self.entropy);
        let binding = token.digest();
        let cookies = NewCookies {
            pre_auth: Some(token),
            ..NewCookies::default()
        };
        Some((binding, cookies))
    }

    fn proof_place(&self, purpose: ProofPurpose, binding: &Digest) -> String {
        address_proof::place(&self.address_key, purpose, binding)
    }

    fn sealed_candidate(&self, candidate: &Candidate, place: &str) -> Vec<u8> {
        let plain = candidate.written();
        let sealed = self.keyring.seal(
            Purpose::AddressProof,
            place,
            plain.as_bytes(),
            &*self.entropy,
        );
        sealed.as_bytes().to_vec()
    }

    /// OTP-12: by recipient, by account, by source and domain. Who has no account yet has budgets apart, or
    /// strangers would use up those of sign-ins.
    async fn count_proof_mails(
        &self,
        account: Option<UserId>,
        to: &EmailAddress,
        visit: &Visit,
        now: Timestamp,
    ) -> Result<Result<Vec<Ticket>, Timestamp>, Failure> {
        let recipient = address_proof::budget(&self.address_key, None, &self.address_index(to));
        let Some(account) = account else {
            let mail = ProofMail {
                recipient: &recipient,
                ip: &visit.origin.ip,
                recipient_domain: to.domain(),
            };
            return Ok(match self.throttle.before_proof_mail(mail, now).await? {
                Pass::Go(ticket) => Ok(vec![ticket]),
                Pass::Wait { until, .. } => Err(until),
            });
        };
        let mut tickets = Vec::new();
        for whom in [recipient, self.account_key(account)] {
            let mail = CodeMail {
                account: &whom,
                device: DeviceClass::Unknown,
                ip: &visit.origin.ip,
                recipient_domain: to.domain(),
            };
            match self.throttle.before_code_mail(mail, now).await? {
                Pass::Go(ticket) => tickets.push(ticket),
                Pass::Wait { until, .. } => {
                    self.give_back(tickets).await;
                    return Ok(Err(until));
                }
            }
        }
        Ok(Ok(tickets))
    }

    async fn give_back(&self, tickets: Vec<Ticket>) {
        for ticket in tickets {
            self.throttle.after_success(ticket).await;
        }
    }
}

fn present_binding(purpose: ProofPurpose, visit: &Visit) -> Option<Digest> {
    match purpose {
        ProofPurpose::Register
        | ProofPurpose::FirstCodeAddress
        | ProofPurpose::LoginMailbox
        | ProofPurpose::OtherCodeAddress => visit.pre_auth.as_ref().map(PreAuthToken::digest),
        ProofPurpose::CodeAddress | ProofPurpose::LoginAddress => {
            visit.session.as_ref().map(SessionToken::digest)
        }
    }
}

fn parked(pending: &PendingProof) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(pending).map_err(|_unwritable| Failure::Corrupt("address proof"))
}
