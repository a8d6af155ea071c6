use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lettre::Message;
use sekisho_model::{LetterId, LetterKind, Timestamp};
use serde::Serialize;

use crate::{Letter, Rendered, when};

const KEPT: usize = 500;

/// Keeps letters instead of sending them; for the dev mode and for tests.
#[derive(Debug, Clone, Default)]
pub struct Catcher(Arc<Mutex<VecDeque<Caught>>>);

/// A caught letter, as `/_dev/mail.json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Caught {
    /// The letter's id.
    pub id: LetterId,
    /// Whom it was for.
    pub to: String,
    /// Whom it is from, as in the header.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// All header lines of the message, decoded.
    pub headers: BTreeMap<String, String>,
    /// When it was caught (RFC 3339).
    pub at: String,
    /// Which letter it is.
    pub kind: LetterKind,
    /// The code in it, so that scripts need not search for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Catcher {
    /// What was caught, newest first; only letters to `to` (compared without case) if it is given.
    pub fn caught(&self, to: Option<&str>) -> Vec<Caught> {
        let wanted = |letter: &&Caught| to.is_none_or(|to| letter.to.eq_ignore_ascii_case(to));
        self.letters().iter().filter(wanted).cloned().collect()
    }

    /// One caught letter.
    pub fn letter(&self, id: LetterId) -> Option<Caught> {
        self.letters()
            .iter()
            .find(|letter| letter.id == id)
            .cloned()
    }

    pub(crate) fn keep(&self, letter: Caught) {
        let mut letters = self.letters();
        letters.push_front(letter);
        letters.truncate(KEPT);
    }

    fn letters(&self) -> MutexGuard<'_, VecDeque<Caught>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caught {
    pub(crate) fn of(
        letter: &Letter,
        rendered: Rendered,
        message: &Message,
        id: LetterId,
        now: Timestamp,
    ) -> Self {
        let headers: BTreeMap<String, String> = crate::message::headers(message);
        Self {
            id,
            to: letter.to.clone(),
            from: headers.get("From").cloned().unwrap_or_default(),
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            headers,
            at: when::rfc3339(now, "UTC"),
            kind: letter.body.kind(),
            code: letter.body.code().map(str::to_owned),
        }
    }
}
