use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use sekisho_model::Timestamp;
use serde::Serialize;

use super::observation::{Observation, What};
use super::room::make_room;
use super::rule::{Act, DetectionRule, DetectionRules, Mode, Pattern};
use super::subject::{Per, Subject};
use super::tally::{Figures, Tally};

/// Subjects one rule counts at a time; when there are more, those that were quiet longest go.
const MOST: usize = 50_000;
/// Points that keep a source out, and within how long.
const FULL: u64 = 100;
const SCORES_LAST: Duration = Duration::from_hours(1);
/// How long owners are remembered where they signed in.
const OWNERS_LAST: Duration = Duration::from_hours(24);
/// Within how long a mailed code is typed by whoever has it.
const TO_READ: Duration = Duration::from_mins(2);

/// A rule found what it looks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Firing {
    /// The rule.
    pub rule: String,
    /// Whether it acts.
    pub mode: Mode,
    /// What is done.
    pub action: Act,
    /// To whom.
    pub subject: Subject,
    /// What was counted.
    pub figures: Figures,
    /// When.
    #[serde(skip)]
    pub at: Timestamp,
    /// Until when what is done lasts.
    #[serde(skip)]
    pub until: Timestamp,
}

/// Counts what happens against rules. Bounded in memory.
#[derive(Debug)]
pub struct Detector {
    rules: DetectionRules,
    counts: Vec<Counts>,
    scores: HashMap<Subject, Tally>,
    /// Mails that there was no time to read yet.
    unread: VecDeque<Observation>,
    /// When which account last gave a right code.
    typed: HashMap<u64, Timestamp>,
    /// When an owner last signed in from there.
    owners: HashMap<Subject, Timestamp>,
}

/// What one rule counts.
#[derive(Debug, Default)]
struct Counts {
    tallies: HashMap<Subject, Tally>,
    /// Until when a firing holds.
    holds: HashMap<Subject, Timestamp>,
    /// Until when any firing holds.
    anywhere: Option<Timestamp>,
}

impl Detector {
    /// Counts nothing yet.
    pub fn new(rules: DetectionRules) -> Self {
        let counts = rules.all().iter().map(|_| Counts::default()).collect();
        Self {
            rules,
            counts,
            scores: HashMap::new(),
            unread: VecDeque::new(),
            typed: HashMap::new(),
            owners: HashMap::new(),
        }
    }

    /// The rules it counts by.
    pub const fn rules(&self) -> &DetectionRules {
        &self.rules
    }

    /// Takes what happened next, and says what follows. A subject fires again when what was done is over.
    ///
    /// A mail counts when there was time to type its code, and nobody did: where a hundred people sign in within
    /// a minute, a hundred codes are on their way.
    pub fn observe(&mut self, seen: &Observation) -> Vec<Firing> {
        let mut fired = Vec::new();
        let is_due = |mail: &Observation| mail.at + TO_READ <= seen.at;
        while self.unread.front().is_some_and(is_due) || self.unread.len() >= MOST {
            let Some(mut mail) = self.unread.pop_front() else {
                break;
            };
            let typed = self.typed.get(&mail.account);
            if typed.is_none_or(|at| *at < mail.at) {
                mail.at = mail.at + TO_READ;
                fired.extend(self.count(&mail));
            }
        }
        match seen.what {
            What::Mailed => self.unread.push_back(seen.clone()),
            What::RightCode => {
                self.note_typed(seen);
                fired.extend(self.count(seen));
            }
            _ => fired.extend(self.count(seen)),
        }
        fired
    }

    /// Lets a firing hold that was acted on before: its subject fires again when that is over.
    pub fn hold(&mut self, firing: &Firing) {
        let Some(counts) = self.counts_of(firing) else {
            return;
        };
        counts.holds.insert(firing.subject.clone(), firing.until);
        counts.anywhere = counts.anywhere.max(Some(firing.until));
    }

    /// Lets go of a firing that nobody acted on: its subject fires again at once if it goes on.
    pub fn let_go(&mut self, firing: &Firing) {
        if let Some(counts) = self.counts_of(firing) {
            counts.holds.remove(&firing.subject);
        }
    }

