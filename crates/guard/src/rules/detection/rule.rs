use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sekisho_model::{Digest, Locale};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::observation::What;
use super::subject::Per;
use super::tally::Figures;
use crate::rules::travel::Journey;

/// The rules that ship with the program.
const BUILT_IN: &str = include_str!("built_in.toml");
/// The longest a rule looks back, and the longest its act lasts.
const LONGEST: Duration = Duration::from_hours(24);
/// The most rules.
const MOST: usize = 100;

/// What a rule looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// Wrong passwords of many accounts: pairs from somewhere else are tried.
    CredentialStuffing,
    /// The same wrong password at many accounts.
    PasswordSpray,
    /// Wrong mailed codes, recovery codes or user codes.
    CodeGuessing,
    /// Codes and links that are mailed and never typed.
    CodeMailBombing,
    /// Tokens and codes that come a second time.
    TokenReplay,
    /// Requests of scanners and for injections.
    Probes,
    /// The same, if a page of another site seems to have made a browser send them.
    ProbesByPages,
    /// Reads of the data of many people.
    BulkReads,
    /// A canary account was touched.
    CanaryTouched,
    /// A sign-in by password alone, from a country the account was never used from.
    NewCountry,
    /// A sign-in without a code, so far from the last one that nobody travels so fast.
    ImpossibleTravel,
}

impl Pattern {
    /// What counts as a hit.
    pub(super) const fn hit(self) -> What {
        match self {
            Self::CredentialStuffing | Self::PasswordSpray => What::WrongPassword,
            Self::CodeGuessing => What::WrongCode,
            Self::CodeMailBombing => What::Mailed,
            Self::TokenReplay => What::Replayed,
            Self::Probes => What::Probed,
            Self::ProbesByPages => What::ProbedByPages,
            Self::BulkReads => What::BulkRead,
            Self::CanaryTouched => What::CanaryTouched,
            Self::NewCountry => What::NewCountry,
            Self::ImpossibleTravel => What::Travelled,
        }
    }

    /// What speaks against an attack, if anything does.
    pub(super) const fn relief(self) -> Option<What> {
        match self {
            Self::CredentialStuffing | Self::PasswordSpray => Some(What::RightPassword),
            Self::CodeGuessing | Self::CodeMailBombing => Some(What::RightCode),
            _ => None,
        }
    }
}

/// Whether a rule acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is not asked.
    Off,
    /// It says what it would do, and does nothing.
    Shadow,
    /// It acts.
    On,
}

/// What is done when a rule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Points are added for the source; at a hundred within an hour its strangers are kept out.
    Score,
    /// Strangers from the source may try a few times a minute only.
    Slow,
    /// Everyone concerned is asked for the code, except at trusted browsers.
    RequireCode,
    /// Strangers from the source are kept out; owners at known browsers go on.
    BlockSource,
    /// The incident level is raised to 1 for everyone.
    RaiseLevel,
    /// Operators are told.
    Notify,
}

impl Act {
    /// Its name in the file and in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::Slow => "slow",
            Self::RequireCode => "require_code",
            Self::BlockSource => "block_source",
            Self::RaiseLevel => "raise_level",
            Self::Notify => "notify",
        }
    }

    /// The act of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Score,
            Self::Slow,
            Self::RequireCode,
            Self::BlockSource,
            Self::RaiseLevel,
            Self::Notify,
        ];
        all.into_iter().find(|act| act.name() == name)
    }
}

impl Mode {
    /// Its name in the file and in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Shadow => "shadow",
            Self::On => "on",
        }
    }
}

/// Why, in the words of operators.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    ja: String,
    en: String,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectionRule {
    /// Its name.
    pub id: String,
    /// What it looks for.
    pub kind: Pattern,
    /// What is counted together.
    pub per: Per,
    /// How far it looks back, as in `10m`.
    #[serde(deserialize_with = "span")]
    pub window: Duration,
    /// So many hits at least.
    pub attempts: u32,
    /// At so many accounts at least.
    #[serde(default)]
    pub accounts: u32,
    /// So many in a hundred are hits, at least.
    #[serde(default)]
    pub failure_percent: u8,
    /// The same wrong password was seen at so many accounts at least.
    #[serde(default)]
    pub same_password: u32,
    /// From so many kilometres an hour on, a journey is impossible.
    #[serde(default)]
    pub speed_kmh: u32,
    /// Counts only while this other rule holds anywhere.
    #[serde(default)]
    pub during: Option<String>,
    /// Whether it acts.
    pub mode: Mode,
    /// What is done.
    pub action: Act,
    /// What is done instead of `block_source` where owners signed in within the last day: their neighbours, or
    /// their own browsers, are then as likely as an attacker.
    #[serde(default)]
    pub owners_there: Option<Act>,
    /// How many points `score` adds.
    #[serde(default)]
    pub points: u32,
    /// How long what is done lasts, as in `30m`.
    #[serde(deserialize_with = "span")]
    pub ttl: Duration,
    /// Why, in words.
    pub reason: Reason,
}

