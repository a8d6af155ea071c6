//! Signing in on another device (RFC 8628): what the device asks, what the person decides. The
//! device's polls are answered at the token endpoint.

mod decision;
mod request;

pub use decision::{DeviceDecided, DeviceFound, DeviceView};
pub use request::{DeviceAuthorization, DeviceStart};

use sekisho_model::{Client, Digest, EpochKind, Timestamp};
use sekisho_session::ParkedKind;

use crate::rules::device::{DeviceRequest, UserCode};
use crate::{Failure, Provider};

/// A parked request, and which state of it was read.
pub(super) struct LoadedDevice {
    pub(super) id: Digest,
    pub(super) request: DeviceRequest,
    version: u64,
}

impl Provider {
    /// The request whose device code has this digest.
    pub(super) async fn device_request(&self, id: Digest) -> Result<Option<LoadedDevice>, Failure> {
        let kind = ParkedKind::DeviceCode;
        let parked = self
            .session
            .parked(kind, &id.to_base64url(), self.now())
            .await?;
        let Some(parked) = parked else {
            return Ok(None);
        };
        let request = serde_json::from_slice(&parked.value)
            .map_err(|_unreadable| Failure::Corrupt("device request"))?;
        Ok(Some(LoadedDevice {
            id,
            request,
            version: parked.version,
        }))
    }

    /// Writes a changed request back; `false` if another request was faster.
    pub(super) async fn save_device(&self, device: &LoadedDevice) -> Result<bool, Failure> {
        let now = self.now();
        let value = written(&device.request)?;
        let (id, left) = (device.id.to_base64url(), device.request.left(now));
        let kind = ParkedKind::DeviceCode;
        Ok(self
            .session
            .repark(kind, &id, value, device.version, left, now)
            .await?)
    }

    /// SES-09: whether no epoch moved since the device asked; like a code, it is void otherwise.
    pub(super) fn device_counts(&self, request: &DeviceRequest, client: &Client) -> bool {
        let (kind, id) = (EpochKind::Token, Some(&client.client_id));
        self.knowledge.is_current(request.epoch, kind, None, id)
    }

    /// Forgets a request whose grant was taken. If that fails, the store still knows it was taken.
    pub(super) async fn forget_device(&self, id: &Digest, now: Timestamp) {
        let kind = ParkedKind::DeviceCode;
        let _gone_or_expiring = self.session.unpark(kind, &id.to_base64url(), now).await;
    }

    /// What a user code is parked under: with a key, because its few bits could be tried out.
    fn user_code_id(&self, code: &UserCode) -> String {
        let parts = [b"user code".as_slice(), code.letters().as_bytes()];
        Digest::keyed(self.code_key.as_bytes(), &parts).to_base64url()
    }
}

fn written<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value).map_err(|_unwritable| Failure::Corrupt("device request"))
}
