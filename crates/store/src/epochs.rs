use diesel::prelude::*;
use sekisho_model::{ClientId, Epoch, EpochKind, UserId};

use crate::backend::on_each;
use crate::column::Stored as _;
use crate::schema::{epoch_counter, epochs, users};
use crate::{StoreError, Topic, Tx};

const SERVER: &str = "server";
const CLIENT: &str = "client";

/// An epoch that is not one user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedEpoch {
    /// `server` or `client`.
    pub scope: &'static str,
    /// The client's id; empty for the server.
    pub subject: String,
    /// What its last move voided.
    pub kind: EpochKind,
    /// To which number it moved.
    pub epoch: Epoch,
}

impl Tx<'_> {
    /// The highest number given out: what is issued now carries it.
    pub fn epoch_now(&mut self) -> Result<Epoch, StoreError> {
        let number = epoch_counter::table
            .select(epoch_counter::number)
            .first::<i64>(self.conn)?;
        Ok(Epoch(number))
    }

    /// Locks the counter until the commit: every move that was made is seen from here on, and none is made
    /// meanwhile. Call it before anything else is locked, as moves do.
    pub fn hold_epochs(&mut self) -> Result<(), StoreError> {
        diesel::update(epoch_counter::table)
            .set(epoch_counter::number.eq(epoch_counter::number))
            .execute(self.conn)?;
        Ok(())
    }

    /// Voids what was issued to one user so far.
    pub fn move_user_epoch(&mut self, user: UserId, kind: EpochKind) -> Result<Epoch, StoreError> {
        let next = self.next_epoch()?;
        let row = users::table.find(user.to_string());
        let update = diesel::update(row);
        match kind {
            EpochKind::Password => update
                .set(users::epoch_password.eq(next.0))
                .execute(self.conn),
            EpochKind::Session => update
                .set(users::epoch_session.eq(next.0))
                .execute(self.conn),
            EpochKind::Token => update.set(users::epoch_token.eq(next.0)).execute(self.conn),
            EpochKind::Browser => update
                .set(users::epoch_browser.eq(next.0))
                .execute(self.conn),
        }?;
        Ok(next)
    }

    /// Voids what was issued by the whole server so far.
    pub fn move_server_epoch(&mut self, kind: EpochKind) -> Result<Epoch, StoreError> {
        self.move_shared(SERVER, "", kind)
    }

    /// Voids what was issued to one client so far.
    pub fn move_client_epoch(
        &mut self,
        client: &ClientId,
        kind: EpochKind,
    ) -> Result<Epoch, StoreError> {
        self.move_shared(CLIENT, client.as_str(), kind)
    }

    /// Every epoch that is not one user's.
    pub fn shared_epochs(&mut self) -> Result<Vec<SharedEpoch>, StoreError> {
        epochs::table
            .order((epochs::scope, epochs::subject, epochs::kind))
            .load::<(String, String, String, i64)>(self.conn)?
            .into_iter()
            .map(|(scope, subject, kind, epoch)| {
                Ok(SharedEpoch {
                    scope: match scope.as_str() {
                        SERVER => SERVER,
                        CLIENT => CLIENT,
                        _ => return Err(StoreError::Corrupt("epoch scope")),
                    },
                    subject,
                    kind: EpochKind::read(&kind)?,
                    epoch: Epoch(epoch),
                })
            })
            .collect()
    }

    fn move_shared(
        &mut self,
        scope: &str,
        subject: &str,
        kind: EpochKind,
    ) -> Result<Epoch, StoreError> {
        let next = self.next_epoch()?;
        let values = (
            epochs::scope.eq(scope),
            epochs::subject.eq(subject),
            epochs::kind.eq(kind.stored()),
            epochs::epoch.eq(next.0),
        );
        on_each!(self.conn, |c| diesel::insert_into(epochs::table)
            .values(values)
            .on_conflict((epochs::scope, epochs::subject, epochs::kind))
            .do_update()
            .set(epochs::epoch.eq(next.0))
            .execute(c))?;
        Ok(next)
    }

    /// Locks the counter until the commit, so that numbers become visible in their order.
    pub(crate) fn next_epoch(&mut self) -> Result<Epoch, StoreError> {
        let number = diesel::update(epoch_counter::table)
            .set(epoch_counter::number.eq(epoch_counter::number + 1))
            .returning(epoch_counter::number)
            .get_result::<i64>(self.conn)?;
        self.bump_revision(Topic::Epochs)?;
        Ok(Epoch(number))
    }
}
