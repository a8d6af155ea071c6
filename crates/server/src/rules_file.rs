//! The files of detection rules (`guard.rules`) and of advisories, which may bring rules: read anew when they
//! change (THR-15, SUP-04).

use std::sync::Arc;
use std::time::Duration;

use sekisho_guard::{Advisories, DetectionRules};
use sekisho_provider::{Failure, Provider};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::advisories_file::{self, running};
use crate::config::Guard;
use crate::wiring::{Letters, WiringError};

/// How often the file is looked at.
const BEAT: Duration = Duration::from_secs(3);

/// What a node knows of the file.
struct Known {
    /// What was wrong with it the last time, so that it is said once.
    problem: Option<String>,
}

/// Starts the watch.
pub(crate) fn start(config: &Guard, provider: &Arc<Provider>) -> Option<JoinHandle<()>> {
    config.rules.as_ref().or(config.advisories.as_ref())?;
    let (config, provider) = (config.clone(), Arc::clone(provider));
    Some(tokio::spawn(async move {
        let mut known = Known { problem: None };
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            look(&config, &provider, &mut known).await;
        }
    }))
}

/// A broken file keeps the old rules; the log says so, and operators are told.
async fn look(config: &Guard, provider: &Provider, known: &mut Known) {
    let told = match believed(config, provider).await {
        Ok(Ok((rules, advisories))) => {
            known.problem = None;
            provider.tell_advisories(advisories, running());
            provider.tell_rules(rules, true).await
        }
        Ok(Err(problem)) if known.problem.as_ref() != Some(&problem) => {
            tracing::error!(
                problem,
                "a file of detection rules or advisories cannot be used; what was read before counts"
            );
            let told = provider.rules_are_broken(&problem).await;
            known.problem = told.is_ok().then_some(problem);
            told
        }
        Ok(Err(_known)) => Ok(()),
        Err(failure) => Err(failure),
    };
    if let Err(error) = told {
        tracing::warn!(%error, "a change of the detection rules was not recorded");
    }
    if let Err(error) = provider.look_at_advisories().await {
        tracing::warn!(%error, "how advisories concern this server was not recorded");
    }
}

/// Tells the rules before anything is served. A server does not start with a broken file; a command says so.
pub(crate) async fn tell(
    config: &Guard,
    provider: &Provider,
    letters: Letters,
) -> Result<(), WiringError> {
    let read = match letters {
        Letters::Send => believed(config, provider).await?,
        Letters::Leave => read(config),
    };
    match (read, letters) {
        (Ok((rules, advisories)), _) => {
            provider.tell_advisories(advisories, running());
            Ok(provider.tell_rules(rules, false).await?)
        }
        (Err(problem), Letters::Send) => Err(WiringError::Rules(problem)),
        (Err(problem), Letters::Leave) => {
            tracing::warn!(problem, "the built-in detection rules are used");
            Ok(())
        }
    }
}

type Read = Result<(DetectionRules, Advisories), String>;

/// The same, if its signed advisories are no older than those that were believed before.
async fn believed(config: &Guard, provider: &Provider) -> Result<Read, Failure> {
    let read = read(config);
    if let (Ok((_, advisories)), Some(key), Some(file)) =
        (&read, &config.advisories_key, &config.advisories)
        && let Err(older) = provider.believe_advisories(advisories, key).await?
    {
        let file = file.display();
        return Ok(Err(format!("guard.advisories = {file}: {older}")));
    }
    Ok(read)
}

/// The rules and advisories of a configuration, or what is wrong with them.
pub(crate) fn read(config: &Guard) -> Read {
    let advisories = advisories_file::read(config)?;
    let wrong = |why: String| match &config.rules {
        Some(file) => format!("guard.rules = {}: {why}", file.display()),
        None => format!("guard.advisories: {why}"),
    };
    let text = match &config.rules {
        Some(file) => std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?,
        None => String::new(),
    };
    let rules = DetectionRules::with_also(&text, advisories.rules());
    let rules = rules.map_err(|problem| wrong(problem.to_string()))?;
    Ok((rules, advisories))
}
