//! Canary accounts: nobody owns them, so whoever knows their names holds stolen data (INC-10).
//!
//! They are accounts like any other, and nothing on the way of a request looks whether it is about one: the
//! watch finds it afterwards, in the events. Which accounts they are is sealed under a key that lies outside
//! the database, so that a thief cannot sort them out.

use std::collections::HashMap;
use std::time::Duration;

use sekisho_model::{
    Digest, EmailAddress, Event, EventKind, KeyRing, Outcome, Purpose, Sealed, Timestamp, UserId,
};
use sekisho_store::{CanaryRow, Once, StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::accounts::AccountRefusal;
use crate::{Failure, Provider};

/// The longest label.
const LONGEST: usize = 200;
/// Touches of one canary in one way from one source are told once in this time.
const QUIET: Duration = Duration::from_mins(10);

/// A canary, as operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownCanary {
    /// What it is called by.
    pub id: String,
    /// The snapshot it belongs to.
    pub label: String,
    /// Its address.
    pub address: String,
    /// When it was made.
    #[serde(skip)]
    pub made_at: Timestamp,
}

/// Why a canary cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CanaryRefusal {
    /// The label is missing, too long, or holds control characters.
    #[error("a label has 1 to 200 letters")]
    Label,
    /// The account cannot be made.
    #[error(transparent)]
    Account(#[from] AccountRefusal),
}

/// What is sealed of one.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    user: String,
    address: String,
    label: String,
    made_at: Timestamp,
}

/// The canaries a node knows.
#[derive(Debug, Default)]
pub(super) struct KnownCanaries {
    marks: Vec<Digest>,
    by_user: HashMap<UserId, Kept>,
    /// Blind indexes of their addresses.
    by_address: Vec<(Digest, Kept)>,
}

/// A canary that an event is about.
#[derive(Debug)]
pub(super) struct Touched {
    kept: Kept,
    how: &'static str,
    /// Who was shown its data, if that is how.
    reader: Option<String>,
}

impl KnownCanaries {
    /// The canaries that an event is about: one that somebody tried, or those among rows that were handed out.
    pub(super) fn touched_by(&self, provider: &Provider, event: &Event) -> Vec<Touched> {
        if self.marks.is_empty() || event.kind == EventKind::CanaryTouched {
            return Vec::new();
        }
        if event.kind == EventKind::BulkRead {
            return self.among_rows(event);
        }
        let of_user = event.user_id.and_then(|user| self.by_user.get(&user));
        let of_name = || {
            let name = event.detail.get("name")?.as_str()?;
            let mut all = self.by_address.iter();
            let found = all.find(|(index, _)| provider.name_mark(index, event.at) == name);
            found.map(|(_, kept)| kept)
        };
        let touched = of_user.or_else(of_name).map(|kept| Touched {
            kept: kept.clone(),
            how: how(event),
            reader: None,
        });
        touched.into_iter().collect()
    }

    fn among_rows(&self, event: &Event) -> Vec<Touched> {
        let text = |name: &str| event.detail.get(name).and_then(Value::as_str);
        let how = match text("what") {
            Some("export") => "exported",
            Some("userinfo" | "introspection") => "read by an app",
            _ => "shown to an operator",
        };
        let app = event.client_id.as_ref().map(|app| format!("app {app}"));
        let reader = text("reader").map(str::to_owned).or(app);
        let rows = event.detail.get("rows").and_then(Value::as_array);
        let users = rows.into_iter().flatten().filter_map(Value::as_str);
        let users = users.filter_map(|user| self.by_user.get(&UserId::parse(user)?));
        let touched = |kept: &Kept| Touched {
            kept: kept.clone(),
            how,
            reader: reader.clone(),
        };
        users.map(touched).collect()
    }
}

/// What somebody did with it. A right password means that the hashes, and the keys they lie under, are known.
fn how(event: &Event) -> &'static str {
    match (event.kind, event.outcome) {
        (EventKind::SignIn, Outcome::WrongPassword | Outcome::Blocked) => "wrong password",
        (EventKind::SignIn | EventKind::CodeAsked | EventKind::CodeTried, _) => "right password",
        (EventKind::ResetAsked, _) => "reset asked",
        (EventKind::AddressProof, _) => "registration",
        _ => event.kind.name(),
    }
}

