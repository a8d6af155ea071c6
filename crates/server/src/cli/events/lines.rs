//! One event in one line. No value can end a line or a field early (AU-06).

use sekisho_mail::when;
use sekisho_model::{AlertTopic, Event, Outcome, Severity};
use serde_json::json;

use super::Format;

/// The event as `format` writes it; `host` is where it happened.
pub(super) fn line(event: &Event, format: Format, host: &str) -> String {
    match format {
        Format::Json => json(event),
        Format::Cef => cef(event),
        Format::Syslog => syslog(event, host),
    }
}

fn at(event: &Event) -> String {
    when::rfc3339(event.at, "UTC")
}

fn json(event: &Event) -> String {
    json!({
        "id": event.id.to_string(), "at": at(event), "kind": event.kind, "outcome": event.outcome,
        "user_id": event.user_id.map(|id| id.to_string()), "client_id": event.client_id,
        "session_id": event.session_id.map(|id| id.to_string()), "ip": event.origin.ip,
        "user_agent": event.origin.user_agent, "request_id": event.origin.request_id,
        "detail": event.detail,
    })
    .to_string()
}

/// How grave it is, from 0 to 10.
fn gravity(event: &Event) -> u8 {
    match AlertTopic::of(event).map(AlertTopic::severity) {
        Some(Severity::Critical) => 9,
        Some(Severity::Warning) => 6,
        Some(Severity::Notice) => 4,
        None if event.outcome == Outcome::Passed => 1,
        None => 3,
    }
}

/// Common Event Format: `CEF:0|vendor|product|version|id|name|severity|extensions`.
fn cef(event: &Event) -> String {
    let kind = event.kind.name();
    let name = format!("{kind} {}", event.outcome.name());
    let version = env!("CARGO_PKG_VERSION");
    let mut line = format!(
        "CEF:0|Sekisho|Sekisho|{version}|{kind}|{name}|{}|",
        gravity(event)
    );
    let millis = event.at.micros() / 1_000;
    let user = event.user_id.map(|id| id.to_string());
    let client = event.client_id.as_ref().map(ToString::to_string);
    let extensions = [
        ("rt", millis.to_string()),
        ("externalId", event.id.to_string()),
        ("outcome", event.outcome.name().to_owned()),
        ("src", event.origin.ip.clone()),
        ("duid", user.unwrap_or_default()),
        ("requestClientApplication", event.origin.user_agent.clone()),
        ("cs1Label", "client_id".to_owned()),
        ("cs1", client.unwrap_or_default()),
        ("cs2Label", "detail".to_owned()),
        ("cs2", event.detail.to_string()),
    ];
    let told = extensions.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = told
        .map(|(key, value)| format!("{key}={}", escaped(value)))
        .collect();
    line.push_str(&pairs.join(" "));
    line
}

/// A value of an extension.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '=' => text.push_str("\\="),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            c if c.is_control() => text.push(' '),
            c => text.push(c),
        }
    }
    text
}

/// RFC 5424: facility 13 (log audit), the severity of syslog, then the message.
fn syslog(event: &Event, host: &str) -> String {
    let severity = match gravity(event) {
        9.. => 2,
        6..=8 => 4,
        3..=5 => 5,
        _ => 6,
    };
    let printable = |c: char| c.is_ascii_graphic();
    let host: String = host.chars().filter(|c| printable(*c)).take(255).collect();
    format!(
        "<{}>1 {} {host} sekisho - {} - {}",
        13 * 8 + severity,
        at(event),
        event.kind.name(),
        cef(event)
    )
}

#[cfg(test)]
mod tests {
    use sekisho_model::{EventId, EventKind, Origin, SeededEntropy, Timestamp};

    use super::*;

    fn event(agent: &str) -> Event {
        let at = Timestamp::from_seconds(1_795_392_000);
        Event {
            id: EventId::new(at, &SeededEntropy::new(1)),
            at,
            kind: EventKind::LevelChanged,
            outcome: Outcome::Passed,
            user_id: None,
            client_id: None,
            session_id: None,
            origin: Origin {
                ip: "203.0.113.24".to_owned(),
                user_agent: agent.to_owned(),
                request_id: String::new(),
            },
            detail: serde_json::json!({"reason": "a=b|c\\d\n<1>forged"}),
        }
    }

    #[test]
    fn au_06_no_value_ends_a_line_or_a_field_early() {
        let event = event("curl\r\nCEF:0|x|y| src=1.2.3.4\u{1b}[31m");
        for format in [Format::Json, Format::Cef, Format::Syslog] {
            let line = line(&event, format, "id.example\n");
            assert!(!line.contains(['\n', '\r', '\u{1b}']), "{line}");
        }
        let line = line(&event, Format::Cef, "");
        assert!(line.contains(" src=203.0.113.24 "), "{line}");
        assert!(line.contains("src\\=1.2.3.4"), "{line}");
        let head: Vec<&str> = line.splitn(8, '|').collect();
        assert_eq!(
            &head[..7],
            [
                "CEF:0",
                "Sekisho",
                "Sekisho",
                env!("CARGO_PKG_VERSION"),
                "level_changed",
                "level_changed passed",
                "9"
            ]
        );
    }

    #[test]
    fn syslog_messages_have_the_head_of_rfc_5424() {
        let line = line(&event("curl"), Format::Syslog, "id.example");
        assert!(line.starts_with("<106>1 20"), "{line}");
        assert!(
            line.contains(" id.example sekisho - level_changed - CEF:0|"),
            "{line}"
        );
    }
}
