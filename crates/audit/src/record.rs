use sekisho_model::{
    ClientId, Digest, Entropy, Event, EventId, EventKind, FlowId, Origin, Outcome, SessionId,
    Timestamp, UserId,
};
use serde_json::{Map, Value};

const AGENT_LONGEST: usize = 256;
const FIELD_LONGEST: usize = 512;
const DETAIL_LONGEST: usize = 2048;

/// An event in the making. Store what [`NewEvent::happened`] gives in the transaction of the act
/// (AU-02).
#[derive(Debug, Clone)]
pub struct NewEvent {
    kind: EventKind,
    outcome: Outcome,
    user_id: Option<UserId>,
    client_id: Option<ClientId>,
    session_id: Option<SessionId>,
    detail: Map<String, Value>,
}

impl NewEvent {
    /// What happened, and how it ended.
    pub fn new(kind: EventKind, outcome: Outcome) -> Self {
        Self {
            kind,
            outcome,
            user_id: None,
            client_id: None,
            session_id: None,
            detail: Map::new(),
        }
    }

    /// Whom it concerns.
    #[must_use]
    pub fn user(self, id: UserId) -> Self {
        let user_id = Some(id);
        Self { user_id, ..self }
    }

    /// Through which client.
    #[must_use]
    pub fn client(self, id: &ClientId) -> Self {
        let client_id = Some(id.clone());
        Self { client_id, ..self }
    }

    /// In which browser session.
    #[must_use]
    pub fn session(self, id: SessionId) -> Self {
        let session_id = Some(id);
        Self { session_id, ..self }
    }

    /// In which sign-in: the history tells by it whether an asked code was given.
    #[must_use]
    pub fn flow(self, id: &FlowId) -> Self {
        self.detail("flow", flow_mark(id))
    }

    /// A further fact; never a secret. Texts are cut to 512 bytes and lose control characters (AU-06).
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = match value.into() {
            Value::String(text) => Value::String(cut(&printable(&text), FIELD_LONGEST)),
            other => other,
        };
        self.detail.insert(name.to_owned(), value);
        self
    }

    /// The event itself. Details beyond 2 KiB are left out, the largest first, and that is said.
    pub fn happened(self, at: Timestamp, origin: &Origin, entropy: &dyn Entropy) -> Event {
        let mut detail = self.detail;
        while Value::Object(detail.clone()).to_string().len() > DETAIL_LONGEST {
            let largest = detail
                .iter()
                .max_by_key(|(_, value)| value.to_string().len());
            let Some(name) = largest.map(|(name, _)| name.clone()) else {
                break;
            };
            detail.remove(&name);
            detail.insert("cut".to_owned(), Value::Bool(true));
        }
        Event {
            id: EventId::new(at, entropy),
            at,
            kind: self.kind,
            outcome: self.outcome,
            user_id: self.user_id,
            client_id: self.client_id,
            session_id: self.session_id,
            origin: Origin {
                ip: cut(&printable(&origin.ip), 64),
                user_agent: clean_user_agent(&origin.user_agent),
                request_id: cut(&printable(&origin.request_id), 128),
            },
            detail: Value::Object(detail),
        }
    }
}

/// A `User-Agent` header as it may be kept: printable, at most 256 characters.
pub fn clean_user_agent(header: &str) -> String {
    printable(header).chars().take(AGENT_LONGEST).collect()
}

/// What stands for a sign-in in events; the id itself would open it.
pub fn flow_mark(id: &FlowId) -> String {
    let digest = Digest::of(id.as_str().as_bytes()).to_base64url();
    digest.chars().take(16).collect()
}

/// Without control, bidi and zero-width characters.
fn printable(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().filter(|c| !hidden(*c)).collect()
}

fn cut(text: &str, longest: usize) -> String {
    let end = text.floor_char_boundary(longest);
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use sekisho_model::SeededEntropy;

    use super::*;

    fn event(new: NewEvent, agent: &str) -> Event {
        let origin = Origin {
            ip: "203.0.113.24".to_owned(),
            user_agent: agent.to_owned(),
            request_id: "r-1".to_owned(),
        };
        new.happened(Timestamp::from_seconds(1), &origin, &SeededEntropy::new(1))
    }

    #[test]
    fn au_06_no_field_can_forge_a_line() {
        let agent = "curl\r\n{\"kind\":\"sign_in\"}\u{1b}[31m\u{202e}";
        let new = NewEvent::new(EventKind::SignIn, Outcome::Passed).detail("reason", agent);
        let event = event(new, agent);
        for text in [
            &event.origin.user_agent,
            event.detail["reason"].as_str().unwrap(),
        ] {
            assert_eq!(text, "curl{\"kind\":\"sign_in\"}[31m");
        }
    }

    #[test]
    fn au_06_fields_are_bounded() {
        let mut new = NewEvent::new(EventKind::SignIn, Outcome::Refused);
        for n in 0..20 {
            new = new.detail(&format!("field{n}"), "あ".repeat(1000));
        }
        let event = event(new, &"x".repeat(10_000));
        assert_eq!(event.origin.user_agent.len(), 256);
        assert!(event.detail.to_string().len() <= DETAIL_LONGEST);
        assert_eq!(event.detail["cut"], true);
        assert!(
            event.detail["field1"].is_null()
                || event.detail["field1"].as_str().unwrap().len() <= 512
        );
    }

    #[test]
    fn au_05_the_flow_is_marked_without_its_id() {
        let flow = FlowId::generate(&SeededEntropy::new(2));
        let event = event(
            NewEvent::new(EventKind::CodeAsked, Outcome::Passed).flow(&flow),
            "",
        );
        assert_eq!(event.detail["flow"], flow_mark(&flow));
        assert!(!event.detail.to_string().contains(flow.as_str()));
    }
}
