//! Checking a password whose try was counted before (THR-07).

use sekisho_guard::{Pass, PasswordAttempt, Ticket};
use sekisho_model::{BrowserToken, Digest, Event, Timestamp, UserId};
use sekisho_store::{PasswordRecord, Tx};

use super::sign_in::{Run, device_class};
use super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
use crate::password::{Checked, Held};
use crate::{Failure, Provider};

/// What came of the present password, typed by whoever is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnCheck {
    Right,
    Wrong,
    /// Too many wrong ones; again from then.
    Wait(Timestamp),
    /// Too many wrong ones in a row: the way is a mailed link, by the page of the sign-in (THR-02).
    Closed,
}

impl Provider {
    /// Checks the present password of whoever is signed in, as a sign-in at that browser does: by the same limiter,
    /// with the same run of wrong ones, and for the same rules to see (THR-02, THR-08, THR-15). `failed` is
    /// recorded if it is wrong.
    pub(crate) async fn check_own_password(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        (record, password): (Option<&PasswordRecord>, &str),
        failed: Event,
        visit: &Visit,
    ) -> Result<OwnCheck, Failure> {
        let (user, index) = (live.user.id, self.address_index(&account.login_address));
        let device = device_class(Some(live.session.browser_id));
        let attempt = PasswordAttempt {
            account: &index,
            device,
            ip: &visit.origin.ip,
            client: None,
        };
        let ticket = match self.throttle.before_password(attempt, self.now()).await? {
            Pass::Go(ticket) => ticket,
            Pass::Wait { until, .. } => return Ok(OwnCheck::Wait(until)),
        };
        let tokens: Vec<Digest> = visit.browsers.iter().map(BrowserToken::digest).collect();
        let read = move |tx: &mut Tx<'_>| {
            let browser = tx.browser_among(user, &tokens)?;
            Ok((tx.password_runs(&index)?, browser.is_some()))
        };
        let (runs, at_home) = self.store.read(read).await?;
        let run = self.run_of(index, device, &runs);
        if !self.is_open(&run) {
            return Ok(OwnCheck::Closed);
        }
        let checked = self.check_counted(ticket, (user, record), password);
        let (checked, ticket) = checked.await?;
        if matches!(checked, Checked::Wrong) {
            // Whoever has no more than the cookie of the session may be a thief.
            self.count_wrong(failed, (password, run), at_home).await?;
            return Ok(OwnCheck::Wrong);
        }
        self.throttle.after_success(ticket).await;
        self.end_run(run, false).await?;
        Ok(OwnCheck::Right)
    }

    /// Records a wrong password with what rules tell attacks by (THR-15): a number and marks, no secret.
    pub(crate) async fn count_wrong(
        &self,
        mut event: Event,
        (password, run): (&str, Run),
        known: bool,
    ) -> Result<(), Failure> {
        let same = self.same_password(password, &run.account).await;
        let name = self.name_mark(&run.account, event.at);
        if let Some(members) = event.detail.as_object_mut() {
            members.insert("name".to_owned(), name.into());
            members.insert("known".to_owned(), known.into());
            members.extend(same.map(|same| ("same_password".to_owned(), same.into())));
        }
        let lengthened = move |tx: &mut Tx<'_>| {
            tx.lengthen_password_run(&run.account, &run.digest, event.at)?;
            tx.record(&event)
        };
        Ok(self.store.write(lengthened).await?)
    }

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
