use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use crate::{Digest, Entropy, KeyId};

/// What a derived key is for. One key per purpose (KEY-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Sealing password records (PW-15).
    Password,
    /// Sealing the data keys of users, under which their addresses and claims lie.
    UserData,
    /// Sealing private signing keys (KEY-01).
    SigningKey,
    /// Sealing letters in the outbox (OTP-15).
    Letter,
    /// Finding a mail address without being able to read it.
    AddressIndex,
    /// Authenticating mailed codes (OTP-14).
    OneTimeCode,
    /// Tokens in forms (WEB-01).
    Csrf,
    /// Client secrets that must be known in the clear (`client_secret_jwt`).
    ClientSecret,
    /// Pairwise subjects (Core §8.1).
    PairwiseSubject,
    /// Nonces of `DPoP` proofs (DP-04).
    DpopNonce,
    /// The browser state of session management.
    BrowserState,
    /// Counter keys of throttles, so that Redis holds no address (THR-06).
    Throttle,
    /// Sealing addresses that wait to be proved by a mailed code.
    AddressProof,
    /// Sealing what is known of somebody who is making an account.
    SignUp,
    /// Sealing the addresses that invitations are bound to.
    Invitation,
    /// Successors of management tokens (REG-08).
    RegistrationToken,
    /// Telling and sealing which accounts are canaries (INC-10).
    Canary,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Password => b"sekisho/password",
            Self::UserData => b"sekisho/user-data",
            Self::SigningKey => b"sekisho/signing-key",
            Self::Letter => b"sekisho/letter",
            Self::AddressIndex => b"sekisho/address-index",
            Self::OneTimeCode => b"sekisho/one-time-code",
            Self::Csrf => b"sekisho/csrf",
            Self::ClientSecret => b"sekisho/client-secret",
            Self::PairwiseSubject => b"sekisho/pairwise-subject",
            Self::DpopNonce => b"sekisho/dpop-nonce",
            Self::BrowserState => b"sekisho/browser-state",
            Self::Throttle => b"sekisho/throttle",
            Self::AddressProof => b"sekisho/address-proof",
            Self::SignUp => b"sekisho/sign-up",
            Self::Invitation => b"sekisho/invitation",
            Self::RegistrationToken => b"sekisho/registration-token",
            Self::Canary => b"sekisho/canary",
        }
    }
}

/// Bytes sealed by a [`KeyRing`]: version, key id, nonce, ciphertext with tag.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Takes bytes read from storage; whether they open is seen when they are opened.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name of the key this was sealed under.
    pub fn key_id(&self) -> Option<KeyId> {
        let (id, _) = self.parts()?;
        Some(id)
    }

    /// What the bytes of everything sealed under `id` begin with: how a database finds them.
    pub fn prefix_of(id: &KeyId) -> Vec<u8> {
        prefix(id)
    }

    fn parts(&self) -> Option<(KeyId, &[u8])> {
        let (&version, rest) = self.0.split_first()?;
        let (&length, rest) = rest.split_first()?;
        let (id, rest) = rest.split_at_checked(usize::from(length))?;
        (version == VERSION).then_some(())?;
        Some((KeyId::new(str::from_utf8(id).ok()?), rest))
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// A sealed value could not be opened: wrong key, wrong owner, or altered bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value could not be opened")]
pub struct Unsealable;

/// Why a set of keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingRefusal {
    /// The current key is not among the keys.
    #[error("the current key {0} is not in the key file")]
    NoCurrent(KeyId),
    /// A key that anyone could guess (KEY-09).
    #[error("key {0} is not random")]
    Weak(KeyId),
    /// A key name that does not fit into a sealed value.
    #[error("key name {0:?} is empty or longer than 64 characters")]
    Name(KeyId),
    /// What was derived from the former root would be void: addresses, codes, pairwise subjects.
    #[error("the root is another one than before")]
    OtherRoot,
    /// What the key sealed before would not open any more.
    #[error("key {0} is another one than before under the same name")]
    OtherKey(KeyId),
}

const VERSION: u8 = 1;
const NONCE_LENGTH: usize = 12;

#[derive(Clone, ZeroizeOnDrop)]
struct Key([u8; 32]);

/// The keys of one moment.
#[derive(Clone)]
struct Keys {
    current: KeyId,
    wanted: KeyId,
    sealing: Key,
    all: BTreeMap<KeyId, Key>,
}

