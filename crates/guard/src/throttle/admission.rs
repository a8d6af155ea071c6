use sekisho_model::{Digest, Timestamp};
use sekisho_session::{QueuePlace, QueueRules, QueueSource, SessionError};

use super::{GuardFailure, Throttle};
use crate::rules::{Admission, AdmissionSettings, turns_of};

impl Throttle {
    /// Shows somebody's ticket at the door of the pages that change passwords; households and the networks
    /// around them take turns. While the session store is away this process keeps a queue of its own (THR-12).
    pub async fn admit(
        &self,
        ticket: &Digest,
        ip: &str,
        settings: &AdmissionSettings,
        now: Timestamp,
    ) -> Result<Admission, GuardFailure> {
        let (sources, rules) = (self.queue_sources(ip), queue_rules(settings));
        let shared = self.session.queue_up(ticket, &sources, &rules, now).await;
        let place = match shared {
            Err(SessionError::Unavailable(_)) => {
                self.own.queue_up(ticket, &sources, &rules, now).await
            }
            answered => answered,
        };
        let admission = match place? {
            QueuePlace::Inside => Admission::Inside,
            QueuePlace::Waiting { ahead } => settings.wait(ahead),
            QueuePlace::Full => settings.full(),
        };
        count(&admission);
        Ok(admission)
    }

    fn queue_sources(&self, ip: &str) -> Vec<QueueSource> {
        let keyed = |whom: &str| Digest::keyed(self.key.as_bytes(), &[b"queue", whom.as_bytes()]);
        let sources = turns_of(ip).into_iter().map(|(whom, turns)| QueueSource {
            name: keyed(&whom),
            turns,
        });
        sources.collect()
    }
}

/// For how many rounds one household may wait ahead of others.
const DEEPEST: u32 = 1_000;

fn queue_rules(settings: &AdmissionSettings) -> QueueRules {
    let (wave, wave_size) = settings.openings();
    QueueRules {
        wave,
        wave_size,
        front: settings.wave_people,
        most_waiting: settings.most_waiting,
        deepest: DEEPEST.min(settings.most_waiting),
        pass: settings.pass,
        absent: settings.absent(),
    }
}

fn count(admission: &Admission) {
    let answer = match admission {
        Admission::Inside => "inside",
        Admission::Wait { .. } => "wait",
        Admission::Full { .. } => "full",
    };
    metrics::counter!("sekisho_admissions_total", "answer" => answer).increment(1);
    if let Admission::Wait { position, .. } = admission {
        let ahead = f64::from(u32::try_from(*position).unwrap_or(u32::MAX));
        metrics::histogram!("sekisho_admission_position").record(ahead);
    }
}
