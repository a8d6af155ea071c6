//! `sekisho canary …`: accounts that nobody owns (INC-10).

use clap::Subcommand;
use sekisho_mail::when;
use serde::Serialize;

use super::tree::{Form, Where};
use super::{CliError, output, services_at, users};

#[derive(Debug, Subcommand)]
pub(crate) enum CanaryCommand {
    /// Make an account that nobody owns: whoever touches it holds stolen data.
    #[command(
        after_help = "Example\n  sekisho canary add mizuno.a@example.jp --label backup-2026-11 --config config.toml"
    )]
    Add {
        #[command(flatten)]
        at: Where,
        /// Its address: a mailbox that you read and nobody else knows.
        address: String,
        /// The snapshot it belongs to: make new ones before each backup.
        #[arg(long)]
        label: String,
    },
    /// List canary accounts.
    #[command(after_help = "Example\n  sekisho canary list --config config.toml")]
    List {
        #[command(flatten)]
        at: Where,
    },
    /// Take a canary account away.
    #[command(after_help = "Example\n  sekisho canary remove k3Jd9sPq2x --config config.toml")]
    Remove {
        #[command(flatten)]
        at: Where,
        /// Its id; `canary list` shows it.
        id: String,
    },
    /// Tell that mail came to a canary's address; for the filter of that mailbox.
    #[command(
        after_help = "Example\n  sekisho canary mailed mizuno.a@example.jp --config config.toml"
    )]
    Mailed {
        #[command(flatten)]
        at: Where,
        /// The address.
        address: String,
    },
}

#[derive(Serialize)]
struct Shown {
    id: String,
    label: String,
    address: String,
    made_at: String,
}

pub(super) async fn run(command: CanaryCommand, form: Form) -> Result<(), CliError> {
    match command {
        CanaryCommand::Add { at, address, label } => add(&at, &address, &label).await,
        CanaryCommand::List { at } => list(&at, form).await,
        CanaryCommand::Remove { at, id } => remove(&at, &id).await,
        CanaryCommand::Mailed { at, address } => mailed(&at, &address).await,
    }
}

async fn add(at: &Where, address: &str, label: &str) -> Result<(), CliError> {
    let address = users::address(address)?;
    let (_, services) = services_at(at).await?;
    match services.provider.add_canary(address, label).await? {
        Ok(id) => {
            output::text(&id);
            output::done("The canary is there. Its mailbox must take mail, like anybody's.");
            Ok(())
        }
        Err(refusal) => Err(CliError::refused(refusal.to_string())),
    }
}

async fn list(at: &Where, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let all = services.provider.canaries().await?;
    let all: Vec<Shown> = all
        .into_iter()
        .map(|one| Shown {
            id: one.id,
            label: one.label,
            address: one.address,
            made_at: when::rfc3339(one.made_at, "UTC"),
        })
        .collect();
    let heads = ["id", "label", "address", "made"];
    output::list(form, &heads, &all, |one| {
        vec![
            one.id.clone(),
            one.label.clone(),
            one.address.clone(),
            one.made_at.clone(),
        ]
    });
    Ok(())
}

async fn remove(at: &Where, id: &str) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    if services.provider.remove_canary(id).await? {
        output::done("The canary and its account are gone.");
        Ok(())
    } else {
        Err(CliError::refused(format!("There is no canary {id}.")))
    }
}

async fn mailed(at: &Where, address: &str) -> Result<(), CliError> {
    let address = users::address(address)?;
    let (_, services) = services_at(at).await?;
    if services.provider.canary_mailed(&address).await? {
        output::done("Operators are told.");
        Ok(())
    } else {
        Err(CliError::refused("This is no canary's address."))
    }
}
