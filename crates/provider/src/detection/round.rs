//! What a node counts by the rules in force, and what holds from before it began to.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sekisho_guard::{
    Act, DetectionRule, DetectionRules, Detector, Figures, Firing, Measures, Mode, OBSERVED,
    Observation,
};
use sekisho_model::{Event, EventId, EventKind, Timestamp};
use sekisho_store::{HighMark, RuleFiring, StoreError, Tx};

use super::LATE;
use super::canaries::{KnownCanaries, Touched};
use crate::blocks::{BY_RULE, lifted};
use crate::{Failure, Provider};

/// How far back a node counts everything when it begins.
const WARM_UP: Duration = Duration::from_hours(2);
/// How far back it counts at most: as long as owners are remembered. Beyond the former no more than so many events,
/// so that a start after a flood takes seconds.
const LONGEST: Duration = Duration::from_hours(24);
const MOST: u32 = 100_000;
/// From when on a server that never watched looks for what nobody acted on.
const FRESH: Duration = Duration::from_mins(1);
/// How often it is noted up to when the record was watched.
const NOTE_EVERY: Duration = Duration::from_secs(30);
/// After a time without the database, events of that time may still be stored for so long.
const CATCH_UP: Duration = Duration::from_mins(1);

/// What a node has counted by one set of rules.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) detector: Detector,
    pub(super) measures: Measures,
    pub(super) canaries: KnownCanaries,
    /// What happened before was watched already, here or elsewhere: it counts, and nothing is done about it.
    since: Timestamp,
    /// Up to when everything was read.
    read: Timestamp,
    /// From when on events are read once more, and until when that is done.
    again: Option<(Timestamp, Timestamp)>,
    /// What was counted of late: an event may be stored after one that happened later.
    counted: BTreeSet<(Timestamp, EventId)>,
    /// What the round before had counted of late, by other rules.
    before: BTreeSet<(Timestamp, EventId)>,
    /// What was found, and is not yet recorded.
    pub(super) found: Vec<Found>,
    noted: Timestamp,
}

/// What is to be recorded and acted on.
#[derive(Debug)]
pub(super) enum Found {
    Firing(Firing),
    Touch(Box<(Touched, Event)>),
}

impl Round {
    /// From when on the record is to be read.
    pub(super) fn reads_from(&self) -> Timestamp {
        let again = self.again.map_or(self.read, |(from, _)| from);
        again.min(self.read) - LATE
    }

    /// Whether an event is new to this round; if so, whether nobody watched it before.
    pub(super) fn take(&mut self, event: &Event) -> Option<bool> {
        let key = (event.at, event.id);
        let watched = event.at < self.since || self.before.contains(&key);
        self.counted.insert(key).then_some(!watched)
    }

    pub(super) fn touched(&mut self, all: Vec<Touched>, event: &Event) {
        let found = |touched| Found::Touch(Box::new((touched, event.clone())));
        self.found.extend(all.into_iter().map(found));
    }

    /// Counts something. What is found of what was watched before may fire again: nobody acted on it under these
    /// rules, or it would hold.
    pub(super) fn observe(&mut self, seen: &Observation, new: bool) {
        for firing in self.detector.observe(seen) {
            if new {
                self.measures.take(&firing);
                self.found.push(Found::Firing(firing));
            } else {
                self.detector.let_go(&firing);
            }
        }
    }

    /// Everything up to now was read. After a time in which it could not be, what is stored late is waited for.
    pub(super) fn was_read(&mut self, now: Timestamp) {
        if now.since(self.read) > LATE * 2 && self.read > self.since {
            self.again = Some((self.reads_from(), now + CATCH_UP));
        }
        self.again = self.again.filter(|(_, until)| now < *until);
        self.read = now;
        let border = self.reads_from() - LATE;
        self.counted.retain(|(at, _)| *at >= border);
        self.before.retain(|(at, _)| *at >= border);
    }

    /// Goes on with what a round by other rules found and could not record.
    pub(super) fn take_over(&mut self, before: Self) {
        for one in before.found {
            let Found::Firing(firing) = &one else {
                self.found.push(one);
                continue;
            };
            let rule = before.detector.rules().get(&firing.rule);
            if rule == self.detector.rules().get(&firing.rule) {
                self.detector.hold(firing);
                self.measures.take(firing);
                self.found.push(one);
            }
        }
    }

    /// From when on a round with other rules acts on what this one did not count.
    fn next_since(&self) -> Timestamp {
        self.reads_from().max(self.since)
    }
}

impl Provider {
    /// Begins to count by these rules. What others did holds on, and what was done by rules that are no more in
    /// force is taken back.
    pub(super) async fn begin_round(
        &self,
        rules: &Arc<DetectionRules>,
        before: Option<&Round>,
    ) -> Result<Round, Failure> {
        let now = self.now();
        let held = self.take_back(rules).await?;
        let from = self.counts_from(rules, now).await?;
        let since = before.map_or(held.since, Round::next_since);
        let mut round = Round {
            detector: Detector::new((**rules).clone()),
            measures: Measures::default(),
            canaries: KnownCanaries::default(),
            since,
            read: since.min(from),
            again: None,
            counted: BTreeSet::new(),
            before: before.map_or_else(BTreeSet::new, |before| before.counted.clone()),
            found: Vec::new(),
            noted: now,
        };
        for firing in held.firings {
            round.detector.hold(&firing);
            round.measures.take(&firing);
        }
        self.throttle
            .tell_measures(Arc::new(round.measures.clone()));
        Ok(round)
    }

