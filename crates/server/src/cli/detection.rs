//! `sekisho guard rules`, `test`: detection rules and what they would have done (THR-15).

use std::collections::HashMap;
use std::time::Duration;

use clap::Args;
use sekisho_guard::{Act, DetectionRule, Pattern, Per, Stopped, Totals};
use sekisho_mail::when;
use sekisho_model::Locale;
use sekisho_provider::detection::LastFiring;
use serde::Serialize;

use super::blocks::span;
use super::tree::{Form, Where};
use super::{CliError, output, services_at};

/// How far back the last firings are looked for.
const LATELY: Duration = Duration::from_hours(30 * 24);

/// What to try, on what.
#[derive(Debug, Clone, Args)]
pub(crate) struct TestRule {
    #[command(flatten)]
    at: Where,
    /// The rule; `guard rules` shows them.
    rule: String,
    /// How far back, as in 24h or 30d; at most as long as events are kept.
    #[arg(long, default_value = "30d", value_parser = span)]
    against: Duration,
    /// How many of those that would have been stopped are shown.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

#[derive(Serialize)]
struct ShownRule {
    id: String,
    mode: &'static str,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    owners_there: Option<&'static str>,
    per: &'static str,
    last: Option<String>,
    last_subject: Option<String>,
    times: u64,
    reason: String,
}

#[derive(Serialize)]
struct ShownTest {
    rule: String,
    action: &'static str,
    from: String,
    until: String,
    totals: Totals,
    stopped: Vec<Stopped>,
}

pub(super) async fn list(at: &Where, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let provider = &services.provider;
    let from = provider.now() - LATELY;
    let last = provider.last_firings(from).await?;
    let rules = provider.detection_rules();
    let all: Vec<ShownRule> = rules.all().iter().map(|rule| shown(rule, &last)).collect();
    let heads = ["rule", "mode", "does", "per", "last", "about", "30 days"];
    output::list(form, &heads, &all, |rule| {
        vec![
            rule.id.clone(),
            rule.mode.to_owned(),
            match rule.owners_there {
                Some(milder) => format!("{} or {milder}", rule.action),
                None => rule.action.to_owned(),
            },
            rule.per.to_owned(),
            rule.last.clone().unwrap_or_default(),
            rule.last_subject.clone().unwrap_or_default(),
            rule.times.to_string(),
        ]
    });
    let blind = |rule: &&DetectionRule| {
        matches!(rule.kind, Pattern::NewCountry | Pattern::ImpossibleTravel)
            && !provider.knows_places()
    };
    let blind: Vec<&str> = rules.all().iter().filter(blind).map(|r| &*r.id).collect();
    if !blind.is_empty() {
        output::done(&format!(
            "Without a database of places (guard.places) {} see nothing.",
            blind.join(" and ")
        ));
    }
    Ok(())
}

fn shown(rule: &DetectionRule, last: &HashMap<String, LastFiring>) -> ShownRule {
    let fired = last.get(&rule.id);
    ShownRule {
        id: rule.id.clone(),
        mode: rule.mode.name(),
        action: rule.action.name(),
        owners_there: rule.owners_there.map(Act::name),
        per: match rule.per {
            Per::Address => "address",
            Per::Network => "network",
            Per::Account => "account",
            Per::Client => "client",
            Per::Everywhere => "everywhere",
        },
        last: fired.map(|fired| when::rfc3339(fired.at, "UTC")),
        last_subject: fired.map(|fired| fired.subject.clone()),
        times: fired.map_or(0, |fired| fired.times),
        reason: rule.reason_in(Locale::En).to_owned(),
    }
}

pub(super) async fn test(asked: TestRule, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let provider = &services.provider;
    let (now, rules) = (provider.now(), provider.detection_rules());
    let from = now - asked.against;
    let result = provider.back_test(&rules, &asked.rule, from).await?;
    let (Some((mut stopped, totals)), Some(rule)) = (result, rules.get(&asked.rule)) else {
        return Err(CliError::refused(format!(
            "There is no rule {:?}; `sekisho guard rules` shows them.",
            asked.rule
        )));
    };
    let all = stopped.len();
    stopped.truncate(usize::try_from(asked.limit).unwrap_or(usize::MAX));
    let told = ShownTest {
        rule: asked.rule,
        action: rule.action.name(),
        from: when::rfc3339(from, "UTC"),
        until: when::rfc3339(now, "UTC"),
        totals,
        stopped,
    };
    if form == Form::Json {
        output::one(form, &told);
        return Ok(());
    }
    let heads = [
        "about", "fired", "attempts", "stopped", "accounts", "owners",
    ];
    output::list(form, &heads, &told.stopped, |one| {
        vec![
            one.subject.clone(),
            one.firings.to_string(),
            one.attempts.to_string(),
            one.stopped.to_string(),
            one.accounts.to_string(),
            one.owners.to_string(),
        ]
    });
    if all > told.stopped.len() {
        output::done(&format!("{all} in all; --limit shows more."));
    }
    output::done(&format!(
        "{} acts looked at: {} would have fired {} times and stopped {} attempts; {} accounts were tried by their owners.",
        totals.looked_at, told.rule, totals.firings, totals.attempts, totals.owners
    ));
    if totals.stopped > 0 {
        output::done(&format!(
            "{} of these attempts were really stopped, by whatever held there: of most the record has a number and no account, \
             so there may be more owners among them.",
            totals.stopped
        ));
    }
    Ok(())
}
