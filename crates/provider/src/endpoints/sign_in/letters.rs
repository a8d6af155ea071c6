use sekisho_mail::{Device, Letter, LetterBody, Sender};
use sekisho_model::{Client, EmailAddress, LetterId, Locale, User};
use sekisho_store::{LetterState, OutboxLetter};

use crate::Provider;

/// The client's name in a language.
pub(crate) fn client_name(client: &Client, locale: Locale) -> String {
    match (locale, &client.client_name_ja) {
        (Locale::Ja, Some(name)) => name.clone(),
        (Locale::Ja | Locale::En, _) => client.client_name.clone(),
    }
}

impl Provider {
    /// Seals a letter to `user` at `to`, ready for the outbox.
    pub(super) fn sealed_letter(
        &self,
        user: &User,
        to: &EmailAddress,
        body: LetterBody,
    ) -> OutboxLetter {
        let now = self.now();
        let id = LetterId::new(now, &*self.entropy);
        let (kind, not_after) = (body.kind(), body.not_after());
        let letter = Letter {
            to: to.to_string(),
            locale: user.locale,
            zone: user.zone.clone(),
            sender: Sender {
                service: self.settings.service_name.clone(),
                host: self.settings.issuer_host().to_owned(),
            },
            body,
        };
        OutboxLetter {
            id,
            kind,
            sealed: sekisho_audit::outbox::seal_letter(&letter, id, &self.keyring, &*self.entropy),
            created_at: now,
            not_after,
            attempts: 0,
            next_attempt_at: now,
            state: LetterState::Waiting,
            last_error: None,
        }
    }

    pub(super) fn device(user_agent: &str) -> Device {
        Device::of(user_agent)
    }
}
