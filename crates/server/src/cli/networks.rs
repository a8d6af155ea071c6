//! `sekisho user networks`: from where an account may be signed in to (S14).

use clap::Args;
use sekisho_model::EventKind;
use sekisho_provider::rules::networks::{AllowedNetworks, NetworksRefusal};
use serde::Serialize;

use super::tree::{Form, Where};
use super::{CliError, event, output, services_at, users};

/// Whose networks, and what to do about them.
#[derive(Debug, Clone, Args)]
pub(crate) struct UserNetworks {
    #[command(flatten)]
    at: Where,
    /// Its sign-in address or `sub`.
    who: String,
    /// Only from these; repeatable.
    #[arg(
        long,
        value_name = "NETWORK",
        conflicts_with = "clear",
        requires = "reason"
    )]
    set: Vec<String>,
    /// From anywhere again: for somebody who locked themselves out and whose identity you have checked.
    #[arg(long, requires = "reason")]
    clear: bool,
    /// Why, for the record.
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Serialize)]
struct Shown {
    networks: Vec<String>,
}

pub(super) async fn run(asked: UserNetworks, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let provider = &services.provider;
    let person = users::person(provider, &asked.who).await?;
    let reads = asked.set.is_empty() && !asked.clear;
    if reads {
        users::looked(&services, &person, "user networks").await?;
    }
    let account = users::opened(person)?;
    if reads {
        let networks = account.networks.lines();
        if form == Form::Json {
            output::one(form, &Shown { networks });
        } else if networks.is_empty() {
            output::text("From anywhere.\n");
        } else {
            output::text(&format!("{}\n", networks.join("\n")));
        }
        return Ok(());
    }
    let list = AllowedNetworks::read(&asked.set.join(" ")).map_err(|refusal| refused(&refusal))?;
    let kind = EventKind::SettingChanged;
    let mut event = event(provider, &services, kind, "user networks");
    if let Some((detail, reason)) = event.detail.as_object_mut().zip(asked.reason) {
        detail.insert("reason".to_owned(), reason.into());
    }
    provider.set_networks(&account, &list, event).await?;
    output::done("Changed; the owner is told.");
    Ok(())
}

fn refused(refusal: &NetworksRefusal) -> CliError {
    CliError::usage(match refusal {
        NetworksRefusal::Unreadable(_) => "write networks like 203.0.113.0/24",
        NetworksRefusal::TooMany => "use 20 networks at most",
        NetworksRefusal::Everywhere => "this allows everybody; use --clear",
        NetworksRefusal::NotFromHere | NetworksRefusal::NoWayOut => "it cannot be chosen",
    })
}
