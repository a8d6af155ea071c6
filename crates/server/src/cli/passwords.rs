//! `sekisho passwords`: the list of leaked ones, and what would be said of a new one (PW-09..11).

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use sekisho_model::EmailAddress;
use sekisho_provider::password::build_filter;
use serde::Serialize;
use zeroize::Zeroizing;

use super::tree::{Form, Where};
use super::{CliError, output, services_at};

#[derive(Debug, Subcommand)]
pub(crate) enum PasswordsCommand {
    /// Make the file for `password.breached_filter` out of a list of SHA-1 hashes, one a line, each
    /// perhaps with `:COUNT`. Sorted lists of any size are read as a stream.
    #[command(
        after_help = "Example\n  sekisho passwords build-filter pwned-passwords-sha1-ordered-by-hash.txt --out leaked.filter"
    )]
    BuildFilter {
        /// The list.
        list: PathBuf,
        /// The file to make; replaced when the new one is whole.
        #[arg(long)]
        out: PathBuf,
    },
    /// Read a password from standard input and say whether it could be chosen; exit 1 if not.
    #[command(
        after_help = "Example\n  printf %s \"$PASSWORD\" | sekisho passwords check --email haruka@example.jp --config config.toml"
    )]
    Check {
        #[command(flatten)]
        at: Where,
        /// The account's address: the password is judged as its own, or as that of a new account if there is none.
        #[arg(long)]
        email: Option<String>,
    },
}

#[derive(Serialize)]
struct Judged {
    accepted: bool,
    reasons: Vec<String>,
}

pub(super) async fn run(command: PasswordsCommand, form: Form) -> Result<(), CliError> {
    match command {
        PasswordsCommand::BuildFilter { list, out } => build(&list, &out),
        PasswordsCommand::Check { at, email } => check(&at, email.as_deref(), form).await,
    }
}

fn build(list: &Path, out: &Path) -> Result<(), CliError> {
    let terminal = std::io::stderr().is_terminal();
    let mut tell = |lines: u64| {
        if terminal {
            output::done(&format!("{lines} lines read"));
        }
    };
    let known = build_filter(list, out, &mut tell)
        .map_err(|problem| CliError::failed(format!("cannot use {}", list.display()), problem))?;
    output::done(&format!(
        "{} knows {known} passwords. Name it in password.breached_filter.",
        out.display()
    ));
    Ok(())
}

async fn check(at: &Where, email: Option<&str>, form: Form) -> Result<(), CliError> {
    let address = email
        .map(|text| {
            EmailAddress::parse(text).map_err(|error| CliError::refused(format!("{text}: {error}")))
        })
        .transpose()?;
    let (_, services) = services_at(at).await?;
    let password = read_password()?;
    let provider = &services.provider;
    let account = match &address {
        Some(address) => provider.account_of(address).await?,
        None => None,
    };
    let context = if let Some(account) = &account {
        provider.password_context(account, None)
    } else {
        let addresses: Vec<&EmailAddress> = address.iter().collect();
        provider.new_password_context(&addresses, None, None)
    };
    let reasons = provider.judge_new_password(&password, &context).await?;
    let judged = Judged {
        accepted: reasons.is_empty(),
        reasons: reasons.iter().map(ToString::to_string).collect(),
    };
    if judged.accepted {
        output::one(form, &judged);
        return Ok(());
    }
    if form == Form::Json {
        output::one(form, &judged);
    }
    Err(CliError::refused(judged.reasons.join("; ")))
}

/// What stands on standard input, without the end of its last line.
pub(super) fn read_password() -> Result<Zeroizing<String>, CliError> {
    let mut password = Zeroizing::new(String::new());
    std::io::stdin()
        .read_to_string(&mut password)
        .map_err(|error| CliError::failed("cannot read the password from standard input", error))?;
    let trimmed = password.strip_suffix('\n').unwrap_or(&password);
    let trimmed = trimmed.strip_suffix('\r').unwrap_or(trimmed);
    Ok(Zeroizing::new(trimmed.to_owned()))
}
