//! Noticing attacks while they happen (THR-15): each node reads the record of events and counts it against
//! the rules; the first to find something acts for all. Signing in waits for none of it.

mod act;
mod canaries;
mod marks;
mod operator_reads;
mod probes;
mod reads;
mod replays;
mod round;
mod stopped;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use sekisho_guard::{BackTest, DetectionRules, OBSERVED, Observation, Stopped, Totals};
use sekisho_model::{Event, EventKind, Outcome, Timestamp};
use sekisho_store::Tx;

pub use canaries::{CanaryRefusal, ShownCanary};
pub(crate) use operator_reads::LONGEST_REASON;
pub use operator_reads::{Reading, ReadingWay};
pub use probes::Sent;
pub use reads::Budgets;
pub(crate) use reads::Read;
pub(crate) use stopped::StoppedAttempt;

use crate::{Failure, Provider};
use marks::SprayKey;
use probes::SeenProbes;
use reads::Reads;
use replays::SeenReplays;
use round::{Found, Round};
use stopped::StoppedAttempts;

/// Events read at once.
const PAGE: u32 = 1_000;
/// How late an event may be stored after its moment and still be counted.
const LATE: Duration = Duration::from_secs(5);

/// What a node has counted.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// One round at a time.
    round: tokio::sync::Mutex<Option<Round>>,
    rules: RwLock<Option<Arc<DetectionRules>>>,
    probes: SeenProbes,
    replays: SeenReplays,
    stopped: StoppedAttempts,
    pub(crate) reads: Reads,
    pub(crate) spray_key: SprayKey,
}

/// What a rule did last.
#[derive(Debug, Clone)]
pub struct LastFiring {
    /// When.
    pub at: Timestamp,
    /// About whom.
    pub subject: String,
    /// How often it is known to have fired.
    pub times: u64,
}

impl Watch {
    fn rules(&self) -> Arc<DetectionRules> {
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        let given = rules.as_ref().map(Arc::clone);
        given.unwrap_or_else(|| Arc::new(DetectionRules::built_in()))
    }
}

impl Provider {
    /// The rules in force on this node.
    pub fn detection_rules(&self) -> Arc<DetectionRules> {
        self.watch.rules()
    }

