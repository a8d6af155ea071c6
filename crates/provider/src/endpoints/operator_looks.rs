//! What operators do with an account is told to its owner (TD-07): they stop it, open it again, or look at it.

use sekisho_mail::RecoveryNews;
use sekisho_model::{Event, UserId, UserState};
use sekisho_store::{OutboxLetter, Tx};

use super::gathered::Gathered;
use super::visit::Visit;
use crate::accounts::OpenAccount;
use crate::people::Person;
use crate::{Failure, Provider};

impl Provider {
    /// An operator looked at the account: recorded as `event`, and told to every address of it. Looks that follow
    /// each other are told together.
    pub async fn operator_looked(&self, person: &Person, mut event: Event) -> Result<(), Failure> {
        let user = person.user.id;
        event.user_id = Some(user);
        let letters = match &person.open {
            Some(account) => self.told_of_operator(account, RecoveryNews::OperatorLooked),
            None => Gathered::nothing(user),
        };
        let work = move |tx: &mut Tx<'_>| {
            letters.post(tx)?;
            tx.record(&event)
        };
        self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(())
    }

    /// Letters to every address of an account about what an operator saw of it.
    pub(super) fn told_of_operator(&self, account: &OpenAccount, what: RecoveryNews) -> Gathered {
        let name = if what == RecoveryNews::OperatorTook {
            "operator_took"
        } else {
            "operator_looked"
        };
        let visit = Visit::default();
        self.gathered_to_all(account, name, || self.recovery_notice(what, &visit))
    }

    /// The letters that an account is stopped, or open again; none if it is so already. An account that cannot be
    /// read is stopped without a letter.
    pub(crate) async fn letters_of_state(
        &self,
        user: UserId,
        state: UserState,
    ) -> Result<Vec<OutboxLetter>, Failure> {
        let account = match self.account(user).await {
            Ok(account) => account,
            Err(failure @ (Failure::Corrupt(_) | Failure::Sealed(_))) => {
                tracing::error!(%user, error = %failure, "somebody cannot be told that their account was stopped or opened");
                None
            }
            Err(failure) => return Err(failure),
        };
        let what = match state {
            UserState::Disabled => RecoveryNews::AccountStopped,
            UserState::Active => RecoveryNews::AccountOpened,
        };
        let visit = Visit::default();
        let changed = account.filter(|account| account.user.state != state);
        Ok(changed.map_or_else(Vec::new, |account| {
            self.letters_to_all(&account, || self.recovery_notice(what, &visit))
        }))
    }
}
