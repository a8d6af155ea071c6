//! What lies sealed under which key-encryption key, and its move to another one (PW-16).

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};
use sekisho_model::{KeyId, Purpose, Sealed};

use crate::{DatabaseKind, Once, StoreError, Topic, Tx};

/// A column whose values are sealed with the key ring. Whatever seals with it needs a place here, or
/// its values are lost when the key they lie under is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SealedPlace {
    /// Password records.
    Passwords,
    /// The data keys of users, under which their addresses and claims lie.
    UserData,
    /// Private signing keys.
    SigningKeys,
    /// Client secrets that must be known in the clear.
    ClientSecrets,
    /// Letters that were not sent yet, or given up.
    Letters,
    /// Addresses that invitations are bound to.
    Invitations,
}

/// A sealed value and the row it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedValue {
    /// The key of the row, which is also whom the value is sealed for.
    pub owner: String,
    /// The value.
    pub sealed: Sealed,
}

/// Where a place is.
struct Column {
    table: &'static str,
    owner: &'static str,
    sealed: &'static str,
    /// Which rows can have a value; lets small indexes find them.
    rows: &'static str,
    /// The column, if any, that names the key as well.
    also: &'static str,
}

/// Sooner or later a database that somebody tampered with names more keys than there can be.
const MOST_KEYS: usize = 1000;

const fn column(table: &'static str, owner: &'static str, sealed: &'static str) -> Column {
    Column {
        table,
        owner,
        sealed,
        rows: "1 = 1",
        also: "",
    }
}

impl SealedPlace {
    /// Every place, what sign-ins need most first.
    pub const ALL: [Self; 6] = [
        Self::Passwords,
        Self::UserData,
        Self::SigningKeys,
        Self::ClientSecrets,
        Self::Letters,
        Self::Invitations,
    ];

    /// What operators call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passwords => "passwords",
            Self::UserData => "user data",
            Self::SigningKeys => "signing keys",
            Self::ClientSecrets => "client secrets",
            Self::Letters => "letters",
            Self::Invitations => "invitations",
        }
    }

    /// What its values are sealed for.
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::Passwords => Purpose::Password,
            Self::UserData => Purpose::UserData,
            Self::SigningKeys => Purpose::SigningKey,
            Self::ClientSecrets => Purpose::ClientSecret,
            Self::Letters => Purpose::Letter,
            Self::Invitations => Purpose::Invitation,
        }
    }

    /// The table and the column.
    pub const fn table_and_column(self) -> (&'static str, &'static str) {
        let column = self.column();
        (column.table, column.sealed)
    }

    const fn column(self) -> Column {
        match self {
            Self::Passwords => Column {
                also: "key_id",
                ..column("passwords", "user_id", "sealed")
            },
            Self::UserData => column("users", "id", "data_key"),
            Self::SigningKeys => column("signing_keys", "kid", "private_key"),
            Self::ClientSecrets => column("client_secrets", "client_id", "sealed"),
            Self::Letters => Column {
                rows: "state <> 'sent'",
                ..column("outbox", "id", "sealed")
            },
            Self::Invitations => Column {
                rows: "address IS NOT NULL",
                ..column("invitations", "id", "address")
            },
        }
    }
}

/// The first bytes of a value, as the indexes of the migration spell them.
fn first_bytes(kind: DatabaseKind, column: &str) -> String {
    match kind {
        DatabaseKind::Sqlite => {
            format!("substr({column}, 1, 2 + unicode(CAST(substr({column}, 2, 1) AS TEXT)))")
        }
        DatabaseKind::Postgres => format!(
            "(CASE WHEN length({column}) > 1 THEN substring({column} FROM 1 FOR 2 + get_byte({column}, 1)) END)"
        ),
    }
}

