use chrono::{DateTime, SecondsFormat};
use sekisho_model::{
    AlertSetting, EmailAddress, EventKind, Origin, Outcome, Timestamp, UserId, UserState,
};
use sekisho_store::{Account, SealedAddress};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::detection::{LONGEST_REASON, Reading};
use crate::{Failure, Provider};

/// Whether password hashes leave with the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hashes {
    /// They stay.
    Stay,
    /// They leave, without their seal: whoever reads the file can try guesses.
    Leave,
}

/// What a file of accounts does not hold of them: numbers of accounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Losses {
    /// Left out: their address was released, and nobody can act as them (REC-15).
    pub without_address: u64,
    /// Left out: what lies sealed of them does not open, or cannot be read.
    pub unreadable: u64,
    /// Could be signed in to from chosen networks only; where they move in, from everywhere.
    pub networks: u64,
    /// Had a passkey or an authenticator app, which stays.
    pub second_factors: u64,
    /// Had recovery codes, which stay.
    pub recovery_codes: u64,
}

impl std::ops::AddAssign for Losses {
    fn add_assign(&mut self, other: Self) {
        self.without_address += other.without_address;
        self.unreadable += other.unreadable;
        self.networks += other.networks;
        self.second_factors += other.second_factors;
        self.recovery_codes += other.recovery_codes;
    }
}

/// Some of the accounts that leave.
#[derive(Debug)]
pub struct DeparturePage {
    /// In the form import takes.
    pub lines: Vec<Value>,
    /// What does not leave with them.
    pub losses: Losses,
    /// Accounts that cannot be read.
    pub unreadable: Vec<UserId>,
    /// After which to go on; nothing after the last page.
    pub last: Option<UserId>,
}

impl Provider {
    /// Records that accounts are about to be written to a file.
    pub async fn begin_export(&self, reading: Reading<'_>, hashes: Hashes) -> Result<(), Failure> {
        let mut event = self.event(
            EventKind::UsersExported,
            Outcome::Passed,
            &Origin::default(),
        );
        event.detail = json!({ "hashes": hashes == Hashes::Leave });
        if let Some(why) = reading.beyond {
            let why: String = why.chars().take(LONGEST_REASON).collect();
            if let Some(members) = event.detail.as_object_mut() {
                members.insert("beyond".to_owned(), why.into());
            }
        }
        Ok(self.store.write(move |tx| tx.record(&event)).await?)
    }

    /// A page of accounts. One that cannot be read is told and left out: the others are not held up by it.
    pub async fn export_page(
        &self,
        reading: Reading<'_>,
        (after, limit): (Option<UserId>, u32),
        hashes: Hashes,
    ) -> Result<DeparturePage, Failure> {
        let (accounts, (ids, last), counted) = self
            .store
            .read(move |tx| {
                let users = tx.list_users(after, limit)?;
                let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
                let last = ids.last().copied();
                let accounts = users
                    .into_iter()
                    .map(|user| tx.account(user.id))
                    .collect::<Result<Vec<_>, _>>()?;
                let factors = tx.count_with_factors(&ids)?;
                let codes = tx.count_with_recovery_codes(&ids)?;
                Ok((accounts, (ids, last), (factors, codes)))
            })
            .await?;
        self.count_reading(reading, &ids).await?;
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let (mut lines, mut unreadable) = (Vec::new(), Vec::new());
        let mut losses = Losses {
            second_factors: number(counted.0),
            recovery_codes: number(counted.1),
            ..Losses::default()
        };
        for account in accounts.iter().flatten() {
            if account.login_address.is_none() {
                losses.without_address += 1;
                continue;
            }
            match self.line_of(account, hashes) {
                Ok(line) => lines.push(line),
                Err(Failure::Sealed(_) | Failure::Corrupt(_)) => unreadable.push(account.user.id),
                Err(failure) => return Err(failure),
            }
            losses.networks += u64::from(account.networks.is_some());
        }
        losses.unreadable = number(unreadable.len());
        Ok(DeparturePage {
            lines,
            losses,
            unreadable,
            last,
        })
    }

    fn line_of(&self, account: &Account, hashes: Hashes) -> Result<Value, Failure> {
        let open = self.open_account(account)?;
        let user = &open.user;
        let mut claims = open.claims.clone();
        claims.remove("email");
        claims.remove("email_verified");
        let verified =
            |address: Option<&SealedAddress>| address.is_some_and(|one| one.verified_at.is_some());
        let mut line = Map::new();
        let mut put = |name: &str, value: Value| line.insert(name.to_owned(), value);
        put("email", text(&open.login_address));
        put(
            "email_verified",
            verified(account.login_address.as_ref()).into(),
        );
        if let Some(code) = &open.code_address {
            put("code_address", text(code));
            put("code_address_verified", true.into());
        }
        put("subject", user.subject.as_str().into());
        put(
            "state",
            match user.state {
                UserState::Active => "active".into(),
                UserState::Disabled => "disabled".into(),
            },
        );
        if let Some(chosen) = user.chosen_locale() {
            put("locale", chosen.tag().into());
        }
        put("zone", user.zone.as_str().into());
        put("second_step", user.second_step.into());
        put(
            "alert",
            match user.alert {
                AlertSetting::Every => "every".into(),
                AlertSetting::NewDevice => "new_device".into(),
                AlertSetting::Off => "off".into(),
            },
        );
        put("created_at", moment(user.created_at));
        if !user.cohort_tag.is_empty() {
            put("cohort_tag", user.cohort_tag.as_str().into());
        }
        if let Some(leaves) = user.leaves_at {
            put("leaves_at", moment(leaves));
        }
        put("claims", Value::Object(claims));
        if let Some(record) = &account.password {
            put("password_changed_at", moment(record.changed_at));
            // The mark of this account, or of anybody it belongs to (PW-30): marks themselves do not move.
            put(
                "must_change_password",
                self.must_change_password(account).into(),
            );
            if hashes == Hashes::Leave {
                let text = self.passwords.unsealed(user.id, record)?;
                put("password_record", text.as_str().into());
            }
        }
        Ok(Value::Object(line))
    }
}

fn text(address: &EmailAddress) -> Value {
    address.to_string().into()
}

/// A moment as files tell it (RFC 3339, UTC).
pub(crate) fn moment(at: Timestamp) -> Value {
    let utc = DateTime::from_timestamp_micros(at.micros()).unwrap_or_default();
    utc.to_rfc3339_opts(SecondsFormat::AutoSi, true).into()
}
