use std::sync::Arc;

use moka::sync::Cache;
use sekisho_model::ClientId;
use sekisho_store::{RegisteredClient, Store};

use crate::Failure;

/// The registered clients, kept in memory and forgotten when any client changes.
#[derive(Debug)]
pub(crate) struct ClientDirectory {
    store: Store,
    known: Cache<ClientId, Arc<RegisteredClient>>,
}

/// How many clients are kept in memory.
const CAPACITY: u64 = 10_000;

impl ClientDirectory {
    /// A directory over `store`.
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            known: Cache::new(CAPACITY),
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
    }
}
