use sekisho_model::{Client, ClientAuthentication, ClientSecret, ClientSecretRecord, Purpose};

use crate::Provider;

impl Provider {
    /// Draws a secret for `client` and makes what is kept of it. Only `client_secret_jwt` cannot work
    /// from a digest: for it the secret itself is kept too, sealed for this client (KEY-01, JW-13).
    pub fn new_client_secret(&self, client: &Client) -> (ClientSecret, ClientSecretRecord) {
        let secret = ClientSecret::generate(&*self.entropy);
        let method = client.token_endpoint_auth_method;
        let sealed = (method == ClientAuthentication::ClientSecretJwt).then(|| {
            let plain = secret.reveal().as_bytes();
            let owner = client.client_id.as_str();
            self.keyring
                .seal(Purpose::ClientSecret, owner, plain, &*self.entropy)
        });
        let record = ClientSecretRecord {
            digest: secret.digest(),
            created_at: self.now(),
            expires_at: None,
            sealed,
        };
        (secret, record)
    }
}
