use std::path::Path;

use clap::{Args, ValueEnum};
use sekisho_mail::when;
use sekisho_model::{AddressKind, EmailAddress, EventKind, Origin, Subject, UserId, UserState};
use sekisho_provider::Provider;
use sekisho_provider::accounts::{NewAccount, OpenAccount};
use sekisho_provider::detection::ReadingWay;
use sekisho_provider::endpoints::address_change::UndoableChange;
use sekisho_provider::people::Person;
use sekisho_store::UserFilter;
use serde::Serialize;
use serde_json::{Map, Value};

use super::levels::Reader;
use super::passwords::read_password;
use super::tree::{Form, UserCommand, Where};
use super::{
    CliError, event, export, factors, forced_resets, import, invitations, leaving, networks,
    output, recovery, services_at, sessions,
};
use crate::wiring::Services;

/// Which accounts are listed; without any of these all.
#[derive(Debug, Clone, Args)]
pub(crate) struct Among {
    /// Only those imported under this name.
    #[arg(long)]
    tag: Option<String>,
    /// Only those of this state.
    #[arg(long, value_enum)]
    state: Option<StateOfAccount>,
    /// Only those that are to be deleted.
    #[arg(long)]
    leaving: bool,
}

/// What an account may do.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum StateOfAccount {
    /// It signs in.
    Active,
    /// It is stopped.
    Disabled,
}

impl From<Among> for UserFilter {
    fn from(among: Among) -> Self {
        Self {
            tag: among.tag,
            state: among.state.map(|state| match state {
                StateOfAccount::Active => UserState::Active,
                StateOfAccount::Disabled => UserState::Disabled,
            }),
            leaving: among.leaving,
        }
    }
}

/// An account as the command line shows it.
#[derive(Serialize)]
struct Shown {
    id: String,
    sub: String,
    /// Nothing if it was released.
    email: Option<String>,
    code_address: Option<String>,
    /// Since when mail there has been refused for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    code_address_refused_at: Option<String>,
    name: Option<String>,
    state: UserState,
    two_step: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaves_at: Option<String>,
}

/// An account with what is on its way.
#[derive(Serialize)]
struct ShownWhole {
    #[serde(flatten)]
    account: Shown,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    address_changes: Vec<ShownChange>,
}

/// A changed address that its owner can still have back.
#[derive(Serialize)]
struct ShownChange {
    which: AddressKind,
    changed_at: String,
    undo_until: String,
}

impl From<UndoableChange> for ShownChange {
    fn from(change: UndoableChange) -> Self {
        Self {
            which: change.kind,
            changed_at: when::rfc3339(change.made_at, "UTC"),
            undo_until: when::rfc3339(change.undo_until, "UTC"),
        }
    }
}

impl From<&Person> for Shown {
    fn from(person: &Person) -> Self {
        let (user, open) = (&person.user, person.open.as_ref());
        let code_address = open.and_then(|open| open.code_address.as_ref());
        let refused_at = open.and_then(|open| open.code_refused_at);
        Self {
            id: user.id.to_string(),
            sub: user.subject.to_string(),
            email: open.map(|open| open.login_address.to_string()),
            code_address: code_address.map(ToString::to_string),
            code_address_refused_at: refused_at.map(|at| when::rfc3339(at, "UTC")),
            name: open.and_then(OpenAccount::name).map(str::to_owned),
            state: user.state,
            two_step: user.second_step,
            leaves_at: user.leaves_at.map(|at| when::rfc3339(at, "UTC")),
        }
    }
}

pub(super) async fn run(command: UserCommand, form: Form) -> Result<(), CliError> {
    match command {
        UserCommand::Create {
            at,
            email,
            code_address,
            claims,
            password_stdin: _,
        } => {
            let claims = claims
                .map(|file| read_claims(&file))
                .transpose()?
                .unwrap_or_default();
            create(&at, &email, code_address.as_deref(), claims, form).await
        }
        UserCommand::List {
            at,
            by,
            among,
            after,
            limit,
        } => list(&at, (&by, among), (after.as_deref(), limit), form).await,
        UserCommand::Show { at, by, who } => show(&at, &by, &who, form).await,
        UserCommand::Factor(command) => factors::run(command, form).await,
        UserCommand::Leaving(command) => leaving::run(command).await,
        UserCommand::Sessions { at, who } => sessions::list(&at, &who, form).await,
        UserCommand::Revoke {
            at,
            who,
            session,
            reason,
        } => sessions::revoke(&at, &who, session.as_deref(), &reason).await,
        UserCommand::Import(asked) => import::run(asked, form).await,
        UserCommand::Export(asked) => export::run(asked, form).await,
        UserCommand::ForceReset(asked) => forced_resets::force(asked, form).await,
        UserCommand::Resets { at, after, limit } => {
            forced_resets::list(&at, after, limit, form).await
        }
        UserCommand::LiftReset { at, number } => forced_resets::lift(&at, number).await,
        UserCommand::StartReset { at, email, reason } => {
            recovery::start_reset(&at, &email, &reason).await
        }
        UserCommand::ResetSecondStep {
            at,
            email,
            code_address,
            reason,
        } => recovery::reset_second_step(&at, &email, &code_address, &reason).await,
        UserCommand::Networks(asked) => networks::run(asked, form).await,
        UserCommand::Invitation(command) => invitations::run(command, form).await,
        UserCommand::Disable { at, who, reason } => {
            set_state(&at, &who, UserState::Disabled, &reason).await
        }
        UserCommand::Enable { at, who, reason } => {
            set_state(&at, &who, UserState::Active, &reason).await
        }
    }
}

