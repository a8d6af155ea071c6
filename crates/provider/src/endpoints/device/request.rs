use sekisho_guard::{EndpointClass, Pass};
use sekisho_model::{Client, DeviceCode, Feature, Origin, ScopeSet, Timestamp};
use sekisho_session::ParkedKind;
use serde::Serialize;

use super::written;
use crate::endpoints::call::Call;
use crate::endpoints::client_authentication::Caller;
use crate::rules::device::{self, DeviceRequest, INTERVAL, LIFE, REMEMBERED_FOR, Stage, UserCode};
use crate::rules::oauth_error::TokenError;
use crate::rules::parameters::Parameters;
use crate::{Failure, Provider};

/// A successful answer (RFC 8628 §3.2).
#[derive(Serialize)]
pub struct DeviceAuthorization {
    /// What the device polls with.
    pub device_code: String,
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub verification_uri: String,
    /// The same with the code in it, for a QR code.
    pub verification_uri_complete: String,
    /// Seconds both codes work.
    pub expires_in: u64,
    /// Seconds between two polls.
    pub interval: u64,
}

impl std::fmt::Debug for DeviceAuthorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeviceAuthorization({}, …)", self.verification_uri)
    }
}

/// What the device authorization endpoint answers.
#[derive(Debug)]
pub enum DeviceStart {
    /// The codes.
    Begun(DeviceAuthorization),
    /// An error.
    Refused(TokenError),
    /// Too many failures or requests from there (429).
    Wait(Timestamp),
}

/// How often a user code that is in use already is drawn again.
const DRAWS: u8 = 8;

impl Provider {
    /// Answers a device authorization request (RFC 8628 §3.1).
    pub async fn authorize_device(
        &self,
        call: &Call<'_>,
        form: &Parameters,
    ) -> Result<DeviceStart, Failure> {
        let refused = |error| Ok(DeviceStart::Refused(error));
        if !self.settings.features.device {
            return refused(TokenError::UnsupportedGrantType);
        }
        if let Some(fault) = form.fault() {
            return refused(TokenError::InvalidRequest(fault));
        }
        let client = match self.authenticate_client(call, form).await? {
            Caller::Client(client) => client,
            Caller::Refused(error) => return refused(error),
            Caller::Wait(until) => return Ok(DeviceStart::Wait(until)),
        };
        let now = self.now();
        self.knowledge.may_issue(now)?;
        self.works(Feature::DeviceFlow)?;
        self.pass_app(EndpointClass::Consent, &client.client, None)?;
        let (scope, resources) = match device::read(&client.client, form) {
            Ok(asked) => asked,
            Err(error) => return refused(error),
        };
        let ip = &call.origin.ip;
        if let Pass::Wait { until, .. } = self.throttle.before_device_request(ip, now).await? {
            return Ok(DeviceStart::Wait(until));
        }
        let request = self.device_asks(&client.client, scope, resources, call.origin);
        self.park_device(&request).await.map(DeviceStart::Begun)
    }

    fn device_asks(
        &self,
        client: &Client,
        scope: ScopeSet,
        resources: Vec<String>,
        origin: &Origin,
    ) -> DeviceRequest {
        DeviceRequest {
            client_id: client.client_id.clone(),
            scope,
            resources,
            ip: origin.ip.clone(),
            user_agent: origin.user_agent.clone(),
            began_at: self.now(),
            epoch: self.knowledge.epoch_now(),
            interval: INTERVAL,
            polled_at: None,
            stage: Stage::Pending,
        }
    }

    async fn park_device(&self, request: &DeviceRequest) -> Result<DeviceAuthorization, Failure> {
        let now = request.began_at;
        let device_code = DeviceCode::generate(&*self.entropy);
        let id = device_code.digest();
        let user_code = self.unused_user_code(now).await?;
        let (kind, value) = (ParkedKind::DeviceCode, written(request)?);
        self.session
            .park(kind, &id.to_base64url(), value, REMEMBERED_FOR, now)
            .await?;
        let (kind, value) = (ParkedKind::UserCode, written(&id)?);
        self.session
            .park(kind, &self.user_code_id(&user_code), value, LIFE, now)
            .await?;
        let verification_uri = format!("{}/device", self.settings.issuer);
        let user_code = user_code.shown();
        Ok(DeviceAuthorization {
            device_code: device_code.reveal().to_owned(),
            verification_uri_complete: format!("{verification_uri}?user_code={user_code}"),
            user_code,
            verification_uri,
            expires_in: LIFE.as_secs(),
            interval: INTERVAL,
        })
    }

    /// Two devices never show the same code at a time.
    async fn unused_user_code(&self, now: Timestamp) -> Result<UserCode, Failure> {
        for _ in 0..DRAWS {
            let code = UserCode::of(self.entropy.below(UserCode::ALL));
            let id = self.user_code_id(&code);
            let taken = self.session.parked(ParkedKind::UserCode, &id, now).await?;
            if taken.is_none() {
                return Ok(code);
            }
        }
        Err(Failure::Busy(LIFE))
    }
}
