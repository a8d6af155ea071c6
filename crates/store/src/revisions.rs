use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;

use crate::column::Stored as _;
use crate::schema::revisions;
use crate::{StoreError, Tx};

/// What nodes keep in memory and must hear of when it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// Registered clients and their secrets.
    Clients,
    /// Signing keys.
    Keys,
    /// Epochs of the server and of clients, and the highest number given out.
    Epochs,
    /// Incident levels and switches.
    Levels,
    /// Whom operators and rules keep out.
    Blocks,
}

/// How often each topic has changed; compare with what was seen last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Revisions {
    /// See [`Topic::Clients`].
    pub clients: i64,
    /// See [`Topic::Keys`].
    pub keys: i64,
    /// See [`Topic::Epochs`].
    pub epochs: i64,
    /// See [`Topic::Levels`].
    pub levels: i64,
    /// See [`Topic::Blocks`].
    pub blocks: i64,
}

impl Tx<'_> {
    /// Answers whether the database answers.
    pub fn ping(&mut self) -> Result<(), StoreError> {
        self.conn.batch_execute("SELECT 1")?;
        Ok(())
    }

    /// The present revisions, in one statement.
    pub fn revisions(&mut self) -> Result<Revisions, StoreError> {
        let mut present = Revisions::default();
        for (topic, number) in revisions::table.load::<(String, i64)>(self.conn)? {
            match Topic::read(&topic)? {
                Topic::Clients => present.clients = number,
                Topic::Keys => present.keys = number,
                Topic::Epochs => present.epochs = number,
                Topic::Levels => present.levels = number,
                Topic::Blocks => present.blocks = number,
            }
        }
        Ok(present)
    }

    /// Tells every node that `topic` changed; the writers of clients, keys and epochs do so themselves.
    pub fn bump_revision(&mut self, topic: Topic) -> Result<(), StoreError> {
        diesel::update(revisions::table.find(topic.stored()))
            .set(revisions::number.eq(revisions::number + 1))
            .execute(self.conn)?;
        Ok(())
    }
}