    /// Points that fill up keep a source out and hold nothing.
    fn counts_of(&mut self, firing: &Firing) -> Option<&mut Counts> {
        let mut rules = self.rules.all().iter();
        let does = |rule: &DetectionRule| {
            rule.action == firing.action || rule.owners_there == Some(firing.action)
        };
        let same = |rule: &DetectionRule| rule.id == firing.rule && does(rule);
        let place = rules.position(same)?;
        self.counts.get_mut(place)
    }

    fn note_typed(&mut self, seen: &Observation) {
        make_room(&mut self.typed, MOST, |at| Some(*at));
        self.typed.insert(seen.account, seen.at);
    }

    fn note_owner(&mut self, seen: &Observation) {
        for place in [Per::Address, Per::Network] {
            if let Some(source) = place.of(seen) {
                make_room(&mut self.owners, MOST, |at| Some(*at));
                self.owners.insert(source, seen.at);
            }
        }
    }

    fn count(&mut self, seen: &Observation) -> Vec<Firing> {
        if seen.owner {
            self.note_owner(seen);
        }
        let mut fired = Vec::new();
        for place in 0..self.counts.len() {
            let firing = self.ask(place, seen);
            let full = firing.as_ref().and_then(|firing| self.scored(firing));
            fired.extend(firing);
            fired.extend(full);
        }
        fired
    }

    fn ask(&mut self, place: usize, seen: &Observation) -> Option<Firing> {
        let rule = self.rules.all().get(place)?;
        let hit = hit(rule, seen)?;
        let subject = rule.per.of(seen)?;
        let wakes = rule.during.as_ref().and_then(|id| {
            let mut rules = self.rules.all().iter();
            rules.position(|other| other.id == *id)
        });
        let awake = wakes.is_none_or(|other| {
            let other = self.counts.get(other).and_then(|counts| counts.anywhere);
            other.is_some_and(|until| seen.at < until)
        });
        let counts = self.counts.get_mut(place)?;
        make_room(&mut counts.holds, MOST, |until| Some(*until));
        make_room(&mut counts.tallies, MOST, Tally::last);
        let tally = counts.tallies.entry(subject.clone()).or_default();
        tally.add((hit, seen.account, seen.weight), seen.at);
        let figures = tally.figures(rule.window, seen.at);
        let held = counts.holds.get(&subject);
        if !awake || held.is_some_and(|until| seen.at < *until) || !rule.fits(&figures) {
            return None;
        }
        let until = seen.at + rule.ttl;
        let came = self.owners.get(&subject);
        let owned = came.is_some_and(|at| seen.at < *at + OWNERS_LAST);
        let milder = rule.owners_there.filter(|_| owned);
        counts.holds.insert(subject.clone(), until);
        counts.anywhere = counts.anywhere.max(Some(until));
        Some(Firing {
            rule: rule.id.clone(),
            mode: rule.mode,
            action: milder.unwrap_or(rule.action),
            subject,
            figures,
            at: seen.at,
            until,
        })
    }

    /// Points of all rules count together: what is suspicious in many small ways is kept out as well.
    fn scored(&mut self, firing: &Firing) -> Option<Firing> {
        let acts = firing.action == Act::Score && firing.mode == Mode::On;
        let rule = self.rules.get(&firing.rule).filter(|_| acts)?;
        make_room(&mut self.scores, MOST, Tally::last);
        let tally = self.scores.entry(firing.subject.clone()).or_default();
        tally.add((true, 0, rule.points), firing.at);
        let figures = tally.figures(SCORES_LAST, firing.at);
        (figures.hits >= FULL).then(|| Firing {
            action: Act::BlockSource,
            figures,
            until: firing.at + SCORES_LAST,
            ..firing.clone()
        })
    }
}

