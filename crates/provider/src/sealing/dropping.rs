use std::fmt;
use std::time::Duration;

use sekisho_model::{KeyId, KeyRing, Timestamp};
use sekisho_store::{KeyHolder, SealedPlace, Store};

use crate::Failure;

/// How long what was sealed may be on its way into the database, with some room for clocks that differ.
const ON_ITS_WAY: Duration = Duration::from_secs(15);
/// Values of one look.
const PAGE: u32 = 500;

/// A key that nobody needs any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Droppable {
    /// Values under it that do not open, and are lost already.
    pub unopened: u64,
}

/// Why a key cannot be dropped yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undroppable {
    /// The ring has no such key.
    Unknown,
    /// It is the one that seals.
    Seals,
    /// Some process still seals with it, or lacks the key that is to seal: where.
    Nodes(Vec<String>),
    /// What was sealed with it may still be on its way; ask again after this long.
    OnItsWay(Duration),
    /// So many values lie under it, by place.
    Lies(Vec<(SealedPlace, u64)>),
}

impl fmt::Display for Undroppable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("the key file has no such key"),
            Self::Seals => f.write_str("it is the key that seals; rotate first"),
            Self::Nodes(nodes) => write!(
                f,
                "these do not seal with the newer key yet: {}",
                nodes.join(", ")
            ),
            Self::OnItsWay(wait) => write!(
                f,
                "what was sealed with it may still be on its way; try again in {} s",
                wait.as_secs().saturating_add(1)
            ),
            Self::Lies(places) => {
                let places = places
                    .iter()
                    .map(|(place, number)| format!("{number} {}", place.name()));
                let places: Vec<String> = places.collect();
                write!(f, "under it still lie {}", places.join(", "))
            }
        }
    }
}

/// Whether `id` may be taken out of the ring without losing anything, given who else runs (PW-16).
pub async fn may_drop(
    id: &KeyId,
    keyring: &KeyRing,
    store: &Store,
    others: &[KeyHolder],
    now: Timestamp,
) -> Result<Result<Droppable, Undroppable>, Failure> {
    let wanted = keyring.wanted();
    if !keyring.key_ids().contains(id) {
        return Ok(Err(Undroppable::Unknown));
    }
    if wanted == *id {
        return Ok(Err(Undroppable::Seals));
    }
    if let Err(refusal) = all_have_moved_on(others, &wanted, now) {
        return Ok(Err(refusal));
    }
    let (mut lies, mut unopened) = (Vec::new(), 0);
    for place in SealedPlace::ALL {
        let key = id.clone();
        let number = store
            .read(move |tx| tx.count_sealed_under(place, &key))
            .await?;
        if number == 0 {
            continue;
        }
        if any_opens(place, id, keyring, store).await? {
            lies.push((place, number));
        } else {
            unopened += number;
        }
    }
    Ok(if lies.is_empty() {
        Ok(Droppable { unopened })
    } else {
        Err(Undroppable::Lies(lies))
    })
}

fn all_have_moved_on(
    holders: &[KeyHolder],
    wanted: &KeyId,
    now: Timestamp,
) -> Result<(), Undroppable> {
    let behind: Vec<String> = holders
        .iter()
        .filter(|holder| holder.current != *wanted)
        .map(|holder| holder.address.clone())
        .collect();
    if !behind.is_empty() {
        return Err(Undroppable::Nodes(behind));
    }
    let latest = holders.iter().map(|holder| holder.since).max();
    let settled = latest.map_or(ON_ITS_WAY, |latest| now.since(latest));
    match ON_ITS_WAY.checked_sub(settled) {
        None | Some(Duration::ZERO) => Ok(()),
        Some(wait) => Err(Undroppable::OnItsWay(wait)),
    }
}

async fn any_opens(
    place: SealedPlace,
    id: &KeyId,
    keyring: &KeyRing,
    store: &Store,
) -> Result<bool, Failure> {
    let mut after = String::new();
    loop {
        let (key, from) = (id.clone(), after.clone());
        let page = store
            .read(move |tx| tx.sealed_under(place, &key, &from, PAGE))
            .await?;
        let opens = page.iter().any(|value| {
            let opened = keyring.open(place.purpose(), &value.owner, &value.sealed);
            opened.map(zeroize::Zeroizing::new).is_ok()
        });
        match page.last() {
            _ if opens => return Ok(true),
            Some(last) => after.clone_from(&last.owner),
            None => return Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);

    fn node(address: &str, current: &str, seconds_ago: u64) -> KeyHolder {
        KeyHolder {
            node: address.to_owned(),
            address: address.to_owned(),
            keys: vec![KeyId::new("a"), KeyId::new("b")],
            current: KeyId::new(current),
            since: NOW - Duration::from_secs(seconds_ago),
            seen_at: NOW,
            moved: 0,
            moving_since: None,
        }
    }

    #[test]
    fn pw_16_a_key_stays_while_a_node_seals_with_it_or_did_just_now() {
        let asked = |holders: &[KeyHolder]| all_have_moved_on(holders, &KeyId::new("b"), NOW);
        assert_eq!(asked(&[]), Ok(()));
        assert_eq!(asked(&[node("one", "b", 60), node("two", "b", 15)]), Ok(()));
        let behind = asked(&[node("one", "b", 60), node("two", "a", 60)]);
        assert_eq!(behind, Err(Undroppable::Nodes(vec!["two".to_owned()])));
        let young = asked(&[node("one", "b", 5), node("two", "b", 60)]);
        assert_eq!(young, Err(Undroppable::OnItsWay(Duration::from_secs(10))));
        let ahead = NOW + Duration::from_secs(30);
        let clock = KeyHolder {
            since: ahead,
            ..node("three", "b", 0)
        };
        assert_eq!(asked(&[clock]), Err(Undroppable::OnItsWay(ON_ITS_WAY)));
    }
}
