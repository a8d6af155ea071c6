//! `sekisho user delete`, `keep`, `data`, `release-address` and what belongs to it (REC-14, REC-15, REC-16).

use clap::Subcommand;
use sekisho_mail::when;
use sekisho_model::{Event, EventKind, Subject};
use sekisho_provider::endpoints::leaving::Leaving;
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::people::Person;

use super::tree::{Form, Where};
use super::{CliError, event, output, services_at, users};
use crate::wiring::Services;

#[derive(Debug, Subcommand)]
pub(crate) enum LeavingCommand {
    /// Delete an account after the delay; everything it holds ends at once.
    #[command(
        after_help = "Example\n  sekisho user delete haruka@example.jp --reason asked-by-letter --config config.toml"
    )]
    Delete {
        #[command(flatten)]
        at: Where,
        /// Its sign-in address, or what apps know it by (`sub`).
        who: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
        /// Without the delay: nobody can take it back.
        #[arg(long)]
        now: bool,
    },
    /// Keep an account that is to be deleted.
    #[command(
        after_help = "Example\n  sekisho user keep haruka@example.jp --reason asked-by-phone --config config.toml"
    )]
    Keep {
        #[command(flatten)]
        at: Where,
        /// Its sign-in address, or what apps know it by (`sub`).
        who: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
    /// Print everything that is kept about somebody, as they can download it themselves.
    #[command(after_help = "Example\n  sekisho user data haruka@example.jp --config config.toml")]
    Data {
        #[command(flatten)]
        at: Where,
        /// Its sign-in address, or what apps know it by (`sub`).
        who: String,
    },
    /// Take an address off every account, because its provider may give it to somebody else; for half a year nobody can use it.
    #[command(
        after_help = "Example\n  sekisho user release-address haruka@example.jp --reason contract-ended --config config.toml"
    )]
    ReleaseAddress {
        #[command(flatten)]
        at: Where,
        /// The address.
        email: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
    /// Let a released address be used again.
    #[command(
        after_help = "Example\n  sekisho user end-quarantine haruka@example.jp --reason released-by-mistake --config config.toml"
    )]
    EndQuarantine {
        #[command(flatten)]
        at: Where,
        /// The address.
        email: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
    /// Give somebody whose address was released another one to sign in with, after checking who asks.
    #[command(
        after_help = "Example\n  sekisho user give-address 5Xy0a1b2c3d4e5f6 --email haruka@new.example --reason id-card-seen --config config.toml"
    )]
    GiveAddress {
        #[command(flatten)]
        at: Where,
        /// What apps know the account by (`sub`).
        sub: String,
        /// The address.
        #[arg(long)]
        email: String,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
}

pub(super) async fn run(command: LeavingCommand) -> Result<(), CliError> {
    match command {
        LeavingCommand::Delete {
            at,
            who,
            reason,
            now,
        } => delete(&at, &who, &reason, now).await,
        LeavingCommand::Keep { at, who, reason } => keep(&at, &who, &reason).await,
        LeavingCommand::Data { at, who } => {
            let (services, person) = found(&at, &who).await?;
            let account = person.open.ok_or_else(users::released)?;
            let visit = Visit::default();
            let file = services.provider.own_data(&account, None, &visit).await?;
            output::one(Form::Json, &file);
            Ok(())
        }
        LeavingCommand::ReleaseAddress { at, email, reason } => release(&at, &email, &reason).await,
        LeavingCommand::EndQuarantine { at, email, reason } => {
            end_quarantine(&at, &email, &reason).await
        }
        LeavingCommand::GiveAddress {
            at,
            sub,
            email,
            reason,
        } => give(&at, &sub, &email, &reason).await,
    }
}

async fn found(at: &Where, who: &str) -> Result<(Services, Person), CliError> {
    let (_, services) = services_at(at).await?;
    let person = users::person(&services.provider, who).await?;
    Ok((services, person))
}

fn recorded(services: &Services, kind: EventKind, step: &str, reason: &str) -> Event {
    let mut event = event(&services.provider, services, kind, step);
    event.detail = serde_json::json!({ "step": step, "by": "operator", "reason": reason });
    event
}

async fn delete(at: &Where, who: &str, reason: &str, now: bool) -> Result<(), CliError> {
    let (services, person) = found(at, who).await?;
    let provider = &services.provider;
    let event = recorded(&services, EventKind::Deletion, "asked", reason);
    let mut end = provider.now();
    if !now {
        end = end + provider.settings.leaving.delay;
    }
    let whom = (person.user.id, person.open.as_ref());
    let asked = provider.begin_deletion(whom, end, event);
    match asked.await? {
        Leaving::Until(end) => output::done(&format!(
            "The account can do nothing any more, and is erased at {}.",
            when::rfc3339(end, "UTC")
        )),
        Leaving::Again | Leaving::Stale => {
            return Err(CliError::refused(
                "The account is to be deleted already; `sekisho user show` says when.",
            ));
        }
    }
    Ok(())
}

