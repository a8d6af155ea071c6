//! Letters of which the first leaves at once, and those that follow it within ten minutes together (TD-07).

use sekisho_audit::alert_rules::TOLD_TOGETHER;
use sekisho_mail::LetterBody;
use sekisho_model::{Digest, EmailAddress, UserId};
use sekisho_store::{Gathering, OutboxLetter, StoreError, Tx};

use crate::Provider;
use crate::accounts::OpenAccount;

/// A letter to each of some addresses of an account.
pub(crate) struct Gathered {
    user: UserId,
    letters: Vec<(Digest, OutboxLetter)>,
}

impl Gathered {
    /// None at all.
    pub(crate) const fn nothing(user: UserId) -> Self {
        Self {
            user,
            letters: Vec::new(),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    /// First of all in a unit of work that then posts them: others hold sessions after accounts, too.
    pub(crate) fn hold(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        if self.is_empty() {
            return Ok(());
        }
        tx.hold_gathering(self.user)
    }

    /// Posts the letters, in the transaction of what they tell about.
    pub(crate) fn post(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        self.letters.iter().try_for_each(|(key, letter)| {
            let gathering = Gathering {
                user: self.user,
                key: *key,
                every: TOLD_TOGETHER,
            };
            tx.gather(&gathering, letter)
        })
    }
}

impl Provider {
    /// Letters to `to`, which are told together with others of the same `name` to the same address.
    pub(crate) fn told_together(
        &self,
        account: &OpenAccount,
        name: &str,
        to: &[&EmailAddress],
        body: impl Fn() -> LetterBody,
    ) -> Gathered {
        let user = account.user.id;
        let whose = self.account_key(user);
        let letter = |address: &&EmailAddress| {
            let canonical = address.canonical();
            let parts = [name.as_bytes(), b"\0", canonical.as_bytes()];
            let key = Digest::keyed(whose.as_bytes(), &parts);
            (key, self.sealed_letter(&account.user, address, body()))
        };
        Gathered {
            user,
            letters: to.iter().map(letter).collect(),
        }
    }

    /// The same to every address of the account.
    pub(crate) fn gathered_to_all(
        &self,
        account: &OpenAccount,
        name: &str,
        body: impl Fn() -> LetterBody,
    ) -> Gathered {
        self.told_together(account, name, &account.addresses(), body)
    }
}
