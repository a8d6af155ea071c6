use sekisho_mail::RecoveryNews;
use sekisho_model::{BrowserId, Event, EventKind, KnownBrowser, Outcome, Timestamp};
use sekisho_store::{Account, Once, StoreError, Tx};

use super::super::told::Told;
use super::super::visit::Visit;
use crate::rules::standing::account_may_act;
use crate::rules::trusted_browser::is_copied;
use crate::{Failure, Provider};

impl Provider {
    /// TD-01: the right password came with what the cookie of a trusted browser held before. One of two has a copy, so
    /// neither keeps anything: the browser is a stranger again, what was signed in from it since then ends, and every
    /// address is told.
    pub(super) async fn notice_copy(
        &self,
        account: &Account,
        former: Option<(KnownBrowser, Timestamp)>,
        visit: &Visit,
    ) -> Result<(), Failure> {
        let Some((browser, since)) = former else {
            return Ok(());
        };
        let now = self.now();
        let copied = is_copied(&browser, since, &visit.origin.user_agent, now);
        if !copied || !account_may_act(account.user.state) {
            return Ok(());
        }
        let kind = EventKind::TrustedBrowserStolen;
        let mut event = self.event(kind, Outcome::Replayed, &visit.origin);
        event.user_id = Some(account.user.id);
        event.detail = serde_json::json!({ "browser": browser.id.to_string() });
        let open = self.open_account(account)?;
        let told = self.told_news(&open, &event, RecoveryNews::BrowserStolen);
        let work = CopyWork {
            browser: browser.id,
            since,
            event,
            told,
        };
        if self.store.write(move |tx| work.write(tx, now)).await? == Once::First {
            tracing::warn!(user = %account.user.subject, "the cookie of a trusted browser was copied");
            self.access_ended().await?;
        }
        Ok(())
    }
}

struct CopyWork {
    browser: BrowserId,
    since: Timestamp,
    event: Event,
    told: Told,
}

impl CopyWork {
    /// `Again`, with nothing written, if another request was faster.
    fn write(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<Once, StoreError> {
        let Some(user) = self.event.user_id else {
            return Ok(Once::Again);
        };
        // With it go its former values.
        if tx.forget_browser(user, self.browser)? == Once::Again {
            return Ok(Once::Again);
        }
        for session in tx.sessions_from_browser(user, self.browser, self.since)? {
            let _live = tx.end_session_of(user, session, now)?;
            tx.revoke_grants_of_session(session, now, false)?;
        }
        tx.end_reset_wait(user)?;
        self.told.post(tx)?;
        tx.record(&self.event)?;
        Ok(Once::First)
    }
}
