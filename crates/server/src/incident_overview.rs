//! What counts, waits or is planned about levels and switches, as the command line and the API show it.

use sekisho_guard::{CONFIRM_WITHIN, ConfirmRefusal, Situation};
use sekisho_mail::when;
use sekisho_model::{
    Cohort, Feature, LevelDecision, LevelScope, Standing, SwitchDecision, Timestamp,
};
use sekisho_provider::incidents::Decided;
use sekisho_provider::{Failure, Provider};
use serde::Serialize;

use crate::cli::in_words;

/// So many tags are named to whoever got one wrong.
const SHOWN_TAGS: usize = 20;

/// Everything that counts, waits or is planned.
#[derive(Serialize)]
pub(crate) struct Overview {
    pub(crate) level: u8,
    pub(crate) name: &'static str,
    pub(crate) until: Option<String>,
    pub(crate) decisions: Vec<ShownLevel>,
    pub(crate) switches: Vec<ShownSwitch>,
    pub(crate) features: Vec<&'static str>,
}

#[derive(Serialize)]
pub(crate) struct ShownLevel {
    pub(crate) number: i64,
    pub(crate) state: &'static str,
    pub(crate) level: u8,
    pub(crate) scope: String,
    pub(crate) operator: String,
    pub(crate) reason: String,
    pub(crate) from: String,
    pub(crate) until: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct ShownSwitch {
    pub(crate) feature: &'static str,
    pub(crate) on: bool,
    pub(crate) operator: String,
    pub(crate) reason: String,
    pub(crate) until: Option<String>,
}

impl Overview {
    /// As this node knows it.
    pub(crate) fn of(provider: &Provider) -> Self {
        let (situation, now) = (provider.situation(), provider.now());
        let in_force = provider.level_in_force();
        Self {
            level: in_force.level.number(),
            name: in_force.level.name(),
            until: in_force.until.map(told),
            decisions: decisions(&situation, now),
            switches: switches(&situation, now),
            features: Feature::ALL.iter().map(|feature| feature.name()).collect(),
        }
    }
}

/// Why an order did nothing; what it did otherwise.
pub(crate) fn refusal(decided: &Decided) -> String {
    match decided {
        Decided::InForce(number) => format!("Decision {number} counts."),
        Decided::Waits(number) => format!(
            "Decision {number} waits {} minutes for another operator.",
            CONFIRM_WITHIN.as_secs() / 60
        ),
        Decided::NotConfirmed(refusal) => match refusal {
            ConfirmRefusal::Unknown => "No decision of this number waits.",
            ConfirmRefusal::Done => "It was confirmed before.",
            ConfirmRefusal::TooLate => "It was asked too long ago; ask again.",
            ConfirmRefusal::Overtaken => "Another decision came between; ask again.",
            ConfirmRefusal::SameOperator => "It takes another operator than who asked.",
        }
        .to_owned(),
        Decided::WouldLower => "It would lower a level.".to_owned(),
        Decided::NeedsToken => {
            "Operators have tokens for lowering: show yours with --token-file.".to_owned()
        }
        Decided::UnknownClient => "There is no such app.".to_owned(),
        Decided::UnknownTag => "No account was imported with this tag.".to_owned(),
        Decided::EndsBeforeItBegins => "It would end before it begins.".to_owned(),
        Decided::BadText(what) => {
            format!("The {what} is missing, too long, or holds control characters.")
        }
    }
}

/// What is wrong with a cohort that is told by a tag no account has, and which tags there are.
pub(crate) async fn unknown_tag(
    provider: &Provider,
    cohort: &Cohort,
) -> Result<Option<String>, Failure> {
    if !provider.is_untagged(cohort).await? {
        return Ok(None);
    }
    let asked = cohort.tag.as_deref().unwrap_or_default();
    let tags = provider.tags(SHOWN_TAGS).await?;
    let there_are = if tags.is_empty() {
        "no account has a tag; `sekisho user import --tag` gives one".to_owned()
    } else {
        let more = if tags.len() < SHOWN_TAGS { "" } else { ", …" };
        format!("the tags that accounts have: {}{more}", tags.join(", "))
    };
    let why =
        format!("No account was imported with the tag {asked:?}. Nothing was done; {there_are}.");
    Ok(Some(why))
}

fn told(moment: Timestamp) -> String {
    when::rfc3339(moment, "UTC")
}

fn decisions(situation: &Situation, now: Timestamp) -> Vec<ShownLevel> {
    let state = |made: &LevelDecision| state(situation, made, now);
    let shown = situation.levels.iter().filter_map(|made| {
        Some(ShownLevel {
            number: made.number,
            state: state(made)?,
            level: made.level.number(),
            scope: match &made.scope {
                LevelScope::Server => "everyone".to_owned(),
                LevelScope::Client(client) => format!("app {client}"),
                LevelScope::Cohort(cohort) => in_words(cohort),
            },
            operator: made.operator.clone(),
            reason: made.reason.clone(),
            from: told(made.from),
            until: made.until.map(told),
        })
    });
    shown.collect()
}

/// `None` for what is over.
fn state(situation: &Situation, made: &LevelDecision, now: Timestamp) -> Option<&'static str> {
    if made.standing == Standing::Asked {
        // No operator has an empty name, so whoever may confirm it is not who asked.
        return situation
            .confirmable(made.number, "", now)
            .is_ok()
            .then_some("waits");
    }
    if made.from > now && !made.begins_at_once() {
        return Some("planned");
    }
    let newer = |other: &&LevelDecision| other.scope == made.scope && other.holds(now);
    let newest = situation
        .levels
        .iter()
        .filter(newer)
        .map(|made| made.number);
    (newest.max() == Some(made.number)).then_some("in force")
}

fn switches(situation: &Situation, now: Timestamp) -> Vec<ShownSwitch> {
    let newest = Feature::ALL.iter().filter_map(|feature| {
        let of_it = |made: &&SwitchDecision| {
            made.feature == *feature && made.until.is_none_or(|until| now < until)
        };
        let all = situation.switches.iter().filter(of_it);
        all.max_by_key(|made| made.number)
    });
    let shown = newest.map(|made| ShownSwitch {
        feature: made.feature.name(),
        on: made.on,
        operator: made.operator.clone(),
        reason: made.reason.clone(),
        until: made.until.map(told),
    });
    shown.collect()
}