async fn keep(at: &Where, who: &str, reason: &str) -> Result<(), CliError> {
    let (services, person) = found(at, who).await?;
    let event = recorded(&services, EventKind::Deletion, "stopped", reason);
    let (visit, whom) = (Visit::default(), (person.user.id, person.open.as_ref()));
    let kept = services.provider.stop_deletion(whom, event, &visit);
    if !kept.await? {
        return Err(CliError::refused("The account is not to be deleted."));
    }
    output::done("The account stays. What had ended stays ended.");
    Ok(())
}

async fn release(at: &Where, email: &str, reason: &str) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let provider = &services.provider;
    let address = users::address(email)?;
    let event = recorded(&services, EventKind::AddressReleased, "released", reason);
    let holder = provider.account_of(&address).await?;
    let accounts = provider.release_address(&address, event).await?;
    let until = provider.quarantined_until(&address).await?;
    let until = until.map_or_else(String::new, |until| when::rfc3339(until, "UTC"));
    let sub = holder.map_or_else(String::new, |holder| {
        format!(
            " Whoever signed in with it is {}; `sekisho user give-address` sets another address.",
            holder.user.subject
        )
    });
    output::done(&format!(
        "Taken off {accounts} accounts, whose sessions have ended. Nobody can use it before {until}.{sub}"
    ));
    Ok(())
}

async fn end_quarantine(at: &Where, email: &str, reason: &str) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let address = users::address(email)?;
    let event = recorded(&services, EventKind::AddressReleased, "usable", reason);
    if !services.provider.end_quarantine(&address, event).await? {
        return Err(CliError::refused("This address is not in quarantine."));
    }
    output::done("The address can be used again.");
    Ok(())
}

async fn give(at: &Where, sub: &str, email: &str, reason: &str) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let address = users::address(email)?;
    let event = recorded(&services, EventKind::AddressChanged, "given", reason);
    let sub = Subject::new(sub);
    let given = services.provider.give_address(&sub, &address, event);
    match given.await? {
        None => Err(CliError::refused("There is no account with this sub.")),
        Some(false) => Err(CliError::refused(
            "The account has an address to sign in with, or this one is taken or in quarantine.",
        )),
        Some(true) => {
            output::done("The account can sign in with this address.");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::{User, UserState};
    use sekisho_store::Tx;

    use crate::cli::tests::Place;

    async fn owner(place: &Place) -> User {
        let line = r#"{"email":"haruka@example.jp","email_verified":true,"code_address":"haruka@mobile.example","code_address_verified":true}"#;
        let file = place.file("owner.jsonl", line);
        let words = format!("user import {}", file.display());
        place.run(&words).await.unwrap();
        found(place).await
    }

    async fn found(place: &Place) -> User {
        let found = place.store.read(|tx: &mut Tx<'_>| tx.list_users(None, 1));
        found.await.unwrap().remove(0)
    }

    #[tokio::test]
    async fn rec_15_who_lost_the_address_is_still_found_by_sub() {
        let place = Place::new().await;
        let user = owner(&place).await;
        let (id, sub) = (user.id, user.subject);
        let address = "haruka@example.jp";
        let run = async |words: String| place.run(&words).await;
        run(format!("user release-address {address} --reason test"))
            .await
            .unwrap();
        for works in [
            "user list".to_owned(),
            format!("user show {sub}"),
            format!("user sessions {sub}"),
            format!("user force-reset {sub} --reason test"),
            format!("user disable {sub} --reason test"),
        ] {
            run(works.clone())
                .await
                .unwrap_or_else(|error| panic!("{works}: {error:?}"));
        }
        assert_eq!(found(&place).await.state, UserState::Disabled);
        assert!(run(format!("user data {sub}")).await.is_err());
        let taken = format!("user give-address {sub} --email {address} --reason test");
        assert!(run(taken).await.is_err(), "it is in quarantine");
        let letters = place.store.read(|tx: &mut Tx<'_>| tx.list_letters(99));
        let before = letters.await.unwrap().len();
        let given = format!("user give-address {sub} --email new@elsewhere.example --reason test");
        run(given).await.unwrap();
        let letters = place.store.read(|tx: &mut Tx<'_>| tx.list_letters(99));
        assert!(letters.await.unwrap().len() > before, "REC-06: it is told");
        run(format!("user delete {sub} --now --reason test"))
            .await
            .unwrap();
        let gone = place
            .store
            .read(move |tx: &mut Tx<'_>| tx.account(id))
            .await
            .unwrap();
        assert!(gone.is_none_or(|left| left.user.leaves_at.is_some()));
    }
}
