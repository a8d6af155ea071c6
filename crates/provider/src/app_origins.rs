//! Where apps that run in the browser live: the origins of their redirect URIs.

use std::collections::BTreeSet;

use sekisho_model::Client;
use sekisho_store::{Store, StoreError, Tx};
use url::Url;

use crate::rules::redirect_uri::is_loopback_uri;
use crate::{Failure, Provider};

/// The origins of all public clients.
#[derive(Debug, Default)]
pub(crate) struct AppOrigins {
    exact: BTreeSet<String>,
    /// Hosts of loopback redirect URIs, whose port may vary (RFC 8252 §7.3).
    loopback: BTreeSet<String>,
}

/// How many clients are read at once.
const PAGE: u32 = 500;

impl AppOrigins {
    pub(crate) async fn read(store: &Store) -> Result<Self, StoreError> {
        store.read(gathered).await
    }

    fn add(&mut self, client: &Client) {
        if !client.is_public() || client.disabled {
            return;
        }
        for uri in &client.redirect_uris {
            let Ok(url) = Url::parse(uri) else { continue };
            let origin = url.origin();
            if is_loopback_uri(uri) {
                self.loopback.extend(url.host_str().map(str::to_owned));
            } else if origin.is_tuple() {
                self.exact.insert(origin.ascii_serialization());
            }
        }
    }

    fn contains(&self, origin: &str) -> bool {
        if self.exact.contains(origin) {
            return true;
        }
        let plain = origin.starts_with("http://") && !self.loopback.is_empty();
        plain
            && Url::parse(origin).is_ok_and(|url| {
                let same = url.origin().ascii_serialization() == origin;
                same && url
                    .host_str()
                    .is_some_and(|host| self.loopback.contains(host))
            })
    }
}

fn gathered(tx: &mut Tx<'_>) -> Result<AppOrigins, StoreError> {
    let mut origins = AppOrigins::default();
    let mut after = None;
    loop {
        let page = tx.list_clients(after, PAGE)?;
        for known in &page {
            origins.add(&known.client);
        }
        match page.last() {
            Some(last) => after = Some(last.client.client_id.clone()),
            None => return Ok(origins),
        }
    }
}

impl Provider {
    /// Whether a script from `origin` belongs to an app that is registered here.
    pub async fn is_app_origin(&self, origin: &str) -> Result<bool, Failure> {
        Ok(self.clients.origins().await?.contains(origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::client_metadata::sample::{native, public, web};

    #[test]
    fn only_public_apps_open_their_origin() {
        let mut origins = AppOrigins::default();
        origins.add(&public("https://spa.example/cb?x=1"));
        origins.add(&web("https://server.example/cb"));
        origins.add(&native("http://127.0.0.1/cb"));
        origins.add(&native("com.example.app:/cb"));
        assert!(origins.contains("https://spa.example"));
        assert!(origins.contains("http://127.0.0.1:5173"));
        for other in [
            "https://server.example",
            "https://spa.example:8443",
            "http://spa.example",
            "https://evil.spa.example",
            "http://127.0.0.1.evil.example",
            "http://localhost:5173",
            "http://[::1]:5173",
            "http://127.0.0.1:80/",
            "null",
            "",
        ] {
            assert!(!origins.contains(other), "{other}");
        }
    }
}