/// The key-encryption keys, held outside the database (decisions: passwords, mail addresses).
///
/// Sealing uses the current key, opening any key of the ring. Message-authentication keys derive
/// from a root that does not rotate with it, because look-ups must stay stable. The keys may change
/// while the ring is in use ([`KeyRing::adopt`]), the root may not. A new key first only opens; it
/// seals from [`KeyRing::seal_with`] on, when every node can open with it.
pub struct KeyRing {
    keys: RwLock<Arc<Keys>>,
    root: Key,
}

impl KeyRing {
    /// A ring of `keys`, sealing under `current`, deriving authentication keys from `root`.
    pub fn new(
        current: KeyId,
        keys: impl IntoIterator<Item = (KeyId, [u8; 32])>,
        root: [u8; 32],
    ) -> Result<Self, KeyRingRefusal> {
        let all: BTreeMap<KeyId, Key> = keys.into_iter().map(|(id, key)| (id, Key(key))).collect();
        let root_name = KeyId::new("root");
        for (id, key) in all.iter().chain([(&root_name, &Key(root))]) {
            if id.as_str().is_empty() || id.as_str().len() > 64 {
                return Err(KeyRingRefusal::Name(id.clone()));
            }
            if looks_guessable(&key.0) {
                return Err(KeyRingRefusal::Weak(id.clone()));
            }
        }
        let Some(sealing) = all.get(&current).cloned() else {
            return Err(KeyRingRefusal::NoCurrent(current));
        };
        Ok(Self::of(current, sealing, all, Key(root)))
    }

    /// A ring of one random key, for tests.
    pub fn ephemeral(entropy: &dyn Entropy) -> Self {
        let id = KeyId::new("ephemeral");
        let key = Key(entropy.bytes());
        let all = BTreeMap::from([(id.clone(), key.clone())]);
        Self::of(id, key, all, Key(entropy.bytes()))
    }

