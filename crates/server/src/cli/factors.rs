//! `sekisho user factors`, `remove-factor`: authenticator apps and passkeys of somebody, for whoever checked who
//! asks (OTP-26, REC-06).

use clap::Subcommand;
use sekisho_mail::when;
use sekisho_model::{EventKind, FactorId};
use sekisho_provider::endpoints::second_steps::{FactorView, Removed};
use serde::Serialize;

use super::tree::{Form, Where};
use super::{CliError, event, output, services_at, users};

#[derive(Debug, Subcommand)]
pub(crate) enum FactorCommand {
    /// List the authenticator apps and passkeys of an account.
    #[command(
        after_help = "Example\n  sekisho user factors haruka@example.jp --config config.toml"
    )]
    Factors {
        #[command(flatten)]
        at: Where,
        /// Its sign-in address, or what apps know it by (`sub`).
        who: String,
    },
    /// Remove an authenticator app or passkey of somebody whose identity you have checked; every address is told.
    #[command(
        after_help = "Example\n  sekisho user remove-factor haruka@example.jp 019a… --reason id-card-seen --config config.toml"
    )]
    RemoveFactor {
        #[command(flatten)]
        at: Where,
        /// Its sign-in address, or what apps know it by (`sub`).
        who: String,
        /// Which; `user factors` shows them.
        factor: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
}

/// One as the command line shows it: never its secret.
#[derive(Serialize)]
struct Shown {
    id: String,
    kind: &'static str,
    name: String,
    added_at: String,
    last_used_at: Option<String>,
}

impl From<&FactorView> for Shown {
    fn from(factor: &FactorView) -> Self {
        Self {
            id: factor.id.to_string(),
            kind: factor.kind.name(),
            name: factor.name.clone(),
            added_at: when::rfc3339(factor.made_at, "UTC"),
            last_used_at: factor.last_used_at.map(|at| when::rfc3339(at, "UTC")),
        }
    }
}

pub(super) async fn run(command: FactorCommand, form: Form) -> Result<(), CliError> {
    match command {
        FactorCommand::Factors { at, who } => list(&at, &who, form).await,
        FactorCommand::RemoveFactor {
            at,
            who,
            factor,
            reason,
        } => remove(&at, &who, &factor, &reason).await,
    }
}

async fn list(at: &Where, who: &str, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let person = users::person(&services.provider, who).await?;
    users::looked(&services, &person, "user factor list").await?;
    let account = users::opened(person)?;
    let steps = services.provider.second_steps(account.user.id).await?;
    let all: Vec<Shown> = steps
        .app
        .iter()
        .chain(&steps.passkeys)
        .map(Shown::from)
        .collect();
    let heads = ["kind", "name", "added", "last used", "id"];
    output::list(form, &heads, &all, |factor| {
        vec![
            factor.kind.to_owned(),
            factor.name.clone(),
            factor.added_at.clone(),
            factor.last_used_at.clone().unwrap_or_default(),
            factor.id.clone(),
        ]
    });
    if let Some(loss) = steps.loss {
        output::done(&format!(
            "A loss was reported; a mailed code counts from {}.",
            when::rfc3339(loss.due_at, "UTC")
        ));
    }
    Ok(())
}

async fn remove(at: &Where, who: &str, factor: &str, reason: &str) -> Result<(), CliError> {
    let id = FactorId::parse(factor);
    let id = id.ok_or_else(|| CliError::usage("the id of a factor, as `user factors` shows it"))?;
    let (_, services) = services_at(at).await?;
    let provider = &services.provider;
    let account = users::found(provider, who).await?;
    let kind = EventKind::FactorChanged;
    let mut event = event(provider, &services, kind, "user remove-factor");
    if let Some(detail) = event.detail.as_object_mut() {
        detail.insert("reason".to_owned(), reason.into());
    }
    match provider.remove_factor_for(&account, id, event).await? {
        Removed::Done => {
            output::done("It is removed, and every address of the account is told.");
            Ok(())
        }
        Removed::Stale | Removed::Unknown => Err(CliError::refused(
            "The account has no authenticator app or passkey with this id.",
        )),
    }
}