/// Why a file of rules cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RuleProblem(String);

impl RuleProblem {
    pub(crate) const fn new(what: String) -> Self {
        Self(what)
    }
}

/// All rules, built in and given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectionRules(Vec<DetectionRule>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    modes: BTreeMap<String, Mode>,
    #[serde(default)]
    rule: Vec<DetectionRule>,
}

impl DetectionRule {
    /// The decision itself: whether these figures are an attack in the eyes of the rule.
    pub fn fits(&self, figures: &Figures) -> bool {
        let all = figures.hits.saturating_add(figures.reliefs);
        let percent = u64::from(self.failure_percent);
        let mostly = figures.hits.saturating_mul(100) >= all.saturating_mul(percent);
        figures.hits >= u64::from(self.attempts)
            && figures.accounts >= u64::from(self.accounts)
            && mostly
    }

    /// What tells this version of the rule from the next: all but its words.
    pub fn content(&self) -> Digest {
        let wordless = Self {
            reason: Reason::default(),
            ..self.clone()
        };
        Digest::of(&serde_json::to_vec(&wordless).unwrap_or_default())
    }

    /// Why, in words.
    pub fn reason_in(&self, locale: Locale) -> &str {
        match locale {
            Locale::Ja => &self.reason.ja,
            Locale::En => &self.reason.en,
        }
    }

    fn problem(&self) -> Option<String> {
        let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let bad_name = self.id.is_empty() || self.id.len() > 64 || !self.id.chars().all(name);
        let long = |text: &str| text.trim().is_empty() || text.chars().count() > 500;
        let sourced = matches!(self.action, Act::BlockSource | Act::Slow | Act::Score);
        let what = if bad_name {
            "id: use 1 to 64 small letters, digits and -"
        } else if self.attempts == 0 {
            "attempts: use 1 or more"
        } else if self.failure_percent > 100 {
            "failure_percent: use 0 to 100"
        } else if self.window.is_zero() || self.window > LONGEST {
            "window: use 1s to 24h"
        } else if self.ttl.is_zero() || self.ttl > LONGEST {
            "ttl: use 1s to 24h"
        } else if sourced && !matches!(self.per, Per::Address | Per::Network) {
            "action: slow, score and block_source need per = \"address\" or \"network\""
        } else if self.owners_there.is_some()
            && (self.action != Act::BlockSource
                || !matches!(self.owners_there, Some(Act::Slow | Act::Notify)))
        {
            "owners_there: belongs to action = \"block_source\"; use slow or notify"
        } else if (self.action == Act::Score) != (self.points > 0) {
            "points: belongs to action = \"score\", 1 or more"
        } else if self.same_password > 0 && self.kind != Pattern::PasswordSpray {
            "same_password: belongs to kind = \"password_spray\""
        } else if (self.kind == Pattern::ImpossibleTravel) != (self.speed_kmh > 0) {
            "speed_kmh: belongs to kind = \"impossible_travel\", 1 or more"
        } else if long(&self.reason.ja) || long(&self.reason.en) {
            "reason: say why in 1 to 500 letters, ja and en"
        } else {
            return None;
        };
        Some(format!("rule {:?}: {what}", self.id))
    }
}

impl DetectionRules {
    /// The rules that ship with the program.
    pub fn built_in() -> Self {
        // A test reads them; without them a given file still counts.
        Self::read(BUILT_IN).unwrap_or_else(|_broken| Self(Vec::new()))
    }

    /// The built-in rules with what a file adds or changes. A rule of the same id takes the place of the
    /// built-in one; `[modes]` changes how a rule works and nothing else.
    pub fn with(text: &str) -> Result<Self, RuleProblem> {
        Self::with_also(text, std::iter::empty())
    }

