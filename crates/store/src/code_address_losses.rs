//! Code addresses that are said to be lost (REC-04).

use diesel::prelude::*;
use sekisho_model::{CodeAddressLoss, Digest, UserId};

use crate::backend::on_each;
use crate::column::{micros, read_digest, read_id, time};
use crate::schema::code_address_losses;
use crate::{Hold, Once, StoreError, Tx};

type LossRow = (String, Vec<u8>, i64, i64, i64, Option<i64>);

fn read_loss(row: LossRow) -> Result<CodeAddressLoss, StoreError> {
    let (user, digest, asked_at, due_at, ends_at, password_at) = row;
    Ok(CodeAddressLoss {
        user_id: read_id!(UserId, &user)?,
        digest: read_digest(&digest)?,
        asked_at: time(asked_at),
        due_at: time(due_at),
        ends_at: time(ends_at),
        password_at: password_at.map(time),
    })
}

impl Tx<'_> {
    /// Notes a loss; `Again`, with nothing written, if one is noted.
    pub fn insert_code_address_loss(&mut self, loss: &CodeAddressLoss) -> Result<Once, StoreError> {
        let rows = on_each!(self.conn, |c| diesel::insert_into(
            code_address_losses::table
        )
        .values((
            code_address_losses::user_id.eq(loss.user_id.to_string()),
            code_address_losses::digest.eq(loss.digest.as_bytes().as_slice()),
            code_address_losses::asked_at.eq(loss.asked_at.micros()),
            code_address_losses::due_at.eq(loss.due_at.micros()),
            code_address_losses::ends_at.eq(loss.ends_at.micros()),
            code_address_losses::password_at.eq(micros(loss.password_at)),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
        Ok(Once::of(rows))
    }

    /// The loss that is noted for a user.
    pub fn code_address_loss(
        &mut self,
        user: UserId,
    ) -> Result<Option<CodeAddressLoss>, StoreError> {
        code_address_losses::table
            .find(user.to_string())
            .first::<LossRow>(self.conn)
            .optional()?
            .map(read_loss)
            .transpose()
    }

    /// The loss that a link stops.
    pub fn code_address_loss_of(
        &mut self,
        digest: &Digest,
    ) -> Result<Option<CodeAddressLoss>, StoreError> {
        code_address_losses::table
            .filter(code_address_losses::digest.eq(digest.as_bytes().as_slice()))
            .first::<LossRow>(self.conn)
            .optional()?
            .map(read_loss)
            .transpose()
    }

    /// Ends the loss of a user, with the letters that still wait to tell of it; `Again` if none is noted.
    pub fn end_code_address_loss(&mut self, user: UserId) -> Result<Once, StoreError> {
        let ended = diesel::delete(code_address_losses::table.find(user.to_string()))
            .returning(code_address_losses::digest)
            .load::<Vec<u8>>(self.conn)?;
        for digest in &ended {
            let key = read_digest(digest)?;
            self.drop_held(&Hold { user, key })?;
        }
        Ok(Once::of(ended.len()))
    }
}
