//! Second steps that are stronger than a mailed code, and their loss (OTP-26).

use diesel::prelude::*;
use sekisho_model::{
    Digest, Factor, FactorId, FactorKind, FactorLoss, Sealed, SessionId, Timestamp, UserId,
};

use crate::backend::on_each;
use crate::column::{Stored as _, micros, read_digest, read_id, time};
use crate::schema::{factor_losses, factors};
use crate::{Once, StoreError, Tx};

#[derive(Queryable)]
struct FactorRow {
    id: String,
    user_id: String,
    kind: String,
    sealed: Vec<u8>,
    credential: Option<Vec<u8>>,
    made_in: String,
    made_at: i64,
    last_used_at: Option<i64>,
    mark: i64,
}

impl TryFrom<FactorRow> for Factor {
    type Error = StoreError;
    fn try_from(row: FactorRow) -> Result<Self, StoreError> {
        let credential = row.credential.as_deref().map(read_digest).transpose()?;
        Ok(Self {
            id: read_id!(FactorId, &row.id)?,
            user_id: read_id!(UserId, &row.user_id)?,
            kind: FactorKind::read(&row.kind)?,
            sealed: Sealed::from_bytes(row.sealed),
            credential,
            made_in: read_id!(SessionId, &row.made_in)?,
            made_at: time(row.made_at),
            last_used_at: row.last_used_at.map(time),
            mark: row.mark,
        })
    }
}

type LossRow = (String, Vec<u8>, i64, i64, i64);

fn read_loss(row: LossRow) -> Result<FactorLoss, StoreError> {
    let (user, digest, asked_at, due_at, ends_at) = row;
    Ok(FactorLoss {
        user_id: read_id!(UserId, &user)?,
        digest: read_digest(&digest)?,
        asked_at: time(asked_at),
        due_at: time(due_at),
        ends_at: time(ends_at),
    })
}