async fn create(
    at: &Where,
    email: &str,
    code_address: Option<&str>,
    claims: Map<String, Value>,
    form: Form,
) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let password = read_password()?;
    let new = NewAccount {
        login_address: address(email)?,
        code_address: code_address.map(address).transpose()?,
        password,
        claims,
        locale: None,
        check_policy: true,
    };
    let login = new.login_address.clone();
    let made = services
        .provider
        .create_account(new, &Origin::default())
        .await?;
    made.map_err(|refusal| CliError::refused(refusal.to_string()))?;
    let made = services.provider.person_at(&login).await?;
    output::one(form, &Shown::from(&made.ok_or_else(unknown)?));
    Ok(())
}

/// Before anything is shown: its owner is told that an operator looks at the account (TD-07).
pub(super) async fn looked(
    services: &Services,
    person: &Person,
    command: &str,
) -> Result<(), CliError> {
    let event = event(
        &services.provider,
        services,
        EventKind::AccountRead,
        command,
    );
    Ok(services.provider.operator_looked(person, event).await?)
}

/// By address, or by subject: addresses have an at sign and subjects have none.
pub(super) async fn person(provider: &Provider, who: &str) -> Result<Person, CliError> {
    let found = if who.contains('@') {
        provider.person_at(&address(who)?).await?
    } else {
        provider.person_of(&Subject::new(who)).await?
    };
    let found = found.ok_or_else(unknown)?;
    if found.broken {
        output::warn(
            "What is sealed about this account cannot be read: neither addresses nor claims.",
        );
    }
    Ok(found)
}

/// The same, where nothing can be done for an account without an address to sign in with.
pub(super) async fn found(provider: &Provider, who: &str) -> Result<OpenAccount, CliError> {
    opened(person(provider, who).await?)
}

/// What is sealed about a person.
pub(super) fn opened(person: Person) -> Result<OpenAccount, CliError> {
    let why = if person.broken {
        "This cannot be done: what is sealed about the account cannot be read. `sekisho doctor` says which keys are missing."
    } else {
        "The address of this account was released; `sekisho user give-address` sets another one first."
    };
    person.open.ok_or_else(|| CliError::refused(why))
}

async fn show(at: &Where, by: &Reader, who: &str, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let provider = &services.provider;
    let account = person(provider, who).await?;
    looked(&services, &account, "user show").await?;
    let id = account.user.id;
    let reading = by.reading(ReadingWay::Show);
    provider.count_reading(reading, &[id]).await?;
    let changes = provider.undoable_changes(id).await?;
    let shown = ShownWhole {
        account: Shown::from(&account),
        address_changes: changes.into_iter().map(ShownChange::from).collect(),
    };
    output::one(form, &shown);
    Ok(())
}

async fn list(
    at: &Where,
    (by, among): (&Reader, Among),
    (after, limit): (Option<&str>, u32),
    form: Form,
) -> Result<(), CliError> {
    let after = after
        .map(|id| UserId::parse(id).ok_or_else(|| CliError::usage("--after takes an account's id")))
        .transpose()?;
    let (_, services) = services_at(at).await?;
    let page = services.provider.people(among.into(), after, limit).await?;
    let rows: Vec<UserId> = page.people.iter().map(|person| person.user.id).collect();
    let reading = by.reading(ReadingWay::List);
    services.provider.count_reading(reading, &rows).await?;
    let all: Vec<Shown> = page.people.iter().map(Shown::from).collect();
    output::list(form, &["email", "name", "state", "id"], &all, |user| {
        let state = match user.state {
            UserState::Active => "active",
            UserState::Disabled => "disabled",
        };
        vec![
            user.email
                .clone()
                .unwrap_or_else(|| "(released)".to_owned()),
            user.name.clone().unwrap_or_default(),
            state.to_owned(),
            user.id.clone(),
        ]
    });
    if page.broken > 0 {
        output::done(&format!(
            "{} accounts do not open with the keys at hand and are left out.",
            page.broken
        ));
    }
    if let Some(last) = page.next {
        output::done(&format!("There may be more: --after {last}"));
    }
    Ok(())
}

async fn set_state(at: &Where, who: &str, state: UserState, reason: &str) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let provider = &services.provider;
    let person = person(provider, who).await?;
    let command = match state {
        UserState::Active => "user enable",
        UserState::Disabled => "user disable",
    };
    let mut event = event(provider, &services, EventKind::SettingChanged, command);
    if let Some(detail) = event.detail.as_object_mut() {
        detail.insert("state".to_owned(), serde_json::json!(state));
        detail.insert("reason".to_owned(), reason.into());
    }
    provider
        .write_account_state(person.user.id, state, event)
        .await?;
    output::done(match state {
        UserState::Active => "The account can sign in again.",
        UserState::Disabled => "The account is stopped; its sessions and tokens have ended.",
    });
    Ok(())
}

pub(super) fn address(text: &str) -> Result<EmailAddress, CliError> {
    EmailAddress::parse(text).map_err(|error| CliError::refused(format!("{text}: {error}")))
}

pub(super) fn unknown() -> CliError {
    CliError::refused("There is no account with this address.")
}

fn read_claims(file: &Path) -> Result<Map<String, Value>, CliError> {
    let failed = |error: String| CliError::failed(format!("cannot read {}", file.display()), error);
    let text = std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| failed(error.to_string()))
}
