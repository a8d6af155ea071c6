//! Noticing attacks while they happen (THR-15): each node reads the record of events and counts it against
//! the rules; the first to find something acts for all. Signing in waits for none of it.

mod act;
mod canaries;
mod marks;
mod probes;
mod reads;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use sekisho_guard::{
    BackTest, DetectionRules, Detector, Firing, Measures, OBSERVED, Observation, Stopped, Totals,
};
use sekisho_model::{Event, EventId, EventKind, Outcome, Timestamp};
use sekisho_store::Tx;

pub use canaries::{CanaryRefusal, ShownCanary};
pub use reads::Budgets;

use crate::{Failure, Provider};
use canaries::KnownCanaries;
use marks::SprayKey;
use probes::SeenProbes;
use reads::Reads;

/// Events read at once.
const PAGE: u32 = 1_000;
/// How late an event may be stored after its moment and still be counted.
const LATE: Duration = Duration::from_secs(5);
/// How far back a node looks when it starts, at most.
const WARM_UP: Duration = Duration::from_hours(2);
/// What was found further back than this at the start was acted on by somebody else.
const FRESH: Duration = Duration::from_mins(1);

/// What a node has counted.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// One round at a time.
    round: tokio::sync::Mutex<Option<Round>>,
    rules: RwLock<Option<Arc<DetectionRules>>>,
    pub(crate) probes: SeenProbes,
    pub(crate) reads: Reads,
    pub(crate) spray_key: SprayKey,
}

#[derive(Debug)]
struct Round {
    detector: Detector,
    measures: Measures,
    canaries: KnownCanaries,
    began: Timestamp,
    /// Up to when everything was read.
    read: Timestamp,
    /// What was counted of late: an event may be stored after one that happened later.
    counted: BTreeSet<(Timestamp, EventId)>,
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

    /// From now on these rules count. What was counted under others is counted again from the record.
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
        *self.watch.round.lock().await = None;
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
        self.record_probes().await?;
        let now = self.now();
        let mut place = self.watch.round.lock().await;
        let round = place.get_or_insert_with(|| Round {
            detector: Detector::new((*self.watch.rules()).clone()),
            measures: Measures::default(),
            canaries: KnownCanaries::default(),
            began: now,
            read: now - self.watch.rules().looks_back().min(WARM_UP),
            counted: BTreeSet::new(),
        });
        self.learn_canaries(&mut round.canaries).await?;
        let (from, mut after, mut fired) = (round.read - LATE, None, 0);
        loop {
            // What happens meanwhile is read the next time.
            let until = now + Duration::from_micros(1);
            let read =
                move |tx: &mut Tx<'_>| tx.events_watched((from, until), &OBSERVED, (after, PAGE));
            let page = self.store.read(read).await?;
            after = page.last().map(|event| (event.at, event.id));
            let full = u32::try_from(page.len()).unwrap_or(PAGE) >= PAGE;
            fired += self.take(round, &page).await?;
            if !full {
                break;
            }
        }
        round.read = now;
        let border = now - LATE - LATE;
        round.counted.retain(|(at, _)| *at >= border);
        Ok(fired)
    }

    async fn take(&self, round: &mut Round, page: &[Event]) -> Result<usize, Failure> {
        let mut fired = 0;
        for event in page {
            if !round.counted.insert((event.at, event.id)) {
                continue;
            }
            let fresh = event.at + FRESH > round.began;
            if fresh && let Some(touched) = round.canaries.touched_by(self, event) {
                self.canary_touched(touched, event).await?;
            }
            let seen = Observation::of(event);
            let found: Vec<Firing> = seen
                .iter()
                .flat_map(|seen| round.detector.observe(seen))
                .collect();
            fired += found.len();
            self.follow(round, &found, fresh).await?;
        }
        Ok(fired)
    }

    async fn follow(
        &self,
        round: &mut Round,
        fired: &[Firing],
        fresh: bool,
    ) -> Result<(), Failure> {
        for firing in fired {
            round.measures.take(firing);
            let measures = Arc::new(round.measures.clone());
            self.throttle.tell_measures(measures);
        }
        for firing in fired.iter().filter(|_| fresh) {
            self.act_on(firing).await?;
        }
        Ok(())
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
