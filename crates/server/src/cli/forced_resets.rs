//! `sekisho user force-reset`, `resets`, `lift-reset`: many people choose a new password (INC-08).

use std::io::IsTerminal as _;

use clap::Args;
use ipnet::IpNet;
use sekisho_mail::when;
use sekisho_model::{CohortMark, Epoch, EpochKind, EventKind, Timestamp};
use sekisho_provider::cohorts::{Progress, kinds};
use sekisho_provider::signed_in_from::SignInsFrom;
use serde::Serialize;

use super::cohort::{Who, in_words, moment, must_be_tagged};
use super::tree::{Form, Where};
use super::{CliError, event, output, paging, services_at, users};

/// Who is asked, and for what.
#[derive(Debug, Clone, Args)]
pub(crate) struct ForceReset {
    #[command(flatten)]
    at: Where,
    /// One account, by its sign-in address or `sub`. Or give at least one of the following.
    #[arg(conflicts_with_all = ["all", "made_before", "chosen_before", "tag", "wave", "signed_in_from"])]
    email: Option<String>,
    /// Accounts that were signed in to from this network (repeatable), as in 203.0.113.0/24, between `--since` and
    /// `--until`.
    #[arg(
        long,
        requires = "since",
        conflicts_with_all = ["all", "made_before", "chosen_before", "tag", "wave"]
    )]
    signed_in_from: Vec<IpNet>,
    /// The first of those sign-ins: a date, or a moment as in 2026-11-23T09:00:00+09:00.
    #[arg(long, value_parser = moment, requires = "signed_in_from")]
    since: Option<Timestamp>,
    /// The end of that time; now if it is left out.
    #[arg(long, value_parser = moment, requires = "signed_in_from")]
    until: Option<Timestamp>,
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
    if let Some(since) = asked.since {
        return force_signed_in(&asked, since, form).await;
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
    must_be_tagged(provider, &cohort).await?;
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

/// Those who signed in from somewhere: each account by itself, because who they are is in the record only.
async fn force_signed_in(asked: &ForceReset, since: Timestamp, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let provider = &services.provider;
    let from = SignInsFrom {
        networks: asked.signed_in_from.clone(),
        since,
        until: asked.until.unwrap_or_else(|| provider.now()),
    };
    let users = provider.who_signed_in(&from).await?;
    if asked.dry_run {
        let networks = from.networks.iter().map(ToString::to_string);
        let networks: Vec<String> = networks.collect();
        let who = format!("accounts signed in to from {}", networks.join(", "));
        let accounts = u64::try_from(users.len()).unwrap_or(u64::MAX);
        output::one(form, &Counted { who, accounts });
        return Ok(());
    }
    let command = "user force-reset --signed-in-from";
    let mut event = event(provider, &services, EventKind::SettingChanged, command);
    if let Some(detail) = event.detail.as_object_mut() {
        detail.insert("reason".to_owned(), asked.reason.as_str().into());
    }
    let (all, kinds) = (users.len(), kinds(!asked.keep_sessions));
    let told = |done| output::progress(&format!("{done} of {all} accounts"));
    let void = provider.void_what_they_hold(&users, kinds, event, told);
    void.await?;
    output::done(&format!(
        "{all} accounts must choose a new password at the next sign-in."
    ));
    Ok(())
}

async fn force_one(asked: &ForceReset, email: &str) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let provider = &services.provider;
    let account = users::person(provider, email).await?;
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

pub(super) async fn list(
    at: &Where,
    after: Option<i64>,
    limit: u32,
    form: Form,
) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    if std::io::stderr().is_terminal() {
        output::done("Counting; this looks at every account.");
    }
    let resets = services.provider.resets(after.map(Epoch), limit).await?;
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
    paging::more(&shown, limit, |last| last.number.to_string());
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

#[cfg(test)]
mod tests {
    use sekisho_model::{Epoch, EventKind, Origin, OsEntropy, Outcome, Timestamp, User, UserId};
    use sekisho_store::Tx;

    use crate::cli::tests::Place;

    const SINCE: i64 = 1_795_000_000;

    async fn owner(place: &Place) -> User {
        let line = r#"{"email":"haruka@example.jp","email_verified":true,"code_address":"haruka@mobile.example","code_address_verified":true}"#;
        let file = place.file("owner.jsonl", line);
        let words = format!("user import {}", file.display());
        place.run(&words).await.unwrap();
        found(place).await
    }

    async fn found(place: &Place) -> User {
        let found = place.store.read(|tx: &mut Tx<'_>| tx.list_users(None, 1));
        found.await.unwrap().remove(0)
    }

    async fn signed_in(place: &Place, user: UserId, ip: &str, seconds: i64) {
        let new = sekisho_audit::NewEvent::new(EventKind::SignIn, Outcome::Passed).user(user);
        let origin = Origin {
            ip: ip.to_owned(),
            ..Origin::default()
        };
        let at = Timestamp::from_seconds(SINCE + seconds);
        let event = new.happened(at, &origin, &OsEntropy::new());
        let kept = place.store.write(move |tx| tx.record(&event));
        kept.await.unwrap();
    }

    async fn epochs(place: &Place) -> (Epoch, Epoch) {
        let user = found(place).await;
        (user.epochs.password, user.epochs.session)
    }

    #[tokio::test]
    async fn inc_08_who_signed_in_from_a_network_is_asked_and_nobody_else() {
        let place = Place::new().await;
        let user = owner(&place).await.id;
        signed_in(&place, user, "203.0.113.9", 60).await;
        let before = epochs(&place).await;
        for elsewhere in [
            "--signed-in-from 198.51.100.0/24 --since 2026-11-01",
            "--signed-in-from 203.0.113.0/24 --since 2026-11-01 --until 2026-11-02",
            "--signed-in-from 203.0.113.0/24 --since 2026-11-01 --dry-run",
        ] {
            let words = format!("user force-reset {elsewhere} --reason test");
            place.run(&words).await.unwrap();
            assert_eq!(epochs(&place).await, before, "{elsewhere}");
        }
        let words = "user force-reset --signed-in-from 203.0.113.0/24 --signed-in-from 2001:db8::/32 \
                     --since 2026-11-01 --reason test";
        place.run(words).await.unwrap();
        let after = epochs(&place).await;
        assert!(after.0 > before.0 && after.1 > before.1);
    }
}
