//! `sekisho user force-reset`, `resets`, `lift-reset`: many people choose a new password (INC-08).

use std::io::IsTerminal as _;

use clap::Args;
use sekisho_mail::when;
use sekisho_model::{Cohort, CohortMark, Epoch, EpochKind, EventKind, Timestamp, Wave};
use sekisho_provider::cohorts::Progress;
use serde::Serialize;

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
    /// Everyone.
    #[arg(long, conflicts_with_all = ["made_before", "chosen_before", "tag"])]
    all: bool,
    /// Accounts made before: a date, or a moment as in 2026-11-23T09:00:00+09:00.
    #[arg(long, value_parser = moment)]
    made_before: Option<Timestamp>,
    /// Accounts whose password was chosen before.
    #[arg(long, value_parser = moment)]
    chosen_before: Option<Timestamp>,
    /// Accounts imported with this tag.
    #[arg(long)]
    tag: Option<String>,
    /// One of several equal shares of them, as in 1/4.
    #[arg(long, value_parser = wave)]
    wave: Option<Wave>,
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

fn moment(text: &str) -> Result<Timestamp, String> {
    when::parse(text).ok_or_else(|| {
        "write a date, 2026-11-23, or a moment, 2026-11-23T09:00:00+09:00".to_owned()
    })
}

fn wave(text: &str) -> Result<Wave, String> {
    let parts = text.split_once('/');
    parts
        .and_then(|(number, of)| Wave::new(number.parse().ok()?, of.parse().ok()?))
        .ok_or_else(|| "write which share of how many, as in 1/4 (at most 255)".to_owned())
}

pub(super) async fn force(asked: ForceReset, form: Form) -> Result<(), CliError> {
    if let Some(email) = &asked.email {
        return force_one(&asked, email).await;
    }
    let cohort = Cohort {
        made_before: asked.made_before,
        password_before: asked.chosen_before,
        tag: asked.tag.clone(),
        wave: asked.wave,
    };
    let narrowed = Cohort {
        wave: None,
        ..cohort.clone()
    } != Cohort::default();
    if !(narrowed || asked.all) {
        return Err(CliError::usage(
            "say who: an address, --all, --made-before, --chosen-before or --tag",
        ));
    }
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

fn in_words(cohort: &Cohort) -> String {
    let at = |moment| when::rfc3339(moment, "UTC");
    let conditions = [
        cohort.tag.as_ref().map(|tag| format!("imported as {tag}")),
        cohort
            .made_before
            .map(|border| format!("made before {}", at(border))),
        cohort
            .password_before
            .map(|border| format!("password from before {}", at(border))),
    ];
    let conditions: Vec<String> = conditions.into_iter().flatten().collect();
    let who = if conditions.is_empty() {
        "everyone".to_owned()
    } else {
        format!("accounts {}", conditions.join(", "))
    };
    match cohort.wave {
        Some(wave) => format!("{who}, share {wave}"),
        None => who,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inc_08_a_cohort_is_told_in_words() {
        let cohort = Cohort {
            made_before: moment("2026-11-23").ok(),
            tag: Some("old-portal".to_owned()),
            wave: wave("2/4").ok(),
            ..Cohort::default()
        };
        assert_eq!(
            in_words(&cohort),
            "accounts imported as old-portal, made before 2026-11-23T00:00:00Z, share 2/4"
        );
        assert_eq!(in_words(&Cohort::default()), "everyone");
    }

    #[test]
    fn waves_and_moments_that_are_none_are_refused() {
        for text in ["", "1", "0/4", "5/4", "1/256", "a/b", "1/2/3"] {
            assert!(wave(text).is_err(), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "2026-11-23T09:00:00"] {
            assert!(moment(text).is_err(), "{text}");
        }
        assert_eq!(moment("2026-11-23T09:00:00+09:00"), moment("2026-11-23"));
    }
}
