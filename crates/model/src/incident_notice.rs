//! What an operator tells people about an incident (INC, `ux.md` 10.8).

use serde::{Deserialize, Serialize};

use crate::{Cohort, NoticeId, Timestamp, UserId};

/// The facts of an incident in one language, in the operator's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentFacts {
    /// In a few words, within a sentence: "a theft of sign-in data".
    pub summary: String,
    /// What happened.
    pub what: String,
    /// Information involved.
    pub items: String,
    /// The cause.
    pub cause: String,
    /// The risk of misuse.
    pub harm: String,
    /// What was done about it.
    pub done: String,
    /// How to reach the operator.
    pub contact: String,
    /// When the operator can be reached.
    pub hours: String,
}

/// The facts of an incident in every language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncidentTexts {
    /// Japanese.
    pub ja: IncidentFacts,
    /// English.
    pub en: IncidentFacts,
}

/// A fact that cannot be told as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{language}.{fact}: use 1 to {longest} characters in one line")]
pub struct FactRefusal {
    /// Which language.
    pub language: &'static str,
    /// Which fact.
    pub fact: &'static str,
    /// The most characters it may have.
    pub longest: usize,
}

/// Characters of the summary, which stands within a sentence.
const SUMMARY: usize = 80;
/// Characters of any other fact.
const FACT: usize = 400;

impl IncidentTexts {
    /// Whether every fact is one line of fitting length.
    pub fn check(&self) -> Result<(), FactRefusal> {
        let texts = [("ja", &self.ja), ("en", &self.en)];
        let mut all = texts
            .into_iter()
            .flat_map(|(language, facts)| facts.named().map(|(fact, text)| (language, fact, text)));
        match all.find(|(_, fact, text)| !fits(text, longest(fact))) {
            Some((language, fact, _)) => Err(FactRefusal {
                language,
                fact,
                longest: longest(fact),
            }),
            None => Ok(()),
        }
    }
}

fn longest(fact: &str) -> usize {
    if fact == "summary" { SUMMARY } else { FACT }
}

fn fits(text: &str, longest: usize) -> bool {
    let blank = text.trim().is_empty();
    !blank && text.chars().count() <= longest && !text.chars().any(char::is_control)
}

impl IncidentFacts {
    fn named(&self) -> [(&'static str, &str); 8] {
        [
            ("summary", &self.summary),
            ("what", &self.what),
            ("items", &self.items),
            ("cause", &self.cause),
            ("harm", &self.harm),
            ("done", &self.done),
            ("contact", &self.contact),
            ("hours", &self.hours),
        ]
    }
}

/// How far a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// People are being told.
    Sending,
    /// Everyone was told.
    Done,
    /// An operator stopped it; who was told stays told.
    Stopped,
}

/// A notice about an incident to everyone in a cohort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentNotice {
    /// Its id.
    pub id: NoticeId,
    /// Whom it is for: those of the cohort who had an account when it was made.
    pub cohort: Cohort,
    /// What it says.
    pub texts: IncidentTexts,
    /// The day of the incident.
    pub happened_at: Timestamp,
    /// When it was made.
    pub made_at: Timestamp,
    /// How far it is.
    pub state: NoticeState,
    /// Everyone up to here was told.
    pub told_to: Option<UserId>,
    /// How many people were told.
    pub told: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> IncidentFacts {
        let text = || "x".to_owned();
        IncidentFacts {
            summary: text(),
            what: text(),
            items: text(),
            cause: text(),
            harm: text(),
            done: text(),
            contact: text(),
            hours: text(),
        }
    }

    #[test]
    fn facts_are_lines_of_fitting_length() {
        let texts = |facts: IncidentFacts| IncidentTexts {
            ja: facts.clone(),
            en: facts,
        };
        assert_eq!(texts(facts()).check(), Ok(()));
        let long = "あ".repeat(81);
        for summary in ["", "  ", "a\nb", "a\u{7}", long.as_str()] {
            let refused = texts(IncidentFacts {
                summary: summary.to_owned(),
                ..facts()
            });
            assert!(refused.check().is_err(), "{summary}");
        }
        let refused = texts(IncidentFacts {
            hours: "x".repeat(401),
            ..facts()
        });
        assert_eq!(
            refused.check().unwrap_err().to_string(),
            "ja.hours: use 1 to 400 characters in one line"
        );
    }
}
