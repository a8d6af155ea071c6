use std::process::ExitCode;

use sekisho_provider::Failure;

use crate::config::ConfigError;
use crate::wiring::WiringError;

/// Why a command did not do it, and what to try.
#[derive(Debug)]
pub struct CliError {
    pub(super) what: String,
    pub(super) why: Option<String>,
    pub(super) hint: Option<&'static str>,
    code: u8,
}

impl CliError {
    /// Wrong usage: exit 2.
    pub fn usage(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: None,
            hint: Some("sekisho --help"),
            code: 2,
        }
    }

    /// Refused: exit 1.
    pub fn refused(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: None,
            hint: None,
            code: 1,
        }
    }

    /// Failed, with its cause: exit 1.
    pub fn failed(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self {
            what: what.into(),
            why: Some(why.to_string()),
            hint: None,
            code: 1,
        }
    }

    /// What programs know the error by.
    pub(super) const fn name(&self) -> &'static str {
        match (self.code, &self.why) {
            (2, _) => "usage",
            (_, Some(_)) => "failed",
            (_, None) => "refused",
        }
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self {
            hint: Some("sekisho config schema    (every key with its default)"),
            ..Self::failed("The configuration cannot be used", error)
        }
    }
}

impl From<WiringError> for CliError {
    fn from(error: WiringError) -> Self {
        let hint = match &error {
            WiringError::Migrations(_) => "sekisho migrate",
            _ => "sekisho doctor    (checks configuration, keys, database, session store, mail)",
        };
        let mut why = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            why = format!("{why}: {inner}");
            cause = inner.source();
        }
        Self {
            hint: Some(hint),
            ..Self::failed("Sekisho cannot start", why)
        }
    }
}

impl From<sekisho_store::StoreError> for CliError {
    fn from(error: sekisho_store::StoreError) -> Self {
        WiringError::from(error).into()
    }
}

impl From<Failure> for CliError {
    fn from(error: Failure) -> Self {
        match error {
            Failure::OverBudget(name) => Self {
                hint: Some(
                    "--beyond-budget REASON    (reads on; it is recorded, and operators are told)",
                ),
                ..Self::refused(format!(
                    "The budget of the day is used up: {name}. No more was read."
                ))
            },
            // What is wrong is one row, not the server.
            broken @ (Failure::Sealed(_) | Failure::Corrupt(_)) => Self {
                hint: Some("sekisho doctor    (says which keys are missing)"),
                ..Self::failed("What is stored about this cannot be read", broken)
            },
            other => WiringError::from(other).into(),
        }
    }
}
