use sekisho_mail::{LetterBody, tally};
use sekisho_model::{
    ChallengeId, Digest, EventKind, Outcome, ProofPurpose, Timestamp, User, UserId,
};

use super::super::visit::Visit;
use crate::rules::address_proof::{Bound, Candidate, PendingProof, mac};
use crate::rules::one_time_code;
use crate::rules::password_reset::may_be_mailed;
use crate::{Failure, Provider};

/// A new code with its tally, and the letter that carries it.
pub(super) struct Written {
    pub(super) mac: Digest,
    pub(super) body: LetterBody,
    pub(super) tally: (u8, u8),
    pub(super) expires_at: Timestamp,
}

impl Provider {
    pub(super) fn write_proof_code(
        &self,
        challenge: &ChallengeId,
        (purpose, account): (ProofPurpose, Option<UserId>),
        candidate: &Candidate,
        visit: &Visit,
    ) -> Written {
        let (codes, now) = (self.settings.codes, self.now());
        let draw = self.entropy.below(one_time_code::count(codes.digits));
        let code = one_time_code::spelled(draw, codes.digits);
        let tally = tally::draw(&*self.entropy);
        let expires_at = now + codes.life;
        let bound = Bound {
            purpose,
            challenge,
            account,
            index: &self.address_index(&candidate.address),
        };
        let heard = mac(&self.code_key, bound, &code);
        // Nobody can type what fits this one.
        let unheard = Digest::of(&self.entropy.bytes::<32>());
        let code_letter = LetterBody::AddressCode {
            purpose,
            code,
            tally_word: tally.0,
            tally_number: tally.1,
            expires_at,
        };
        let other_letter = LetterBody::AddressTaken {
            purpose,
            at: now,
            device: Self::device(&visit.origin.user_agent),
            ip: visit.origin.ip.clone(),
        };
        let (mac, body) = if candidate.hears {
            (heard, code_letter)
        } else {
            (unheard, other_letter)
        };
        Written {
            mac,
            body,
            tally,
            expires_at,
        }
    }

    /// Posts the letter in the language of its reader, and records that it was asked for.
    pub(super) async fn post_proof(
        &self,
        pending: &PendingProof,
        candidate: &Candidate,
        (body, reader): (LetterBody, Option<&User>),
        visit: &Visit,
    ) -> Result<(), Failure> {
        let zone = &self.settings.default_zone;
        // A code is read beside the page that asks for it; what else is told is not.
        let language = |user: &User| match user.chosen_locale() {
            None if candidate.hears => visit.locale,
            _ => user.locale,
        };
        let manner = reader.map_or((visit.locale, zone), |user| (language(user), &user.zone));
        let letter = self.sealed_letter_to(&candidate.address, (manner.0, manner.1), body);
        let internal = &self.settings.resets.internal_domains;
        // REC-12: no mail to machines.
        let letter = may_be_mailed(&candidate.address, internal).then_some(letter);
        let mut event = self.event(EventKind::AddressProof, Outcome::Passed, &visit.origin);
        event.user_id = pending.account;
        event.detail = serde_json::json!({
            "purpose": pending.purpose.name(), "step": "asked", "taken": !candidate.hears,
        });
        let index = self.address_index(&candidate.address);
        let name = self.name_mark(&index, event.at);
        if let Some(members) = event.detail.as_object_mut() {
            members.insert("name".to_owned(), name.into());
        }
        self.store
            .write(move |tx| {
                // REC-15: whoever was given a released address hears nothing of whose it was.
                let released = tx.quarantined_until(&index)?.is_some();
                let letter = letter.iter().filter(|_| !released);
                letter.into_iter().try_for_each(|letter| tx.post(letter))?;
                tx.record(&event)
            })
            .await?;
        self.letters_wait.ring();
        Ok(())
    }
}