impl Provider {
    /// Makes a canary account: a password that nobody is told and that whoever cracks its hash finds, and an
    /// address whose mail reaches the operators. In the database it is as old as others.
    pub async fn add_canary(
        &self,
        address: EmailAddress,
        label: &str,
    ) -> Result<Result<String, CanaryRefusal>, Failure> {
        let label = label.trim();
        let bad = label.is_empty() || label.chars().count() > LONGEST;
        if bad || label.chars().any(char::is_control) {
            return Ok(Err(CanaryRefusal::Label));
        }
        let now = self.now();
        let back = u32::from_be_bytes(self.entropy.bytes::<4>()) % (700 * 86_400);
        let since = now - Duration::from_secs(u64::from(back));
        let mut user = self.new_user(UserId::new(since, &*self.entropy), None);
        (user.created_at, user.password_at) = (since, Some(since));
        let id = user.id;
        let password = self.canary_password();
        let mut record = self.passwords.record(id, &password).await?;
        record.changed_at = since;
        let rows = self.account_rows(user, record, (&address, &address), &serde_json::Map::new());
        let kept = Kept {
            user: id.to_string(),
            address: address.to_string(),
            label: label.to_owned(),
            made_at: now,
        };
        let mark = self.canary_mark(id);
        let row = self.sealed_canary(mark, &kept)?;
        // No account is named: the record of events is stolen with the rest.
        let mut event = self.event_of_server(EventKind::CanaryChanged);
        event.detail = serde_json::json!({ "step": "made", "label": label });
        let write = move |tx: &mut Tx<'_>| {
            rows.write(tx, since)?;
            tx.add_canary(&row)?;
            tx.record(&event)
        };
        match self.store.write(write).await {
            Ok(()) => Ok(Ok(shown_id(&mark))),
            Err(StoreError::Conflict) => Ok(Err(AccountRefusal::AddressTaken.into())),
            Err(error) => Err(error.into()),
        }
    }

    /// Every canary.
    pub async fn canaries(&self) -> Result<Vec<ShownCanary>, Failure> {
        let rows = self.canary_rows().await?;
        let shown = |row: &CanaryRow| {
            let kept = self.open_canary(row)?;
            Ok(ShownCanary {
                id: shown_id(&row.mark),
                label: kept.label,
                address: kept.address,
                made_at: kept.made_at,
            })
        };
        let mut all = rows
            .iter()
            .map(shown)
            .collect::<Result<Vec<_>, Failure>>()?;
        all.sort_by_key(|one| one.made_at);
        Ok(all)
    }

    async fn canary_rows(&self) -> Result<Vec<CanaryRow>, Failure> {
        let read = |tx: &mut Tx<'_>| tx.canaries();
        Ok(self.store.read(read).await?)
    }

    async fn canary_marks(&self) -> Result<Vec<Digest>, Failure> {
        let read = |tx: &mut Tx<'_>| tx.canary_marks();
        Ok(self.store.read(read).await?)
    }

    /// Takes a canary away, its account with it. `false` if there is none of this id.
    pub async fn remove_canary(&self, id: &str) -> Result<bool, Failure> {
        let rows = self.canary_rows().await?;
        let Some(row) = rows.into_iter().find(|row| shown_id(&row.mark) == id) else {
            return Ok(false);
        };
        let (kept, now) = (self.open_canary(&row)?, self.now());
        let user = UserId::parse(&kept.user).ok_or(Failure::Corrupt("canary"))?;
        let mut event = self.event_of_server(EventKind::CanaryChanged);
        event.detail = serde_json::json!({ "step": "removed", "label": kept.label });
        let removed = self
            .store
            .write(move |tx| {
                let once = tx.remove_canary(&row.mark)?;
                if once == Once::First {
                    let _stays = tx.stop_deletion(user)?;
                    let _asked = tx.ask_deletion(user, now, now)?;
                    let _erased = tx.erase_user(user, now)?;
                    tx.record(&event)?;
                }
                Ok(once == Once::First)
            })
            .await?;
        Ok(removed)
    }

    /// Mail came to an address: a mailbox filter says so. `false` if it is no canary's.
    pub async fn canary_mailed(&self, address: &EmailAddress) -> Result<bool, Failure> {
        let mut known = KnownCanaries::default();
        self.learn_canaries(&mut known).await?;
        let index = self.address_index(address);
        let found = known.by_address.into_iter().find(|(of, _)| *of == index);
        let Some((_, kept)) = found else {
            return Ok(false);
        };
        let event = self.event_of_server(EventKind::CanaryTouched);
        let touched = Touched {
            kept,
            how: "mail",
            reader: None,
        };
        self.canary_touched(&touched, &event).await?;
        Ok(true)
    }

    pub(super) async fn learn_canaries(&self, known: &mut KnownCanaries) -> Result<(), Failure> {
        let marks = self.canary_marks().await?;
        if marks == known.marks {
            return Ok(());
        }
        let mut fresh = KnownCanaries::default();
        for row in self.canary_rows().await? {
            let kept = self.open_canary(&row)?;
            let address = EmailAddress::parse(&kept.address);
            let address = address.map_err(|_unreadable| Failure::Corrupt("canary"))?;
            let index = self.address_index(&address);
            fresh.by_address.push((index, kept.clone()));
            let user = UserId::parse(&kept.user).ok_or(Failure::Corrupt("canary"))?;
            fresh.by_user.insert(user, kept);
        }
        fresh.marks = marks;
        *known = fresh;
        Ok(())
    }

    /// Tells a touch, once for all that are alike in a while. It is told in the transaction that remembers it.
    pub(super) async fn canary_touched(
        &self,
        touched: &Touched,
        cause: &Event,
    ) -> Result<(), Failure> {
        let Touched { kept, how, reader } = touched;
        let (how, by) = (*how, reader.as_deref().unwrap_or_default());
        let parts = ["touch", &*kept.user, how, &*cause.origin.ip, by].map(str::as_bytes);
        let claim = Digest::keyed(self.canary_key().as_bytes(), &parts);
        let quiet = (cause.at, cause.at + QUIET);
        let mut event = self.event(EventKind::CanaryTouched, Outcome::Passed, &cause.origin);
        let user = UserId::parse(&kept.user).ok_or(Failure::Corrupt("canary"))?;
        event.detail = serde_json::json!({
            "canary": shown_id(&self.canary_mark(user)), "label": kept.label, "how": how,
            "password_known": how == "right password", "cause": cause.id.to_string(),
        });
        if let (Some(reader), Some(members)) = (reader, event.detail.as_object_mut()) {
            members.insert("reader".to_owned(), reader.as_str().into());
        }
        event.client_id.clone_from(&cause.client_id);
        let tell = move |tx: &mut Tx<'_>| {
            let once = tx.claim_touch(&claim, quiet)?;
            if once == Once::First {
                tx.record(&event)?;
            }
            Ok(once)
        };
        if self.store.write(tell).await? == Once::First {
            tracing::error!(
                label = kept.label,
                how,
                "a canary account was touched: data was stolen"
            );
            metrics::counter!("sekisho_canaries_touched_total").increment(1);
        }
        Ok(())
    }

    /// Found within hours by whoever has the hash, and by nobody who may only try at the door.
    fn canary_password(&self) -> Zeroizing<String> {
        const SYLLABLES: [&str; 32] = [
            "ka", "ki", "ko", "sa", "shi", "su", "ta", "chi", "to", "na", "ni", "no", "ha", "hi",
            "fu", "ma", "mi", "mo", "ya", "yu", "yo", "ra", "ri", "ru", "ro", "wa", "ga", "go",
            "za", "da", "ba", "bo",
        ];
        let bytes = self.entropy.bytes::<8>();
        let mut word = Zeroizing::new(String::new());
        for byte in bytes.iter().take(5) {
            let place = usize::from(*byte) % SYLLABLES.len();
            word.push_str(SYLLABLES.get(place).copied().unwrap_or("no"));
        }
        let number = bytes
            .iter()
            .skip(5)
            .fold(0_u32, |sum, b| sum * 256 + u32::from(*b));
        word.push_str(&(number % 1_000).to_string());
        word
    }

    fn canary_key(&self) -> Digest {
        self.keyring.mac_key(Purpose::Canary)
    }

    fn canary_mark(&self, user: UserId) -> Digest {
        let user = user.to_string();
        Digest::keyed(self.canary_key().as_bytes(), &[b"mark", user.as_bytes()])
    }

    fn sealed_canary(&self, mark: Digest, kept: &Kept) -> Result<CanaryRow, Failure> {
        let plain = serde_json::to_vec(kept).map_err(|_unwritable| Failure::Corrupt("canary"))?;
        let key = Digest::keyed(self.canary_key().as_bytes(), &[b"seal"]);
        let owner = mark.to_base64url();
        let sealed = KeyRing::seal_under(key.as_bytes(), &owner, &plain, &*self.entropy);
        Ok(CanaryRow { mark, sealed })
    }

    fn open_canary(&self, row: &CanaryRow) -> Result<Kept, Failure> {
        let key = Digest::keyed(self.canary_key().as_bytes(), &[b"seal"]);
        let owner = row.mark.to_base64url();
        let sealed: &Sealed = &row.sealed;
        let plain = KeyRing::open_under(key.as_bytes(), &owner, sealed)?;
        serde_json::from_slice(&plain).map_err(|_unreadable| Failure::Corrupt("canary"))
    }
}

fn shown_id(mark: &Digest) -> String {
    mark.to_base64url()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(10)
        .collect()
}
