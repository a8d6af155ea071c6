//! `sekisho incident …`: containing an incident, and telling people.

use clap::Subcommand;

use super::CliError;
use super::alerts::{self, ListAlerts};
use super::epochs::{self, MoveEpoch};
use super::evidence::{self, CheckSnapshot, TakeSnapshot};
use super::incident_notices::{self, TellPeople};
use super::levels::{self, Confirm, SetLevel, SetSwitch};
use super::tree::{Form, Where};

#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    /// Close or open the gate, for everyone, one app or some accounts; on every node within a second.
    #[command(
        after_help = "Example\n  sekisho incident level 3 --reason stolen-backup --operator haruka --config config.toml\n  sekisho incident level 4 --client demo-app --until 2026-11-24T09:00:00+09:00 --reason leaked-secret --config config.toml\n  sekisho incident level 0 --reason over --operator haruka --config config.toml"
    )]
    Level(SetLevel),
    /// Agree to a lowering from level 3 or above that another operator asked for.
    #[command(
        after_help = "Example\n  sekisho incident confirm 2 --operator minoru --config config.toml"
    )]
    Confirm(Confirm),
    /// Show the level, what is planned, what waits for a second operator, and which features are off.
    #[command(
        after_help = "Example\n  sekisho incident status --config config.toml\n  sekisho incident status --output json --config config.toml"
    )]
    Status {
        #[command(flatten)]
        at: Where,
    },
    /// Switch a feature or a grant off or on while the servers run.
    #[command(
        after_help = "Example\n  sekisho incident switch password_reset off --reason advisory --until 2026-12-01 --config config.toml\n  sekisho incident switch password_reset on --reason fixed --config config.toml"
    )]
    Switch(SetSwitch),
    /// Void passwords, sessions, tokens or trust in browsers, however many they are.
    #[command(
        after_help = "Example\n  sekisho incident epoch token --client demo-app --reason leaked-secret --config config.toml\n  sekisho incident epoch session --all --reason stolen-backup --config config.toml"
    )]
    Epoch(MoveEpoch),
    /// Write down what stands, sealed, before anything is cleaned up: heads of the record of events, configuration,
    /// versions, keys, sessions, decisions.
    #[command(
        after_help = "Example\n  sekisho incident snapshot /mnt/evidence/2026-11-24.json --operator haruka --reason canary --config config.toml"
    )]
    Snapshot(TakeSnapshot),
    /// Check the seal of a snapshot, and whether the record of events is still what it was.
    #[command(
        after_help = "Example\n  sekisho incident check-snapshot /mnt/evidence/2026-11-24.json --config config.toml"
    )]
    CheckSnapshot(CheckSnapshot),
    /// Tell everyone concerned by mail, little by little, and show the same at `/notice`.
    #[command(
        after_help = "Example\n  sekisho incident notice --all --file facts.toml --dry-run --config config.toml\n  sekisho incident notice --made-before 2026-11-20 --file facts.toml --config config.toml\n\n  facts.toml: happened = \"2026-11-20\", and for [ja] and [en]: summary, what, items, cause, harm, done, contact, hours"
    )]
    Notice(TellPeople),
    /// List what operators are told by themselves, and what became of webhooks.
    #[command(after_help = "Example\n  sekisho incident alerts --config config.toml")]
    Alerts(ListAlerts),
    /// Send a message to every operator and webhook, to see whether it comes.
    #[command(after_help = "Example\n  sekisho incident test-alert --config config.toml")]
    TestAlert {
        #[command(flatten)]
        at: Where,
    },
    /// List notices and how many people were told.
    #[command(after_help = "Example\n  sekisho incident notices --config config.toml")]
    Notices {
        #[command(flatten)]
        at: Where,
    },
    /// Tell nobody else.
    #[command(
        after_help = "Example\n  sekisho incident stop-notice 0199a1b2-0000-7000-8000-000000000001 --config config.toml"
    )]
    StopNotice {
        #[command(flatten)]
        at: Where,
        /// Its id; `incident notices` shows it.
        id: String,
    },
}

pub(super) async fn run(command: IncidentCommand, form: Form) -> Result<(), CliError> {
    match command {
        IncidentCommand::Level(asked) => levels::set(asked).await,
        IncidentCommand::Confirm(asked) => levels::confirm(asked).await,
        IncidentCommand::Status { at } => levels::status(&at, form).await,
        IncidentCommand::Switch(asked) => levels::switch(asked).await,
        IncidentCommand::Epoch(asked) => epochs::run(asked).await,
        IncidentCommand::Snapshot(asked) => evidence::take(asked).await,
        IncidentCommand::CheckSnapshot(asked) => evidence::check(asked).await,
        IncidentCommand::Notice(asked) => incident_notices::tell(asked, form).await,
        IncidentCommand::Alerts(asked) => alerts::list(asked, form).await,
        IncidentCommand::TestAlert { at } => alerts::test(&at).await,
        IncidentCommand::Notices { at } => incident_notices::list(&at, form).await,
        IncidentCommand::StopNotice { at, id } => incident_notices::stop(&at, &id).await,
    }
}
