//! Who makes an app: operators find out and vouch for it; apps do not decide it (REG-18).

use sekisho_model::{ClientId, Event};
use sekisho_store::Tx;

use crate::{Failure, Provider};

/// Longest name of a publisher, in characters.
const LONGEST: usize = 80;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublisherDecided {
    /// It is so on every node within a second.
    Set,
    /// There is no such app.
    NoClient,
    /// The name is empty, too long, or holds control characters.
    BadName,
}

impl Provider {
    /// Vouches that `publisher` makes an app as it is now, or withdraws it. `event` tells who did it.
    pub async fn vouch_for(
        &self,
        client: &ClientId,
        publisher: Option<&str>,
        mut event: Event,
    ) -> Result<PublisherDecided, Failure> {
        let publisher = publisher.map(|name| name.trim().to_owned());
        let is_name = |name: &String| {
            let length = name.chars().count();
            (1..=LONGEST).contains(&length) && !name.chars().any(char::is_control)
        };
        if !publisher.as_ref().is_none_or(is_name) {
            return Ok(PublisherDecided::BadName);
        }
        event.client_id = Some(client.clone());
        if let Some(members) = event.detail.as_object_mut() {
            members.insert("publisher".to_owned(), publisher.clone().into());
        } else {
            event.detail = serde_json::json!({ "publisher": publisher });
        }
        let client = client.clone();
        let work = move |tx: &mut Tx<'_>| {
            let Some(found) = tx.client(&client)? else {
                return Ok(PublisherDecided::NoClient);
            };
            match &publisher {
                Some(name) => tx.set_publisher(&found.client, name)?,
                None => drop(tx.withdraw_publisher(&client)?),
            }
            tx.record(&event)?;
            Ok(PublisherDecided::Set)
        };
        let decided = self.store.write(work).await?;
        self.clients.forget();
        Ok(decided)
    }
}
