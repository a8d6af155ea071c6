//! How often somebody changes their own account, or takes its data: so often that no letter about it is buried under
//! others, whoever holds the session (REC-06). What is refused is the act, never the letter.

use sekisho_guard::Pass;
use sekisho_model::{Timestamp, UserId};

use crate::failure::Often;
use crate::{Failure, Provider};

impl Provider {
    /// Counts a change that is about to be made, and told to every address.
    pub(crate) async fn count_change(&self, user: UserId) -> Result<(), Failure> {
        let (account, now) = (self.account_key(user), self.now());
        let pass = self.throttle.before_account_change(&account, now).await?;
        passed(pass, Often::Changes, now)
    }

    /// Counts a copy of everything that is kept about somebody (ux 7.6).
    pub(crate) async fn count_taking(&self, user: UserId) -> Result<(), Failure> {
        let (account, now) = (self.account_key(user), self.now());
        let pass = self.throttle.before_account_export(&account, now).await?;
        passed(pass, Often::Exports, now)
    }
}

fn passed(pass: Pass, what: Often, now: Timestamp) -> Result<(), Failure> {
    match pass {
        Pass::Go(_counted) => Ok(()),
        Pass::Wait { until, .. } => Err(Failure::TooOften {
            what,
            until,
            wait: until.since(now),
        }),
    }
}