    /// The same, with what advisories bring between both.
    pub fn with_also<'a>(
        text: &str,
        advised: impl Iterator<Item = &'a DetectionRule>,
    ) -> Result<Self, RuleProblem> {
        let written = parsed(text)?;
        let mut all = Self::built_in().0;
        for rule in advised {
            all.retain(|other| other.id != rule.id);
            all.push(rule.clone());
        }
        let given: BTreeSet<&str> = written.rule.iter().map(|rule| &*rule.id).collect();
        if given.len() != written.rule.len() {
            return Err(RuleProblem("a rule id stands there twice".to_owned()));
        }
        all.retain(|rule| !given.contains(&*rule.id));
        all.extend(written.rule);
        Self(all).with_modes(&written.modes)
    }

    fn read(text: &str) -> Result<Self, RuleProblem> {
        let written = parsed(text)?;
        Self(written.rule).with_modes(&written.modes)
    }

    fn with_modes(mut self, modes: &BTreeMap<String, Mode>) -> Result<Self, RuleProblem> {
        for (id, mode) in modes {
            let rule = self.0.iter_mut().find(|rule| rule.id == *id);
            let rule =
                rule.ok_or_else(|| RuleProblem(format!("modes: there is no rule {id:?}")))?;
            rule.mode = *mode;
        }
        if let Some(problem) = self.0.iter().find_map(DetectionRule::problem) {
            return Err(RuleProblem(problem));
        }
        if self.0.len() > MOST {
            return Err(RuleProblem(format!("use {MOST} rules at most")));
        }
        let during = self.0.iter().filter_map(|rule| rule.during.as_deref());
        for id in during {
            if self.get(id).is_none_or(|other| other.during.is_some()) {
                let why = format!("during: {id:?} is no rule, or itself depends on one");
                return Err(RuleProblem(why));
            }
        }
        Ok(self)
    }

    /// Every rule.
    pub fn all(&self) -> &[DetectionRule] {
        &self.0
    }

    /// Whether a rule that acts asks this journey for the code: at once, because afterwards would be too
    /// late. `known` is a browser that the account knows.
    pub fn ask_code_of(&self, journey: &Journey, known: bool) -> bool {
        let asks = |rule: &&DetectionRule| {
            rule.mode == Mode::On && rule.action == Act::RequireCode && rule.attempts == 1
        };
        self.0.iter().filter(asks).any(|rule| match rule.kind {
            Pattern::NewCountry => journey.new_country && !known,
            Pattern::ImpossibleTravel => journey.kmh.is_some_and(|kmh| kmh >= rule.speed_kmh),
            _ => false,
        })
    }

    /// One rule.
    pub fn get(&self, id: &str) -> Option<&DetectionRule> {
        self.0.iter().find(|rule| rule.id == id)
    }

    /// This rule alone, and the one it depends on, as if they acted: for a back-test.
    pub fn alone(&self, id: &str) -> Option<Self> {
        let rule = self.get(id)?;
        let other = rule.during.as_deref().and_then(|other| self.get(other));
        let both = other.into_iter().chain([rule]).cloned();
        let awake = both.map(|rule| DetectionRule {
            mode: Mode::On,
            ..rule
        });
        Some(Self(awake.collect()))
    }

    /// How far the longest rule looks back.
    pub fn looks_back(&self) -> Duration {
        let spans = self.0.iter().map(|rule| rule.window.max(rule.ttl));
        spans.max().unwrap_or_default()
    }
}

fn parsed(text: &str) -> Result<Written, RuleProblem> {
    toml::from_str(text).map_err(|error| line_of(text, &error))
}

/// What is wrong with a file, and in which line.
pub(crate) fn line_of(text: &str, error: &toml::de::Error) -> RuleProblem {
    let until = error.span().map_or(0, |span| span.start);
    let line = text.bytes().take(until).filter(|b| *b == b'\n').count() + 1;
    RuleProblem(format!("line {line}: {}", error.message()))
}

