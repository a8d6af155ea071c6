//! Accounts as operators meet them: also those whose address was released, which nobody can act as (REC-15).

use sekisho_model::{EmailAddress, Subject, User, UserId};
use sekisho_store::{Account, Tx, UserFilter};

use crate::accounts::OpenAccount;
use crate::{Failure, Provider};

/// An account, as far as it can be opened.
#[derive(Debug)]
pub struct Person {
    /// The account.
    pub user: User,
    /// Its addresses and claims; nothing if its sign-in address was released, or they do not open.
    pub open: Option<OpenAccount>,
    /// Whether what is sealed about it does not open.
    pub broken: bool,
}

/// Some accounts in the order they were made.
#[derive(Debug)]
pub struct PeoplePage {
    /// They; whoever cannot be opened is left out.
    pub people: Vec<Person>,
    /// How many were left out: what is sealed about them does not open.
    pub broken: usize,
    /// After whom the next page begins; nothing if this was the last one.
    pub next: Option<UserId>,
}

impl Provider {
    /// Who signs in with `address`.
    pub async fn person_at(&self, address: &EmailAddress) -> Result<Option<Person>, Failure> {
        let index = self.address_index(address);
        let work = move |tx: &mut Tx<'_>| tx.account_by_address(&index);
        let found = self.store.read(work).await?;
        found.map(|account| self.person(&account)).transpose()
    }

    /// Whom apps know as `subject`.
    pub async fn person_of(&self, subject: &Subject) -> Result<Option<Person>, Failure> {
        let subject = subject.clone();
        let work = move |tx: &mut Tx<'_>| tx.account_by_subject(&subject);
        let found = self.store.read(work).await?;
        found.map(|account| self.person(&account)).transpose()
    }

    /// Accounts after `after`, in the order they were made.
    pub async fn people(
        &self,
        among: UserFilter,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<PeoplePage, Failure> {
        let work = move |tx: &mut Tx<'_>| {
            let users = tx.list_users_among(&among, after, limit)?;
            let accounts = users.iter().map(|user| tx.account(user.id));
            let accounts = accounts.collect::<Result<Vec<_>, _>>()?;
            Ok((users.last().map(|user| user.id), accounts))
        };
        let (last, found) = self.store.read(work).await?;
        let full = found.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut people, mut broken) = (Vec::new(), 0);
        for account in found.iter().flatten() {
            let person = self.person(account)?;
            if person.broken {
                broken += 1;
            } else {
                people.push(person);
            }
        }
        Ok(PeoplePage {
            people,
            broken,
            next: last.filter(|_| full),
        })
    }

    fn person(&self, account: &Account) -> Result<Person, Failure> {
        let has_address = account.login_address.is_some();
        let (open, broken) = match has_address.then(|| self.open_account(account)).transpose() {
            Ok(open) => (open, false),
            Err(Failure::Corrupt(_) | Failure::Sealed(_)) => (None, true),
            Err(failure) => return Err(failure),
        };
        Ok(Person {
            user: account.user.clone(),
            open,
            broken,
        })
    }
}
