//! The command line (`interfaces.md`, `ux.md` section 11).

mod alerts;
mod blocks;
mod brand;
mod canaries;
mod clients;
mod cohort;
mod configuration;
mod detection;
mod doctor;
mod epochs;
mod error;
mod events;
mod evidence;
mod export;
mod factors;
mod forced_resets;
mod guard;
mod import;
mod incident;
mod incident_notices;
mod invitations;
mod keys;
mod keys_tree;
mod leaving;
mod levels;
mod logouts;
mod mail;
mod networks;
mod operators;
pub mod output;
mod paging;
mod passwords;
mod publisher;
mod recovery;
mod reference;
mod registrations;
mod sealing_keys;
mod sessions;
mod tree;
mod users;

pub(crate) use cohort::in_words;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use clap::error::ErrorKind;
use sekisho_model::{Event, EventKind, Origin, Outcome};
use sekisho_provider::Provider;

pub use error::CliError;
use tree::{Cli, Command, Where};

use crate::config::{self, Config};
use crate::serve;
use crate::wiring::{Services, Surroundings, command_services};

/// Runs the program: exit 0 done, 1 refused or failed, 2 wrong usage.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let helped = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            // Nothing is left to do if even the message cannot be written.
            drop(error.print());
            return if helped {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(2)
            };
        }
    };
    let form = cli.output;
    match actix_web::rt::System::new().block_on(run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(form, &error);
            error.exit_code()
        }
    }
}

async fn run(cli: Cli) -> Result<(), CliError> {
    let form = cli.output;
    match cli.command {
        Command::Dev { listen, data } => serve::dev(&listen, &data).await,
        Command::Serve { config } => serve::serve(config::load_to_serve(&config)?).await,
        Command::Migrate { at, check } => configuration::migrate(&at, check).await,
        Command::Config(command) => configuration::run(&command, form),
        Command::Doctor { at } => doctor::run(&at, form).await,
        Command::User(command) => users::run(command, form).await,
        Command::Client(command) => clients::run(command, form).await,
        Command::Passwords(command) => passwords::run(command, form).await,
        Command::Keys(command) => keys::run(command, form).await,
        Command::Incident(command) => incident::run(command, form).await,
        Command::Guard(command) => guard::run(command, form).await,
        Command::Events(asked) => events::run(asked).await,
        Command::Canary(command) => canaries::run(command, form).await,
        Command::Operator(command) => operators::run(command, form).await,
        Command::Mail(command) => Box::pin(mail::run(command, form)).await,
        Command::Docs { page } => {
            reference::print(page);
            Ok(())
        }
    }
}

fn load(file: &std::path::Path) -> Result<Config, CliError> {
    config::load(file).map_err(CliError::from)
}

/// The configuration a command works with: a file, or the dev data.
fn config_at(at: &Where) -> Result<Config, CliError> {
    match (&at.config, &at.data) {
        (Some(file), None) => load(file),
        (None, Some(data)) => Ok(Config::dev(data, "127.0.0.1:8080")),
        (None, None) => Err(CliError::usage(
            "say where: --config FILE, or --data DIR for the dev data",
        )),
        (Some(_), Some(_)) => Err(CliError::usage(
            "use --config (or SEKISHO_CONFIG) or --data, not both",
        )),
    }
}

/// The services over an existing database, beside a running server.
async fn services_at(at: &Where) -> Result<(Config, Services), CliError> {
    let config = config_at(at)?;
    let services = command_services(&config, Surroundings::default()).await?;
    Ok((config, services))
}

/// An event of the command line: no address, but a trace (AU-01).
fn event(provider: &Arc<Provider>, services: &Services, kind: EventKind, detail: &str) -> Event {
    let origin = Origin::default();
    sekisho_audit::NewEvent::new(kind, Outcome::Passed)
        .detail("command", detail)
        .happened(provider.now(), &origin, &*services.surroundings.entropy)
}

#[cfg(test)]
mod tests;
