//! Which level is in force for whom, and whether a change needs a second operator. Pure: decisions and
//! a moment in, a level out.

use std::sync::Arc;
use std::time::Duration;

use sekisho_model::{
    ClientId, Feature, Level, LevelDecision, LevelScope, OperatorText, Standing, SwitchDecision,
    Timestamp, User,
};

use super::block::Blocks;
use super::level::{EndpointClass, Halt, Tightening, tightening};

/// How long a lowering that one operator asked for can be confirmed by another one.
pub const CONFIRM_WITHIN: Duration = Duration::from_mins(15);

/// Everything operators decided, as a node knows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Situation {
    /// About levels, oldest first.
    pub levels: Vec<LevelDecision>,
    /// About features, oldest first.
    pub switches: Vec<SwitchDecision>,
    /// What the level file of this node says; it can only raise.
    pub file: Option<FileLevel>,
    /// Whom operators and rules keep out.
    pub blocks: Arc<Blocks>,
}

/// What the level file says (INC-01: it works while the database is away).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileLevel {
    /// The level, for everyone.
    pub level: Level,
    /// What people are told.
    pub text: OperatorText,
}

/// Whom a request concerns, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Concerned<'a> {
    /// Through which app.
    pub client: Option<&'a ClientId>,
    /// Whose account.
    pub user: Option<&'a User>,
}

/// A level in force, and what people are told about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// The level.
    pub level: Level,
    /// The operator's words.
    pub text: OperatorText,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

impl Situation {
    /// The highest level that is about them.
    pub fn level(&self, whom: Concerned<'_>, now: Timestamp) -> Level {
        self.in_force(whom, now).level
    }

    /// The same, with its text.
    pub fn in_force(&self, whom: Concerned<'_>, now: Timestamp) -> InForce {
        let counts =
            |made: &&LevelDecision| made.holds(now) && made.scope.covers(whom.client, whom.user);
        let (mut seen, mut highest) = (Vec::new(), None::<&LevelDecision>);
        // The newest of each scope.
        for made in self.levels.iter().rev().filter(counts) {
            if seen.contains(&&made.scope) {
                continue;
            }
            seen.push(&made.scope);
            if highest.is_none_or(|highest| made.level >= highest.level) {
                highest = Some(made);
            }
        }
        let file = self.of_file();
        let highest = match highest {
            Some(made) if made.level > file.level => InForce {
                level: made.level,
                text: made.text.clone(),
                until: made.until,
            },
            Some(_) | None => file,
        };
        self.raised_by_block(highest, whom, now)
    }

    /// What of all decisions can still matter to a node that asks from `now` on: what holds or is planned and
    /// is not covered by a newer decision for as long, and what can still be confirmed. Whoever decides
    /// reads all of them.
    pub fn still_heard(
        levels: Vec<LevelDecision>,
        switches: Vec<SwitchDecision>,
        now: Timestamp,
    ) -> Self {
        let all = Self {
            levels,
            switches,
            ..Self::default()
        };
        let levels = all.levels.iter().filter(|made| match made.standing {
            // No operator has an empty name, so whoever may confirm it is not who asked.
            Standing::Asked => all.confirmable(made.number, "", now).is_ok(),
            Standing::InForce => {
                let newer = all.levels.iter().rev();
                let mut newer = newer.take_while(|other| other.number > made.number);
                let over = made.until.is_some_and(|until| until <= now);
                !over && !newer.any(|other| covers(other, made, now))
            }
        });
        let switches = all.switches.iter().filter(|made| {
            let over = made.until.is_some_and(|until| until <= now);
            let newer = all.switches.iter().rev();
            let mut newer = newer.take_while(|other| other.number > made.number);
            let lasts = |other: &SwitchDecision| {
                other.feature == made.feature && lasts_as_long(other.until, made.until)
            };
            !over && !newer.any(lasts)
        });
        Self {
            levels: levels.cloned().collect(),
            switches: switches.cloned().collect(),
            ..Self::default()
        }
    }

    /// An app or an account that is blocked is as if nothing were issued to anybody.
    fn raised_by_block(&self, level: InForce, whom: Concerned<'_>, now: Timestamp) -> InForce {
        match self.blocks.of(whom, now) {
            Some(block) if level.level < Level::Silent => InForce {
                level: Level::Silent,
                text: OperatorText::default(),
                until: block.until,
            },
            _ => level,
        }
    }

