//! Advisories about the program: which concern this server, recorded whenever that changes, so that operators
//! hear of what is open (SUP-01, SUP-04).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use sekisho_guard::{Advisories, Advisory, AdvisoryStanding};
use sekisho_model::{Digest, Event, EventKind};
use sekisho_store::{HighMark, StoreError, Tx};
use semver::Version;

use crate::{Failure, Provider};

/// Events that are searched for the last word about an advisory.
const SEARCHED: u32 = 1_000;

/// What this node knows of advisories.
#[derive(Debug, Default)]
pub(crate) struct Bulletin {
    known: RwLock<Option<Arc<(Advisories, Version)>>>,
    /// What was recorded last of each, by this node or seen by it.
    said: Mutex<HashMap<String, Said>>,
    /// What was believed last: whose, and which issue.
    believed: Mutex<Option<(Digest, u32)>>,
}

/// A file of advisories is an older issue than one that was believed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its serial {serial} is older than {newest}, which was believed before")]
pub struct OlderIssue {
    serial: u32,
    newest: i64,
}

/// The text and the standing that a record is about.
type Said = (String, &'static str);

impl Provider {
    /// From now on these are the advisories, held against this version of the program.
    pub fn tell_advisories(&self, advisories: Advisories, running: Version) {
        let mut known = self
            .bulletin
            .known
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *known = Some(Arc::new((advisories, running)));
    }

    /// SUP-04: whoever hands out an older issue that was signed once makes nothing open look closed. Remembered for
    /// all nodes, apart for each key; while this node keeps what it believes nobody is asked.
    pub async fn believe_advisories(
        &self,
        advisories: &Advisories,
        key: &str,
    ) -> Result<Result<(), OlderIssue>, Failure> {
        let (key, serial) = (Digest::of(key.trim().as_bytes()), advisories.serial());
        if *self.believed() == Some((key, serial)) {
            return Ok(Ok(()));
        }
        let raise =
            move |tx: &mut Tx<'_>| tx.raise_high_mark(HighMark::Advisories(key), serial.into());
        let newest = self.store.write(raise).await?;
        if newest > i64::from(serial) {
            return Ok(Err(OlderIssue { serial, newest }));
        }
        *self.believed() = Some((key, serial));
        Ok(Ok(()))
    }

    fn believed(&self) -> MutexGuard<'_, Option<(Digest, u32)>> {
        let believed = self.bulletin.believed.lock();
        believed.unwrap_or_else(PoisonError::into_inner)
    }

    /// Records each advisory whose standing is another one than recorded last, on whichever node.
    pub async fn look_at_advisories(&self) -> Result<(), Failure> {
        let known = self
            .bulletin
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(known) = known else { return Ok(()) };
        let (advisories, running) = &*known;
        let (situation, now) = (self.situation(), self.now());
        for one in advisories.all() {
            let standing = one.standing(running, &situation, now);
            let said: Said = (text_of(one), standing.name());
            if self.said(&one.id).as_ref() == Some(&said) {
                continue;
            }
            let event = self.advisory_event(one, &standing, &said);
            let id = one.id.clone();
            let told = move |tx: &mut Tx<'_>| record_change(tx, &id, &event);
            self.store.write(told).await?;
            let mut all = self
                .bulletin
                .said
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            all.insert(one.id.clone(), said);
        }
        Ok(())
    }

    fn said(&self, id: &str) -> Option<Said> {
        let all = self
            .bulletin
            .said
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.get(id).cloned()
    }

    fn advisory_event(&self, one: &Advisory, standing: &AdvisoryStanding, said: &Said) -> Event {
        let mut event = self.event_of_server(EventKind::Advisory);
        let how = match standing {
            AdvisoryStanding::Mitigated(how) => Some(how),
            _ => None,
        };
        let title: String = one.title.en.chars().take(200).collect();
        event.detail = serde_json::json!({
            "advisory": one.id, "severity": one.severity, "title": title,
            "standing": said.1, "how": how, "text": said.0,
        });
        event
    }
}

/// What never concerned the server needs no record.
fn record_change(tx: &mut Tx<'_>, id: &str, event: &Event) -> Result<(), StoreError> {
    let member = |of: &Event, name: &str| {
        of.detail
            .get(name)
            .and_then(|v| v.as_str().map(str::to_owned))
    };
    tx.take_turn("advisories")?;
    let all = tx.events_of_kind(EventKind::Advisory, SEARCHED)?;
    let last = all
        .iter()
        .find(|one| member(one, "advisory").as_deref() == Some(id));
    let same = |last: &Event| {
        ["text", "standing"]
            .iter()
            .all(|name| member(last, name) == member(event, name))
    };
    let never = last.is_none()
        && matches!(
            member(event, "standing").as_deref(),
            Some("fixed" | "not_affected")
        );
    if never || last.is_some_and(same) {
        return Ok(());
    }
    tx.record(event)
}

fn text_of(one: &Advisory) -> String {
    let text = serde_json::to_string(one).unwrap_or_default();
    Digest::of(text.as_bytes()).to_base64url()
}
