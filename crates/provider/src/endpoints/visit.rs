//! What a browser presents, and the session it has.

use sekisho_model::{
    BrowserSession, BrowserToken, Digest, Epoch, EpochKind, Locale, Origin, PreAuthToken,
    SessionToken, Timestamp, User,
};

use crate::rules::standing::account_may_act;
use crate::{Failure, Provider};

/// What a browser presents with a request.
#[derive(Debug, Default)]
pub struct Visit {
    /// The session cookie.
    pub session: Option<SessionToken>,
    /// The cookie that binds pending sign-ins to this browser.
    pub pre_auth: Option<PreAuthToken>,
    /// The cookie that marks the browser as known, one value for each account.
    pub browsers: Vec<BrowserToken>,
    /// From where.
    pub origin: Origin,
    /// The language the page is in.
    pub locale: Locale,
}

/// Cookies to set with an answer.
#[derive(Debug, Default)]
pub struct NewCookies {
    /// A new session.
    pub session: Option<SessionToken>,
    /// A new binding for pending sign-ins.
    pub pre_auth: Option<PreAuthToken>,
    /// A new mark of the browser, and the digest of the one it replaces.
    pub browser: Option<(BrowserToken, Option<Digest>)>,
    /// What the frame of Session Management compares with; script may read it.
    pub browser_state: Option<String>,
    /// The saved language of whoever signed in, for pages that ask nobody who is there.
    pub language: Option<Locale>,
}

/// A session that counts, and whose it is.
#[derive(Debug, Clone)]
pub struct LiveSession {
    /// The session.
    pub session: BrowserSession,
    /// Whose.
    pub user: User,
    /// The epoch that was known before the session was read: when this request began.
    pub(crate) since: Epoch,
}

impl LiveSession {
    /// What a grant made by this request carries. A session outlives a move of tokens (INC-07): what it is
    /// asked for afterwards counts, and what was asked before the move does not.
    pub(crate) fn grant_epoch(&self) -> Epoch {
        self.session.epoch.max(self.since)
    }
}

/// How often a session's last use is written down.
const TOUCH_EVERY: std::time::Duration = std::time::Duration::from_mins(1);

impl Provider {
    /// The session of a browser, if it counts: not ended, not idle too long, not voided by an epoch,
    /// its account in good standing (SES-06, SES-09).
    pub async fn live_session(&self, visit: &Visit) -> Result<Option<LiveSession>, Failure> {
        let Some(token) = &visit.session else {
            return Ok(None);
        };
        let (digest, since) = (token.digest(), self.knowledge.epoch_now());
        let found = self.store.read(move |tx| tx.session(&digest)).await?;
        let now = self.now();
        let Some((session, user)) = found.filter(|(session, user)| self.counts(session, user, now))
        else {
            return Ok(None);
        };
        if now.since(session.last_seen_at) >= TOUCH_EVERY {
            let id = session.id;
            self.store
                .write(move |tx| tx.touch_session(id, now))
                .await?;
        }
        Ok(Some(LiveSession {
            session,
            user,
            since,
        }))
    }

    pub(crate) fn counts(&self, session: &BrowserSession, user: &User, now: Timestamp) -> bool {
        let idle = now.since(session.last_seen_at) >= self.settings.lifetimes.session_idle;
        let current =
            self.knowledge
                .is_current(session.epoch, EpochKind::Session, Some(user), None);
        now < session.expires_at && !idle && current && account_may_act(user.state)
    }
}
