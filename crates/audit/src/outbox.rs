//! Letters between the act and the mail server: sealed, so that neither a stolen database nor a
//! look into the queue shows a code (OTP-15).

use sekisho_mail::Letter;
use sekisho_model::{Entropy, KeyRing, LetterId, Purpose, Sealed, Timestamp};
use sekisho_store::{LetterState, OutboxLetter};

/// A letter ready to be posted with `Tx::post`, in the transaction of what it tells about. Ring the
/// dispatcher's bell after the commit.
pub fn prepare(
    letter: &Letter,
    now: Timestamp,
    keyring: &KeyRing,
    entropy: &dyn Entropy,
) -> OutboxLetter {
    let id = LetterId::new(now, entropy);
    OutboxLetter {
        id,
        kind: letter.body.kind(),
        sealed: seal_letter(letter, id, keyring, entropy),
        created_at: now,
        not_after: letter.body.not_after(),
        attempts: 0,
        next_attempt_at: now,
        state: LetterState::Waiting,
        last_error: None,
        lane: String::new(),
    }
}

/// Seals a letter for its place in the outbox: it opens only under the same id.
pub fn seal_letter(
    letter: &Letter,
    id: LetterId,
    keyring: &KeyRing,
    entropy: &dyn Entropy,
) -> Sealed {
    // Only maps with keys that are no texts cannot be written, and a letter has none.
    let plain = serde_json::to_vec(letter).unwrap_or_default();
    keyring.seal(Purpose::Letter, &id.to_string(), &plain, entropy)
}

/// Opens what [`seal_letter`] made; `None` if key, id or content do not fit.
pub fn open_letter(sealed: &Sealed, id: LetterId, keyring: &KeyRing) -> Option<Letter> {
    let opened = keyring.open(Purpose::Letter, &id.to_string(), sealed);
    serde_json::from_slice(&opened.ok()?).ok()
}

#[cfg(test)]
mod tests {
    use sekisho_model::SeededEntropy;

    use super::*;
    use crate::dispatcher::tests::{AT, code_letter};

    #[test]
    fn otp_15_a_waiting_letter_shows_nothing_and_opens_only_in_its_place() {
        let entropy = SeededEntropy::new(1);
        let keyring = KeyRing::ephemeral(&entropy);
        let posted = prepare(&code_letter("48291537"), AT, &keyring, &entropy);
        let bytes = posted.sealed.as_bytes();
        for secret in ["48291537", "haruka", "203.0.113.24"] {
            assert!(
                !bytes
                    .windows(secret.len())
                    .any(|at| at == secret.as_bytes())
            );
        }
        let opened = open_letter(&posted.sealed, posted.id, &keyring).unwrap();
        assert_eq!(opened.body.code(), Some("48291537"));
        assert_eq!(posted.not_after, opened.body.not_after());
        let elsewhere = LetterId::new(AT, &entropy);
        assert!(open_letter(&posted.sealed, elsewhere, &keyring).is_none());
        let other = KeyRing::ephemeral(&entropy);
        assert!(open_letter(&posted.sealed, posted.id, &other).is_none());
    }
}
