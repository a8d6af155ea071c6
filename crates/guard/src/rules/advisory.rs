//! Advisories about the program itself: whether one concerns this server, and what holds it off until the
//! update (SUP-04, INC-06). Pure: a text, a version and the situation in, a standing out.

use std::fmt;

use sekisho_model::{
    BlockEffect, BlockTarget, BodyField, Feature, OperatorText, RequestShape, Timestamp,
};
use semver::{Comparator, Op, Version, VersionReq};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::detection::{DetectionRule, RuleProblem, line_of};
use super::situation::Situation;

/// More advisories than these are not read.
const MOST: usize = 500;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdvisorySeverity {
    /// Little harm.
    Low,
    /// Harm where other things come together.
    Moderate,
    /// Harm by somebody with an account, an app, or luck.
    High,
    /// Somebody without an account signs in as another person, gets their tokens, or reads secrets.
    Critical,
}

impl AdvisorySeverity {
    /// Its name in the file and in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Moderate => "moderate",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One advisory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advisory {
    /// Its id.
    pub id: String,
    /// How bad it is.
    pub severity: AdvisorySeverity,
    /// Which versions it is about.
    pub affected: VersionReq,
    /// From which version on it is mended.
    #[serde(default)]
    pub fixed: Option<Version>,
    /// What it is, in both languages.
    pub title: OperatorText,
    /// It takes one of these to be switched on; any if none is named.
    #[serde(default, deserialize_with = "features", serialize_with = "names")]
    pub features: Vec<Feature>,
    /// A block of these requests holds it off.
    #[serde(default)]
    pub deny: Option<RequestShape>,
    /// What notices its use.
    #[serde(default)]
    pub rule: Vec<DetectionRule>,
}

/// How an advisory concerns a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdvisoryStanding {
    /// It is about other versions.
    NotAffected,
    /// This version has the remedy.
    Fixed,
    /// Something holds it off; what.
    Mitigated(String),
    /// It is open.
    Affected,
}

impl AdvisoryStanding {
    /// Its name in events.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotAffected => "not_affected",
            Self::Fixed => "fixed",
            Self::Mitigated(_) => "mitigated",
            Self::Affected => "affected",
        }
    }
}

/// Whether `running` is among these versions. A build before a release counts as that release, and as older
/// than it: requirements without a word about such builds leave them out, even `*`.
fn is_about(affected: &VersionReq, running: &Version) -> bool {
    if running.pre.is_empty() {
        return affected.matches(running);
    }
    let release = Version::new(running.major, running.minor, running.patch);
    let about = |one: &Comparator| {
        let end = Version::new(one.major, one.minor.unwrap_or(0), one.patch.unwrap_or(0));
        one.matches(running)
            || one.matches(&release)
            || (one.op == Op::Less && one.pre.is_empty() && *running < end)
    };
    affected.comparators.iter().all(about)
}

impl Advisory {
    /// How it concerns a server of this version, as things stand.
    pub fn standing(
        &self,
        running: &Version,
        situation: &Situation,
        now: Timestamp,
    ) -> AdvisoryStanding {
        if self.fixed.as_ref().is_some_and(|fixed| running >= fixed) {
            return AdvisoryStanding::Fixed;
        }
        if !is_about(&self.affected, running) {
            return AdvisoryStanding::NotAffected;
        }
        let on = |feature: &Feature| situation.works(*feature, now);
        if !self.features.is_empty() && !self.features.iter().any(on) {
            let off: Vec<&str> = self.features.iter().map(|one| one.name()).collect();
            return AdvisoryStanding::Mitigated(format!("{} is off", off.join(", ")));
        }
        let held = self.deny.as_ref().and_then(|shape| {
            let mut blocks = situation.blocks.holding(now);
            blocks.find(|block| match &block.target {
                BlockTarget::Request(held) => {
                    block.effect != BlockEffect::Allow && folded(held) == folded(shape)
                }
                _ => false,
            })
        });
        match held {
            Some(block) => AdvisoryStanding::Mitigated(format!("block {} holds", block.number)),
            None => AdvisoryStanding::Affected,
        }
    }

    /// The commands that hold it off; one of them is enough where there are two kinds.
    pub fn remedies(&self) -> Vec<String> {
        let reason = format!("--reason {}", quoted(&self.id));
        let off =
            |feature: &Feature| format!("sekisho incident switch {} off {reason}", feature.name());
        let mut all: Vec<String> = self.features.iter().map(off).collect();
        if let Some(shape) = &self.deny {
            all.push(format!("sekisho guard block{} {reason}", Words(shape)));
        }
        all
    }

    fn problem(&self) -> Option<&'static str> {
        let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let bad = |text: &str| text.trim().is_empty() || text.chars().count() > 500;
        if self.id.is_empty() || self.id.len() > 64 || !self.id.chars().all(fine) {
            Some("id: use 1 to 64 letters, digits, -, . and _")
        } else if bad(&self.title.ja) || bad(&self.title.en) {
            Some("title: say what it is in 1 to 500 letters, ja and en")
        } else if self.deny == Some(RequestShape::default()) {
            Some("deny: name a method, path, query, header or fields")
        } else {
            None
        }
    }
}

