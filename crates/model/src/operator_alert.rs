//! What operators are told by themselves, and how urgent it is (AU-10, INC-05).

use serde::{Deserialize, Serialize};

use crate::{Event, EventKind, Outcome};

/// How urgent it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Notice,
    /// Look at it today.
    Warning,
    /// Look at it now.
    Critical,
}

impl Severity {
    /// Its name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What a message to operators is about; more of the same is gathered. Names are stored: add, never rename.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertTopic {
    /// An incident level changed, or somebody asked for it.
    Gate,
    /// A feature was switched off or on.
    Feature,
    /// What was issued was voided for many.
    Voided,
    /// A key was made, rotated or withdrawn.
    Keys,
    /// Something that works once came a second time.
    Replay,
    /// Somebody says that a sign-in was not theirs.
    NotMe,
    /// Accounts were written to a file.
    Export,
    /// People are being told of an incident.
    Notice,
    /// A block was made or lifted.
    Block,
    /// A detection rule fired, or the file of rules cannot be read.
    Rule,
    /// A canary account was touched: data was stolen.
    Canary,
    /// A budget for reading people's data is used up.
    BulkRead,
    /// A token of an operator was made or ended, or one that does not count was used.
    OperatorToken,
    /// A weakness of high severity is open here.
    Advisory,
    /// Mail servers do not take our letters: codes do not arrive.
    Mail,
    /// `sekisho incident test-alert`.
    Test,
}

impl AlertTopic {
    /// Every topic.
    pub const ALL: [Self; 16] = [
        Self::Gate,
        Self::Feature,
        Self::Voided,
        Self::Keys,
        Self::Replay,
        Self::NotMe,
        Self::Export,
        Self::Notice,
        Self::Block,
        Self::Rule,
        Self::Canary,
        Self::BulkRead,
        Self::OperatorToken,
        Self::Advisory,
        Self::Mail,
        Self::Test,
    ];

    /// Its name in storage and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Feature => "feature",
            Self::Voided => "voided",
            Self::Keys => "keys",
            Self::Replay => "replay",
            Self::NotMe => "not_me",
            Self::Export => "export",
            Self::Notice => "notice",
            Self::Block => "block",
            Self::Rule => "rule",
            Self::Canary => "canary",
            Self::BulkRead => "bulk_read",
            Self::OperatorToken => "operator_token",
            Self::Advisory => "advisory",
            Self::Mail => "mail",
            Self::Test => "test",
        }
    }

    /// The topic of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }

    /// How urgent it is.
    pub const fn severity(self) -> Severity {
        match self {
            Self::Gate | Self::Canary | Self::Advisory | Self::Mail => Severity::Critical,
            Self::Feature
            | Self::Voided
            | Self::Replay
            | Self::NotMe
            | Self::Export
            | Self::Rule
            | Self::BulkRead
            | Self::OperatorToken => Severity::Warning,
            Self::Keys | Self::Notice | Self::Block | Self::Test => Severity::Notice,
        }
    }

    /// What operators are told of this event; `None` is everyday business.
    pub fn of(event: &Event) -> Option<Self> {
        if event.outcome == Outcome::Replayed {
            return Some(Self::Replay);
        }
        match event.kind {
            EventKind::LevelChanged => Some(Self::Gate),
            EventKind::FeatureSwitched => Some(Self::Feature),
            EventKind::EpochMoved | EventKind::CohortMarked => Some(Self::Voided),
            EventKind::KeyChanged => Some(Self::Keys),
            EventKind::NotMe => Some(Self::NotMe),
            EventKind::UsersExported => Some(Self::Export),
            EventKind::NoticeSent => Some(Self::Notice),
            EventKind::BlockChanged => Some(Self::Block),
            EventKind::RuleFired if is_quiet(event) => None,
            EventKind::RuleFired => Some(Self::Rule),
            EventKind::RulesChanged if event.outcome == Outcome::Refused => Some(Self::Rule),
            EventKind::CanaryTouched => Some(Self::Canary),
            EventKind::BulkRead if event.outcome == Outcome::Blocked => Some(Self::BulkRead),
            EventKind::BulkRead | EventKind::EventsRead if is_decided(event) => {
                Some(Self::BulkRead)
            }
            EventKind::OperatorToken => Some(Self::OperatorToken),
            EventKind::Advisory if is_open_and_severe(event) => Some(Self::Advisory),
            EventKind::MailFailing => Some(Self::Mail),
            EventKind::AlertTested => Some(Self::Test),
            _ => None,
        }
    }
}

