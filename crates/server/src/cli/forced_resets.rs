//! `sekisho user force-reset`, `resets`, `lift-reset`: many people choose a new password (INC-08).

use std::io::IsTerminal as _;

use clap::Args;
use sekisho_mail::when;
use sekisho_model::{CohortMark, Epoch, EpochKind, EventKind};
use sekisho_provider::cohorts::Progress;
use serde::Serialize;

use super::cohort::{Who, in_words};
use super::tree::{Form, Where};
use super::{CliError, event, output, services_at, users};

/// Who is asked, and for what.
#[derive(Debug, Clone, Args)]
pub(crate) struct ForceReset {
    #[command(flatten)]
    at: Where,
    /// One account, by its sign-in address. Or give at least one of the following.
    #[arg(conflicts_with_all = ["all", "made_before", "chosen_before", "tag", "wave"])]
    email: Option<String>,
    #[command(flatten)]
    who: Who,
    /// Leave them signed in; otherwise sessions, tokens and trusted browsers end.
    #[arg(long)]
    keep_sessions: bool,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
    /// Only count them.
    #[arg(long)]
    dry_run: bool,
}

/// A mark as the command line shows it.
#[derive(Serialize)]
struct Shown {
    number: i64,
    at: String,
    who: String,
    asks: bool,
    changed: u64,
    waiting: u64,
    reason: String,
}

#[derive(Serialize)]
struct Counted {
    who: String,
    accounts: u64,
}

pub(super) async fn force(asked: ForceReset, form: Form) -> Result<(), CliError> {
    if let Some(email) = &asked.email {
        return force_one(&asked, email).await;
    }
    let cohort = asked.who.cohort()?;
    let (_, services) = services_at(&asked.at).await?;
    let provider = &services.provider;
    let who = in_words(&cohort);
    if asked.dry_run {
        let accounts = provider.cohort_size(cohort).await?;
        output::one(form, &Counted { who, accounts });
        return Ok(());
    }
    let event = event(
        provider,
        &services,
        EventKind::CohortMarked,
        "user force-reset",
    );
    let end_sessions = !asked.keep_sessions;
    let number = provider
        .force_reset(cohort, end_sessions, &asked.reason, event)
        .await?;
    let ended = if end_sessions {
        " Their sessions, tokens and trusted browsers have ended."
    } else {
        ""
    };
    output::done(&format!(
        "Reset {}: {who} must choose a new password at the next sign-in.{ended} `sekisho user resets` shows how far it is.",
        number.0
    ));
    Ok(())
}

async fn force_one(asked: &ForceReset, email: &str) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let provider = &services.provider;
    let account = provider.account_of(&users::address(email)?).await?;
    let account = account.ok_or_else(users::unknown)?;
    if asked.dry_run {
        output::done("This is one account.");
        return Ok(());
    }
    let event = event(
        provider,
        &services,
        EventKind::SettingChanged,
        "user force-reset",
    );
    provider
        .force_reset_of(account.user.id, !asked.keep_sessions, &asked.reason, event)
        .await?;
    output::done("The account must choose a new password at the next sign-in.");
    Ok(())
}

pub(super) async fn list(at: &Where, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    if std::io::stderr().is_terminal() {
        output::done("Counting; this looks at every account.");
    }
    let resets = services.provider.resets().await?;
    let shown: Vec<Shown> = resets.into_iter().map(shown).collect();
    let heads = ["number", "at", "who", "changed", "waiting", "reason"];
    output::list(form, &heads, &shown, |reset| {
        vec![
            reset.number.to_string(),
            reset.at.clone(),
            reset.who.clone(),
            reset.changed.to_string(),
            if reset.asks {
                reset.waiting.to_string()
            } else {
                "lifted".to_owned()
            },
            reset.reason.clone(),
        ]
    });
    Ok(())
}

pub(super) async fn lift(at: &Where, number: i64) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let provider = &services.provider;
    let event = event(
        provider,
        &services,
        EventKind::CohortMarked,
        "user lift-reset",
    );
    if !provider.lift_reset(Epoch(number), event).await? {
        return Err(CliError::refused(
            "No reset of this number asks for new passwords; `sekisho user resets` shows them.",
        ));
    }
    output::done("Nobody is asked any more because of it. What it had ended stays ended.");
    Ok(())
}

fn shown(progress: Progress) -> Shown {
    let CohortMark {
        epoch,
        kinds,
        cohort,
        reason,
        made_at,
    } = progress.mark;
    Shown {
        number: epoch.0,
        at: when::rfc3339(made_at, "UTC"),
        who: in_words(&cohort),
        asks: kinds.contains(&EpochKind::Password),
        changed: progress.changed,
        waiting: progress.waiting,
        reason,
    }
}
