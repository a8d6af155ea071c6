use sekisho_mail::when;
use sekisho_model::{AlertTopic, Event, Timestamp};
use serde_json::{Value, json};

/// What is told in one message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    /// Who tells it.
    pub(super) issuer: &'a str,
    /// What it is about.
    pub(super) topic: AlertTopic,
    /// How many events.
    pub(super) count: u64,
    /// When the first of them happened, and the last.
    pub(super) between: (Timestamp, Timestamp),
    /// The newest of them.
    pub(super) newest: &'a [Event],
}

/// The body of a message. It names accounts by their ids only, and no source addresses.
pub(super) fn body(told: &Told<'_>) -> String {
    let at = |moment: Timestamp| when::rfc3339(moment, "UTC");
    let events: Vec<Value> = told
        .newest
        .iter()
        .map(|event| {
            json!({
                "id": event.id.to_string(), "at": at(event.at), "kind": event.kind,
                "outcome": event.outcome, "user_id": event.user_id.map(|id| id.to_string()),
                "client_id": event.client_id, "detail": event.detail,
            })
        })
        .collect();
    let (first, last) = told.between;
    json!({
        "type": format!("sekisho.{}", told.topic.name()), "timestamp": at(last),
        "data": {
            "issuer": told.issuer, "topic": told.topic, "severity": told.topic.severity(),
            "count": told.count, "first_at": at(first), "last_at": at(last), "events": events,
        },
    })
    .to_string()
}