/// A rule that only watches, or only adds points, tells nobody.
fn is_quiet(event: &Event) -> bool {
    says(event, "mode", "shadow") || says(event, "action", "score")
}

/// Read beyond a budget, for a reason. Of an export its beginning is told, and not each page.
fn is_decided(event: &Event) -> bool {
    event.detail.get("beyond").is_some() && !says(event, "what", "export")
}

fn is_open_and_severe(event: &Event) -> bool {
    let severe = says(event, "severity", "critical") || says(event, "severity", "high");
    severe && says(event, "standing", "affected")
}

fn says(event: &Event, name: &str, word: &str) -> bool {
    event.detail.get(name).and_then(|value| value.as_str()) == Some(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EventId, Origin, SeededEntropy, Timestamp};

    fn event(kind: EventKind, outcome: Outcome) -> Event {
        let at = Timestamp::from_seconds(1);
        Event {
            id: EventId::new(at, &SeededEntropy::new(1)),
            at,
            kind,
            outcome,
            user_id: None,
            client_id: None,
            session_id: None,
            origin: Origin::default(),
            detail: match kind {
                EventKind::Advisory => {
                    serde_json::json!({ "severity": "high", "standing": "affected" })
                }
                _ => serde_json::json!({}),
            },
        }
    }

    #[test]
    fn sup_04_only_a_severe_advisory_that_nothing_holds_off_is_told() {
        for (severity, standing, told) in [
            ("critical", "affected", true),
            ("high", "affected", true),
            ("moderate", "affected", false),
            ("critical", "mitigated", false),
            ("critical", "fixed", false),
        ] {
            let detail = serde_json::json!({ "severity": severity, "standing": standing });
            let event = Event {
                detail,
                ..event(EventKind::Advisory, Outcome::Passed)
            };
            assert_eq!(
                AlertTopic::of(&event).is_some(),
                told,
                "{severity} {standing}"
            );
        }
    }

    #[test]
    fn au_10_every_topic_has_an_event_that_raises_it() {
        for topic in AlertTopic::ALL {
            let raised = EventKind::ALL.into_iter().any(|kind| {
                let outcomes = Outcome::ALL.into_iter();
                outcomes
                    .map(|outcome| AlertTopic::of(&event(kind, outcome)))
                    .any(|found| found == Some(topic))
            });
            assert!(raised, "{topic:?}");
            assert_eq!(AlertTopic::from_name(topic.name()), Some(topic));
        }
    }

    #[test]
    fn au_10_inc_10_who_reads_beyond_a_budget_is_told_once() {
        for (kind, what, told) in [
            (EventKind::BulkRead, "list", true),
            (EventKind::EventsRead, "events", true),
            (EventKind::BulkRead, "export", false),
        ] {
            let read = event(kind, Outcome::Passed);
            assert_eq!(AlertTopic::of(&read), None);
            let detail = serde_json::json!({ "what": what, "beyond": "we move out" });
            let beyond = AlertTopic::of(&Event { detail, ..read });
            assert_eq!(beyond.is_some(), told, "{what}: its beginning is told");
        }
    }

    #[test]
    fn au_10_everyday_business_is_not_told_and_a_replay_always_is() {
        for kind in [EventKind::SignIn, EventKind::Refresh, EventKind::CodeTried] {
            assert_eq!(AlertTopic::of(&event(kind, Outcome::Passed)), None);
            let replayed = AlertTopic::of(&event(kind, Outcome::Replayed));
            assert_eq!(replayed, Some(AlertTopic::Replay));
        }
    }
}
