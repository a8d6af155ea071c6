use sekisho_model::{ChallengeId, Digest, Timestamp};

use super::{Memory, lock};
use crate::challenge::NextCode;
use crate::{Attempt, NewChallenge, Renewal, SessionError};

pub(super) struct Challenge {
    mac: Digest,
    replaced: Vec<Digest>,
    binding: Digest,
    tries_left: u8,
    sends_left: u8,
    expires_at: Timestamp,
    closes_at: Timestamp,
    resend_after: Timestamp,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the twin of Redis, which may not answer"
)]
impl Memory {
    pub(crate) fn open_challenge(
        &self,
        new: &NewChallenge,
        now: Timestamp,
    ) -> Result<(), SessionError> {
        let challenge = Challenge {
            mac: new.mac,
            replaced: Vec::new(),
            binding: new.binding,
            tries_left: new.max_tries,
            sends_left: new.max_sends.saturating_sub(1),
            expires_at: new.expires_at.min(new.closes_at),
            closes_at: new.closes_at,
            resend_after: new.resend_after,
        };
        lock(&self.challenges).push(new.id.clone(), challenge, new.closes_at, now);
        Ok(())
    }

    pub(crate) fn try_code(
        &self,
        id: &ChallengeId,
        mac: &Digest,
        binding: &Digest,
        now: Timestamp,
    ) -> Result<Attempt, SessionError> {
        let mut table = lock(&self.challenges);
        let attempt = table.get_mut(id, now).map_or(Attempt::Gone, |challenge| {
            challenge.attempt(mac, binding, now)
        });
        if matches!(attempt, Attempt::Right | Attempt::Stopped) {
            table.take(id, now);
        }
        Ok(attempt)
    }

    pub(crate) fn renew_challenge(
        &self,
        id: &ChallengeId,
        binding: &Digest,
        next: &NextCode,
        now: Timestamp,
    ) -> Result<Renewal, SessionError> {
        Ok(lock(&self.challenges)
            .get_mut(id, now)
            .map_or(Renewal::Gone, |challenge| {
                challenge.renew(binding, next, now)
            }))
    }

    pub(crate) fn close_challenge(&self, id: &ChallengeId) -> Result<(), SessionError> {
        lock(&self.challenges).take(id, Timestamp::default());
        Ok(())
    }
}

impl Challenge {
    /// The twin of `redis/try_code.lua`.
    fn attempt(&mut self, mac: &Digest, binding: &Digest, now: Timestamp) -> Attempt {
        if self.binding != *binding || self.tries_left == 0 {
            return Attempt::Gone;
        }
        if self.expires_at <= now {
            return Attempt::Expired;
        }
        self.tries_left -= 1;
        match self.tries_left {
            _ if self.mac == *mac => Attempt::Right,
            0 => Attempt::Stopped,
            left if self.replaced.contains(mac) => Attempt::Earlier { left },
            left => Attempt::Wrong { left },
        }
    }

    /// The twin of `redis/renew_challenge.lua`.
    fn renew(&mut self, binding: &Digest, next: &NextCode, now: Timestamp) -> Renewal {
        if self.binding != *binding {
            return Renewal::Gone;
        }
        if self.sends_left == 0 {
            return Renewal::Exhausted;
        }
        if self.resend_after > now {
            return Renewal::TooSoon {
                until: self.resend_after,
            };
        }
        self.replaced.push(self.mac);
        self.mac = next.mac;
        self.expires_at = next.expires_at.min(self.closes_at);
        self.resend_after = next.resend_after;
        self.sends_left -= 1;
        Renewal::Renewed {
            sends_left: self.sends_left,
        }
    }
}