    /// From when on what happened counts for rules that begin now.
    async fn counts_from(
        &self,
        rules: &DetectionRules,
        now: Timestamp,
    ) -> Result<Timestamp, Failure> {
        let remembers = rules.all().iter().any(|rule| rule.owners_there.is_some());
        let back = if remembers {
            LONGEST
        } else {
            rules.looks_back().min(LONGEST)
        };
        let (from, surely) = (now - back, now - back.min(WARM_UP));
        let read = move |tx: &mut Tx<'_>| tx.watched_from(from, &OBSERVED, MOST);
        Ok(self.store.read(read).await?.min(surely))
    }

    /// Lifts what rules placed that are changed, removed or only watch by now, and tells what holds.
    async fn take_back(&self, rules: &Arc<DetectionRules>) -> Result<Held, Failure> {
        let (now, rules) = (self.now(), Arc::clone(rules));
        let event = self.event_of_server(EventKind::BlockChanged);
        let work = move |tx: &mut Tx<'_>| {
            let mut held = Held {
                since: watched(tx, now)?,
                firings: Vec::new(),
                lifted: false,
            };
            let (kept, gone): (Vec<RuleFiring>, Vec<RuleFiring>) =
                tx.holding_firings(now)?.into_iter().partition(|made| {
                    let rule = rules.get(&made.rule);
                    rule.is_some_and(|rule| rule.content() == made.content)
                });
            held.lifted = lift_all(tx, &gone, &event)? | lift_orphans(tx, &rules, &event)?;
            // It placed no block of its own because of one that is lifted now.
            let freed: BTreeSet<&str> = gone
                .iter()
                .filter(|made| made.block.is_some())
                .map(|made| &*made.subject)
                .collect();
            let bare = |made: &RuleFiring| {
                let blocks = made.action == Act::BlockSource.name();
                blocks && made.block.is_none() && freed.contains(&*made.subject)
            };
            let (bare, kept): (Vec<_>, Vec<_>) = kept.into_iter().partition(bare);
            for made in gone.iter().chain(&bare) {
                let _gone = tx.forget_firing(&made.mark)?;
            }
            let firings = kept.iter().filter_map(|made| firing_of(made, &rules, now));
            held.firings = firings.collect();
            Ok(held)
        };
        let held = self.store.write(work).await?;
        if held.lifted {
            self.spread().await?;
        }
        Ok(held)
    }

    /// Notes now and then up to when the record was watched, for nodes that start.
    pub(super) async fn note_watched(&self, round: &mut Round) -> Result<(), Failure> {
        if round.read < round.noted + NOTE_EVERY || !round.found.is_empty() {
            return Ok(());
        }
        let read = round.read.micros();
        let raise = move |tx: &mut Tx<'_>| tx.raise_high_mark(HighMark::Watched, read);
        let _highest = self.store.write(raise).await?;
        round.noted = round.read;
        Ok(())
    }
}

/// What was found when a round begins.
#[derive(Debug)]
struct Held {
    /// From when on nobody watched.
    since: Timestamp,
    firings: Vec<Firing>,
    lifted: bool,
}

/// Up to when the record was watched; noted from the first time on.
fn watched(tx: &mut Tx<'_>, now: Timestamp) -> Result<Timestamp, StoreError> {
    let of = HighMark::Watched;
    let number = match tx.high_mark(of)? {
        Some(number) => number,
        None => tx.raise_high_mark(of, (now - FRESH).micros())?,
    };
    Ok(Timestamp::from_micros(number) - LATE)
}

fn lift(tx: &mut Tx<'_>, number: i64, rule: &str, event: &Event) -> Result<bool, StoreError> {
    let by = format!("{BY_RULE}{rule}");
    let reason = "the rule was changed, removed, or only watches now";
    lifted(tx, number, (&*by, reason), event)
}

/// The blocks of these firings.
fn lift_all(tx: &mut Tx<'_>, gone: &[RuleFiring], event: &Event) -> Result<bool, StoreError> {
    let mut any = false;
    for made in gone {
        if let Some(number) = made.block {
            any |= lift(tx, number, &made.rule, event)?;
        }
    }
    Ok(any)
}

/// Blocks by rules that do not act any more, whoever placed them and whatever is known of the firing.
fn lift_orphans(
    tx: &mut Tx<'_>,
    rules: &DetectionRules,
    event: &Event,
) -> Result<bool, StoreError> {
    let acts = |id: &str| rules.get(id).is_some_and(|rule| rule.mode == Mode::On);
    let mut any = false;
    for block in tx.blocks()?.iter().filter(|block| block.holds(event.at)) {
        if let Some(rule) = block.operator.strip_prefix(BY_RULE)
            && !acts(rule)
        {
            any |= lift(tx, block.number, rule, event)?;
        }
    }
    Ok(any)
}

/// A firing as it was, without its figures.
fn firing_of(made: &RuleFiring, rules: &DetectionRules, now: Timestamp) -> Option<Firing> {
    let rule: &DetectionRule = rules.get(&made.rule)?;
    let action = Act::from_name(&made.action)?;
    Some(Firing {
        rule: made.rule.clone(),
        mode: rule.mode,
        action,
        subject: serde_json::from_str(&made.subject).ok()?,
        figures: Figures::default(),
        at: now,
        until: made.until,
    })
}
