//! What counters must not forget though the process began anew (OTP-06).

use std::time::Duration;

use sekisho_model::{Digest, Event, EventKind, Outcome};

use crate::{Failure, Provider};

/// As far back as any limit of wrong codes looks.
const DAY: Duration = Duration::from_hours(24);
/// Events read at once.
const BATCH: u32 = 1_000;

impl Provider {
    /// Counts the wrong codes of the last day again, if the session store lost them with the process. The record
    /// has them: it commits with the act. Codes of owners at home count among those of strangers then.
    pub async fn recall_wrong_codes(&self) -> Result<(), Failure> {
        if !self.session.forgets() {
            return Ok(());
        }
        let now = self.now();
        // This moment included: a process may end and begin within one.
        let until = now + Duration::from_micros(1);
        let mut after = None;
        loop {
            let kinds = [EventKind::CodeTried, EventKind::RecoveryCodes];
            let events = self
                .store
                .read(move |tx| tx.events_between(now - DAY, until, &kinds, (after, BATCH)))
                .await?;
            let wrong = events.iter().filter(|e| e.outcome == Outcome::WrongCode);
            for (account, at) in wrong.filter_map(|event| Some((self.counted(event)?, event.at))) {
                self.throttle.recall_code(&account, at).await?;
            }
            let Some(last) = events.last() else {
                return Ok(());
            };
            after = Some((last.at, last.id));
        }
    }

    /// What a wrong code counted under: its account, or what stood in the place of one.
    fn counted(&self, event: &Event) -> Option<Digest> {
        let decoy = || Digest::from_base64url(event.detail.get("budget")?.as_str()?);
        event
            .user_id
            .map_or_else(decoy, |user| Some(self.account_key(user)))
    }
}