/// Every advisory that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Advisories {
    all: Vec<Advisory>,
    serial: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    serial: u32,
    #[serde(default)]
    advisory: Vec<Advisory>,
}

impl Advisories {
    /// Reads a file; the problem names the line.
    pub fn read(text: &str) -> Result<Self, RuleProblem> {
        let written: Written = toml::from_str(text).map_err(|error| line_of(text, &error))?;
        let all = written.advisory;
        let mut ids: Vec<&str> = all.iter().map(|one| &*one.id).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() != all.len() || all.len() > MOST {
            let why = format!("use each id once, and {MOST} advisories at most");
            return Err(RuleProblem::new(why));
        }
        if let Some((one, why)) = all.iter().find_map(|one| Some((one, one.problem()?))) {
            return Err(RuleProblem::new(format!("advisory {:?}: {why}", one.id)));
        }
        Ok(Self {
            all,
            serial: written.serial,
        })
    }

    /// Every one, as they stand in the file.
    pub fn all(&self) -> &[Advisory] {
        &self.all
    }

    /// Which issue of the file it is: a higher number is a newer one, 0 says nothing.
    pub const fn serial(&self) -> u32 {
        self.serial
    }

    /// The detection rules they bring.
    pub fn rules(&self) -> impl Iterator<Item = &DetectionRule> {
        self.all.iter().flat_map(|one| &one.rule)
    }
}

/// A shape as options of `guard block`.
struct Words<'a>(&'a RequestShape);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = self.0;
        let options = [
            ("method", shape.method.clone()),
            ("path", shape.path.clone()),
            ("query", shape.query.clone()),
            (
                "header",
                shape
                    .header
                    .as_ref()
                    .map(|(name, part)| format!("{name}: {part}")),
            ),
        ];
        for (name, value) in options {
            if let Some(value) = value {
                write!(f, " --{name} {}", quoted(&value))?;
            }
        }
        for field in &shape.fields {
            write!(f, " --field {}", quoted(&field.to_string()))?;
        }
        Ok(())
    }
}

/// As a shell reads it back.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn folded(shape: &RequestShape) -> RequestShape {
    let small = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
    let mut fields: Vec<BodyField> = shape
        .fields
        .iter()
        .map(BodyField::in_small_letters)
        .collect();
    fields.sort_by_key(ToString::to_string);
    RequestShape {
        method: small(&shape.method),
        path: small(&shape.path),
        query: small(&shape.query),
        header: shape
            .header
            .as_ref()
            .map(|(name, part)| (name.to_lowercase(), part.to_lowercase())),
        fields,
    }
}

fn features<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Feature>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    let known = |name: &String| {
        Feature::from_name(name)
            .ok_or_else(|| de::Error::custom(format!("there is no feature {name:?}")))
    };
    names.iter().map(known).collect()
}

