use clap::Subcommand;
use sekisho_audit::delivery::{DeliveryRate, LOOKED_BACK};
use sekisho_mail::{Letter, LetterBody, Sender, Transport};
use sekisho_model::{Clock as _, EmailAddress, Entropy, LetterId, OsEntropy, SystemClock};
use sekisho_store::{LetterState, Store, StoreError};
use serde::Serialize;

use super::tree::{Form, Where};
use super::{CliError, config_at, output};
use crate::wiring::open_store;

#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    /// Send a test mail and wait for the answer.
    #[command(after_help = "Example\n  sekisho mail test you@example.org --config config.toml")]
    Test {
        #[command(flatten)]
        at: Where,
        /// To whom.
        address: String,
    },
    /// Show what waits and what could not be sent.
    #[command(after_help = "Example\n  sekisho mail queue --config config.toml")]
    Queue {
        #[command(flatten)]
        at: Where,
    },
    /// Try again what could not be sent.
    #[command(after_help = "Example\n  sekisho mail retry --config config.toml")]
    Retry {
        #[command(flatten)]
        at: Where,
    },
}

/// A waiting or dead letter; never its recipient or text.
#[derive(Serialize)]
struct Shown {
    id: String,
    kind: &'static str,
    state: &'static str,
    attempts: u32,
    last_error: Option<String>,
}

pub(super) async fn run(command: MailCommand, form: Form) -> Result<(), CliError> {
    match command {
        MailCommand::Test { at, address } => test(&at, &address).await,
        MailCommand::Queue { at } => {
            let store = open_store(&config_at(&at)?).await?;
            let letters = store.read(move |tx| tx.list_letters(200)).await?;
            let shown: Vec<Shown> = letters
                .into_iter()
                .map(|letter| Shown {
                    id: letter.id.to_string(),
                    kind: letter.kind.name(),
                    state: match letter.state {
                        LetterState::Waiting => "waiting",
                        LetterState::Gathered => "gathered",
                        LetterState::Sent => "sent",
                        LetterState::Dead => "dead",
                    },
                    attempts: letter.attempts,
                    last_error: letter.last_error,
                })
                .collect();
            output::list(
                form,
                &["id", "kind", "state", "tries", "last answer"],
                &shown,
                |letter| {
                    let error = letter.last_error.clone().unwrap_or_default();
                    vec![
                        letter.id.clone(),
                        letter.kind.to_owned(),
                        letter.state.to_owned(),
                        letter.attempts.to_string(),
                        error,
                    ]
                },
            );
            let rate = delivery_rate(&store).await?;
            if rate.is_bad() {
                output::warn(&format!("Many letters are not taken: {rate}."));
            } else {
                output::done(&format!("{rate}."));
            }
            Ok(())
        }
        MailCommand::Retry { at } => {
            let store = open_store(&config_at(&at)?).await?;
            let now = SystemClock.now();
            let revived = store.write(move |tx| tx.revive_dead_letters(now)).await?;
            output::done(&format!("{revived} letters are tried again."));
            Ok(())
        }
    }
}

/// How delivery went in the last hour (OTP-27).
pub(super) async fn delivery_rate(store: &Store) -> Result<DeliveryRate, StoreError> {
    let since = SystemClock.now() - LOOKED_BACK;
    let figures = store.read(move |tx| tx.delivery_figures(since)).await?;
    Ok(DeliveryRate(figures))
}

async fn test(at: &Where, address: &str) -> Result<(), CliError> {
    let config = config_at(at)?;
    // Fails only if a provider is installed already, which is then the same one.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let to = EmailAddress::parse(address).map_err(|error| CliError::refused(error.to_string()))?;
    let transport = Transport::open(config.mail.url.expose(), &config.mail.from)
        .map_err(|refusal| CliError::refused(refusal.to_string()))?;
    if transport.catcher().is_some() {
        return Err(CliError::refused("mail.url is catch: no mail is sent."));
    }
    let letter = Letter {
        to: to.to_string(),
        locale: config.server.default_locale,
        zone: config.server.default_zone.clone(),
        sender: Sender {
            service: config.server.service_name.clone(),
            host: config.provider_settings().issuer_host().to_owned(),
        },
        place: None,
        body: LetterBody::Test,
    };
    let (now, entropy) = (SystemClock.now(), OsEntropy::new());
    let entropy: &dyn Entropy = &entropy;
    let sent = transport
        .send(&letter, LetterId::new(now, entropy), now)
        .await;
    sent.map_err(|error| CliError::failed("The mail was not taken", error))?;
    output::done("The mail server took it.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sekisho_model::{LetterKind, Sealed};
    use sekisho_store::{LetterRoom, OutboxLetter, Tx};

    use super::*;
    use crate::cli::tests::Place;

    #[tokio::test]
    async fn otp_27_doctor_complains_when_letters_are_not_taken() {
        let place = Place::new().await;
        place.run("doctor").await.unwrap();
        let (now, entropy) = (SystemClock.now(), OsEntropy::new());
        let letters: Vec<OutboxLetter> = (0..3)
            .map(|_| OutboxLetter {
                id: LetterId::new(now, &entropy),
                kind: LetterKind::SignInCode,
                sealed: Sealed::from_bytes(Vec::new()),
                created_at: now,
                not_after: None,
                attempts: 0,
                next_attempt_at: now,
                state: LetterState::Waiting,
                last_error: None,
                lane: String::new(),
            })
            .collect();
        let defer = move |tx: &mut Tx<'_>| {
            letters.iter().try_for_each(|letter| tx.post(letter))?;
            let minute = Duration::from_mins(1);
            let claimed = tx.claim_letters(now, minute, &LetterRoom::of(9))?;
            let mut claimed = claimed.iter();
            claimed.try_for_each(|letter| tx.letter_failed(letter.id, now + minute, "later"))
        };
        place.store.write(defer).await.unwrap();
        let rate = delivery_rate(&place.store).await.unwrap();
        assert!(rate.is_bad(), "{rate}");
        assert!(place.run("doctor").await.is_err());
        place.run("mail queue").await.unwrap();
    }
}