    fn of(current: KeyId, sealing: Key, all: BTreeMap<KeyId, Key>, root: Key) -> Self {
        let keys = Keys {
            wanted: current.clone(),
            current,
            sealing,
            all,
        };
        Self {
            keys: RwLock::new(Arc::new(keys)),
            root,
        }
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Goes on with the keys of `next` (PW-16) and says whether that changed anything. What seals stays,
    /// if it is still there. A ring that would make sealed or derived values void is refused, and this
    /// one stays as it is.
    pub fn adopt(&self, next: &Self) -> Result<bool, KeyRingRefusal> {
        if !same(&self.root, &next.root) {
            return Err(KeyRingRefusal::OtherRoot);
        }
        let (held, next) = (self.keys(), next.keys());
        for (id, key) in &next.all {
            if held.all.get(id).is_some_and(|known| !same(known, key)) {
                return Err(KeyRingRefusal::OtherKey(id.clone()));
            }
        }
        let news = held.wanted != next.wanted || !held.all.keys().eq(next.all.keys());
        if news {
            let mut keys = Keys::clone(&next);
            if keys.all.contains_key(&held.current) {
                keys.current = held.current.clone();
                keys.sealing = held.sealing.clone();
            }
            self.put(keys);
        }
        Ok(news)
    }

    /// Seals with `id` from now on; false, and nothing changes, if the ring lacks that key.
    pub fn seal_with(&self, id: &KeyId) -> bool {
        let keys = self.keys();
        let Some(key) = keys.all.get(id) else {
            return false;
        };
        let mut next = Keys::clone(&keys);
        next.current = id.clone();
        next.sealing = key.clone();
        self.put(next);
        true
    }

    fn put(&self, keys: Keys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// The key that seals now.
    pub fn current(&self) -> KeyId {
        self.keys().current.clone()
    }

    /// The key that is to seal as soon as every node holds it.
    pub fn wanted(&self) -> KeyId {
        self.keys().wanted.clone()
    }

    /// The names of the keys that open, in order.
    pub fn key_ids(&self) -> Vec<KeyId> {
        self.keys().all.keys().cloned().collect()
    }

    /// The key for message authentication codes of one purpose.
    pub fn mac_key(&self, purpose: Purpose) -> Digest {
        Digest::keyed(&self.root.0, &[purpose.label()])
    }

    /// Seals `plain` for `owner`: it opens only for the same purpose and owner (PW-15).
    pub fn seal(
        &self,
        purpose: Purpose,
        owner: &str,
        plain: &[u8],
        entropy: &dyn Entropy,
    ) -> Sealed {
        let keys = self.keys();
        let mut bytes = prefix(&keys.current);
        let key = derived(&keys.sealing.0, purpose);
        seal_into(&mut bytes, &key, owner, plain, entropy);
        Sealed(bytes)
    }

    /// Opens what [`KeyRing::seal`] made.
    pub fn open(
        &self,
        purpose: Purpose,
        owner: &str,
        sealed: &Sealed,
    ) -> Result<Vec<u8>, Unsealable> {
        let (id, rest) = sealed.parts().ok_or(Unsealable)?;
        let keys = self.keys();
        let key = keys.all.get(&id).ok_or(Unsealable)?;
        open_from(rest, &derived(&key.0, purpose), owner)
    }

    /// The same value under the current key (PW-16).
    pub fn reseal(
        &self,
        purpose: Purpose,
        owner: &str,
        sealed: &Sealed,
        entropy: &dyn Entropy,
    ) -> Result<Sealed, Unsealable> {
        let plain = Zeroizing::new(self.open(purpose, owner, sealed)?);
        Ok(self.seal(purpose, owner, &plain, entropy))
    }

    /// Seals under a user's own data key instead of a ring key; deleting that key shreds the value.
    pub fn seal_under(
        data_key: &[u8; 32],
        owner: &str,
        plain: &[u8],
        entropy: &dyn Entropy,
    ) -> Sealed {
        let mut bytes = vec![VERSION, 0];
        seal_into(&mut bytes, data_key, owner, plain, entropy);
        Sealed(bytes)
    }

    /// Opens what [`KeyRing::seal_under`] made.
    pub fn open_under(
        data_key: &[u8; 32],
        owner: &str,
        sealed: &Sealed,
    ) -> Result<Vec<u8>, Unsealable> {
        let (_, rest) = sealed.parts().ok_or(Unsealable)?;
        open_from(rest, data_key, owner)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys();
        let (current, number) = (&keys.current, keys.all.len());
        write!(f, "KeyRing(current {current}, {number} keys)")
    }
}

fn same(one: &Key, other: &Key) -> bool {
    one.0.ct_eq(&other.0).into()
}

/// What everything sealed under a key begins with; [`KeyRing::new`] bounds the name.
fn prefix(id: &KeyId) -> Vec<u8> {
    let mut bytes = vec![VERSION, u8::try_from(id.as_str().len()).unwrap_or(0)];
    bytes.extend_from_slice(id.as_str().as_bytes());
    bytes
}

fn looks_guessable(key: &[u8; 32]) -> bool {
    let distinct: std::collections::BTreeSet<u8> = key.iter().copied().collect();
    distinct.len() < 12
}

fn derived(key: &[u8; 32], purpose: Purpose) -> [u8; 32] {
    *Digest::keyed(key, &[purpose.label()]).as_bytes()
}

fn aead(key: &[u8; 32]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM_SIV, key)
        .ok()
        .map(LessSafeKey::new)
}

fn seal_into(out: &mut Vec<u8>, key: &[u8; 32], owner: &str, plain: &[u8], entropy: &dyn Entropy) {
    let nonce = entropy.bytes::<NONCE_LENGTH>();
    let mut body = plain.to_vec();
    let sealed = aead(key).and_then(|aead| {
        let nonce = Nonce::assume_unique_for_key(nonce);
        aead.seal_in_place_append_tag(nonce, Aad::from(owner.as_bytes()), &mut body)
            .ok()
    });
    if sealed.is_none() {
        // AES-GCM-SIV refuses only inputs beyond 2^36 bytes; never let plain text through.
        body.zeroize();
    }
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&body);
}