    fn of_file(&self) -> InForce {
        let file = self.file.clone().unwrap_or_default();
        InForce {
            level: file.level,
            text: file.text,
            until: None,
        }
    }

    /// Whether any level or block that counts now is about some accounts only.
    pub fn tells_people_apart(&self, now: Timestamp) -> bool {
        let by_cohort = |made: &LevelDecision| {
            matches!(made.scope, LevelScope::Cohort(_))
                && made.level > Level::Normal
                && made.holds(now)
        };
        self.levels.iter().any(by_cohort) || self.blocks.tells_people_apart(now)
    }

    /// Whether an endpoint of this class answers them.
    pub fn pass(
        &self,
        class: EndpointClass,
        whom: Concerned<'_>,
        now: Timestamp,
    ) -> Result<(), Halt> {
        class.at(self.level(whom, now))
    }

    /// What is asked of their sign-in.
    pub fn tightening(&self, whom: Concerned<'_>, now: Timestamp) -> Tightening {
        tightening(self.level(whom, now))
    }

    /// Whether the code page follows every password of a sign-in through this app, whoever it is. A level of some
    /// accounts counts for all: else the page would tell who is one of them (ENU-01).
    pub fn hides_passwords(&self, client: Option<&ClientId>, now: Timestamp) -> bool {
        let whom = Concerned { client, user: None };
        let of_some = |made: &LevelDecision| {
            matches!(made.scope, LevelScope::Cohort(_))
                && newest(&self.levels, &made.scope, now).is_some_and(|newest| {
                    newest.number == made.number && tightening(made.level).uniform_code_page
                })
        };
        self.tightening(whom, now).uniform_code_page || self.levels.iter().any(of_some)
    }

    /// Whether a feature is switched on; without any decision it is.
    pub fn works(&self, feature: Feature, now: Timestamp) -> bool {
        let holds = |made: &&SwitchDecision| made.until.is_none_or(|until| now < until);
        self.switches
            .iter()
            .filter(|made| made.feature == feature)
            .filter(holds)
            .max_by_key(|made| made.number)
            .is_none_or(|made| made.on)
    }

    /// Whether `change` would lower, at any moment from now on, a level that takes two (INC-05). What
    /// was planned before counts as much as what is in force.
    pub fn needs_two(&self, change: &LevelDecision, now: Timestamp) -> bool {
        self.lowers_from(Level::TWO_OPERATORS, change, now)
    }

    /// Whether `change` lowers the level at any moment from now on, for those it is about.
    pub fn lowers(&self, change: &LevelDecision, now: Timestamp) -> bool {
        self.lowers_from(Level::Watch, change, now)
    }

    fn lowers_from(&self, least: Level, change: &LevelDecision, now: Timestamp) -> bool {
        let mut after = self.levels.clone();
        let newest = after.iter().map(|made| made.number).max().unwrap_or(0);
        after.push(LevelDecision {
            number: newest.saturating_add(1),
            standing: Standing::InForce,
            ..change.clone()
        });
        let moments = after
            .iter()
            .flat_map(|made| [Some(made.from), made.until])
            .flatten()
            .filter(|moment| *moment > now)
            .chain([now]);
        moments.into_iter().any(|moment| {
            let level = |made| newest_level(made, &change.scope, moment);
            let before = level(&self.levels);
            before >= least && level(&after) < before
        })
    }

    /// The lowering that `operator` may confirm under this number.
    pub fn confirmable(
        &self,
        number: i64,
        operator: &str,
        now: Timestamp,
    ) -> Result<&LevelDecision, ConfirmRefusal> {
        let asked = self
            .levels
            .iter()
            .find(|made| made.number == number && made.standing == Standing::Asked)
            .ok_or(ConfirmRefusal::Unknown)?;
        let done = |made: &LevelDecision| made.confirms == Some(number);
        if self.levels.iter().any(done) {
            return Err(ConfirmRefusal::Done);
        }
        if now.since(asked.at) > CONFIRM_WITHIN {
            return Err(ConfirmRefusal::TooLate);
        }
        let overtaken = |made: &LevelDecision| {
            made.number > number && made.scope == asked.scope && made.standing == Standing::InForce
        };
        if self.levels.iter().any(overtaken) {
            return Err(ConfirmRefusal::Overtaken);
        }
        if same_person(&asked.operator, operator) {
            return Err(ConfirmRefusal::SameOperator);
        }
        Ok(asked)
    }
}