    /// From now on these rules count. What was counted under others is counted again from the record, and what
    /// others did is taken back, with the next look at the record.
    pub async fn tell_rules(&self, rules: DetectionRules, read_anew: bool) -> Result<(), Failure> {
        if *self.watch.rules() == rules {
            return Ok(());
        }
        let names: Vec<String> = rules.all().iter().map(|rule| rule.id.clone()).collect();
        *self
            .watch
            .rules
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(rules));
        if !read_anew {
            return Ok(());
        }
        let mut event = self.event_of_server(EventKind::RulesChanged);
        event.detail = serde_json::json!({ "rules": names.len() });
        Ok(self.store.write(move |tx| tx.record(&event)).await?)
    }

    /// The file of rules cannot be read: operators are told, and what counted goes on.
    pub async fn rules_are_broken(&self, problem: &str) -> Result<(), Failure> {
        let mut event = self.event_of_server(EventKind::RulesChanged);
        event.outcome = Outcome::Refused;
        let problem: String = problem.chars().take(500).collect();
        event.detail = serde_json::json!({ "problem": problem });
        Ok(self.store.write(move |tx| tx.record(&event)).await?)
    }

    /// Counts what happened since the last time, and does what rules say. Answers how many fired.
    pub async fn keep_watch(&self) -> Result<usize, Failure> {
        // Before what is gathered is recorded: whoever comes second reads what the first recorded.
        let mut place = self.watch.round.lock().await;
        let gathered = self.record_gathered(false).await;
        let (rules, now) = (self.watch.rules(), self.now());
        let same = |round: &Round| *round.detector.rules() == *rules;
        if !place.as_ref().is_some_and(same) {
            let mut next = self.begin_round(&rules, place.as_ref()).await?;
            if let Some(before) = place.take() {
                next.take_over(before);
            }
            *place = Some(next);
        }
        let Some(round) = place.as_mut() else {
            return Ok(0);
        };
        self.learn_canaries(&mut round.canaries).await?;
        let (from, mut after) = (round.reads_from(), None);
        loop {
            // What happens meanwhile is read the next time.
            let until = now + Duration::from_micros(1);
            let read =
                move |tx: &mut Tx<'_>| tx.events_watched((from, until), &OBSERVED, (after, PAGE));
            let page = self.store.read(read).await?;
            after = page.last().map(|event| (event.at, event.id));
            let full = u32::try_from(page.len()).unwrap_or(PAGE) >= PAGE;
            self.take(round, &page);
            if !full {
                break;
            }
        }
        round.was_read(now);
        let fired = self.follow(round).await?;
        self.note_watched(round).await?;
        gathered.map(|()| fired)
    }

    /// Records what is gathered before it is told; `all` of it before a server ends.
    pub async fn record_gathered(&self, all: bool) -> Result<(), Failure> {
        let probes = self.record_probes().await;
        let replays = self.record_replays(all).await;
        let stopped = self.record_stopped(all).await;
        probes.and(replays).and(stopped)
    }

    /// Counts these events. What is found waits to be recorded.
    fn take(&self, round: &mut Round, page: &[Event]) {
        for event in page {
            let Some(new) = round.take(event) else {
                continue;
            };
            if new {
                let touched = round.canaries.touched_by(self, event);
                round.touched(touched, event);
            }
            for seen in Observation::of(event) {
                round.observe(&seen, new);
            }
        }
    }

    /// Records and does what was found. What fails is tried again the next time, and holds nothing else up. Answers
    /// how many rules fired.
    async fn follow(&self, round: &mut Round) -> Result<usize, Failure> {
        let found = std::mem::take(&mut round.found);
        if !found.is_empty() {
            let measures = Arc::new(round.measures.clone());
            self.throttle.tell_measures(measures);
        }
        let (mut fired, mut failed) = (0, None);
        for one in found {
            let done = match &one {
                Found::Touch(touch) => self.canary_touched(&touch.0, &touch.1).await,
                Found::Firing(firing) => self.act_on(firing, round.detector.rules()).await,
            };
            match done {
                Ok(()) => fired += usize::from(matches!(one, Found::Firing(_))),
                Err(failure) => {
                    round.found.push(one);
                    failed = Some(failure);
                }
            }
        }
        failed.map_or(Ok(fired), Err)
    }

    /// When each rule fired last, over the last days.
    pub async fn last_firings(
        &self,
        from: Timestamp,
    ) -> Result<HashMap<String, LastFiring>, Failure> {
        let mut found: HashMap<String, LastFiring> = HashMap::new();
        let mut after = None;
        loop {
            let until = self.now() + LATE;
            let kinds = [EventKind::RuleFired];
            let read = move |tx: &mut Tx<'_>| tx.events_between(from, until, &kinds, (after, PAGE));
            let page = self.store.read(read).await?;
            for event in &page {
                note_firing(&mut found, event);
            }
            after = page.last().map(|event| (event.at, event.id));
            if u32::try_from(page.len()).unwrap_or(PAGE) < PAGE {
                return Ok(found);
            }
        }
    }

    /// Who a rule would have stopped since then. `None` if there is no such rule.
    pub async fn back_test(
        &self,
        rules: &DetectionRules,
        id: &str,
        from: Timestamp,
    ) -> Result<Option<(Vec<Stopped>, Totals)>, Failure> {
        let Some(mut test) = BackTest::new(rules, id) else {
            return Ok(None);
        };
        let (until, mut after) = (self.now() + LATE, None);
        loop {
            let read =
                move |tx: &mut Tx<'_>| tx.events_watched((from, until), &OBSERVED, (after, PAGE));
            let page = self.store.read(read).await?;
            let seen = page.iter().flat_map(Observation::of);
            seen.for_each(|seen| test.observe(&seen));
            after = page.last().map(|event| (event.at, event.id));
            if u32::try_from(page.len()).unwrap_or(PAGE) < PAGE {
                return Ok(Some(test.result()));
            }
        }
    }
}

fn note_firing(found: &mut HashMap<String, LastFiring>, event: &Event) {
    let text = |name: &str| event.detail.get(name).and_then(|value| value.as_str());
    let (Some(rule), Some(subject)) = (text("rule"), text("subject")) else {
        return;
    };
    let times = found.get(rule).map_or(0, |last| last.times);
    let last = LastFiring {
        at: event.at,
        subject: subject.to_owned(),
        times: times.saturating_add(1),
    };
    found.insert(rule.to_owned(), last);
}

fn lock<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