#[derive(QueryableByName)]
struct First {
    #[diesel(sql_type = Binary)]
    first: Vec<u8>,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct ValueRow {
    #[diesel(sql_type = Text)]
    owner: String,
    #[diesel(sql_type = Binary)]
    value: Vec<u8>,
}

impl Tx<'_> {
    /// Under which keys values of `place` lie: one step in the index for each key.
    pub fn keys_in_use(&mut self, place: SealedPlace) -> Result<Vec<KeyId>, StoreError> {
        let Column {
            table,
            sealed,
            rows,
            ..
        } = place.column();
        let first = first_bytes(self.kind(), sealed);
        let mut keys = Vec::new();
        let mut last = Vec::new();
        while keys.len() < MOST_KEYS {
            let next = diesel::sql_query(format!(
                "SELECT {first} AS first FROM {table} WHERE {first} > $1 AND {rows} ORDER BY {first} LIMIT 1"
            ))
            .bind::<Binary, _>(&last)
            .get_result::<First>(self.conn)
            .optional()?;
            let Some(next) = next else { break };
            keys.extend(Sealed::from_bytes(next.first.clone()).key_id());
            last = next.first;
        }
        keys.retain(|key| !key.as_str().is_empty());
        Ok(keys)
    }

    /// How many values of `place` lie under `key`.
    pub fn count_sealed_under(
        &mut self,
        place: SealedPlace,
        key: &KeyId,
    ) -> Result<u64, StoreError> {
        let Column {
            table,
            sealed,
            rows,
            ..
        } = place.column();
        let first = first_bytes(self.kind(), sealed);
        let counted = diesel::sql_query(format!(
            "SELECT count(*) AS number FROM {table} WHERE {first} = $1 AND {rows}"
        ))
        .bind::<Binary, _>(Sealed::prefix_of(key))
        .get_result::<Number>(self.conn)?;
        Ok(u64::try_from(counted.number).unwrap_or(0))
    }

    /// Values of `place` under `key` in the order of their owners, after `after`.
    pub fn sealed_under(
        &mut self,
        place: SealedPlace,
        key: &KeyId,
        after: &str,
        limit: u32,
    ) -> Result<Vec<SealedValue>, StoreError> {
        let Column {
            table,
            owner,
            sealed,
            rows,
            ..
        } = place.column();
        let first = first_bytes(self.kind(), sealed);
        let found = diesel::sql_query(format!(
            "SELECT {owner} AS owner, {sealed} AS value FROM {table}
             WHERE {first} = $1 AND {owner} > $2 AND {rows} ORDER BY {owner} LIMIT $3"
        ))
        .bind::<Binary, _>(Sealed::prefix_of(key))
        .bind::<Text, _>(after)
        .bind::<BigInt, _>(i64::from(limit))
        .load::<ValueRow>(self.conn)?;
        let value = |row: ValueRow| SealedValue {
            owner: row.owner,
            sealed: Sealed::from_bytes(row.value),
        };
        Ok(found.into_iter().map(value).collect())
    }

    /// Puts `new` in the place of `old`; `Again` if it is no longer that one, as after a change of the
    /// password (PW-16).
    pub fn replace_sealed(
        &mut self,
        place: SealedPlace,
        old: &SealedValue,
        new: &Sealed,
    ) -> Result<Once, StoreError> {
        let Column {
            table,
            owner,
            sealed,
            also,
            ..
        } = place.column();
        // SQLite numbers parameters by where they first stand.
        let rows = if also.is_empty() {
            let text =
                format!("UPDATE {table} SET {sealed} = $1 WHERE {owner} = $2 AND {sealed} = $3");
            diesel::sql_query(text)
                .bind::<Binary, _>(new.as_bytes())
                .bind::<Text, _>(&old.owner)
                .bind::<Binary, _>(old.sealed.as_bytes())
                .execute(self.conn)?
        } else {
            let key = new.key_id().ok_or(StoreError::Corrupt("sealed value"))?;
            let text = format!(
                "UPDATE {table} SET {sealed} = $1, {also} = $2 WHERE {owner} = $3 AND {sealed} = $4"
            );
            diesel::sql_query(text)
                .bind::<Binary, _>(new.as_bytes())
                .bind::<Text, _>(key.as_str())
                .bind::<Text, _>(&old.owner)
                .bind::<Binary, _>(old.sealed.as_bytes())
                .execute(self.conn)?
        };
        if place == SealedPlace::ClientSecrets && rows > 0 {
            // Nodes keep clients with their sealed secrets in memory.
            self.bump_revision(Topic::Clients)?;
        }
        Ok(Once::of(rows))
    }
}
