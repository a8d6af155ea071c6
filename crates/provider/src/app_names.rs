//! Names of apps that may be meant to be taken for others (REG-18): refused where apps register themselves, told to
//! the operator who registers one, and to people before they allow anything.

use sekisho_model::Client;

use crate::rules::lookalike::{self, Doubt};
use crate::{Failure, Provider};

impl Provider {
    /// What is doubtful about the names of an app, in either language.
    pub async fn doubt_about_app(&self, client: &Client) -> Result<Option<Doubt>, Failure> {
        let names = [
            Some(client.client_name.as_str()),
            client.client_name_ja.as_deref(),
        ];
        let names: Vec<&str> = names.into_iter().flatten().collect();
        self.doubt_about(client, &names).await
    }

    /// What is doubtful about these names of an app, beside our own and those of other apps that somebody vouches
    /// for. Nothing is, if somebody vouches for this one.
    pub(crate) async fn doubt_about(
        &self,
        client: &Client,
        names: &[&str],
    ) -> Result<Option<Doubt>, Failure> {
        if client.publisher.is_some() {
            return Ok(None);
        }
        let mut vouched = self
            .store
            .read(|tx: &mut sekisho_store::Tx<'_>| tx.vouched_clients())
            .await?;
        vouched.retain(|other| other.client_id != client.client_id);
        let others = vouched.iter().flat_map(|other| {
            let japanese = other.client_name_ja.as_deref();
            [Some(other.client_name.as_str()), japanese]
        });
        let mut known = vec![self.settings.service_name.as_str()];
        known.extend(others.flatten());
        Ok(names.iter().find_map(|name| lookalike::doubt(name, &known)))
    }
}