fn open_from(rest: &[u8], key: &[u8; 32], owner: &str) -> Result<Vec<u8>, Unsealable> {
    let (nonce, body) = rest.split_at_checked(NONCE_LENGTH).ok_or(Unsealable)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_unspecified| Unsealable)?;
    let mut body = body.to_vec();
    let length = aead(key)
        .ok_or(Unsealable)?
        .open_in_place(nonce, Aad::from(owner.as_bytes()), &mut body)
        .map_err(|_unspecified| Unsealable)?
        .len();
    body.truncate(length);
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;

    #[test]
    fn pw_15_a_record_opens_only_for_its_owner_and_purpose() {
        let entropy = SeededEntropy::new(1);
        let ring = KeyRing::ephemeral(&entropy);
        let sealed = ring.seal(Purpose::Password, "alice", b"record", &entropy);
        assert_eq!(
            ring.open(Purpose::Password, "alice", &sealed).unwrap(),
            b"record"
        );
        assert_eq!(
            ring.open(Purpose::Password, "bob", &sealed),
            Err(Unsealable)
        );
        assert_eq!(
            ring.open(Purpose::Letter, "alice", &sealed),
            Err(Unsealable)
        );
        assert!(!sealed.as_bytes().windows(6).any(|w| w == b"record"));
    }

    #[test]
    fn an_altered_or_cut_value_does_not_open() {
        let entropy = SeededEntropy::new(1);
        let ring = KeyRing::ephemeral(&entropy);
        let sealed = ring.seal(Purpose::Letter, "x", b"body", &entropy);
        for at in 0..sealed.as_bytes().len() {
            let mut altered = sealed.as_bytes().to_vec();
            altered[at] ^= 1;
            assert!(
                ring.open(Purpose::Letter, "x", &Sealed::from_bytes(altered))
                    .is_err()
            );
            let cut = Sealed::from_bytes(sealed.as_bytes()[..at].to_vec());
            assert!(ring.open(Purpose::Letter, "x", &cut).is_err());
        }
    }

    #[test]
    fn an_old_key_still_opens_after_rotation() {
        let entropy = SeededEntropy::new(1);
        let (old, new, root) = (Digest::of(b"1"), Digest::of(b"2"), Digest::of(b"3"));
        let (a, b) = (KeyId::new("a"), KeyId::new("b"));
        let before =
            KeyRing::new(a.clone(), [(a.clone(), *old.as_bytes())], *root.as_bytes()).unwrap();
        let sealed = before.seal(Purpose::Password, "u", b"p", &entropy);
        let keys = [(a.clone(), *old.as_bytes()), (b.clone(), *new.as_bytes())];
        let after = KeyRing::new(b, keys, *root.as_bytes()).unwrap();
        assert_eq!(after.open(Purpose::Password, "u", &sealed).unwrap(), b"p");
        assert_eq!(sealed.key_id(), Some(a));
        assert_eq!(after.mac_key(Purpose::Csrf), before.mac_key(Purpose::Csrf));
    }

    fn ring(current: &str, names: &[&str], root: &[u8]) -> KeyRing {
        let key = |name: &&str| (KeyId::new(*name), *Digest::of(name.as_bytes()).as_bytes());
        let keys = names.iter().map(key);
        KeyRing::new(KeyId::new(current), keys, *Digest::of(root).as_bytes()).unwrap()
    }

    #[test]
    fn pw_16_a_ring_in_use_takes_new_keys_and_moves_what_is_sealed() {
        let entropy = SeededEntropy::new(1);
        let held = ring("a", &["a"], b"r");
        let old = held.seal(Purpose::Password, "u", b"p", &entropy);
        assert_eq!(held.adopt(&ring("a", &["a"], b"r")), Ok(false));
        assert_eq!(held.adopt(&ring("a", &["a", "b"], b"r")), Ok(true));
        assert_eq!(held.current(), KeyId::new("a"), "known, but not in use");
        assert_eq!(held.adopt(&ring("b", &["a", "b"], b"r")), Ok(true));
        assert_eq!(
            (held.current(), held.wanted()),
            (KeyId::new("a"), KeyId::new("b"))
        );
        assert!(!held.seal_with(&KeyId::new("c")) && held.seal_with(&KeyId::new("b")));
        let new = held.reseal(Purpose::Password, "u", &old, &entropy).unwrap();
        assert_eq!(new.key_id(), Some(KeyId::new("b")));
        assert!(
            new.as_bytes()
                .starts_with(&Sealed::prefix_of(&KeyId::new("b")))
        );
        for (purpose, owner) in [(Purpose::Password, "v"), (Purpose::Letter, "u")] {
            assert!(held.reseal(purpose, owner, &old, &entropy).is_err());
        }
        held.adopt(&ring("b", &["b"], b"r")).unwrap();
        assert_eq!(held.open(Purpose::Password, "u", &new).unwrap(), b"p");
        assert!(held.open(Purpose::Password, "u", &old).is_err());
    }

    #[test]
    fn pw_16_a_ring_that_would_lose_what_is_sealed_or_derived_is_not_taken() {
        let held = ring("a", &["a"], b"r");
        let other = held.adopt(&ring("a", &["a"], b"another"));
        assert_eq!(other, Err(KeyRingRefusal::OtherRoot));
        let (a, key) = (KeyId::new("a"), *Digest::of(b"not a").as_bytes());
        let next = KeyRing::new(a.clone(), [(a.clone(), key)], *Digest::of(b"r").as_bytes());
        assert_eq!(held.adopt(&next.unwrap()), Err(KeyRingRefusal::OtherKey(a)));
    }

    #[test]
    fn key_09_a_guessable_key_is_refused() {
        let id = KeyId::new("k");
        let ring = KeyRing::new(
            id.clone(),
            [(id.clone(), [7; 32])],
            *Digest::of(b"r").as_bytes(),
        );
        assert_eq!(ring.unwrap_err(), KeyRingRefusal::Weak(id));
    }
}
