use clap::Args;
use sekisho_mail::when;
use sekisho_model::ClientId;
use sekisho_store::{LogoutDelivery, LogoutState, Tx};
use serde_json::{Value, json};

use super::paging::{self, RowPlace, row_place};
use super::tree::{Form, Where};
use super::{CliError, output, services_at};

/// Whose sign-outs, and how many.
#[derive(Debug, Clone, Args)]
pub(crate) struct Logouts {
    #[command(flatten)]
    at: Where,
    /// Only of this app.
    #[arg(long)]
    client: Option<String>,
    /// Go on after this place, which is the `place` of the last row.
    #[arg(long, value_parser = row_place)]
    after: Option<RowPlace>,
    /// How many, newest first.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

/// The ledger of back-channel logout.
pub(super) async fn list(asked: Logouts, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let (client, limit) = (asked.client.map(ClientId::new), asked.limit);
    let page = move |tx: &mut Tx<'_>| {
        let after = asked.after.as_ref();
        let before = after.map(|place| (place.at, place.id.as_str()));
        tx.list_logouts(client.as_ref(), before, limit)
    };
    let found = services.store.read(page).await?;
    let heads = [
        "client", "ended", "state", "tries", "status", "error", "next",
    ];
    let rows: Vec<Value> = found.iter().map(logout).collect();
    output::list(form, &heads, &rows, |row| {
        let text = |name: &str| match &row[name] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let names = [
            "client_id",
            "created_at",
            "state",
            "attempts",
            "last_status",
            "last_error",
            "next_attempt_at",
        ];
        names.map(text).to_vec()
    });
    paging::more(&found, limit, |last| place(last).to_string());
    Ok(())
}

fn place(delivery: &LogoutDelivery) -> RowPlace {
    RowPlace {
        at: delivery.created_at,
        id: delivery.id.clone(),
    }
}

fn logout(delivery: &LogoutDelivery) -> Value {
    let at = |moment| when::rfc3339(moment, "UTC");
    let waiting = delivery.state == LogoutState::Waiting;
    json!({
        "client_id": delivery.client_id,
        "session_id": delivery.session_id.to_string(),
        "uri": delivery.uri,
        "created_at": at(delivery.created_at),
        "state": delivery.state.name(),
        "attempts": delivery.attempts,
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
        "next_attempt_at": waiting.then(|| at(delivery.next_attempt_at)),
        "done_at": delivery.done_at.map(at),
        "dead_at": delivery.dead_at.map(at),
        "place": place(delivery).to_string(),
    })
}
