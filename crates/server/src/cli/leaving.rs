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
            let account = users::opened(person)?;
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
    use std::time::Duration;

    use sekisho_audit::outbox;
    use sekisho_mail::{Letter, LetterBody, Sender};
    use sekisho_model::{Locale, OsEntropy, Sealed, User, UserId, UserState};
    use sekisho_store::{LetterState, SealedPlace, SealedValue, StoreError, Tx};

    use crate::cli::services_at;
    use crate::cli::tests::{Place, at};
    use crate::keys_file;

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

    /// Flips a byte of the key that everything of an account is sealed under.
    async fn break_key(place: &Place, user: &User) {
        let id = user.id;
        let work = move |tx: &mut Tx<'_>| {
            let account = tx.account(id)?.unwrap();
            let mut bytes = account.data_key.as_bytes().to_vec();
            *bytes.last_mut().unwrap() ^= 1;
            let old = SealedValue {
                owner: id.to_string(),
                sealed: account.data_key,
            };
            tx.replace_sealed(SealedPlace::UserData, &old, &Sealed::from_bytes(bytes))
                .map(drop)
        };
        place.store.write(work).await.unwrap();
    }

    /// People known as `leaver-0`, `leaver-1` and so on.
    async fn people(place: &Place, count: usize) -> Vec<User> {
        let line = |n: usize| {
            format!(r#"{{"email":"p{n}@b.example","email_verified":true,"subject":"leaver-{n}"}}"#)
        };
        let lines: Vec<String> = (0..count).map(line).collect();
        let file = place.file("people.jsonl", &lines.join("\n"));
        let words = format!("user import {}", file.display());
        place.run(&words).await.unwrap();
        let mut people = all(place).await;
        people.retain(|user| user.subject.as_str().starts_with("leaver-"));
        people.sort_by(|a, b| a.subject.as_str().cmp(b.subject.as_str()));
        people
    }

    async fn all(place: &Place) -> Vec<User> {
        let found = place.store.read(|tx: &mut Tx<'_>| tx.list_users(None, 99));
        found.await.unwrap()
    }

    fn in_two_days(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
        let made_at = tx.account(user)?.unwrap().user.created_at;
        let at = made_at + Duration::from_hours(48);
        tx.hasten_deletion(user, at).map(drop)
    }

    #[tokio::test]
    async fn rec_16_an_account_that_cannot_be_read_keeps_nobody_here() {
        let place = Place::new().await;
        let leavers = people(&place, 4).await;
        let before = all(&place).await.len();
        for broken in [&leavers[0], &leavers[2]] {
            break_key(&place, broken).await;
        }
        let [first, second, third, fourth] = [0, 1, 2, 3].map(|n| leavers[n].subject.to_string());
        // The broken ones are the longest due, of those to be erased and of those to be told.
        for sub in [first, second] {
            let words = format!("user delete {sub} --now --reason test");
            place.run(&words).await.unwrap();
        }
        for sub in [third, fourth] {
            let words = format!("user delete {sub} --reason test");
            place.run(&words).await.unwrap();
        }
        let (_, services) = services_at(&at(place.folder.path())).await.unwrap();
        assert_eq!(services.provider.see_off().await.unwrap(), 2);
        assert_eq!(all(&place).await.len(), before - 2);
        let ids = [leavers[2].id, leavers[3].id];
        let soon = move |tx: &mut Tx<'_>| ids.iter().try_for_each(|id| in_two_days(tx, *id));
        place.store.write(soon).await.unwrap();
        services.provider.see_off().await.unwrap();
        let now = services.provider.now();
        let week = now + Duration::from_hours(24 * 7);
        let untold = place.store.read(move |tx| tx.deletions_to_tell(week, 9));
        assert_eq!(untold.await.unwrap(), []);
    }

    #[tokio::test]
    async fn rec_16_who_leaves_already_can_be_erased_at_once() {
        let place = Place::new().await;
        let sub = people(&place, 1).await[0].subject.to_string();
        let run = async |words: &str| {
            let words = format!("user delete {sub}{words} --reason test");
            place.run(&words).await
        };
        run("").await.unwrap();
        assert!(run("").await.is_err(), "later is no news");
        run(" --now").await.unwrap();
        let (_, services) = services_at(&at(place.folder.path())).await.unwrap();
        assert_eq!(services.provider.see_off().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn rec_16_letters_that_were_given_up_go_with_the_account() {
        let place = Place::new().await;
        let sub = people(&place, 2).await[0].subject.to_string();
        let keyring = keys_file::read(&place.folder.path().join("keys.toml")).unwrap();
        let (_, services) = services_at(&at(place.folder.path())).await.unwrap();
        let (now, entropy) = (services.provider.now(), OsEntropy::new());
        for to in ["P0@b.example", "p1@b.example"] {
            let letter = Letter {
                to: to.to_owned(),
                locale: Locale::Ja,
                zone: "Asia/Tokyo".to_owned(),
                sender: Sender {
                    service: "Sekisho".to_owned(),
                    host: "127.0.0.1:8080".to_owned(),
                    code_in_subject: false,
                },
                place: None,
                body: LetterBody::Test,
            };
            let mut posted = outbox::prepare(&letter, now, &keyring, &entropy);
            posted.state = LetterState::Dead;
            place.store.write(move |tx| tx.post(&posted)).await.unwrap();
        }
        let words = format!("user delete {sub} --now --reason test");
        place.run(&words).await.unwrap();
        services.provider.see_off().await.unwrap();
        let dead = place
            .store
            .read(|tx| tx.dead_letters(None, 9))
            .await
            .unwrap();
        let to = dead
            .iter()
            .map(|one| outbox::open_letter(&one.sealed, one.id, &keyring));
        let to: Vec<String> = to.map(|letter| letter.unwrap().to).collect();
        assert_eq!(to, ["p1@b.example"]);
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
