use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use moka::sync::Cache;
use sekisho_model::ClientId;
use sekisho_store::{RegisteredClient, Store};

use crate::Failure;
use crate::app_origins::AppOrigins;
use crate::client_documents::ClientDocuments;
use crate::rules::client_document::is_address;

/// The registered clients, kept in memory and forgotten when any client changes.
#[derive(Debug)]
pub(crate) struct ClientDirectory {
    store: Store,
    known: Cache<ClientId, Arc<RegisteredClient>>,
    origins: Mutex<Option<Arc<AppOrigins>>>,
    documents: Option<ClientDocuments>,
}

/// How many clients are kept in memory.
const CAPACITY: u64 = 10_000;

impl ClientDirectory {
    /// A directory over `store`.
    pub(crate) fn new(store: Store, documents: Option<ClientDocuments>) -> Self {
        Self {
            store,
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
        let id = ClientId::new(id);
        if let Some(client) = self.known.get(&id) {
            return Ok(Some(client));
        }
        if let Some(documents) = self.documents.as_ref().filter(|_| is_address(id.as_str())) {
            return Ok(documents.find(&id).await);
        }
        let wanted = id.clone();
        let found = self
            .store
            .read(move |tx| tx.client(&wanted))
            .await?
            .map(Arc::new);
        if let Some(client) = &found {
            self.known.insert(id, Arc::clone(client));
        }
        Ok(found)
    }

    /// Forgets everything, because a client changed.
    pub(crate) fn forget(&self) {
        self.known.invalidate_all();
        *self.kept_origins() = None;
    }

    /// Where apps that run in the browser live; read again when any client changed.
    pub(crate) async fn origins(&self) -> Result<Arc<AppOrigins>, Failure> {
        let kept = self.kept_origins().clone();
        if let Some(origins) = kept {
            return Ok(origins);
        }
        let origins = Arc::new(AppOrigins::read(&self.store).await?);
        *self.kept_origins() = Some(Arc::clone(&origins));
        Ok(origins)
    }

    fn kept_origins(&self) -> MutexGuard<'_, Option<Arc<AppOrigins>>> {
        self.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
