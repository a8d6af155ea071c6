//! What clients know a user by (OpenID Connect Core §8).

use sekisho_model::{Client, Digest, Purpose, SubjectType, User};
use url::Url;

use crate::Provider;

impl Provider {
    /// The `sub` of `user` at `client`: everywhere the same, or one for each sector, made with a key
    /// of ours so that two sectors cannot find out that they know the same person (Core §8.1).
    pub(crate) fn subject_for(&self, client: &Client, user: &User) -> String {
        match client.subject_type {
            SubjectType::Public => user.subject.to_string(),
            SubjectType::Pairwise => {
                let key = self.keyring.mac_key(Purpose::PairwiseSubject);
                let sector = sector(client);
                let parts = [sector.as_bytes(), user.subject.as_str().as_bytes()];
                Digest::keyed(key.as_bytes(), &parts).to_base64url()
            }
        }
    }
}

/// The host that the client's sector is named by: of `sector_identifier_uri`, else of its redirect
/// URIs, which registration holds to one host.
fn sector(client: &Client) -> String {
    let named = client
        .sector_identifier_uri
        .as_ref()
        .or(client.redirect_uris.first());
    named
        .and_then(|uri| Url::parse(uri).ok())
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| client.client_id.to_string())
}
