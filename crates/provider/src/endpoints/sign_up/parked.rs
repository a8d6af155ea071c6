use sekisho_model::{Digest, EpochKind, PreAuthToken, Purpose, Sealed};
use sekisho_session::ParkedKind;

use super::super::visit::Visit;
use crate::rules::sign_up::{self, PendingSignUp, SIGN_UP_LIFE};
use crate::{Failure, Provider};

/// A registration, read for the browser it belongs to.
#[derive(Debug)]
pub struct LoadedSignUp {
    /// What is known.
    pub pending: PendingSignUp,
    version: u64,
}

impl Provider {
    /// The registration this browser has begun, if it has.
    pub async fn load_sign_up(&self, visit: &Visit) -> Result<Option<LoadedSignUp>, Failure> {
        let Some(binding) = visit.pre_auth.as_ref().map(PreAuthToken::digest) else {
            return Ok(None);
        };
        let (now, place) = (self.now(), self.sign_up_place(&binding));
        let Some(found) = self.session.parked(ParkedKind::SignUp, &place, now).await? else {
            return Ok(None);
        };
        // A key that was dropped meanwhile: from the start.
        let sealed = Sealed::from_bytes(found.value);
        let Ok(plain) = self.keyring.open(Purpose::SignUp, &place, &sealed) else {
            return Ok(None);
        };
        let pending: PendingSignUp = serde_json::from_slice(&plain)
            .map_err(|_unreadable| Failure::Corrupt("pending registration"))?;
        // SES-09: what was void before it ended stays void.
        let kind = EpochKind::Session;
        let current = self.knowledge.is_current(pending.epoch, kind, None, None);
        let belongs = pending.belongs_to(&binding, now);
        Ok((current && belongs).then_some(LoadedSignUp {
            pending,
            version: found.version,
        }))
    }

    /// Puts a registration in its place, whatever lay there.
    pub(super) async fn park_sign_up(&self, pending: &PendingSignUp) -> Result<(), Failure> {
        let (now, place) = (self.now(), self.sign_up_place(&pending.binding));
        let value = self.sealed_sign_up(pending, &place)?;
        let left = (pending.began_at + SIGN_UP_LIFE).since(now);
        let parked = self
            .session
            .park(ParkedKind::SignUp, &place, value, left, now);
        Ok(parked.await?)
    }

    /// Writes a changed registration back; `false` if another request was faster.
    pub(super) async fn save_sign_up(&self, found: &LoadedSignUp) -> Result<bool, Failure> {
        let (now, pending) = (self.now(), &found.pending);
        let place = self.sign_up_place(&pending.binding);
        let value = self.sealed_sign_up(pending, &place)?;
        let left = (pending.began_at + SIGN_UP_LIFE).since(now);
        let (kind, version) = (ParkedKind::SignUp, found.version);
        let saved = self.session.repark(kind, &place, value, version, left, now);
        Ok(saved.await?)
    }

    pub(super) async fn end_sign_up(&self, pending: &PendingSignUp) -> Result<(), Failure> {
        let place = self.sign_up_place(&pending.binding);
        let ended = self.session.unpark(ParkedKind::SignUp, &place, self.now());
        ended.await.map(drop)?;
        Ok(())
    }

    pub(super) fn sign_up_place(&self, binding: &Digest) -> String {
        sign_up::place(&self.address_key, binding)
    }

    fn sealed_sign_up(&self, pending: &PendingSignUp, place: &str) -> Result<Vec<u8>, Failure> {
        let plain = serde_json::to_vec(pending)
            .map_err(|_unwritable| Failure::Corrupt("pending registration"))?;
        let sealed = self
            .keyring
            .seal(Purpose::SignUp, place, &plain, &*self.entropy);
        Ok(sealed.as_bytes().to_vec())
    }
}