/// `90s`, `10m`, `2h`.
fn span<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = || de::Error::custom("use a number and s, m or h, as in 10m");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number = text.strip_suffix(unit).unwrap_or_default();
    let number: u32 = number.parse().map_err(|_not_a_number| wrong())?;
    let unit = match unit {
        's' => Duration::from_secs(1),
        'm' => Duration::from_mins(1),
        'h' => Duration::from_hours(1),
        _ => return Err(wrong()),
    };
    Ok(unit.saturating_mul(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = r#"
[[rule]]
id = "mine"
kind = "code_guessing"
per = "address"
window = "10m"
attempts = 5
mode = "on"
action = "block_source"
ttl = "1h"
reason = { ja = "理由", en = "why" }
"#;

    #[test]
    fn thr_15_the_built_in_rules_are_read_and_each_pattern_has_one() {
        let rules = DetectionRules::read(BUILT_IN).unwrap();
        assert_eq!(rules, DetectionRules::built_in());
        for pattern in [
            Pattern::CredentialStuffing,
            Pattern::PasswordSpray,
            Pattern::CodeGuessing,
            Pattern::CodeMailBombing,
            Pattern::TokenReplay,
            Pattern::Probes,
            Pattern::BulkReads,
            Pattern::CanaryTouched,
            Pattern::NewCountry,
            Pattern::ImpossibleTravel,
        ] {
            assert!(rules.all().iter().any(|r| r.kind == pattern), "{pattern:?}");
        }
    }

    #[test]
    fn thr_15_a_file_adds_replaces_and_switches_rules() {
        let built_in = DetectionRules::built_in();
        let first = &built_in.all()[0].id;
        let text = format!("[modes]\n{first} = \"off\"\n{RULE}");
        let rules = DetectionRules::with(&text).unwrap();
        assert_eq!(rules.all().len(), built_in.all().len() + 1);
        assert_eq!(rules.get(first).unwrap().mode, Mode::Off);
        let other = DetectionRules::with(&RULE.replace("mine", first)).unwrap();
        assert_eq!(other.all().len(), built_in.all().len());
        assert_eq!(other.get(first).unwrap().attempts, 5);
        assert_eq!(DetectionRules::with("").unwrap(), built_in);
    }

    #[test]
    fn thr_15_a_rule_that_does_something_else_is_another_one_and_other_words_are_not() {
        let content = |text: &str| {
            let rules = DetectionRules::with(text).unwrap();
            rules.get("mine").unwrap().content()
        };
        assert_eq!(content(RULE), content(&RULE.replace("why", "because")));
        for (from, to) in [
            ("\"on\"", "\"shadow\""),
            ("attempts = 5", "attempts = 6"),
            ("\"1h\"", "\"2h\""),
            ("block_source", "slow"),
        ] {
            assert_ne!(content(RULE), content(&RULE.replace(from, to)), "{from}");
        }
    }

    #[test]
    fn thr_15_a_file_that_cannot_be_read_says_where_and_why() {
        for (from, to, said) in [
            (
                "attempts = 5",
                "attempts = 5\ncolour = 1",
                "line 8: unknown field `colour`",
            ),
            ("attempts = 5", "attempts = 0", "attempts"),
            ("\"10m\"", "\"10\"", "line 6: use a number"),
            ("\"10m\"", "\"25h\"", "window"),
            ("\"1h\"", "\"0s\"", "ttl"),
            ("\"address\"", "\"everywhere\"", "need per"),
            ("\"on\"", "\"maybe\"", "line 8: unknown variant `maybe`"),
            ("block_source", "score", "points"),
            ("\"1h\"", "\"1h\"\nowners_there = \"score\"", "owners_there"),
            ("id = \"mine\"", "id = \"My Rule\"", "id: use"),
            ("ttl = \"1h\"", "ttl = \"1h\"\nduring = \"x\"", "during"),
            ("en = \"why\"", "en = \" \"", "reason"),
        ] {
            let problem = DetectionRules::with(&RULE.replace(from, to)).unwrap_err();
            assert!(problem.0.contains(said), "{to}: {problem}");
        }
        assert!(DetectionRules::with(&RULE.repeat(2)).is_err());
        assert!(DetectionRules::with("[modes]\nnothing = \"on\"").is_err());
        assert!(DetectionRules::with("rule = 1").is_err());
    }

    #[test]
    fn thr_15_the_decision_needs_every_threshold() {
        let mut rule = DetectionRules::with(RULE)
            .unwrap()
            .get("mine")
            .unwrap()
            .clone();
        (rule.accounts, rule.failure_percent) = (3, 80);
        let fits = |hits, reliefs, accounts| {
            rule.fits(&Figures {
                hits,
                reliefs,
                accounts,
            })
        };
        assert!(fits(8, 2, 3));
        assert!(!fits(8, 3, 3));
        assert!(!fits(8, 2, 2));
        assert!(!fits(4, 0, 3));
        assert!(fits(u64::from(u32::MAX), 0, 3));
    }
}
