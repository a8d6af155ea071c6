use std::sync::Arc;
use std::time::Duration;

use sekisho_model::{Digest, Feature, Timestamp};
use sekisho_store::{LogoutDelivery, LogoutState, Tx};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::rules::logout_token::{LogoutToken, TYPE, Verdict, verdict};
use crate::{Failure, Provider};

/// Requests on their way at the same time.
const HANDS: usize = 10;
/// How long a claimed delivery is ours; longer than an app may take to answer.
const LEASE: Duration = Duration::from_secs(30);
/// How often the ledger is looked at without being woken: retries, and sessions that ended elsewhere.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long to wait after the store did not answer.
const STORE_PAUSE: Duration = Duration::from_secs(5);

/// The background loop that tells apps of sessions that ended.
///
/// Several nodes may run one each: a delivery is claimed by one at a time. An app is told at least once,
/// and in the worst case twice.
#[derive(Debug)]
pub struct Deliverer {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Deliverer {
    /// Starts the loop.
    pub fn start(provider: Arc<Provider>) -> Self {
        let (stop, stopping) = watch::channel(false);
        let desk = Arc::new(Desk { provider });
        let task = tokio::spawn(serve(desk, stopping));
        Self { stop, task }
    }

    /// Lets requests in flight end, for at most `deadline`; the rest stays in the ledger.
    pub async fn stop(self, deadline: Duration) {
        // Nobody listens only if the loop has ended already.
        let _ended = self.stop.send(true);
        let mut task = self.task;
        if tokio::time::timeout(deadline, &mut task).await.is_err() {
            task.abort();
        }
    }
}

async fn serve(desk: Arc<Desk>, mut stopping: watch::Receiver<bool>) {
    let mut busy = JoinSet::new();
    loop {
        let stop = *stopping.borrow_and_update();
        if stop && busy.is_empty() {
            return;
        }
        let free = if stop {
            0
        } else {
            HANDS.saturating_sub(busy.len())
        };
        let wait = match desk.claim(free).await {
            Ok(deliveries) => {
                for delivery in deliveries {
                    busy.spawn(Arc::clone(&desk).deliver(delivery));
                }
                LOOK_EVERY
            }
            Err(failed) => {
                tracing::warn!(error = %failed, "the ledger of sign-outs cannot be read");
                STORE_PAUSE
            }
        };
        tokio::select! {
            Some(told) = busy.join_next() => {
                if let Err(panicked) = told {
                    tracing::error!(error = %panicked, "telling an app of a sign-out panicked");
                }
            }
            () = desk.provider.sessions_ended.notified() => {}
            changed = stopping.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = pause(wait) => {}
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a background loop waits between its rounds"
)]
async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

struct Desk {
    provider: Arc<Provider>,
}

/// Why an app was not told.
enum Untold {
    /// The app or the line to it.
    Failed(Option<u16>, String),
    /// There is no use in trying again.
    Pointless(&'static str),
}

impl Desk {
    async fn claim(&self, free: usize) -> Result<Vec<LogoutDelivery>, Failure> {
        let (now, limit) = (self.provider.now(), u32::try_from(free).unwrap_or(u32::MAX));
        let store = &self.provider.store;
        if self.provider.works(Feature::BackchannelLogout).is_err() {
            return Ok(Vec::new());
        }
        if limit == 0 || !store.read(move |tx| tx.logouts_are_due(now)).await? {
            return Ok(Vec::new());
        }
        let claim = move |tx: &mut Tx<'_>| tx.claim_logouts(now, LEASE, limit);
        Ok(store.write(claim).await?)
    }

    /// Tells one app and notes how it went. What cannot be noted comes again after its lease.
    async fn deliver(self: Arc<Self>, mut delivery: LogoutDelivery) {
        let told = self.tell(&delivery).await;
        let (status, error) = match &told {
            Ok(status) => (Some(*status), None),
            Err(Untold::Failed(status, error)) => (*status, Some(error.clone())),
            Err(Untold::Pointless(reason)) => (None, Some((*reason).to_owned())),
        };
        let now = self.provider.now();
        let verdict = match told {
            Err(Untold::Pointless(_)) => Verdict::Never,
            _ => verdict(status, delivery.attempts, now),
        };
        note(&mut delivery, verdict, now);
        delivery.last_status = status;
        delivery.last_error = error;
        say(&delivery);
        let noted = self
            .provider
            .store
            .write(move |tx| tx.note_logout(&delivery));
        if let Err(failed) = noted.await {
            tracing::error!(error = %failed, "what became of a sign-out notice was not noted");
        }
    }

    async fn tell(&self, delivery: &LogoutDelivery) -> Result<u16, Untold> {
        if !self.provider.settings.features.backchannel_logout {
            return Err(Untold::Pointless("back-channel logout is switched off"));
        }
        let token = self.provider.logout_token(delivery).await?;
        let fields = [("logout_token", token.as_str())];
        let status = self
            .provider
            .outbound
            .post_form(&delivery.uri, &fields)
            .await
            .map_err(|refusal| Untold::Failed(None, refusal.to_string()))?;
        match status {
            200..=299 => Ok(status),
            _ => Err(Untold::Failed(Some(status), format!("status {status}"))),
        }
    }
}

impl From<Failure> for Untold {
    fn from(failure: Failure) -> Self {
        tracing::error!(error = %failure, "a logout token could not be made");
        Self::Failed(None, "the token could not be made".to_owned())
    }
}

impl Provider {
    /// A new token each time: an app that remembers `jti` takes a repetition for a replay.
    async fn logout_token(&self, delivery: &LogoutDelivery) -> Result<String, Untold> {
        let Some(client) = self.clients.find(delivery.client_id.as_str()).await? else {
            return Err(Untold::Pointless("the app is gone"));
        };
        let client = &client.client;
        let user = delivery.user_id;
        let account = self
            .store
            .read(move |tx| tx.account(user))
            .await
            .map_err(Failure::from)?;
        let now = self.now();
        let claims = LogoutToken::new(
            &self.settings.issuer,
            &delivery.client_id,
            account.map(|account| self.subject_for(client, &account.user)),
            delivery.session_id,
            now,
            Digest::of(&self.entropy.bytes::<32>()).to_base64url(),
        );
        let algorithm = client.id_token_signed_response_alg;
        Ok(self.keys.current().sign(algorithm, TYPE, &claims, now)?)
    }
}

fn note(delivery: &mut LogoutDelivery, verdict: Verdict, now: Timestamp) {
    match verdict {
        Verdict::Told => {
            delivery.state = LogoutState::Done;
            delivery.done_at = Some(now);
        }
        Verdict::Again(at) => delivery.next_attempt_at = at,
        Verdict::Never => {
            delivery.state = LogoutState::Dead;
            delivery.dead_at = Some(now);
        }
    }
}

fn say(delivery: &LogoutDelivery) {
    let LogoutDelivery {
        client_id,
        session_id,
        attempts,
        last_error: error,
        ..
    } = delivery;
    match delivery.state {
        LogoutState::Done => {
            tracing::info!(client = %client_id, session = %session_id, "app told of a sign-out");
        }
        LogoutState::Waiting | LogoutState::Dead => {
            tracing::warn!(client = %client_id, session = %session_id, attempts, error, state = delivery.state.name(), "app not told of a sign-out");
        }
    }
    let outcome = match delivery.state {
        LogoutState::Done => "done",
        LogoutState::Waiting => "again",
        LogoutState::Dead => "dead",
    };
    metrics::counter!("sekisho_logout_deliveries_total", "outcome" => outcome).increment(1);
}
