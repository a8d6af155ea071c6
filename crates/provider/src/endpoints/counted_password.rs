//! Checking a password whose try was counted before (THR-07).

use sekisho_guard::Ticket;
use sekisho_model::UserId;
use sekisho_store::PasswordRecord;

use crate::password::{Checked, Held};
use crate::{Failure, Provider};

impl Provider {
    /// Begins no hash until what it gives is dropped: shows what goes on without (PW-21).
    pub fn hold_hashes(&self) -> Held {
        self.passwords.hold()
    }

    /// Checks a password. Where nothing was compared, since all hash threads are taken, the try does not count:
    /// a few overloaded minutes must not hold out the owner (PW-21).
    pub(crate) async fn check_counted(
        &self,
        ticket: Ticket,
        (user, record): (UserId, Option<&PasswordRecord>),
        password: &str,
    ) -> Result<(Checked, Ticket), Failure> {
        match self.passwords.check(user, record, password).await {
            Ok(checked) => Ok((checked, ticket)),
            Err(failure) => {
                self.throttle.give_back(ticket).await;
                Err(failure)
            }
        }
    }
}
