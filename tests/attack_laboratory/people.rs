use sekisho_guard::DeviceClass;
use sekisho_model::{BrowserId, ClientId, Digest, SeededEntropy, Timestamp, UserId};

/// Somebody who types a name: an owner, or an attacker who types an owner's.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    pub number: u64,
    /// `None` if there is no such account.
    pub user: Option<UserId>,
    pub device: DeviceClass,
}

fn moment(number: u64) -> (Timestamp, SeededEntropy) {
    let at = Timestamp::from_seconds(1_700_000_000);
    (at, SeededEntropy::new(number + 1))
}

impl Person {
    /// The owner of this account, at a browser the account knows.
    pub fn at_home(number: u64) -> Self {
        let (at, entropy) = moment(number);
        Self {
            number,
            user: Some(UserId::new(at, &entropy)),
            device: DeviceClass::Known(BrowserId::new(at, &entropy)),
        }
    }

    /// Somebody at a browser the account does not know.
    pub fn elsewhere(number: u64) -> Self {
        Self {
            device: DeviceClass::Unknown,
            ..Self::at_home(number)
        }
    }

    /// A name that has no account.
    pub fn nobody(number: u64) -> Self {
        Self {
            user: None,
            ..Self::elsewhere(number)
        }
    }

    /// The same owner by a mailed link: counted apart from strangers.
    pub fn let_in(&self) -> Self {
        let id = self.user.map(|user| user.to_string()).unwrap_or_default();
        let device = BrowserId::parse(&id).map_or(self.device, DeviceClass::Known);
        Self { device, ..*self }
    }

    pub fn is_elsewhere(&self) -> bool {
        self.device == DeviceClass::Unknown
    }

    /// One of ten apps.
    pub fn app(&self) -> ClientId {
        ClientId::new(format!("app-{}", self.number % 10))
    }

    /// What throttles know the typed name by.
    pub fn index(&self) -> Digest {
        Digest::of_parts(&[b"name", &self.number.to_be_bytes()])
    }

    /// Stands for the right password.
    pub const fn password(&self) -> u64 {
        self.number
    }
}

/// The attacker: a list of names and passwords, and addresses to try them from.
#[derive(Debug, Clone, Copy)]
pub struct Attacker {
    pub addresses: u64,
}

impl Attacker {
    /// The nth address: each in a network of its own.
    pub fn address(&self, n: u64) -> String {
        let n = n % self.addresses;
        format!("45.{}.{}.9", n / 250, n % 250)
    }

    /// The nth name on the list; one in three has an account here.
    pub fn name(n: u64) -> Person {
        if n.is_multiple_of(3) {
            Person::elsewhere(1_000_000 + n)
        } else {
            Person::nobody(1_000_000 + n)
        }
    }
}

/// Chance that is the same each time.
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    pub const fn new() -> Self {
        Self(42)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    pub fn percent(&mut self, of_hundred: u64) -> bool {
        self.below(100) < of_hundred
    }
}