/// Why a lowering cannot be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfirmRefusal {
    /// Nobody asked under this number.
    Unknown,
    /// It was confirmed before.
    Done,
    /// It was asked too long ago.
    TooLate,
    /// Another decision came between.
    Overtaken,
    /// The operator who asked cannot confirm.
    SameOperator,
}

/// Names differ in more than case and spaces around them.
fn same_person(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// Whether `newer` counts instead of `older` for as long as that would.
fn covers(newer: &LevelDecision, older: &LevelDecision, now: Timestamp) -> bool {
    let begun = newer.begins_at_once() || newer.from <= older.from.max(now);
    newer.standing == Standing::InForce
        && newer.scope == older.scope
        && begun
        && lasts_as_long(newer.until, older.until)
}

fn lasts_as_long(newer: Option<Timestamp>, older: Option<Timestamp>) -> bool {
    newer.is_none_or(|newer| older.is_some_and(|older| newer >= older))
}

fn newest<'a>(
    levels: &'a [LevelDecision],
    scope: &LevelScope,
    now: Timestamp,
) -> Option<&'a LevelDecision> {
    levels
        .iter()
        .filter(|made| made.scope == *scope && made.holds(now))
        .max_by_key(|made| made.number)
}

fn newest_level(levels: &[LevelDecision], scope: &LevelScope, now: Timestamp) -> Level {
    newest(levels, scope, now).map_or(Level::Normal, |made| made.level)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(10_000);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(10_000 + seconds)
    }

    fn made(number: i64, scope: LevelScope, level: Level) -> LevelDecision {
        LevelDecision {
            number,
            at: NOW,
            operator: "haruka".to_owned(),
            scope,
            level,
            reason: "test".to_owned(),
            from: NOW,
            until: None,
            text: OperatorText::default(),
            standing: Standing::InForce,
            confirms: None,
        }
    }

    fn situation(levels: Vec<LevelDecision>) -> Situation {
        Situation {
            levels,
            ..Situation::default()
        }
    }

    fn server(number: i64, level: Level) -> LevelDecision {
        made(number, LevelScope::Server, level)
    }

    const ANYBODY: Concerned<'static> = Concerned {
        client: None,
        user: None,
    };

    #[test]
    fn inc_01_the_newest_decision_counts_and_what_expires_gives_way_to_what_was_before() {
        let raised = LevelDecision {
            until: Some(at(60)),
            ..server(2, Level::Silent)
        };
        let planned = LevelDecision {
            from: at(100),
            until: Some(at(200)),
            ..server(3, Level::Closed)
        };
        let situation = situation(vec![server(1, Level::Watch), raised, planned]);
        let level = |seconds| situation.level(ANYBODY, at(seconds));
        assert_eq!(level(0), Level::Silent);
        assert_eq!(level(59), Level::Silent);
        assert_eq!(level(60), Level::Watch);
        assert_eq!(level(100), Level::Closed);
        assert_eq!(level(200), Level::Watch);
    }

    #[test]
    fn inc_01_a_node_keeps_what_can_still_matter_and_decides_by_it_as_by_all() {
        let raised = |number, until| LevelDecision {
            until: Some(at(until)),
            ..server(number, Level::Silent)
        };
        let planned = LevelDecision {
            from: at(100),
            until: Some(at(200)),
            ..server(900, Level::Closed)
        };
        let mut levels: Vec<_> = (1..500)
            .map(|number| server(number, Level::Watch))
            .chain([raised(500, 60), raised(501, 30), raised(502, -1), planned])
            .collect();
        let cohort = LevelScope::Cohort(sekisho_model::Cohort::default());
        levels.push(made(901, cohort.clone(), Level::Closed));
        levels.push(made(902, cohort, Level::Normal));
        let asked = |number, since: i64| LevelDecision {
            at: at(since),
            scope: LevelScope::Client(ClientId::new("a")),
            standing: Standing::Asked,
            ..server(number, Level::Normal)
        };
        levels.extend([asked(903, -901), asked(904, -5)]);
        let kept = Situation::still_heard(levels.clone(), Vec::new(), NOW);
        let numbers: Vec<i64> = kept.levels.iter().map(|made| made.number).collect();
        assert_eq!(numbers, [499, 500, 501, 900, 902, 904]);
        let all = situation(levels);
        for seconds in [0, 29, 30, 59, 60, 99, 100, 199, 200, 10_000] {
            let (one, other) = (
                kept.level(ANYBODY, at(seconds)),
                all.level(ANYBODY, at(seconds)),
            );
            assert_eq!(one, other, "after {seconds} seconds");
        }
        assert!(!kept.tells_people_apart(NOW), "the cohort is as everybody");
    }

    #[test]
    fn inc_01_a_newer_decision_that_ends_or_begins_at_another_time_drops_nothing() {
        let heard = |levels| Situation::still_heard(levels, Vec::new(), NOW).levels.len();
        let ends = LevelDecision {
            until: Some(at(60)),
            ..server(2, Level::Normal)
        };
        assert_eq!(heard(vec![server(1, Level::Silent), ends]), 2);
        let begins = LevelDecision {
            from: at(60),
            ..server(2, Level::Normal)
        };
        assert_eq!(heard(vec![server(1, Level::Silent), begins]), 2);
        let other = made(2, LevelScope::Client(ClientId::new("a")), Level::Normal);
        assert_eq!(heard(vec![server(1, Level::Silent), other]), 2);
    }

    #[test]
    fn inc_01_a_node_whose_clock_is_behind_does_not_wait_for_it() {
        let closed = situation(vec![server(1, Level::Closed)]);
        assert_eq!(closed.level(ANYBODY, at(-30)), Level::Closed);
        let planned = LevelDecision {
            from: at(100),
            ..server(1, Level::Closed)
        };
        let planned = situation(vec![planned]);
        assert_eq!(planned.level(ANYBODY, at(99)), Level::Normal);
    }

    #[test]
    fn inc_03_the_highest_of_all_that_concern_somebody_counts() {
        let (a, b) = (ClientId::new("a"), ClientId::new("b"));
        let of_a = made(2, LevelScope::Client(a.clone()), Level::Silent);
        let situation = situation(vec![server(1, Level::Watch), of_a]);
        let level = |client| situation.level(Concerned { client, user: None }, NOW);
        assert_eq!(level(None), Level::Watch);
        assert_eq!(level(Some(&b)), Level::Watch);
        assert_eq!(level(Some(&a)), Level::Silent);
        let of = |class, client| situation.pass(class, Concerned { client, user: None }, NOW);
        assert_eq!(of(EndpointClass::Token, Some(&a)), Err(Halt::Stopped));
        assert_eq!(of(EndpointClass::Token, Some(&b)), Ok(()));
    }

    #[test]
    fn enu_01_a_level_of_some_accounts_hides_the_passwords_of_all() {
        let cohort = LevelScope::Cohort(sekisho_model::Cohort::default());
        let some = |number, level| made(number, cohort.clone(), level);
        let app = ClientId::new("app");
        let of_app = made(1, LevelScope::Client(app.clone()), Level::Watch);
        let hides = |levels, client| situation(levels).hides_passwords(client, NOW);
        assert!(!hides(vec![], None));
        assert!(hides(vec![server(1, Level::Watch)], None));
        assert!(hides(vec![some(1, Level::Watch)], None));
        assert!(!hides(
            vec![some(1, Level::Watch), some(2, Level::Normal)],
            None
        ));
        assert!(hides(vec![of_app.clone()], Some(&app)));
        assert!(!hides(vec![of_app], None));
    }

    #[test]
    fn ad_10_who_may_only_raise_lowers_at_no_moment() {
        let planned = LevelDecision {
            from: at(100),
            ..server(2, Level::Closed)
        };
        let situation = situation(vec![server(1, Level::Watch), planned]);
        let change = |level, until| LevelDecision {
            until,
            ..server(0, level)
        };
        assert!(situation.lowers(&change(Level::Normal, None), NOW));
        assert!(
            situation.lowers(&change(Level::Frozen, None), NOW),
            "what is planned"
        );
        assert!(!situation.lowers(&change(Level::Frozen, Some(at(99))), NOW));
        assert!(!situation.lowers(&change(Level::Closed, None), NOW));
        let app = made(0, LevelScope::Client(ClientId::new("a")), Level::Normal);
        assert!(
            !situation.lowers(&app, NOW),
            "of the app nothing was decided"
        );
    }

    #[test]
    fn inc_01_the_file_raises_and_never_lowers() {
        let with = |levels, level| Situation {
            file: Some(FileLevel {
                level,
                text: OperatorText::default(),
            }),
            ..situation(levels)
        };
        let none = with(Vec::new(), Level::Silent);
        assert_eq!(none.level(ANYBODY, NOW), Level::Silent);
        let lower = with(vec![server(1, Level::Sealed)], Level::Normal);
        assert_eq!(lower.level(ANYBODY, NOW), Level::Sealed);
    }

    #[test]
    fn inc_05_raising_takes_one_and_lowering_from_three_takes_two() {
        for before in Level::ALL {
            for after in Level::ALL {
                let situation = situation(vec![server(1, before)]);
                let two = situation.needs_two(&server(0, after), NOW);
                let expected = before >= Level::Closed && after < before;
                assert_eq!(two, expected, "{before:?} to {after:?}");
            }
        }
    }

    #[test]
    fn inc_05_a_plan_cannot_be_softened_by_one_either() {
        let planned = LevelDecision {
            from: at(100),
            ..server(1, Level::Silent)
        };
        let plan = situation(vec![planned]);
        assert!(
            plan.needs_two(&server(0, Level::Watch), NOW),
            "it would cancel the plan"
        );
        let ends_before = LevelDecision {
            until: Some(at(100)),
            ..server(0, Level::Watch)
        };
        assert!(!plan.needs_two(&ends_before, NOW));
        let later = LevelDecision {
            from: at(500),
            ..server(0, Level::Normal)
        };
        assert!(situation(vec![server(1, Level::Closed)]).needs_two(&later, NOW));
        // A client's level is another matter than the server's.
        let other = made(0, LevelScope::Client(ClientId::new("a")), Level::Normal);
        assert!(!plan.needs_two(&other, NOW));
    }

    #[test]
    fn inc_05_an_asked_lowering_waits_for_somebody_else() {
        let asked = LevelDecision {
            standing: Standing::Asked,
            ..server(2, Level::Watch)
        };
        let waiting = situation(vec![server(1, Level::Sealed), asked.clone()]);
        assert_eq!(waiting.level(ANYBODY, NOW), Level::Sealed);
        let confirm = |name, now| waiting.confirmable(2, name, now).map(|made| made.number);
        assert_eq!(confirm("minoru", NOW), Ok(2));
        assert_eq!(confirm(" Haruka ", NOW), Err(ConfirmRefusal::SameOperator));
        assert_eq!(confirm("minoru", at(901)), Err(ConfirmRefusal::TooLate));
        let unknown = waiting.confirmable(1, "minoru", NOW);
        assert_eq!(unknown, Err(ConfirmRefusal::Unknown));
        let newer = situation(vec![asked.clone(), server(3, Level::Sealed)]);
        let overtaken = newer.confirmable(2, "minoru", NOW);
        assert_eq!(overtaken, Err(ConfirmRefusal::Overtaken));
        let confirmed = LevelDecision {
            confirms: Some(2),
            ..server(3, Level::Watch)
        };
        let done = situation(vec![asked, confirmed]);
        assert_eq!(done.confirmable(2, "x", NOW), Err(ConfirmRefusal::Done));
    }

    #[test]
    fn inc_06_the_newest_switch_counts_until_it_expires() {
        let switch = |number, on, until| SwitchDecision {
            number,
            at: NOW,
            operator: "haruka".to_owned(),
            feature: Feature::DeviceFlow,
            on,
            reason: "test".to_owned(),
            until,
        };
        let with = |switches| Situation {
            switches,
            ..Situation::default()
        };
        let works = |situation: &Situation, now| situation.works(Feature::DeviceFlow, now);
        assert!(works(&Situation::default(), NOW));
        let off = with(vec![switch(1, false, Some(at(60)))]);
        assert!(!works(&off, NOW));
        assert!(off.works(Feature::TokenExchange, NOW));
        assert!(works(&off, at(60)));
        assert!(works(
            &with(vec![switch(1, false, None), switch(2, true, None)]),
            NOW
        ));
        let many = vec![
            switch(1, false, None),
            switch(2, true, None),
            switch(3, false, None),
            switch(4, true, Some(at(60))),
            switch(5, false, Some(NOW)),
        ];
        let heard = Situation::still_heard(Vec::new(), many, NOW);
        assert_eq!(heard.switches.len(), 2, "what holds, and what follows it");
        assert!(works(&heard, NOW));
        assert!(!works(&heard, at(60)));
    }
}
