//! Which key-encryption keys each running node holds: a key is used only when all can open what it
//! seals, and dropped only when none seals with it (PW-16).

use std::time::Duration;

use diesel::prelude::*;
use sekisho_model::{KeyId, Timestamp};

use crate::backend::on_each;
use crate::column::{json, micros, read_json, time};
use crate::schema::key_holders;
use crate::{StoreError, Tx};

/// A node that said nothing for so long has ended.
const GONE_AFTER: Duration = Duration::from_secs(90);

/// A running node and the keys it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHolder {
    /// The node; older nodes sort first.
    pub node: String,
    /// Where it listens.
    pub address: String,
    /// The keys it can open with.
    pub keys: Vec<KeyId>,
    /// The key it seals with.
    pub current: KeyId,
    /// Since when it does.
    pub since: Timestamp,
    /// When it last said so.
    pub seen_at: Timestamp,
    /// How many values it has sealed anew since it began to.
    pub moved: u64,
    /// Since when it seals anew what lies under other keys, while it does.
    pub moving_since: Option<Timestamp>,
}

#[derive(Queryable)]
struct HolderRow {
    node: String,
    address: String,
    key_ids: String,
    current_key: String,
    since: i64,
    seen_at: i64,
    moved: i64,
    moving_since: Option<i64>,
}

impl TryFrom<HolderRow> for KeyHolder {
    type Error = StoreError;
    fn try_from(row: HolderRow) -> Result<Self, StoreError> {
        let keys: Vec<String> = read_json(&row.key_ids)?;
        Ok(Self {
            node: row.node,
            address: row.address,
            keys: keys.into_iter().map(KeyId::new).collect(),
            current: KeyId::new(row.current_key),
            since: time(row.since),
            seen_at: time(row.seen_at),
            moved: u64::try_from(row.moved).unwrap_or(0),
            moving_since: row.moving_since.map(time),
        })
    }
}

impl Tx<'_> {
    /// Says which keys a node holds. Nodes that ended long ago are forgotten.
    pub fn announce_keys(&mut self, holder: &KeyHolder) -> Result<(), StoreError> {
        let names: Vec<&str> = holder.keys.iter().map(KeyId::as_str).collect();
        let values = (
            key_holders::address.eq(&holder.address),
            key_holders::key_ids.eq(json(&names)?),
            key_holders::current_key.eq(holder.current.as_str()),
            key_holders::since.eq(holder.since.micros()),
            key_holders::seen_at.eq(holder.seen_at.micros()),
            key_holders::moved.eq(i64::try_from(holder.moved).unwrap_or(i64::MAX)),
            key_holders::moving_since.eq(micros(holder.moving_since)),
        );
        on_each!(self.conn, |c| diesel::insert_into(key_holders::table)
            .values((key_holders::node.eq(&holder.node), values.clone()))
            .on_conflict(key_holders::node)
            .do_update()
            .set(values)
            .execute(c))?;
        let long_ago = holder.seen_at - Duration::from_hours(24);
        diesel::delete(key_holders::table)
            .filter(key_holders::seen_at.lt(long_ago.micros()))
            .execute(self.conn)?;
        Ok(())
    }

    /// Forgets a node that ends.
    pub fn retract_keys(&mut self, node: &str) -> Result<(), StoreError> {
        diesel::delete(key_holders::table.find(node)).execute(self.conn)?;
        Ok(())
    }

    /// The nodes that run, oldest first.
    pub fn key_holders(&mut self, now: Timestamp) -> Result<Vec<KeyHolder>, StoreError> {
        key_holders::table
            .filter(key_holders::seen_at.ge((now - GONE_AFTER).micros()))
            .order(key_holders::node)
            .load::<HolderRow>(self.conn)?
            .into_iter()
            .map(KeyHolder::try_from)
            .collect()
    }
}