/// Whether what happened counts for a rule, and against whom.
fn hit(rule: &DetectionRule, seen: &Observation) -> Option<bool> {
    if rule.mode == Mode::Off {
        return None;
    }
    if Some(seen.what) == rule.kind.relief() {
        return Some(false);
    }
    let link = seen.what == What::LinkMailed && rule.kind == Pattern::CodeMailBombing;
    let counts = (link || seen.what == rule.kind.hit())
        && (rule.kind != Pattern::PasswordSpray || seen.same_password >= rule.same_password.max(1))
        && seen.speed >= rule.speed_kmh;
    counts.then_some(true)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    fn seen(what: What, ip: [u8; 4], account: u64, second: i64) -> Observation {
        Observation {
            at: at(second),
            what,
            ip: Some(IpAddr::V4(Ipv4Addr::from(ip))),
            account,
            user: None,
            client: None,
            weight: 1,
            same_password: 0,
            speed: 0,
            known: false,
            owner: false,
        }
    }

    fn rule(more: &str) -> String {
        format!(
            "[[rule]]\nid = \"r\"\nkind = \"credential_stuffing\"\nper = \"network\"\nwindow = \"10m\"\n\
             attempts = 5\naccounts = 3\nfailure_percent = 80\nmode = \"on\"\naction = \"block_source\"\n\
             ttl = \"30m\"\nreason = {{ ja = \"x\", en = \"x\" }}\n{more}\n"
        )
    }

    fn only(text: &str) -> Detector {
        let rules = DetectionRules::with(text).unwrap();
        Detector::new(rules.alone("r").unwrap())
    }

    #[test]
    fn thr_15_a_subject_fires_once_and_again_when_what_was_done_is_over() {
        let mut detector = only(&rule(""));
        let mut fired = Vec::new();
        for n in 0..3_600 {
            let account = u64::try_from(n).unwrap();
            let one = seen(What::WrongPassword, [203, 0, 113, 9], account, n);
            fired.extend(detector.observe(&one).into_iter().map(|f| (n, f)));
        }
        let moments: Vec<i64> = fired.iter().map(|(n, _)| *n).collect();
        assert_eq!(moments, [4, 1_804]);
        let first = &fired[0].1;
        assert_eq!(first.subject.to_string(), "203.0.113.0/24");
        assert_eq!((first.figures.hits, first.figures.accounts), (5, 5));
        assert_eq!(first.until, at(4 + 1_800));
    }

    #[test]
    fn thr_15_what_nobody_acted_on_fires_again_and_what_holds_does_not() {
        let mut detector = only(&rule(""));
        let wrong = |n: i64| {
            let account = u64::try_from(n).unwrap();
            seen(What::WrongPassword, [203, 0, 113, 9], account, n)
        };
        let mut fired = Vec::new();
        for n in 0..10 {
            for firing in detector.observe(&wrong(n)) {
                detector.let_go(&firing);
                fired.push(n);
            }
        }
        assert_eq!(fired, [4, 5, 6, 7, 8, 9]);
        let [found] = &detector.observe(&wrong(10))[..] else {
            panic!("it goes on");
        };
        detector.hold(&Firing {
            until: at(500),
            ..found.clone()
        });
        assert_eq!(detector.observe(&wrong(499)), []);
        assert_eq!(detector.observe(&wrong(500)).len(), 1);
    }

    #[test]
    fn thr_15_codes_on_their_way_are_no_bombing_and_codes_that_nobody_types_are() {
        let rules = DetectionRules::built_in();
        let mut detector = Detector::new(rules.alone("code-bombing-address").unwrap());
        let campus = [198, 51, 100, 7];
        for second in 0..600_u32 {
            let (n, at) = (u64::from(second), i64::from(second));
            assert_eq!(detector.observe(&seen(What::Mailed, campus, n, at)), []);
            if let Some(typed) = n.checked_sub(40) {
                let right = seen(What::RightCode, campus, typed, at);
                assert_eq!(detector.observe(&right), []);
            }
        }
        let mut fired = Vec::new();
        for second in 0..300_u32 {
            let (n, at) = (u64::from(second), 1_000 + i64::from(second));
            let one = seen(What::Mailed, [203, 0, 113, 9], n, at);
            fired.extend(detector.observe(&one).into_iter().map(|_| second));
        }
        assert_eq!(
            fired.first(),
            Some(&139),
            "the twentieth, two minutes later"
        );
    }

    #[test]
    fn thr_15_neither_one_account_nor_many_successes_nor_a_slow_trickle_is_stuffing() {
        let mut detector = only(&rule(""));
        for n in 0..500 {
            let one = seen(What::WrongPassword, [203, 0, 113, 9], 1, n);
            assert_eq!(detector.observe(&one), []);
        }
        for n in 0..5_000 {
            let what = if n % 3 == 0 {
                What::RightPassword
            } else {
                What::WrongPassword
            };
            let account = u64::try_from(n).unwrap();
            assert_eq!(
                detector.observe(&seen(what, [198, 51, 100, 1], account, n)),
                []
            );
        }
        for n in 0..100 {
            let account = u64::try_from(n).unwrap();
            let one = seen(
                What::WrongPassword,
                [192, 0, 2, 1],
                account,
                10_000 + n * 200,
            );
            assert_eq!(detector.observe(&one), []);
        }
    }

    #[test]
    fn thr_15_a_strict_rule_can_wait_for_another_one() {
        let wide = rule("")
            .replace("\"r\"", "\"wide\"")
            .replace("network", "everywhere");
        let wide = wide.replace("block_source", "notify");
        let strict = rule("during = \"wide\"").replace("attempts = 5", "attempts = 2");
        let strict = strict.replace("accounts = 3", "accounts = 2");
        let mut detector = only(&format!("{wide}{strict}"));
        let mut fired = Vec::new();
        for n in 0..6_u8 {
            for again in 0..2_u8 {
                let one = seen(
                    What::WrongPassword,
                    [10, 0, n, 1],
                    (n + 10 * again).into(),
                    n.into(),
                );
                fired.extend(detector.observe(&one));
            }
        }
        let names: Vec<String> = fired
            .iter()
            .map(|f| format!("{} {}", f.rule, f.subject))
            .collect();
        assert_eq!(
            names,
            [
                "wide everywhere",
                "r 10.0.2.0/24",
                "r 10.0.3.0/24",
                "r 10.0.4.0/24",
                "r 10.0.5.0/24"
            ]
        );
    }

    #[test]
    fn thr_15_where_owners_signed_in_a_scanner_slows_its_neighbours_and_shuts_nobody_out() {
        let rules = DetectionRules::built_in();
        let done = |owner: Option<i64>| {
            let mut detector = Detector::new(rules.alone("probes-address").unwrap());
            let ip = [203, 0, 113, 9];
            if let Some(second) = owner {
                let mut came = seen(What::RightPassword, ip, 1, second);
                came.owner = true;
                detector.observe(&came);
            }
            let probe = |n: u32| seen(What::Probed, ip, 0, 100_000 + i64::from(n));
            let fired = (1..=12_u32).flat_map(|n| {
                let fired = detector.observe(&probe(n)).into_iter();
                fired.map(move |firing| (n, firing.action))
            });
            fired.collect::<Vec<_>>()
        };
        assert_eq!(done(None), [(10, Act::BlockSource)]);
        assert_eq!(done(Some(99_000)), [(10, Act::Slow)]);
        assert_eq!(done(Some(13_700)), [(10, Act::Slow)]);
        assert_eq!(done(Some(13_600)), [(10, Act::BlockSource)], "a day ago");
    }

    #[test]
    fn thr_15_points_of_several_firings_keep_a_source_out() {
        let score = rule("points = 50")
            .replace("block_source", "score")
            .replace("30m", "1m");
        let mut detector = only(&score);
        let mut acts = Vec::new();
        for n in 0..100 {
            let one = seen(
                What::WrongPassword,
                [203, 0, 113, 9],
                u64::try_from(n).unwrap(),
                n,
            );
            acts.extend(detector.observe(&one).into_iter().map(|f| f.action));
        }
        assert_eq!(acts, [Act::Score, Act::Score, Act::BlockSource]);
    }

    #[test]
    fn thr_15_memory_is_bounded_while_everybody_attacks() {
        let mut detector = only(&rule("").replace("\"network\"", "\"address\""));
        for n in 0..120_000_u32 {
            let ip = n.to_be_bytes();
            detector.observe(&seen(What::WrongPassword, ip, n.into(), 1));
        }
        assert!(detector.counts[0].tallies.len() <= MOST);
    }
}
