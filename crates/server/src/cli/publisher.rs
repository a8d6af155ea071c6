//! `sekisho client verify`: who makes an app, as an operator found out (REG-18).

use clap::Args;
use sekisho_model::EventKind;
use sekisho_provider::publishers::PublisherDecided;
use serde_json::json;

use super::tree::{Form, Where};
use super::{CliError, clients, event, output, services_at};

const EXAMPLE: &str = "Example\n  sekisho client verify demo-app --publisher Example-Ltd --config config.toml\n  sekisho client verify demo-app --withdraw --config config.toml";

/// Who makes an app.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct ClientVerify {
    #[command(flatten)]
    at: Where,
    /// Its `client_id`.
    id: String,
    /// Who makes it, as people are to read it on the consent page. It counts until the app changes its names, home page or return addresses.
    #[arg(long, value_name = "NAME")]
    publisher: Option<String>,
    /// Nobody vouches for it any more.
    #[arg(long, conflicts_with = "publisher")]
    withdraw: bool,
}

pub(super) async fn run(asked: ClientVerify, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let client = clients::find(&services.store, &asked.id).await?.client;
    if asked.withdraw || asked.publisher.is_some() {
        let kind = EventKind::ClientChanged;
        let event = event(&services.provider, &services, kind, "client verify");
        let (id, publisher) = (&client.client_id, asked.publisher.as_deref());
        match services.provider.vouch_for(id, publisher, event).await? {
            PublisherDecided::Set => {}
            PublisherDecided::NoClient => return Err(CliError::refused("There is no such app.")),
            PublisherDecided::BadName => {
                return Err(CliError::refused(
                    "Nothing was changed: give a name of 1 to 80 characters.",
                ));
            }
        }
    }
    let client = clients::find(&services.store, &asked.id).await?.client;
    let shown = json!({
        "client_id": client.client_id,
        "client_name": client.client_name,
        "redirect_uris": client.redirect_uris,
        "publisher": client.publisher,
    });
    output::one(form, &shown);
    Ok(())
}
