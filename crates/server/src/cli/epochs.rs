//! `sekisho incident epoch`: voiding what was issued, in constant time (decisions: time; INC-07).

use clap::{Args, ValueEnum};
use sekisho_model::{Cohort, EpochKind, EventKind};
use sekisho_provider::incidents::EpochScope;

use super::cohort::must_be_tagged;
use super::levels::By;
use super::tree::Where;
use super::{CliError, clients, event, output, services_at, users};
use crate::wiring::Services;

/// What to void, and whose.
#[derive(Debug, Clone, Args)]
pub(crate) struct MoveEpoch {
    #[command(flatten)]
    at: Where,
    /// What is void afterwards.
    kind: Kind,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    by: By,
    /// Only say how much that would be.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// Everyone's.
    #[arg(long)]
    all: bool,
    /// What this app holds: tokens only.
    #[arg(long)]
    client: Option<String>,
    /// One account's, by its sign-in address or `sub`.
    #[arg(long)]
    user: Option<String>,
    /// That of accounts imported with this tag.
    #[arg(long)]
    cohort: Option<String>,
}

/// What an epoch is of.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Passwords must be chosen anew.
    Password,
    /// Browser sessions and sign-ins that are half done.
    Session,
    /// Codes, access and refresh tokens.
    Token,
    /// Trust in browsers.
    Browser,
}

pub(super) async fn run(asked: MoveEpoch) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let provider = &services.provider;
    if asked.whose.client.is_some() && !matches!(asked.kind, Kind::Token) {
        return Err(CliError::usage(
            "an app holds tokens; sessions, passwords and trust are people's: use --user, --cohort or --all",
        ));
    }
    let scope = scope(&services, asked.whose).await?;
    if let EpochScope::Cohort(cohort) = &scope {
        must_be_tagged(provider, cohort).await?;
    }
    let kind = match asked.kind {
        Kind::Password => EpochKind::Password,
        Kind::Session => EpochKind::Session,
        Kind::Token => EpochKind::Token,
        Kind::Browser => EpochKind::Browser,
    };
    if asked.dry_run {
        let told = concerned(&services, &scope, kind).await?;
        output::text(&told);
        return Ok(());
    }
    let event = event(provider, &services, EventKind::EpochMoved, "incident epoch");
    let who = (asked.by.operator.as_str(), asked.by.reason.as_str());
    let epoch = provider.move_epoch(scope, kind, who, event).await?;
    output::done(&format!(
        "What was issued before epoch {} is void, on every node within a second.",
        epoch.0
    ));
    Ok(())
}

/// What would be void, at most.
async fn concerned(
    services: &Services,
    scope: &EpochScope,
    kind: EpochKind,
) -> Result<String, CliError> {
    let of_cohort = matches!(scope, EpochScope::Cohort(_));
    let what = match kind {
        _ if of_cohort => "accounts are in the cohort",
        EpochKind::Password => "passwords would have to be chosen anew",
        EpochKind::Session => "sessions would end",
        EpochKind::Token => "apps would lose what a person gave them",
        EpochKind::Browser => "browsers would be asked for the code again",
    };
    let number = services.provider.epoch_reach(scope, kind).await?;
    Ok(format!("At most {number} {what}. Nothing was changed.\n"))
}

async fn scope(services: &Services, whose: Whose) -> Result<EpochScope, CliError> {
    let provider = &services.provider;
    if let Some(id) = whose.client {
        let found = clients::find(&services.store, &id).await?;
        return Ok(EpochScope::Client(found.client.client_id));
    }
    if let Some(who) = whose.user {
        let account = users::person(provider, &who).await?;
        return Ok(EpochScope::User(account.user.id));
    }
    Ok(match whose.cohort {
        Some(tag) => EpochScope::Cohort(Cohort {
            tag: Some(tag),
            ..Cohort::default()
        }),
        None => EpochScope::Server,
    })
}

#[cfg(test)]
mod tests {
    use crate::cli::tests::Place;

    #[tokio::test]
    async fn inc_07_an_epoch_moves_by_kind_and_scope_and_only_for_whom_it_is_said() {
        let place = Place::new().await;
        let moved = async || {
            let now = place
                .store
                .read(|tx: &mut sekisho_store::Tx<'_>| tx.epoch_now())
                .await
                .unwrap();
            now.0
        };
        let before = moved().await;
        for words in [
            "incident epoch token --client nobody --reason test",
            "incident epoch token --user nobody@example.jp --reason test",
            "incident epoch session --client demo-app --reason test",
            "incident epoch browser --client demo-app --reason test",
            "incident epoch password --client demo-app --reason test --dry-run",
            "incident epoch browser --cohort old-portal --reason test",
            "incident epoch browser --cohort old-portal --reason test --dry-run",
            "incident level 4 --cohort old-portal --reason test",
            "user force-reset --tag old-portal --reason test",
        ] {
            assert!(place.run(words).await.is_err(), "{words}");
        }
        assert_eq!(moved().await, before);
        let people = r#"{"email": "old@example.jp", "email_verified": true}"#;
        let file = place.file("people.jsonl", people);
        let import = format!("user import {} --tag old-portal", file.display());
        place.run(&import).await.unwrap();
        let typo = "incident level 4 --cohort old-potral --reason test";
        let told = format!("{:?}", place.run(typo).await.unwrap_err());
        assert!(
            told.contains("old-potral") && told.contains("have: old-portal"),
            "{told}"
        );
        let over = "incident level 0 --cohort gone --reason test";
        place.run(over).await.unwrap();
        for words in [
            "incident epoch session --all --reason test",
            "incident epoch browser --cohort old-portal --reason test",
        ] {
            let last = moved().await;
            place.run(words).await.unwrap();
            assert!(moved().await > last, "{words}");
        }
        let shared = place
            .store
            .read(|tx: &mut sekisho_store::Tx<'_>| tx.shared_epochs())
            .await
            .unwrap();
        assert_eq!(shared.len(), 1);
        assert_eq!(
            place
                .store
                .read(|tx: &mut sekisho_store::Tx<'_>| tx.cohort_marks())
                .await
                .unwrap()
                .len(),
            1
        );
    }
}
