//! `sekisho user sessions`, `revoke`: where somebody is signed in, and its end (SES-08, SES-10).

use sekisho_mail::{Device, when};
use sekisho_model::{EventKind, Locale, SessionId};
use serde::Serialize;

use super::tree::{Form, Where};
use super::{CliError, event, output, services_at, users};

/// A session as the command line shows it.
#[derive(Serialize)]
struct Shown {
    id: String,
    device: String,
    ip: String,
    began: String,
    last_used: String,
    apps: Vec<String>,
}

pub(super) async fn list(at: &Where, who: &str, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let account = users::person(&services.provider, who).await?;
    users::looked(&services, &account, "user sessions").await?;
    let devices = services.provider.devices(&account.user).await?;
    let shown = devices.sessions.iter().map(|found| Shown {
        id: found.session.id.to_string(),
        device: Device::of(&found.session.user_agent).words(Locale::En),
        ip: found.session.ip.clone(),
        began: when::rfc3339(found.session.created_at, "UTC"),
        last_used: when::rfc3339(found.session.last_seen_at, "UTC"),
        apps: found.apps.iter().map(ToString::to_string).collect(),
    });
    let all: Vec<Shown> = shown.collect();
    let head = ["id", "device", "ip", "began", "last used"];
    output::list(form, &head, &all, |session| {
        vec![
            session.id.clone(),
            session.device.clone(),
            session.ip.clone(),
            session.began.clone(),
            session.last_used.clone(),
        ]
    });
    Ok(())
}

pub(super) async fn revoke(
    at: &Where,
    who: &str,
    session: Option<&str>,
    reason: &str,
) -> Result<(), CliError> {
    let session = session
        .map(|id| SessionId::parse(id).ok_or_else(|| CliError::usage("--session takes its id")))
        .transpose()?;
    let (_, services) = services_at(at).await?;
    let provider = &services.provider;
    let account = users::person(provider, who).await?;
    let mut event = event(provider, &services, EventKind::SessionEnded, "user revoke");
    if let Some(detail) = event.detail.as_object_mut() {
        detail.insert("reason".to_owned(), reason.into());
    }
    if !provider
        .revoke_sessions(account.user.id, session, event)
        .await?
    {
        return Err(CliError::refused("This account has no such session."));
    }
    output::done(match session {
        Some(_) => "The session has ended, and what was given in it.",
        None => "Every session, token and trusted browser of the account is void.",
    });
    Ok(())
}
