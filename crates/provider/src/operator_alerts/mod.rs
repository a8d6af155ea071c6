//! Telling operators by themselves what they should know: by mail and by webhook, the first of a kind at
//! once, more of the same gathered (AU-10, INC-05).
//!
//! Which events these are is decided in the model ([`AlertTopic::of`]); the store puts them down in the
//! transaction of the event, so none is lost, whoever recorded it: a server or the command line.

mod message;
mod webhooks;

use std::time::Duration;

use sekisho_mail::{AlertLine, LetterBody};
use sekisho_model::{
    AlertTopic, Digest, EmailAddress, Event, Locale, Outcome, Severity, Timestamp,
};
use sekisho_store::{
    NewWebhook, Once, OperatorAlert, OutboxLetter, Tx, WaitingAlerts, WebhookDelivery,
};

use serde_json::Value;

use crate::rules::webhook::WebhookKey;
use crate::{Failure, Provider};
use message::{Told, body};

/// Events that one message shows; the others are counted.
const SHOWN: u32 = 10;
/// How long what is critical is gathered, at most.
const GATHER_URGENT: Duration = Duration::from_secs(10);
/// The longest description of an event in a mail, in characters.
const LINE_LONGEST: usize = 300;

/// Who is told, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertSettings {
    /// Mailboxes of operators.
    pub mail: Vec<EmailAddress>,
    /// The language of these mails.
    pub locale: Locale,
    /// Webhooks of operators.
    pub webhooks: Vec<Webhook>,
    /// How long more of the same is gathered after a message; what is critical, ten seconds at most.
    pub gather: Duration,
}

impl Default for AlertSettings {
    fn default() -> Self {
        Self {
            mail: Vec::new(),
            locale: Locale::Ja,
            webhooks: Vec::new(),
            gather: Duration::from_mins(10),
        }
    }
}

/// A webhook of the operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its name in the ledger.
    pub name: String,
    /// Where messages are posted.
    pub url: String,
    /// What they are signed with.
    pub key: WebhookKey,
}

impl Provider {
    /// Tells operators what they do not know yet. Answers how many messages were written.
    pub async fn tell_operators(&self) -> Result<usize, Failure> {
        let (now, gather) = (self.now(), self.settings.alerts.gather);
        let urgent = gather.min(GATHER_URGENT);
        let due = move |tx: &mut Tx<'_>| {
            let mut due = tx.topics_to_tell(now - urgent)?;
            if due.iter().any(|topic| !is_urgent(*topic)) {
                let others = tx.topics_to_tell(now - gather)?;
                due.retain(|topic| is_urgent(*topic) || others.contains(topic));
            }
            Ok(due)
        };
        // Each is looked at again in the transaction that tells: nodes do this at the same time.
        let due = self.store.read(due).await?;
        let mut told = 0;
        for topic in due {
            told += usize::from(self.tell_of(topic, now).await?);
        }
        if told > 0 {
            self.letters_wait.ring();
        }
        Ok(told)
    }

    /// The newest events that operators are told of, and what became of webhooks.
    pub async fn operator_alerts(
        &self,
        limit: u32,
    ) -> Result<(Vec<OperatorAlert>, Vec<WebhookDelivery>), Failure> {
        let list =
            move |tx: &mut Tx<'_>| Ok((tx.operator_alerts(limit)?, tx.webhook_deliveries(limit)?));
        Ok(self.store.read(list).await?)
    }

    /// Everything about one topic in one message to everyone. `false` if another node was faster.
    async fn tell_of(&self, topic: AlertTopic, now: Timestamp) -> Result<bool, Failure> {
        let read = move |tx: &mut Tx<'_>| tx.waiting_alerts(topic, SHOWN);
        let Some(waiting) = self.store.read(read).await? else {
            return Ok(false);
        };
        let (letters, posts) = (
            self.letters_of(topic, &waiting),
            self.posts_of(topic, &waiting),
        );
        let gather = self.gathered_for(topic);
        let tell = move |tx: &mut Tx<'_>| {
            let first = tx.alerts_told((topic, now - gather), &waiting.ids, now)? == Once::First;
            if first {
                letters.iter().try_for_each(|letter| tx.post(letter))?;
                posts
                    .iter()
                    .try_for_each(|post| tx.post_webhook(post, now))?;
            }
            Ok(first)
        };
        Ok(self.store.write(tell).await?)
    }

    /// How long more about a topic is gathered after a message.
    fn gathered_for(&self, topic: AlertTopic) -> Duration {
        let gather = self.settings.alerts.gather;
        if is_urgent(topic) {
            gather.min(GATHER_URGENT)
        } else {
            gather
        }
    }

    fn letters_of(&self, topic: AlertTopic, waiting: &WaitingAlerts) -> Vec<OutboxLetter> {
        let lines: Vec<AlertLine> = waiting.newest.iter().map(line).collect();
        let settings = &self.settings.alerts;
        let letter = |to: &EmailAddress| {
            let body = LetterBody::OperatorAlert {
                topic,
                count: count(waiting),
                lines: lines.clone(),
            };
            let zone = &self.settings.default_zone;
            self.sealed_letter_to(to, (settings.locale, zone), body)
        };
        settings.mail.iter().map(letter).collect()
    }

    fn posts_of(&self, topic: AlertTopic, waiting: &WaitingAlerts) -> Vec<NewWebhook> {
        let told = Told {
            issuer: &self.settings.issuer,
            topic,
            count: count(waiting),
            between: (waiting.first, waiting.last),
            newest: &waiting.newest,
        };
        let body = body(&told);
        let hooks = self.settings.alerts.webhooks.iter();
        let post = |hook: &Webhook| {
            let id = Digest::of(&self.entropy.bytes::<32>()).to_base64url();
            NewWebhook {
                id: format!("msg_{id}"),
                hook: hook.name.clone(),
                body: body.clone(),
            }
        };
        hooks.map(post).collect()
    }
}

/// What must be looked at now is gathered for moments only: a second closing of the gate is news.
fn is_urgent(topic: AlertTopic) -> bool {
    topic.severity() == Severity::Critical
}

fn count(waiting: &WaitingAlerts) -> u64 {
    u64::try_from(waiting.ids.len()).unwrap_or(u64::MAX)
}

/// An event in one line: facts by their names, as the command line shows them.
fn line(event: &Event) -> AlertLine {
    let outcome = (event.outcome != Outcome::Passed).then(|| event.outcome.name().to_owned());
    let user = event.user_id.map(|id| format!("user={id}"));
    let client = event.client_id.as_ref().map(|id| format!("client={id}"));
    let facts = event.detail.as_object().into_iter().flatten();
    let facts = facts
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}={text}"),
            other => format!("{name}={other}"),
        });
    let kind = event.kind.name().to_owned();
    let words = [Some(kind), outcome, user, client].into_iter().flatten();
    let text = words.chain(facts).collect::<Vec<_>>().join(" ");
    AlertLine {
        at: event.at,
        text: text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(LINE_LONGEST)
            .collect(),
    }
}
