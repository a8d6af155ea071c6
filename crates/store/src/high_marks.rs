//! Numbers that only grow, agreed by all nodes.

use diesel::prelude::*;
use sekisho_model::Digest;

use crate::backend::on_each;
use crate::schema::high_marks;
use crate::{StoreError, Tx};

/// What is numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HighMark {
    /// Up to when, in microseconds, the record was held against the detection rules and looked through for canaries.
    Watched,
    /// The serial of the newest advisories that were believed, of those signed by a key.
    Advisories(Digest),
}

impl HighMark {
    fn name(self) -> String {
        match self {
            Self::Watched => "watched".to_owned(),
            Self::Advisories(key) => format!("advisories {}", key.to_base64url()),
        }
    }
}

impl Tx<'_> {
    /// The number so far; `None` before the first.
    pub fn high_mark(&mut self, of: HighMark) -> Result<Option<i64>, StoreError> {
        let row = high_marks::table.find(of.name());
        let number = row.select(high_marks::number).first(self.conn);
        Ok(number.optional()?)
    }

    /// Raises a number, and answers it as it is then; it is never lowered.
    pub fn raise_high_mark(&mut self, of: HighMark, number: i64) -> Result<i64, StoreError> {
        let row = (
            high_marks::name.eq(of.name()),
            high_marks::number.eq(number),
        );
        on_each!(self.conn, |c| diesel::insert_into(high_marks::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
        let lower = high_marks::table
            .find(of.name())
            .filter(high_marks::number.lt(number));
        diesel::update(lower)
            .set(high_marks::number.eq(number))
            .execute(self.conn)?;
        Ok(self.high_mark(of)?.unwrap_or(number))
    }
}
