//! `sekisho guard block`, `allow`, `unblock`, `blocks` (S5).

use std::time::Duration;

use clap::Args;
use sekisho_model::{
    BlockEffect, BlockTarget, BodyField, EventKind, RequestShape, Timestamp, network,
};
use sekisho_provider::blocks::BlockOrder;

use super::cohort::moment;
use super::levels::By;
use super::tree::{Form, Where};
use super::{CliError, clients, event, output, services_at, users};
use crate::guard_overview::{ShownBlock, decided};
use crate::wiring::Services;

/// Whom to keep out, and how long.
#[derive(Debug, Clone, Args)]
pub(crate) struct SetBlock {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    shape: Shape,
    /// Of a network: answer nothing at all. Otherwise only browsers that an account does not know are
    /// kept out, and owners at theirs go on.
    #[arg(long, requires = "network")]
    everything: bool,
    #[command(flatten)]
    by: By,
    #[command(flatten)]
    end: End,
}

#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
struct Whom {
    /// An address, or a network as in 203.0.113.0/24.
    #[arg(long, value_parser = net)]
    network: Option<ipnet::IpNet>,
    /// What the `User-Agent` header contains.
    #[arg(long)]
    user_agent: Option<String>,
    /// An app.
    #[arg(long)]
    client: Option<String>,
    /// An account, by its sign-in address or `sub`.
    #[arg(long)]
    user: Option<String>,
}

/// Requests of a shape; all that is given must fit.
#[derive(Debug, Clone, Args)]
struct Shape {
    /// How the path begins.
    #[arg(long, conflicts_with = "Whom")]
    path: Option<String>,
    /// The method.
    #[arg(long, conflicts_with = "Whom")]
    method: Option<String>,
    /// What the query contains.
    #[arg(long, conflicts_with = "Whom")]
    query: Option<String>,
    /// A header and what it contains, as in 'x-probe: 1'.
    #[arg(long, conflicts_with = "Whom", value_parser = header)]
    header: Option<(String, String)>,
    /// A field of the body, with --path: 'name' if it is there, 'name=value', 'name~part', or 'name>200' for
    /// more letters. Of several each must fit.
    #[arg(long = "field", conflicts_with = "Whom")]
    fields: Vec<BodyField>,
}

#[derive(Debug, Clone, Args)]
#[group(multiple = false)]
struct End {
    /// How long, as in 30m, 2h or 7d.
    #[arg(long = "for", value_parser = span)]
    lasts: Option<Duration>,
    /// Until when: a date, or a moment as in 2026-11-24T09:00:00+09:00.
    #[arg(long, value_parser = moment)]
    until: Option<Timestamp>,
}

/// Whom never to keep out.
#[derive(Debug, Clone, Args)]
pub(crate) struct AllowNetwork {
    #[command(flatten)]
    at: Where,
    /// An address, or a network as in 198.51.100.0/24.
    #[arg(value_parser = net)]
    network: ipnet::IpNet,
    #[command(flatten)]
    by: By,
    #[command(flatten)]
    end: End,
}

/// Which block to end.
#[derive(Debug, Clone, Args)]
pub(crate) struct LiftBlock {
    #[command(flatten)]
    at: Where,
    /// Its number; `guard blocks` shows it.
    number: i64,
    #[command(flatten)]
    by: By,
}

fn net(text: &str) -> Result<ipnet::IpNet, String> {
    network(text).ok_or_else(|| "write 203.0.113.24, 203.0.113.0/24 or 2001:db8::/48".to_owned())
}

fn header(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once(':');
    parts
        .map(|(name, part)| (name.trim().to_owned(), part.trim().to_owned()))
        .ok_or_else(|| "write it as 'name: part'".to_owned())
}

pub(super) fn span(text: &str) -> Result<Duration, String> {
    let unit = text.chars().last();
    let seconds = match unit {
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => 0,
    };
    let number = text.strip_suffix(|c: char| unit == Some(c));
    number
        .and_then(|number| number.parse::<u64>().ok())
        .and_then(|number| number.checked_mul(seconds))
        .filter(|seconds| (1..=86_400 * 3_660).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "write 30m, 2h or 7d".to_owned())
}

impl End {
    fn moment(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.or_else(|| self.lasts.map(|lasts| now + lasts))
    }
}

impl Shape {
    fn target(self) -> Result<BlockTarget, CliError> {
        let shape = RequestShape {
            method: self.method,
            path: self.path,
            query: self.query,
            header: self.header,
            fields: self.fields,
        };
        if shape == RequestShape::default() {
            return Err(CliError::usage(
                "say whom: --network, --user-agent, --client, --user, or --path, --method, --query, --header, --field",
            ));
        }
        Ok(BlockTarget::Request(shape))
    }
}

async fn target(services: &Services, asked: &SetBlock) -> Result<BlockTarget, CliError> {
    let whom = &asked.whom;
    if let Some(net) = whom.network {
        return Ok(BlockTarget::Network(net));
    }
    if let Some(part) = &whom.user_agent {
        return Ok(BlockTarget::UserAgent(part.to_lowercase()));
    }
    if let Some(id) = &whom.client {
        let found = clients::find(&services.store, id).await?;
        return Ok(BlockTarget::Client(found.client.client_id));
    }
    if let Some(who) = &whom.user {
        let account = users::found(&services.provider, who).await?;
        return Ok(BlockTarget::Account(account.user.id));
    }
    asked.shape.clone().target()
}

