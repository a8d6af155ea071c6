//! What events carry so that rules can tell names and sprayed passwords apart, without holding either.

use std::sync::Mutex;
use std::time::Duration;

use sekisho_model::{Digest, Purpose, Timestamp};

use super::lock;
use crate::Provider;

/// How long a mark of a name stays the same.
const DAY: i64 = 86_400;
/// How long one key marks passwords.
const HOUR: i64 = 3_600;

/// The key of the present hour, which marks wrong passwords: made of what the nodes agree on in the session store
/// and of a key of this server, so that a copy of that store verifies no guess. Kept in memory, forgotten after
/// an hour.
#[derive(Debug, Default)]
pub(crate) struct SprayKey(Mutex<Option<(i64, Digest)>>);

impl Provider {
    /// A typed name in events: of no use without the key of this server, and another one each day.
    pub(crate) fn name_mark(&self, index: &Digest, at: Timestamp) -> String {
        let day = at.seconds().div_euclid(DAY).to_be_bytes();
        let key = self.keyring.mac_key(Purpose::Throttle);
        let mark = Digest::keyed(key.as_bytes(), &[b"name", &day, index.as_bytes()]);
        mark.to_base64url().chars().take(16).collect()
    }

    /// At how many accounts this same wrong password was tried within the hour. Only a number leaves: the
    /// password is marked under a key that nobody keeps. Nothing, if the session store is away.
    pub(crate) async fn same_password(&self, password: &str, index: &Digest) -> Option<u32> {
        let now = self.now();
        let key = self.spray_key(now).await?;
        let what = Digest::keyed(key.as_bytes(), &[b"password", password.as_bytes()]);
        let place = Digest::keyed(key.as_bytes(), &[b"account", index.as_bytes()]);
        let window = Duration::from_hours(1);
        let spread = self.session.spread(&what, &place, window, now).await;
        spread.ok().filter(|accounts| *accounts > 1)
    }

    async fn spray_key(&self, now: Timestamp) -> Option<Digest> {
        let hour = now.seconds().div_euclid(HOUR);
        if let Some((of, key)) = *lock(&self.watch.spray_key.0)
            && of == hour
        {
            return Some(key);
        }
        let candidate = Digest::of(&self.entropy.bytes::<32>());
        let name = format!("spray-{hour}");
        let life = Duration::from_hours(2);
        let agreed = self.session.agree(&name, &candidate, life, now).await;
        // What nodes agree on lies beside the marks: alone it would let a thief try passwords as fast as a hash.
        let own = self.keyring.mac_key(Purpose::Throttle);
        let key = Digest::keyed(own.as_bytes(), &[b"spray", agreed.ok()?.as_bytes()]);
        *lock(&self.watch.spray_key.0) = Some((hour, key));
        Some(key)
    }
}
