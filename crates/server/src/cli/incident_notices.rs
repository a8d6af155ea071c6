//! `sekisho incident notice`, `notices`, `stop-notice`: telling many people about an incident.

use std::path::{Path, PathBuf};

use clap::Args;
use sekisho_mail::when;
use sekisho_model::{EventKind, IncidentNotice, IncidentTexts, NoticeId, NoticeState, Timestamp};
use serde::{Deserialize, Serialize};

use super::cohort::{Who, in_words, must_be_tagged};
use super::tree::{Form, Where};
use super::{CliError, event, output, services_at};

/// Whom to tell, and what.
#[derive(Debug, Clone, Args)]
pub(crate) struct TellPeople {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    who: Who,
    /// TOML file with the facts in both languages.
    #[arg(long)]
    file: PathBuf,
    /// Only check the file and count the people.
    #[arg(long)]
    dry_run: bool,
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    happened: String,
    #[serde(flatten)]
    texts: IncidentTexts,
}

#[derive(Serialize)]
struct Counted {
    who: String,
    people: u64,
}

/// A notice as the command line shows it.
#[derive(Serialize)]
struct Shown {
    id: String,
    made: String,
    who: String,
    state: NoticeState,
    told: u64,
    summary: String,
}

pub(super) async fn tell(asked: TellPeople, form: Form) -> Result<(), CliError> {
    let cohort = asked.who.cohort()?;
    let (happened_at, texts) = read(&asked.file)?;
    let (_, services) = services_at(&asked.at).await?;
    let provider = &services.provider;
    let who = in_words(&cohort);
    if asked.dry_run {
        let people = provider.cohort_size(cohort).await?;
        output::one(form, &Counted { who, people });
        return Ok(());
    }
    must_be_tagged(provider, &cohort).await?;
    let event = event(
        provider,
        &services,
        EventKind::NoticeSent,
        "incident notice",
    );
    let id = provider
        .begin_notice(cohort, texts, happened_at, event)
        .await?;
    output::done(&format!(
        "Notice {id}: the server tells {who} by mail from now on, and shows the notice at /notice. `sekisho incident notices` shows how far it is."
    ));
    Ok(())
}

pub(super) async fn list(at: &Where, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let notices = services.provider.notices().await?;
    let shown: Vec<Shown> = notices.into_iter().map(shown).collect();
    let heads = ["id", "made", "who", "state", "told", "summary"];
    output::list(form, &heads, &shown, |notice| {
        vec![
            notice.id.clone(),
            notice.made.clone(),
            notice.who.clone(),
            state(notice.state).to_owned(),
            notice.told.to_string(),
            notice.summary.clone(),
        ]
    });
    Ok(())
}

pub(super) async fn stop(at: &Where, id: &str) -> Result<(), CliError> {
    let id = NoticeId::parse(id);
    let id = id.ok_or_else(|| CliError::usage("give its id; `incident notices` shows it"))?;
    let (_, services) = services_at(at).await?;
    let provider = &services.provider;
    let event = event(
        provider,
        &services,
        EventKind::NoticeSent,
        "incident stop-notice",
    );
    if !provider.stop_notice(id, event).await? {
        return Err(CliError::refused(
            "There is no such notice, or everyone was told; `sekisho incident notices` shows them.",
        ));
    }
    output::done(
        "Nobody else is told. Letters already in the queue still leave: at most about a thousand.",
    );
    Ok(())
}

fn read(file: &Path) -> Result<(Timestamp, IncidentTexts), CliError> {
    let named = |problem: String| CliError::usage(format!("{}: {problem}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| named(error.to_string()))?;
    let facts: Facts = toml::from_str(&text).map_err(|error| named(error.to_string()))?;
    facts
        .texts
        .check()
        .map_err(|refusal| named(refusal.to_string()))?;
    let happened = when::parse(&facts.happened)
        .ok_or_else(|| named("happened: write a date, as in \"2026-11-20\"".to_owned()))?;
    Ok((happened, facts.texts))
}

fn shown(notice: IncidentNotice) -> Shown {
    Shown {
        id: notice.id.to_string(),
        made: when::rfc3339(notice.made_at, "UTC"),
        who: in_words(&notice.cohort),
        state: notice.state,
        told: notice.told,
        summary: notice.texts.en.summary,
    }
}

const fn state(state: NoticeState) -> &'static str {
    match state {
        NoticeState::Sending => "sending",
        NoticeState::Done => "done",
        NoticeState::Stopped => "stopped",
    }
}
