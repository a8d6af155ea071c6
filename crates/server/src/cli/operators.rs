//! `sekisho operator`: who calls the API of operators (AD-10).

use std::time::Duration;

use clap::{Args, Subcommand};
use ipnet::IpNet;
use sekisho_mail::when;
use sekisho_model::{OperatorPermission, OperatorTokenId, Timestamp};
use sekisho_provider::operator_tokens::OperatorTokenOrder;
use sekisho_store::{Once, OperatorTokenRecord};
use serde::Serialize;

use super::tree::{Form, Where};
use super::{CliError, output, paging, services_at};

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Make a token for `/api/v1`; it is shown once.
    #[command(
        after_help = "Example\n  sekisho operator add-token haruka --may incident:read --may incident:raise --days 90 --from 192.0.2.0/24 --config config.toml"
    )]
    AddToken(AddToken),
    /// List tokens, newest first.
    #[command(after_help = "Example\n  sekisho operator tokens --config config.toml")]
    Tokens {
        #[command(flatten)]
        at: Where,
        /// Go on after this id.
        #[arg(long, value_parser = id)]
        after: Option<OperatorTokenId>,
        /// How many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// End a token at once.
    #[command(
        after_help = "Example\n  sekisho operator end-token 0199a1b2-0000-7000-8000-000000000001 --config config.toml"
    )]
    EndToken {
        #[command(flatten)]
        at: Where,
        /// Its id; `operator tokens` shows it.
        #[arg(value_parser = id)]
        id: OperatorTokenId,
    },
}

/// Whose token, for what, how long, from where.
#[derive(Debug, Clone, Args)]
pub(crate) struct AddToken {
    #[command(flatten)]
    at: Where,
    /// Whose it is: the name its decisions carry. Opening from level 3 takes two names.
    operator: String,
    /// What it allows: incident:read, incident:raise, incident:lower. As often as needed.
    #[arg(long, required = true, value_parser = permission)]
    may: Vec<OperatorPermission>,
    /// How many days it works.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=366))]
    days: u16,
    /// Only from this network. As often as needed; without one from anywhere.
    #[arg(long, value_parser = network)]
    from: Vec<IpNet>,
}

#[derive(Serialize)]
struct Made {
    id: String,
    token: String,
    expires_at: String,
}

#[derive(Serialize)]
struct Shown {
    id: String,
    operator: String,
    may: Vec<&'static str>,
    from: Vec<String>,
    created_at: String,
    expires_at: String,
    used_at: Option<String>,
    state: &'static str,
}

pub(super) async fn run(command: OperatorCommand, form: Form) -> Result<(), CliError> {
    match command {
        OperatorCommand::AddToken(asked) => add(asked, form).await,
        OperatorCommand::Tokens { at, after, limit } => list(&at, after, limit, form).await,
        OperatorCommand::EndToken { at, id } => end(&at, id).await,
    }
}

async fn add(asked: AddToken, form: Form) -> Result<(), CliError> {
    let (config, services) = services_at(&asked.at).await?;
    let mut permissions = asked.may;
    permissions.sort_unstable();
    permissions.dedup();
    let order = OperatorTokenOrder {
        operator: asked.operator,
        permissions,
        networks: asked.from,
        life: Duration::from_hours(24) * u32::from(asked.days),
    };
    let made = services.provider.make_operator_token(order).await?;
    let made = made.map_err(CliError::refused)?;
    output::one(
        form,
        &Made {
            id: made.id.to_string(),
            token: made.token.reveal().to_owned(),
            expires_at: told(made.expires_at),
        },
    );
    if config.operators.listen.is_none() {
        output::warn("operators.listen is not set: nothing listens for it yet.");
    }
    Ok(())
}

async fn list(
    at: &Where,
    after: Option<OperatorTokenId>,
    limit: u32,
    form: Form,
) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let provider = &services.provider;
    let (page, now) = (
        provider.operator_tokens(after, limit).await?,
        provider.now(),
    );
    let all: Vec<Shown> = page.into_iter().map(|one| shown(one, now)).collect();
    let heads = ["id", "operator", "may", "from", "expires", "used", "state"];
    output::list(form, &heads, &all, |one| {
        vec![
            one.id.clone(),
            one.operator.clone(),
            one.may.join(" "),
            one.from.join(" "),
            one.expires_at.clone(),
            one.used_at.clone().unwrap_or_default(),
            one.state.to_owned(),
        ]
    });
    paging::more(&all, limit, |last| last.id.clone());
    Ok(())
}

fn shown(one: OperatorTokenRecord, now: Timestamp) -> Shown {
    let state = match one.ended_at {
        Some(_) => "ended",
        None if now < one.expires_at => "counts",
        None => "over",
    };
    Shown {
        id: one.id.to_string(),
        operator: one.operator,
        may: one.permissions.iter().map(|may| may.name()).collect(),
        from: one.networks.iter().map(ToString::to_string).collect(),
        created_at: told(one.created_at),
        expires_at: told(one.expires_at),
        used_at: one.used_at.map(told),
        state,
    }
}

async fn end(at: &Where, id: OperatorTokenId) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    match services.provider.end_operator_token(id).await? {
        Once::First => {
            output::done("The token counts no more, on any node.");
            Ok(())
        }
        Once::Again => Err(CliError::refused(format!("No token {id} counts."))),
    }
}

fn told(moment: Timestamp) -> String {
    when::rfc3339(moment, "UTC")
}

fn id(text: &str) -> Result<OperatorTokenId, String> {
    OperatorTokenId::parse(text).ok_or_else(|| "this is not the id of a token".to_owned())
}

fn network(text: &str) -> Result<IpNet, String> {
    sekisho_model::network(text)
        .ok_or_else(|| "use an address or a network, as in 192.0.2.0/24".to_owned())
}

fn permission(text: &str) -> Result<OperatorPermission, String> {
    let names = OperatorPermission::ALL.map(OperatorPermission::name);
    OperatorPermission::from_name(text).ok_or_else(|| format!("use {}", names.join(", ")))
}
