//! What apps watch a session by (OpenID Connect Session Management 1.0 §2, §3).

use sekisho_model::{Digest, Feature, Purpose};

use super::visit::LiveSession;
use crate::Provider;
use crate::rules::session_state::{origin_of, session_state};

impl Provider {
    /// What the browser keeps of a session for the frame that compares. It names the session without
    /// giving it away, so script may read it.
    pub fn browser_state(&self, live: &LiveSession) -> String {
        let key = self.keyring.mac_key(Purpose::BrowserState);
        let session = live.session.id.to_string();
        Digest::keyed(key.as_bytes(), &[session.as_bytes()]).to_base64url()
    }

    /// [`Provider::browser_state`], if the frame is configured. While an operator has switched it off browsers keep it
    /// nevertheless: otherwise who signed in meanwhile would be told later, again and again, that something changed.
    pub(crate) fn kept_browser_state(&self, live: &LiveSession) -> Option<String> {
        let on = self.settings.features.session_management;
        on.then(|| self.browser_state(live))
    }

    /// `session_state` for an authorization answer to `redirect_uri`; `None` where the frame is switched
    /// off or no page of the app could ask it.
    pub fn session_state(
        &self,
        client_id: &str,
        redirect_uri: &str,
        live: &LiveSession,
    ) -> Option<String> {
        self.works(Feature::SessionManagement).ok()?;
        let browser_state = self.kept_browser_state(live)?;
        let origin = origin_of(redirect_uri)?;
        let salt = Digest::of(&self.entropy.bytes::<32>()).to_base64url();
        Some(session_state(client_id, &origin, &browser_state, &salt))
    }
}
