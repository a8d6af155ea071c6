//! `sekisho incident …`: containing an incident, and telling people.

use clap::Subcommand;

use super::CliError;
use super::incident_notices::{self, TellPeople};
use super::tree::{Form, Where};

#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    /// Tell everyone concerned by mail, little by little, and show the same at `/notice`.
    #[command(
        after_help = "Example\n  sekisho incident notice --all --file facts.toml --dry-run --config config.toml\n  sekisho incident notice --made-before 2026-11-20 --file facts.toml --config config.toml\n\n  facts.toml: happened = \"2026-11-20\", and for [ja] and [en]: summary, what, items, cause, harm, done, contact, hours"
    )]
    Notice(TellPeople),
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
        IncidentCommand::Notice(asked) => incident_notices::tell(asked, form).await,
        IncidentCommand::Notices { at } => incident_notices::list(&at, form).await,
        IncidentCommand::StopNotice { at, id } => incident_notices::stop(&at, &id).await,
    }
}
