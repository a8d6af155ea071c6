//! `sekisho incident alerts`, `test-alert`: what operators are told by themselves (AU-10).

use clap::Args;
use sekisho_mail::when;
use sekisho_model::{EventKind, Timestamp};
use sekisho_store::{OperatorAlert, WebhookDelivery};
use serde::Serialize;

use super::tree::{Form, Where};
use super::{CliError, event, output, services_at};

/// How many to list.
#[derive(Debug, Clone, Args)]
pub(crate) struct ListAlerts {
    #[command(flatten)]
    at: Where,
    /// How many of the newest.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: u32,
}

#[derive(Serialize)]
struct Shown {
    alerts: Vec<ShownAlert>,
    webhooks: Vec<ShownPost>,
}

#[derive(Serialize)]
struct ShownAlert {
    at: String,
    severity: &'static str,
    topic: &'static str,
    event: &'static str,
    id: String,
    told_at: Option<String>,
    detail: serde_json::Value,
}

#[derive(Serialize)]
struct ShownPost {
    at: String,
    webhook: String,
    state: &'static str,
    attempts: u32,
    last_status: Option<u16>,
    last_error: Option<String>,
}

fn told(moment: Timestamp) -> String {
    when::rfc3339(moment, "UTC")
}

impl From<OperatorAlert> for ShownAlert {
    fn from(alert: OperatorAlert) -> Self {
        Self {
            at: told(alert.event.at),
            severity: alert.topic.severity().name(),
            topic: alert.topic.name(),
            event: alert.event.kind.name(),
            id: alert.event.id.to_string(),
            told_at: alert.told_at.map(told),
            detail: alert.event.detail,
        }
    }
}

impl From<WebhookDelivery> for ShownPost {
    fn from(delivery: WebhookDelivery) -> Self {
        Self {
            at: told(delivery.created_at),
            webhook: delivery.hook,
            state: delivery.state.name(),
            attempts: delivery.attempts,
            last_status: delivery.last_status,
            last_error: delivery.last_error,
        }
    }
}

pub(super) async fn list(asked: ListAlerts, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let (alerts, posts) = services.provider.operator_alerts(asked.limit).await?;
    let shown = Shown {
        alerts: alerts.into_iter().map(ShownAlert::from).collect(),
        webhooks: posts.into_iter().map(ShownPost::from).collect(),
    };
    if form == Form::Json {
        output::one(form, &shown);
        return Ok(());
    }
    let heads = ["at", "severity", "topic", "event", "told", "detail"];
    output::list(form, &heads, &shown.alerts, |alert| {
        vec![
            alert.at.clone(),
            alert.severity.to_owned(),
            alert.topic.to_owned(),
            alert.event.to_owned(),
            alert.told_at.clone().unwrap_or_default(),
            alert.detail.to_string(),
        ]
    });
    let heads = ["at", "webhook", "state", "tries", "status", "error"];
    output::list(form, &heads, &shown.webhooks, |post| {
        vec![
            post.at.clone(),
            post.webhook.clone(),
            post.state.to_owned(),
            post.attempts.to_string(),
            post.last_status.map(|s| s.to_string()).unwrap_or_default(),
            post.last_error.clone().unwrap_or_default(),
        ]
    });
    Ok(())
}

pub(super) async fn test(at: &Where) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let event = event(
        &services.provider,
        &services,
        EventKind::AlertTested,
        "incident test-alert",
    );
    services
        .store
        .write(move |tx| tx.record(&event))
        .await
        .map_err(sekisho_provider::Failure::from)?;
    output::done(
        "A running server sends the message within a second or two; `sekisho incident alerts` shows what became of it.",
    );
    Ok(())
}