fn names<S: serde::Serializer>(features: &[Feature], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(features.iter().map(|one| one.name()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use sekisho_model::{Block, SwitchDecision};

    use super::super::block::Blocks;
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(10_000);
    const FILE: &str = r#"
[[advisory]]
id = "SEKISHO-2026-001"
severity = "critical"
affected = ">=0.1.0, <0.1.4"
fixed = "0.1.4"
title = { ja = "説明", en = "words" }
features = ["device_flow", "token_exchange"]
deny = { method = "POST", path = "/oauth2/token", header = ["X-Probe", "it's"], fields = ["Scope~admin", "code>200"] }
"#;

    fn advisory() -> Advisory {
        Advisories::read(FILE).unwrap().all()[0].clone()
    }

    fn standing(of: &Advisory, version: &str, situation: &Situation) -> AdvisoryStanding {
        of.standing(&version.parse().unwrap(), situation, NOW)
    }

    fn off(number: i64, feature: Feature, until: i64) -> SwitchDecision {
        SwitchDecision {
            number,
            at: NOW,
            operator: "haruka".to_owned(),
            feature,
            on: false,
            reason: "test".to_owned(),
            until: Some(Timestamp::from_seconds(until)),
        }
    }

    #[test]
    fn sup_04_an_advisory_is_about_versions_and_what_is_switched_on() {
        let (one, mut situation) = (advisory(), Situation::default());
        for (version, is) in [
            ("0.0.9", AdvisoryStanding::NotAffected),
            ("0.1.0", AdvisoryStanding::Affected),
            ("0.1.3", AdvisoryStanding::Affected),
            ("0.1.4", AdvisoryStanding::Fixed),
            ("1.0.0", AdvisoryStanding::Fixed),
        ] {
            assert_eq!(standing(&one, version, &situation), is, "{version}");
        }
        situation.switches = vec![off(1, Feature::DeviceFlow, 20_000)];
        let one_of_two = standing(&one, "0.1.0", &situation);
        assert_eq!(one_of_two, AdvisoryStanding::Affected);
        situation
            .switches
            .push(off(2, Feature::TokenExchange, 20_000));
        let both = standing(&one, "0.1.0", &situation);
        assert_eq!(both.name(), "mitigated");
        situation
            .switches
            .push(off(3, Feature::TokenExchange, 9_000));
        assert_eq!(
            standing(&one, "0.1.0", &situation),
            both,
            "an end that is over"
        );
        situation.switches[1].until = Some(NOW);
        assert_eq!(
            standing(&one, "0.1.0", &situation),
            AdvisoryStanding::Affected
        );
    }

    #[test]
    fn sup_04_a_build_before_a_release_is_not_overlooked() {
        for (affected, version, is) in [
            ("*", "0.1.3-rc.1", "affected"),
            (">=0.1.0, <0.1.4", "0.1.3-alpha", "affected"),
            (">=0.1.0, <0.1.4", "0.1.0-rc.1", "affected"),
            (">=0.1.0, <0.1.4", "0.1.4-rc.1", "affected"),
            (">=0.1.0, <0.1.4", "0.1.5-rc.1", "fixed"),
            (">=0.1.0", "0.0.9-rc.1", "not_affected"),
            ("=0.1.2", "0.1.2-rc.1", "affected"),
            ("=0.1.2", "0.1.3-rc.1", "not_affected"),
        ] {
            let one = Advisory {
                affected: affected.parse().unwrap(),
                ..advisory()
            };
            let found = standing(&one, version, &Situation::default());
            assert_eq!(found.name(), is, "{affected}: {version}");
        }
    }

    #[test]
    fn inc_06_a_block_of_those_requests_holds_it_off_while_it_holds() {
        let one = advisory();
        let block = |shape: RequestShape, until: i64| Situation {
            blocks: Arc::new(Blocks::new(
                vec![Block {
                    number: 7,
                    at: NOW,
                    operator: "haruka".to_owned(),
                    target: BlockTarget::Request(shape),
                    effect: BlockEffect::Everything,
                    reason: "test".to_owned(),
                    until: Some(Timestamp::from_seconds(until)),
                }],
                &[],
            )),
            ..Situation::default()
        };
        let same = folded(one.deny.as_ref().unwrap());
        let held = standing(&one, "0.1.0", &block(same.clone(), 20_000));
        assert_eq!(
            held,
            AdvisoryStanding::Mitigated("block 7 holds".to_owned())
        );
        let over = standing(&one, "0.1.0", &block(same.clone(), 10_000));
        assert_eq!(over, AdvisoryStanding::Affected);
        let narrow = RequestShape {
            query: Some("x".to_owned()),
            ..same
        };
        let narrow = standing(&one, "0.1.0", &block(narrow, 20_000));
        assert_eq!(narrow, AdvisoryStanding::Affected, "others come through");
    }

    #[test]
    fn inc_06_the_commands_that_hold_it_off_can_be_typed_as_they_stand() {
        assert_eq!(
            advisory().remedies(),
            [
                "sekisho incident switch device_flow off --reason SEKISHO-2026-001",
                "sekisho incident switch token_exchange off --reason SEKISHO-2026-001",
                "sekisho guard block --method POST --path /oauth2/token --header 'X-Probe: it'\\''s' --field 'Scope~admin' --field 'code>200' --reason SEKISHO-2026-001",
            ]
        );
    }

    #[test]
    fn sup_04_a_file_says_which_issue_it_is() {
        assert_eq!(Advisories::read(FILE).unwrap().serial(), 0);
        let newer = format!("serial = 7\n{FILE}");
        assert_eq!(Advisories::read(&newer).unwrap().serial(), 7);
        assert!(Advisories::read(&format!("serial = -1\n{FILE}")).is_err());
    }

    #[test]
    fn sup_04_a_file_that_is_wrong_is_refused_with_its_place() {
        for (from, to, told) in [
            ("critical", "terrible", "line 4"),
            (">=0.1.0", "ge 0.1", "line 5"),
            ("device_flow", "everything", "line 8"),
            ("[[advisory]]", "[[advisories]]", "line 2"),
            ("Scope~admin", "scope~", "line 9"),
            ("SEKISHO-2026-001", "no good", "id:"),
            ("説明", " ", "title:"),
        ] {
            let problem = Advisories::read(&FILE.replace(from, to))
                .unwrap_err()
                .to_string();
            assert!(problem.contains(told), "{to}: {problem}");
        }
        assert!(Advisories::read(&format!("{FILE}{FILE}")).is_err(), "twice");
        assert_eq!(Advisories::read("").unwrap(), Advisories::default());
    }

    proptest! {
        #[test]
        fn sup_04_any_text_is_advisories_or_a_problem(text in "(?s).{0,200}", cut in 0..300_usize) {
            let _any = Advisories::read(&text);
            let cut: String = FILE.chars().take(cut).chain(text.chars()).collect();
            let _spoiled = Advisories::read(&cut);
        }
    }
}