impl Tx<'_> {
    /// The stronger second steps of a user, in the order they were added.
    pub fn factors_of(&mut self, user: UserId) -> Result<Vec<Factor>, StoreError> {
        factors::table
            .filter(factors::user_id.eq(user.to_string()))
            .order(factors::id)
            .load::<FactorRow>(self.conn)?
            .into_iter()
            .map(Factor::try_from)
            .collect()
    }

    /// Adds one. `Again`, with nothing written, if the account has an authenticator app already or another
    /// account has this passkey.
    pub fn insert_factor(&mut self, factor: &Factor) -> Result<Once, StoreError> {
        let credential = factor
            .credential
            .as_ref()
            .map(|one| one.as_bytes().to_vec());
        let rows = on_each!(self.conn, |c| diesel::insert_into(factors::table)
            .values((
                factors::id.eq(factor.id.to_string()),
                factors::user_id.eq(factor.user_id.to_string()),
                factors::kind.eq(factor.kind.stored()),
                factors::sealed.eq(factor.sealed.as_bytes()),
                factors::credential.eq(credential.as_deref()),
                factors::made_in.eq(factor.made_in.to_string()),
                factors::made_at.eq(factor.made_at.micros()),
                factors::last_used_at.eq(micros(factor.last_used_at)),
                factors::mark.eq(factor.mark),
            ))
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(Once::of(rows))
    }

    /// Uses one: its mark becomes `mark`, which must be greater than the one before. Of any number of callers with
    /// the same mark one gets `First`. Passkeys that do not count stay at nought, and their challenges are what
    /// works once.
    pub fn use_factor(
        &mut self,
        id: FactorId,
        mark: i64,
        sealed: Option<&Sealed>,
        now: Timestamp,
    ) -> Result<Once, StoreError> {
        let id = id.to_string();
        let used = (
            factors::mark.eq(mark),
            factors::last_used_at.eq(now.micros()),
        );
        let row = factors::table.filter(factors::id.eq(&id));
        let rows = if mark == 0 {
            let uncounted = row
                .filter(factors::mark.eq(0))
                .filter(factors::kind.eq(FactorKind::Passkey.stored()));
            diesel::update(uncounted).set(used).execute(self.conn)?
        } else {
            let older = row.filter(factors::mark.lt(mark));
            diesel::update(older).set(used).execute(self.conn)?
        };
        if let Some(sealed) = sealed.filter(|_| rows > 0) {
            diesel::update(factors::table.find(&id))
                .set(factors::sealed.eq(sealed.as_bytes()))
                .execute(self.conn)?;
        }
        Ok(Once::of(rows))
    }

    /// Puts what is sealed of one in the place of what was read; `Again` if it is gone or was used meanwhile.
    pub fn change_factor(
        &mut self,
        (user, id): (UserId, FactorId),
        (read, new): (&Sealed, &Sealed),
    ) -> Result<Once, StoreError> {
        let unchanged = factors::table
            .filter(factors::id.eq(id.to_string()))
            .filter(factors::user_id.eq(user.to_string()))
            .filter(factors::sealed.eq(read.as_bytes()));
        let rows = diesel::update(unchanged)
            .set(factors::sealed.eq(new.as_bytes()))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Removes one of a user; `Again` if there is none.
    pub fn remove_factor(&mut self, user: UserId, id: FactorId) -> Result<Once, StoreError> {
        let rows = diesel::delete(factors::table.find(id.to_string()))
            .filter(factors::user_id.eq(user.to_string()))
            .execute(self.conn)?;
        Ok(Once::of(rows))
    }

    /// Removes all of a user; how many there were.
    pub fn remove_factors(&mut self, user: UserId) -> Result<usize, StoreError> {
        let rows = diesel::delete(factors::table)
            .filter(factors::user_id.eq(user.to_string()))
            .execute(self.conn)?;
        Ok(rows)
    }

    /// Removes those a user added in a session that turned out to be somebody else's.
    pub fn remove_factors_of_session(
        &mut self,
        user: UserId,
        session: SessionId,
    ) -> Result<usize, StoreError> {
        let rows = diesel::delete(factors::table)
            .filter(factors::user_id.eq(user.to_string()))
            .filter(factors::made_in.eq(session.to_string()))
            .execute(self.conn)?;
        Ok(rows)
    }

    /// Removes those a user added since `from`.
    pub fn remove_factors_since(
        &mut self,
        user: UserId,
        from: Timestamp,
    ) -> Result<usize, StoreError> {
        let rows = diesel::delete(factors::table)
            .filter(factors::user_id.eq(user.to_string()))
            .filter(factors::made_at.ge(from.micros()))
            .execute(self.conn)?;
        Ok(rows)
    }

    /// Notes a loss; `Again`, with nothing written, if one is noted that has not ended.
    pub fn insert_factor_loss(&mut self, loss: &FactorLoss) -> Result<Once, StoreError> {
        let user = loss.user_id.to_string();
        diesel::delete(factor_losses::table.find(&user))
            .filter(factor_losses::ends_at.le(loss.asked_at.micros()))
            .execute(self.conn)?;
        let rows = on_each!(self.conn, |c| diesel::insert_into(factor_losses::table)
            .values((
                factor_losses::user_id.eq(&user),
                factor_losses::digest.eq(loss.digest.as_bytes().as_slice()),
                factor_losses::asked_at.eq(loss.asked_at.micros()),
                factor_losses::due_at.eq(loss.due_at.micros()),
                factor_losses::ends_at.eq(loss.ends_at.micros()),
            ))
            .on_conflict_do_nothing()
            .execute(c))?;
        Ok(Once::of(rows))
    }

    /// The loss a user reported.
    pub fn factor_loss(&mut self, user: UserId) -> Result<Option<FactorLoss>, StoreError> {
        factor_losses::table
            .find(user.to_string())
            .first::<LossRow>(self.conn)
            .optional()?
            .map(read_loss)
            .transpose()
    }

    /// The loss that a link stops.
    pub fn factor_loss_of(&mut self, digest: &Digest) -> Result<Option<FactorLoss>, StoreError> {
        factor_losses::table
            .filter(factor_losses::digest.eq(digest.as_bytes().as_slice()))
            .first::<LossRow>(self.conn)
            .optional()?
            .map(read_loss)
            .transpose()
    }

    /// Ends the loss of a user; `Again` if none is noted.
    pub fn end_factor_loss(&mut self, user: UserId) -> Result<Once, StoreError> {
        let rows =
            diesel::delete(factor_losses::table.find(user.to_string())).execute(self.conn)?;
        Ok(Once::of(rows))
    }
}
