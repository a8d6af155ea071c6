use super::tree::{ConfigCommand, Form, Where};
use super::{CliError, config_at, output};
use crate::config::{self, reference};
use crate::wiring::open_store;

pub(super) fn run(command: &ConfigCommand, form: Form) -> Result<(), CliError> {
    match command {
        ConfigCommand::Check { at } => {
            let config = match &at.config {
                Some(file) if at.data.is_none() => config::load_to_serve(file)?,
                _ => config_at(at)?,
            };
            if let Some(problem) = config.too_many_let_in_as_reckoned() {
                output::warn(&problem);
            }
            output::done("The configuration can be used.");
        }
        ConfigCommand::Show { at } => {
            match form {
                Form::Json => output::one(form, &config_at(at)?),
                Form::Table => {
                    let shown = toml::to_string(&config_at(at)?);
                    output::text(&shown.map_err(|error| {
                        CliError::failed("cannot show the configuration", error)
                    })?);
                }
            }
        }
        ConfigCommand::Schema => output::text(&reference::markdown()),
    }
    Ok(())
}

pub(super) async fn migrate(at: &Where, check: bool) -> Result<(), CliError> {
    let store = open_store(&config_at(at)?).await?;
    if check {
        let missing = store.pending_migrations().await?;
        if missing.is_empty() {
            output::done("The database has its present form.");
            return Ok(());
        }
        return Err(CliError::refused(format!(
            "Missing: {}",
            missing.join(", ")
        )));
    }
    let applied = store.migrate().await?;
    match applied.as_slice() {
        [] => output::done("Nothing to do: the database has its present form."),
        some => output::done(&format!("Applied: {}", some.join(", "))),
    }
    store.close().await;
    Ok(())
}
