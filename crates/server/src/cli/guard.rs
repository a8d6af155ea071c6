//! `sekisho guard …`: keeping attackers out.

use clap::Subcommand;

use super::CliError;
use super::blocks::{self, AllowNetwork, LiftBlock, SetBlock};
use super::detection::{self, TestRule};
use super::tree::{Form, Where};

#[derive(Debug, Subcommand)]
pub(crate) enum GuardCommand {
    /// Keep a network, user agent, app, account or kind of request out, on every node within a second.
    #[command(
        after_help = "Example\n  sekisho guard block --network 203.0.113.0/24 --for 2h --reason stuffing --config config.toml\n  sekisho guard block --network 203.0.113.66 --everything --reason probes --config config.toml\n  sekisho guard block --path /oauth2/par --query ../.. --until 2026-12-01 --reason advisory --config config.toml"
    )]
    Block(Box<SetBlock>),
    /// Never keep a network out, and do not count what comes from there together: a large office, a probe.
    #[command(
        after_help = "Example\n  sekisho guard allow 198.51.100.0/24 --reason head-office --config config.toml"
    )]
    Allow(AllowNetwork),
    /// End a block.
    #[command(
        after_help = "Example\n  sekisho guard unblock 3 --reason mistake --config config.toml"
    )]
    Unblock(LiftBlock),
    /// List what is kept out and what is allowed.
    #[command(
        after_help = "Example\n  sekisho guard blocks --config config.toml\n  sekisho guard blocks --output json --config config.toml"
    )]
    Blocks {
        #[command(flatten)]
        at: Where,
    },
    /// List detection rules: what each does, and when it fired last.
    #[command(
        after_help = "Example\n  sekisho guard rules --config config.toml\n  sekisho guard rules --output json --config config.toml"
    )]
    Rules {
        #[command(flatten)]
        at: Where,
    },
    /// Try a rule on what was recorded: who would have been stopped, and how many of them were owners.
    #[command(
        after_help = "Example\n  sekisho guard test stuffing-address --against 30d --config config.toml"
    )]
    Test(TestRule),
}

pub(super) async fn run(command: GuardCommand, form: Form) -> Result<(), CliError> {
    match command {
        GuardCommand::Block(asked) => blocks::set(*asked).await,
        GuardCommand::Allow(asked) => blocks::allow(asked).await,
        GuardCommand::Unblock(asked) => blocks::lift(asked).await,
        GuardCommand::Blocks { at } => blocks::list(&at, form).await,
        GuardCommand::Rules { at } => detection::list(&at, form).await,
        GuardCommand::Test(asked) => detection::test(asked, form).await,
    }
}
