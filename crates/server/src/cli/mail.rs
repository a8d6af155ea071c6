use clap::Subcommand;
use sekisho_audit::delivery::{DeliveryRate, LOOKED_BACK};
use sekisho_mail::{Letter, LetterBody, Sender, Transport, when};
use sekisho_model::{Clock as _, EmailAddress, Entropy, LetterId, OsEntropy, SystemClock};
use sekisho_store::{LetterState, OutboxLetter, Store, StoreError, Tx};
use serde::Serialize;

use super::paging::{self, RowPlace, row_place};
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
    /// Show what waits and what could not be sent, newest first.
    #[command(
        after_help = "Example\n  sekisho mail queue --config config.toml\n  sekisho mail queue --limit 1000 --output json --config config.toml"
    )]
    Queue {
        #[command(flatten)]
        at: Where,
        /// Go on after this place, which is the `place` of the last row.
        #[arg(long, value_parser = row_place)]
        after: Option<RowPlace>,
        /// How many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
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
    created_at: String,
    place: String,
}

impl From<OutboxLetter> for Shown {
    fn from(letter: OutboxLetter) -> Self {
        let place = RowPlace {
            at: letter.created_at,
            id: letter.id.to_string(),
        };
        Self {
            kind: letter.kind.name(),
            state: match letter.state {
                LetterState::Waiting => "waiting",
                LetterState::Gathered => "gathered",
                LetterState::Sent => "sent",
                LetterState::Dead => "dead",
            },
            attempts: letter.attempts,
            last_error: letter.last_error,
            created_at: when::rfc3339(letter.created_at, "UTC"),
            place: place.to_string(),
            id: place.id,
        }
    }
}

pub(super) async fn run(command: MailCommand, form: Form) -> Result<(), CliError> {
    match command {
        MailCommand::Test { at, address } => test(&at, &address).await,
        MailCommand::Queue { at, after, limit } => queue(&at, after, limit, form).await,
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

async fn queue(
    at: &Where,
    after: Option<RowPlace>,
    limit: u32,
    form: Form,
) -> Result<(), CliError> {
    let store = open_store(&config_at(at)?).await?;
    let page = move |tx: &mut Tx<'_>| {
        let before = after.as_ref().map(|place| (place.at, place.id.as_str()));
        tx.letters_before(before, limit)
    };
    let letters = store.read(page).await?;
    let shown: Vec<Shown> = letters.into_iter().map(Shown::from).collect();
    let heads = ["id", "kind", "state", "tries", "last answer"];
    output::list(form, &heads, &shown, |letter| {
        vec![
            letter.id.clone(),
            letter.kind.to_owned(),
            letter.state.to_owned(),
            letter.attempts.to_string(),
            letter.last_error.clone().unwrap_or_default(),
        ]
    });
    paging::more(&shown, limit, |last| last.place.clone());
    let rate = delivery_rate(&store).await?;
    if rate.is_bad() {
        output::warn(&format!("Many letters are not taken: {rate}."));
    } else {
        output::done(&format!("{rate}."));
    }
    Ok(())
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
            code_in_subject: false,
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
