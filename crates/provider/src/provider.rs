use std::sync::Arc;

use moka::sync::Cache;
use sekisho_audit::{Bell, MachineEvents};
use sekisho_guard::Throttle;
use sekisho_model::{
    Clock, Digest, Entropy, Event, EventId, EventKind, GrantId, KeyRing, Origin, Outcome, Purpose,
    Timestamp, UserId,
};
use sekisho_session::Session;
use sekisho_store::Store;
use tokio::sync::{Notify, Semaphore};

use crate::advisories::Bulletin;
use crate::begun_levels::Begun;
use crate::client_documents::ClientDocuments;
use crate::clients::ClientDirectory;
use crate::detection::Watch;
use crate::endpoints::sign_in::UsualTime;
use crate::endpoints::standing::{Profile, REMEMBERED_FOR, Standing};
use crate::jwt::client_keys::ClientKeys;
use crate::jwt::{AccessTokenVerifier, SigningKeys};
use crate::knowledge::Knowledge;
use crate::outbound::Outbound;
use crate::password::Passwords;
use crate::places::Atlas;
use crate::unused_clients::NotedUses;
use crate::{Failure, Settings};

/// Everything the endpoints work with. One for each process.
pub struct Provider {
    /// What the operator decided.
    pub settings: Settings,
    /// Signing keys.
    pub keys: SigningKeys,
    pub(crate) store: Store,
    pub(crate) session: Session,
    pub(crate) throttle: Throttle,
    pub(crate) passwords: Passwords,
    pub(crate) keyring: Arc<KeyRing>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) clients: ClientDirectory,
    pub(crate) noted_uses: NotedUses,
    pub(crate) client_keys: ClientKeys,
    pub(crate) outbound: Outbound,
    pub(crate) knowledge: Arc<Knowledge>,
    pub(crate) begun: Begun,
    pub(crate) watch: Watch,
    pub(crate) atlas: Atlas,
    pub(crate) bulletin: Bulletin,
    pub(crate) access_tokens: AccessTokenVerifier,
    pub(crate) standings: Cache<GrantId, Arc<Standing>>,
    pub(crate) profiles: Cache<UserId, Arc<Profile>>,
    pub(crate) revocations: Cache<Digest, (bool, Timestamp)>,
    pub(crate) machine_events: MachineEvents,
    pub(crate) code_key: Digest,
    pub(crate) address_key: Digest,
    pub(crate) nonce_key: Digest,
    pub(crate) letters_wait: Bell,
    pub(crate) sessions_ended: Arc<Notify>,
    /// Resets that are being looked up after their answer.
    pub(crate) reset_desk: Arc<Semaphore>,
    /// Hashes of new passwords, so that sign-ins always find a free thread.
    pub(crate) reset_hashes: Semaphore,
    /// What a check of a password takes of late.
    pub(crate) usual_check: UsualTime,
}

/// What a [`Provider`] is made of.
pub struct Parts {
    /// What the operator decided.
    pub settings: Settings,
    /// Durable state, migrated.
    pub store: Store,
    /// Short-lived shared state.
    pub session: Session,
    /// Throttles.
    pub throttle: Throttle,
    /// Password hashing.
    pub passwords: Passwords,
    /// Signing keys.
    pub keys: SigningKeys,
    /// Key-encryption keys.
    pub keyring: Arc<KeyRing>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Where events of machines go.
    pub machine_events: MachineEvents,
    /// Requests of our own.
    pub outbound: Outbound,
    /// Rung when a letter was put into the outbox.
    pub letters_wait: Bell,
}

/// How many access tokens' signatures are remembered, and how many grants' standings.
const REMEMBERED: u64 = 20_000;
/// How many asked resets are looked up at once; the rest wait for their turn before they are answered.
const RESETS_AT_ONCE: usize = 64;

