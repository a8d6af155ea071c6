use chrono::{DateTime, SecondsFormat};
use sekisho_model::{
    AlertSetting, EmailAddress, EventKind, Origin, Outcome, Timestamp, UserId, UserState,
};
use sekisho_store::{Account, SealedAddress};
use serde_json::{Map, Value, json};

use crate::{Failure, Provider};

/// Whether password hashes leave with the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hashes {
    /// They stay.
    Stay,
    /// They leave, without their seal: whoever reads the file can try guesses.
    Leave,
}

impl Provider {
    /// Records that accounts are about to be written to a file.
    pub async fn begin_export(&self, hashes: Hashes) -> Result<(), Failure> {
        let mut event = self.event(
            EventKind::UsersExported,
            Outcome::Passed,
            &Origin::default(),
        );
        event.detail = json!({ "hashes": hashes == Hashes::Leave });
        Ok(self.store.write(move |tx| tx.record(&event)).await?)
    }

    /// A page of accounts in the form import takes, and the id to go on after; no id after the last page.
    pub async fn export_page(
        &self,
        after: Option<UserId>,
        limit: u32,
        hashes: Hashes,
    ) -> Result<(Vec<Value>, Option<UserId>), Failure> {
        let (accounts, (ids, last)) = self
            .store
            .read(move |tx| {
                let users = tx.list_users(after, limit)?;
                let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
                let last = ids.last().copied();
                let accounts = users
                    .into_iter()
                    .map(|user| tx.account(user.id))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok((accounts, (ids, last)))
            })
            .await?;
        self.count_export(&ids).await?;
        let lines = accounts
            .iter()
            .flatten()
            .filter(|account| account.login_address.is_some())
            .map(|account| self.line_of(account, hashes))
            .collect::<Result<_, _>>()?;
        Ok((lines, last))
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
        put("locale", user.locale.tag().into());
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
        put("claims", Value::Object(claims));
        if let Some(record) = &account.password {
            put("password_changed_at", moment(record.changed_at));
            put("must_change_password", record.must_change.into());
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
