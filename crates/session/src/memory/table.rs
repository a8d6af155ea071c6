use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use sekisho_model::Timestamp;

/// How many expired rows one insertion removes at most, so that none waits for a long sweep.
const SWEEP: usize = 64;

/// A bounded map whose rows expire.
pub(super) struct Table<K, V> {
    rows: HashMap<K, (V, Timestamp)>,
    by_expiry: BTreeSet<(Timestamp, K)>,
    capacity: usize,
}

impl<K: Clone + Eq + Hash + Ord, V> Table<K, V> {
    pub(super) fn bounded(capacity: usize) -> Self {
        Self {
            rows: HashMap::new(),
            by_expiry: BTreeSet::new(),
            capacity,
        }
    }

    /// The row of `key`, if it has not expired.
    pub(super) fn get_mut(&mut self, key: &K, now: Timestamp) -> Option<&mut V> {
        let (value, expires_at) = self.rows.get_mut(key)?;
        (*expires_at > now).then_some(value)
    }

    /// Removes the row of `key`; what it held, if it had not expired.
    pub(super) fn take(&mut self, key: &K, now: Timestamp) -> Option<V> {
        let (value, expires_at) = self.remove(key)?;
        (expires_at > now).then_some(value)
    }

    /// Writes a row if there is room; whether there was.
    #[must_use]
    pub(super) fn put(&mut self, key: K, value: V, expires_at: Timestamp, now: Timestamp) -> bool {
        self.sweep(now);
        self.remove(&key);
        if self.rows.len() >= self.capacity {
            return false;
        }
        self.by_expiry.insert((expires_at, key.clone()));
        self.rows.insert(key, (value, expires_at));
        true
    }

    /// Whether rows of all these keys can be written.
    pub(super) fn has_room_for(&mut self, keys: &[K], now: Timestamp) -> bool {
        self.sweep(now);
        let new = keys.iter().filter(|key| !self.rows.contains_key(key));
        self.rows.len() + new.count() <= self.capacity
    }

    /// Writes a row; when there is no room, the row that would expire first makes some.
    pub(super) fn push(&mut self, key: K, value: V, expires_at: Timestamp, now: Timestamp) {
        if !self.rows.contains_key(&key) && self.rows.len() >= self.capacity {
            self.sweep(now);
        }
        if !self.rows.contains_key(&key) && self.rows.len() >= self.capacity {
            self.remove_first();
        }
        let _written = self.put(key, value, expires_at, now);
    }

    fn remove(&mut self, key: &K) -> Option<(V, Timestamp)> {
        let (value, expires_at) = self.rows.remove(key)?;
        self.by_expiry.remove(&(expires_at, key.clone()));
        Some((value, expires_at))
    }

    fn remove_first(&mut self) {
        if let Some((_, key)) = self.by_expiry.pop_first() {
            self.rows.remove(&key);
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        for _ in 0..SWEEP {
            if self.by_expiry.first().is_none_or(|(at, _)| *at > now) {
                return;
            }
            self.remove_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_row_is_gone_at_its_expiry() {
        let mut table = Table::bounded(10);
        assert!(table.put(1, 'a', at(10), at(0)));
        assert!(table.get_mut(&1, at(9)).is_some());
        assert!(table.get_mut(&1, at(10)).is_none());
        assert!(table.take(&1, at(10)).is_none());
        assert!(table.by_expiry.is_empty());
    }

    #[test]
    fn expired_rows_are_swept_as_new_ones_come() {
        let mut table = Table::bounded(1000);
        for key in 0..1000 {
            assert!(table.put(key, (), at(10), at(0)));
        }
        for key in 1000..1020 {
            assert!(table.put(key, (), at(99), at(10)));
        }
        assert_eq!((table.rows.len(), table.by_expiry.len()), (20, 20));
    }

    #[test]
    fn a_full_table_refuses_or_drops_what_would_go_first() {
        let mut table = Table::bounded(2);
        assert!(table.put(1, 'a', at(30), at(0)));
        assert!(table.put(2, 'b', at(20), at(0)));
        assert!(!table.put(3, 'c', at(90), at(0)));
        assert!(table.put(2, 'B', at(25), at(0)), "an old key needs no room");
        table.push(3, 'c', at(90), at(0));
        assert!(table.get_mut(&2, at(0)).is_none());
        assert_eq!(table.get_mut(&1, at(0)), Some(&mut 'a'));
        assert_eq!((table.rows.len(), table.by_expiry.len()), (2, 2));
    }
}