impl Provider {
    /// Puts the parts together. Call [`Provider::hear`] before serving.
    pub fn new(parts: Parts) -> Self {
        let Parts {
            settings,
            store,
            session,
            throttle,
            passwords,
            keys,
            keyring,
            clock,
            entropy,
            machine_events,
            outbound,
            letters_wait,
        } = parts;
        let knowledge = Knowledge::new(clock.now(), settings.unblockable.clone());
        let knowledge = Arc::new(knowledge);
        let documents = settings.features.client_documents.then(|| {
            let (policy, knowledge) = (settings.registration.clone(), Arc::clone(&knowledge));
            ClientDocuments::new(outbound.clone(), Arc::clone(&clock), knowledge, policy)
        });
        Self {
            usual_check: UsualTime::default(),
            clients: ClientDirectory::new(store.clone(), documents),
            noted_uses: NotedUses::new(),
            client_keys: ClientKeys::new(),
            outbound,
            knowledge,
            begun: Begun::default(),
            watch: Watch::default(),
            atlas: Atlas::default(),
            bulletin: Bulletin::default(),
            access_tokens: AccessTokenVerifier::new(&settings.issuer, REMEMBERED),
            standings: Cache::new(REMEMBERED),
            // Opened accounts are larger and hold personal data: few, and for two seconds.
            profiles: Cache::builder()
                .max_capacity(2_000)
                .time_to_live(REMEMBERED_FOR)
                .build(),
            revocations: Cache::new(REMEMBERED),
            code_key: keyring.mac_key(Purpose::OneTimeCode),
            address_key: keyring.mac_key(Purpose::AddressIndex),
            nonce_key: keyring.mac_key(Purpose::DpopNonce),
            reset_desk: Arc::new(Semaphore::new(RESETS_AT_ONCE)),
            reset_hashes: Semaphore::new(settings.resets.hash_share.max(1)),
            settings,
            keys,
            store,
            session,
            throttle,
            passwords,
            keyring,
            clock,
            entropy,
            machine_events,
            letters_wait,
            sessions_ended: Arc::default(),
        }
    }

    /// Learns what other nodes and the command line changed. Called twice a second: a change is in
    /// force everywhere within one.
    pub async fn hear(&self) -> Result<(), Failure> {
        let news = self.knowledge.hear(&self.store, self.now()).await?;
        if news.clients {
            self.clients.forget();
        }
        if news.blocks {
            self.throttle.tell_blocks(self.blocks());
        }
        if news.keys {
            self.keys.reload().await?;
            self.access_tokens.forget();
        }
        Ok(())
    }

    /// Waits until another node, or the command line, says that something changed; then [`Self::hear`].
    pub async fn news(&self) {
        self.session.news().await;
    }

    /// Learns what was just changed here, and tells the other nodes. They hear of it within half a second
    /// also if they cannot be told.
    pub(crate) async fn spread(&self) -> Result<(), Failure> {
        self.hear().await?;
        if let Err(error) = self.session.announce().await {
            tracing::warn!(%error, "other nodes were not told of a change; they ask by themselves");
        }
        Ok(())
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// An event of the server itself, which nobody asked for.
    pub fn event_of_server(&self, kind: EventKind) -> Event {
        self.event(kind, Outcome::Passed, &Origin::default())
    }

    pub(crate) fn event(&self, kind: EventKind, outcome: Outcome, origin: &Origin) -> Event {
        let now = self.now();
        Event {
            id: EventId::new(now, &*self.entropy),
            at: now,
            kind,
            outcome,
            user_id: None,
            client_id: None,
            session_id: None,
            origin: origin.clone(),
            detail: serde_json::json!({}),
        }
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({})", self.settings.issuer)
    }
}

/// What a node can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// The database answered lately.
    pub store: bool,
    /// The session store answers.
    pub session: bool,
    /// Every kind of signing key is there.
    pub keys: bool,
}

impl Provider {
    /// Asks what this node can reach.
    pub async fn health(&self) -> Health {
        let now = self.now();
        Health {
            store: self.knowledge.may_issue(now).is_ok(),
            session: self.session.ping().await.is_ok(),
            keys: self.keys.is_complete(now),
        }
    }
}