pub(super) async fn set(asked: SetBlock) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let target = target(&services, &asked).await?;
    let network = matches!(target, BlockTarget::Network(_));
    let effect = if network && !asked.everything {
        BlockEffect::Strangers
    } else {
        BlockEffect::Everything
    };
    decide(
        &services,
        (target, effect),
        (asked.by, asked.end),
        "guard block",
    )
    .await
}

pub(super) async fn allow(asked: AllowNetwork) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let target = BlockTarget::Network(asked.network);
    decide(
        &services,
        (target, BlockEffect::Allow),
        (asked.by, asked.end),
        "guard allow",
    )
    .await
}

async fn decide(
    services: &Services,
    (target, effect): (BlockTarget, BlockEffect),
    (by, end): (By, End),
    command: &str,
) -> Result<(), CliError> {
    let provider = &services.provider;
    let event = event(provider, services, EventKind::BlockChanged, command);
    let about = target.to_string();
    let order = BlockOrder {
        operator: by.operator,
        target,
        effect,
        reason: by.reason,
        until: end.moment(provider.now()),
    };
    let number = decided(provider.order_block(order, event).await?)
        .map_err(|why| CliError::refused(why.to_owned()))?;
    output::done(&format!(
        "{number}: {about}: {}, on every node within a second.",
        in_words(effect)
    ));
    Ok(())
}

const fn in_words(effect: BlockEffect) -> &'static str {
    match effect {
        BlockEffect::Allow => "never kept out",
        BlockEffect::Strangers => "strangers are kept out",
        BlockEffect::Everything => "kept out",
    }
}

pub(super) async fn lift(asked: LiftBlock) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let provider = &services.provider;
    let event = event(
        provider,
        &services,
        EventKind::BlockChanged,
        "guard unblock",
    );
    let by = (asked.by.operator.as_str(), asked.by.reason.as_str());
    if !provider.lift_block(asked.number, by, event).await? {
        return Err(CliError::refused(
            "No block of this number holds; `sekisho guard blocks` lists them.".to_owned(),
        ));
    }
    output::done("Ended, on every node within a second.");
    Ok(())
}

pub(super) async fn list(at: &Where, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let (blocks, now) = (services.provider.blocks(), services.provider.now());
    let shown: Vec<ShownBlock> = blocks.holding(now).map(ShownBlock::from).collect();
    let heads = ["number", "effect", "about", "until", "by", "reason"];
    output::list(form, &heads, &shown, |block| {
        vec![
            block.number.to_string(),
            block.effect.to_owned(),
            block.about.clone(),
            block.until.clone().unwrap_or_default(),
            block.operator.clone(),
            block.reason.clone(),
        ]
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use sekisho_store::Tx;

    use super::*;
    use crate::cli::tests::Place;

    #[test]
    fn spans_are_read() {
        assert_eq!(span("30m"), Ok(Duration::from_mins(30)));
        assert_eq!(span("7d"), Ok(Duration::from_hours(168)));
        for wrong in [
            "",
            "m",
            "0h",
            "5",
            "5w",
            "-1h",
            "99999999999999999999d",
            "時",
        ] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn s5_a_block_is_made_listed_and_ended_with_an_event_each() {
        let place = Place::new().await;
        for words in [
            "guard block --network 203.0.113.7/24 --for 2h --reason stuffing",
            "guard block --user-agent SqlMap --reason scanner",
            "guard block --path /oauth2/par --header x-probe:yes --reason advisory",
            "guard block --path /oauth2/token --field scope~admin --field code>9 --reason advisory",
            "guard allow 198.51.100.0/24 --reason office",
            "guard unblock 1 --reason mistake",
        ] {
            place.run(words).await.unwrap();
        }
        for words in [
            "guard block --reason nobody",
            "guard block --client nobody --reason test",
            "guard block --network 0.0.0.0/0 --reason test",
            "guard block --path / --reason test",
            "guard block --field scope~admin --reason test",
            "guard unblock 1 --reason again",
        ] {
            assert!(place.run(words).await.is_err(), "{words}");
        }
        place.run("guard blocks").await.unwrap();
        let blocks = place.store.read(|tx: &mut Tx<'_>| tx.blocks());
        let about: Vec<String> = blocks
            .await
            .unwrap()
            .iter()
            .filter(|block| block.until.is_none())
            .map(|block| block.target.to_string())
            .collect();
        assert_eq!(
            about,
            [
                "user agent with \"sqlmap\"",
                "requests * /oauth2/par with \"yes\" in x-probe",
                "requests * /oauth2/token with \"scope~admin\" in the body with \"code>9\" in the body",
                "network 198.51.100.0/24"
            ]
        );
        let read = |tx: &mut Tx<'_>| tx.events_of_kind(EventKind::BlockChanged, 9);
        assert_eq!(place.store.read(read).await.unwrap().len(), 6);
    }
}
