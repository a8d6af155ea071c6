use sekisho_model::{AlertTopic, Severity};

use askama::Template as _;

use super::{View, html, text};
use crate::{AlertLine, Letter, when};

/// The key of the subject, and both parts.
pub(super) fn written(v: &View) -> Result<(&'static str, String, String), askama::Error> {
    Ok((
        "operator-alert-subject",
        text::OperatorAlert(v).render()?,
        html::OperatorAlert(v).render()?,
    ))
}

impl View {
    /// A message to operators (AU-10).
    pub(super) fn operator_alert(
        &mut self,
        letter: &Letter,
        topic: AlertTopic,
        (count, lines): (u64, &[AlertLine]),
    ) -> Result<(), askama::Error> {
        let topic_words = self.say(words_of(topic))?;
        let severity = self.say(match topic.severity() {
            Severity::Notice => "severity-notice",
            Severity::Warning => "severity-warning",
            Severity::Critical => "severity-critical",
        })?;
        self.put("topic", topic_words);
        self.put("severity", severity);
        self.put("count", count.to_string());
        for line in lines {
            let label = when::date_time_zone(line.at, &letter.zone, letter.locale);
            self.rows.push(super::Row {
                label,
                value: line.text.clone(),
            });
        }
        Ok(())
    }
}

const fn words_of(topic: AlertTopic) -> &'static str {
    match topic {
        AlertTopic::Gate => "alert-topic-gate",
        AlertTopic::Feature => "alert-topic-feature",
        AlertTopic::Voided => "alert-topic-voided",
        AlertTopic::Keys => "alert-topic-keys",
        AlertTopic::Replay => "alert-topic-replay",
        AlertTopic::NotMe => "alert-topic-not-me",
        AlertTopic::Export => "alert-topic-export",
        AlertTopic::Notice => "alert-topic-notice",
        AlertTopic::Block => "alert-topic-block",
        AlertTopic::Rule => "alert-topic-rule",
        AlertTopic::Canary => "alert-topic-canary",
        AlertTopic::BulkRead => "alert-topic-bulk-read",
        AlertTopic::Advisory => "alert-topic-advisory",
        AlertTopic::OperatorToken => "alert-topic-operator-token",
        AlertTopic::Mail => "alert-topic-mail",
        AlertTopic::Test => "alert-topic-test",
    }
}
