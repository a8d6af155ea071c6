use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::sync::Cache;
use sekisho_model::ClientId;
use sekisho_store::{RegisteredClient, Store};

use crate::Failure;
use crate::app_origins::AppOrigins;
use crate::client_documents::ClientDocuments;
use crate::rules::client_document::is_address;

/// The registered clients, kept in memory and forgotten when any client changes. What is kept carries
/// the number of changes heard of before it was read: an answer that was under way when a client was
/// stopped is never taken for a newer one (REG-19).
#[derive(Debug)]
pub(crate) struct ClientDirectory {
    store: Store,
    changes: AtomicU64,
    known: Cache<(u64, ClientId), Arc<RegisteredClient>>,
    origins: Mutex<Option<(u64, Arc<AppOrigins>)>>,
    documents: Option<ClientDocuments>,
}

/// How many clients are kept in memory.
const CAPACITY: u64 = 10_000;

impl ClientDirectory {
    /// A directory over `store`.
    pub(crate) fn new(store: Store, documents: Option<ClientDocuments>) -> Self {
        Self {
            store,
            changes: AtomicU64::new(0),
            known: Cache::new(CAPACITY),
            origins: Mutex::default(),
            documents,
        }
    }

    /// The client with this id, stopped ones included.
    pub(crate) async fn find(&self, id: &str) -> Result<Option<Arc<RegisteredClient>>, Failure> {
        if id.is_empty() || id.len() > 255 || !id.bytes().all(|b| b.is_ascii_graphic()) {
            return Ok(None);
        }
        let key = (self.changes.load(Ordering::Acquire), ClientId::new(id));
        if let Some(client) = self.known.get(&key) {
            return Ok(Some(client));
        }
        let (_, id) = &key;
        if let Some(documents) = self.documents.as_ref().filter(|_| is_address(id.as_str())) {
            return documents.find(id).await;
        }
        let wanted = id.clone();
        let found = self
            .store
            .read(move |tx| tx.client(&wanted))
            .await?
            .map(Arc::new);
        if let Some(client) = &found {
            self.known.insert(key, Arc::clone(client));
        }
        Ok(found)
    }

    /// Forgets everything, because a client changed.
    pub(crate) fn forget(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.known.invalidate_all();
    }

    /// Where apps that run in the browser live; read again when any client changed.
    pub(crate) async fn origins(&self) -> Result<Arc<AppOrigins>, Failure> {
        let changes = self.changes.load(Ordering::Acquire);
        let kept = self.kept_origins().clone();
        if let Some((_, origins)) = kept.filter(|(at, _)| *at == changes) {
            return Ok(origins);
        }
        let origins = Arc::new(AppOrigins::read(&self.store).await?);
        *self.kept_origins() = Some((changes, Arc::clone(&origins)));
        Ok(origins)
    }

    fn kept_origins(&self) -> MutexGuard<'_, Option<(u64, Arc<AppOrigins>)>> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
