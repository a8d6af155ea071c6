//! Wrong passwords in a row, and what somebody costs who is held up (THR-02, THR-09).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join;
use sekisho_guard::{BLOCK, DeviceClass, Pass, Ticket};
use sekisho_model::{Digest, UserId};
use sekisho_store::PasswordRun;

use super::super::visit::Visit;
use super::flow::LoadedFlow;
use super::password::PasswordOutcome;
use crate::detection::StoppedAttempt;
use crate::rules::sign_in::UnprovedPassword;
use crate::{Failure, Provider};

/// The wrong passwords in a row of a typed name, at one known browser or at all others together.
pub(crate) struct Run {
    pub(crate) account: Digest,
    pub(super) device: DeviceClass,
    pub(crate) digest: Digest,
    failures: u32,
    any: bool,
}

impl Provider {
    pub(crate) fn run_of(&self, account: Digest, device: DeviceClass, all: &[PasswordRun]) -> Run {
        let class = match device {
            DeviceClass::Known(browser) => browser.to_string(),
            DeviceClass::Unknown => String::new(),
        };
        let parts: [&[u8]; 3] = [b"password run", account.as_bytes(), class.as_bytes()];
        let digest = Digest::keyed(self.address_key.as_bytes(), &parts);
        let own = all.iter().find(|run| run.digest == digest);
        Run {
            account,
            device,
            digest,
            failures: own.map_or(0, |run| run.failures),
            any: !all.is_empty(),
        }
    }

    /// Whether the way is open; otherwise a mailed link is (THR-04).
    pub(crate) fn is_open(&self, run: &Run) -> bool {
        self.throttle.allows_run(run.failures)
    }

    /// The password was right. By a mailed link the owner opens the other ways again as well: the mailbox was
    /// proved too (THR-10).
    pub(crate) async fn end_run(&self, run: Run, by_mail: bool) -> Result<(), Failure> {
        if by_mail && run.any {
            let ended = move |tx: &mut sekisho_store::Tx<'_>| tx.end_password_runs(&run.account);
            self.store.write(ended).await?;
        } else if run.failures > 0 {
            let ended = move |tx: &mut sekisho_store::Tx<'_>| tx.end_password_run(&run.digest);
            self.store.write(ended).await?;
        }
        Ok(())
    }

    /// The password was right: the run ends and its try no longer counts; where no page tells it from a wrong one,
    /// when everything is proved.
    pub(super) async fn settle_run(
        &self,
        mut flow: LoadedFlow,
        user: UserId,
        (ticket, run): (Ticket, Run),
    ) -> Result<LoadedFlow, Failure> {
        let by_mail = flow.pending.let_in_for(user).is_some();
        flow.pending.unproved = None;
        if !self.is_uniform(&flow) {
            self.throttle.after_success(ticket).await;
            self.end_run(run, by_mail).await?;
            return Ok(flow);
        }
        flow.pending.unproved = Some(UnprovedPassword {
            ticket,
            account: run.account,
            run: run.digest,
            by_mail,
        });
        let now = self.now();
        let lengthened = move |tx: &mut sekisho_store::Tx<'_>| {
            tx.lengthen_password_run(&run.account, &run.digest, now)
        };
        self.store.write(lengthened).await?;
        Ok(flow)
    }

    /// Everything is proved: what a right password left counting counts no more.
    pub(super) async fn all_is_proved(&self, flow: &LoadedFlow) -> Result<(), Failure> {
        let Some(held) = flow.pending.unproved.clone() else {
            return Ok(());
        };
        self.throttle.after_success(held.ticket).await;
        let ended = move |tx: &mut sekisho_store::Tx<'_>| {
            if held.by_mail {
                return tx.end_password_runs(&held.account);
            }
            tx.end_password_run(&held.run)
        };
        Ok(self.store.write(ended).await?)
    }

    /// THR-09: nothing is compared, and it takes as long as if it were. For names without an account as well.
    pub(super) async fn held_up(
        &self,
        stopped: Pass,
        (name, user): (&Digest, Option<UserId>),
        flow: &LoadedFlow,
        visit: &Visit,
    ) -> Result<PasswordOutcome, Failure> {
        let request = flow.pending.request();
        let noted = self.note_stopped(StoppedAttempt {
            name,
            user,
            client: request.map(|request| request.client_id.clone()),
            origin: &visit.origin,
        });
        // Whatever is recorded of it, it takes the same time.
        let (noted, ()) = join(noted, self.usual_check.wait()).await;
        noted?;
        Ok(match stopped {
            Pass::Go(_goes_on_counting) => PasswordOutcome::OnlyByMail,
            Pass::Wait { limit: BLOCK, .. } => PasswordOutcome::Blocked,
            Pass::Wait { until, .. } => PasswordOutcome::Wait(until),
        })
    }
}

/// How long checks of passwords take of late. Waiting that long costs no thread, so that a flood of attempts
/// that are held up takes none from those that are checked.
#[derive(Debug, Default)]
pub(crate) struct UsualTime(AtomicU64);

impl UsualTime {
    #[expect(
        clippy::disallowed_methods,
        reason = "measures work; moves with no clock of a test"
    )]
    pub(super) async fn of<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let begun = std::time::Instant::now();
        let done = work.await?;
        self.note(begun.elapsed());
        Ok(done)
    }

    /// Half of what is known gives way to the newest.
    fn note(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let before = match self.0.load(Ordering::Relaxed) {
            0 => took,
            known => known,
        };
        self.0.store(before / 2 + took / 2, Ordering::Relaxed);
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "waits out a difference in time; moves with no clock of a test"
    )]
    async fn wait(&self) {
        tokio::time::sleep(Duration::from_micros(self.0.load(Ordering::Relaxed))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thr_09_the_usual_time_follows_the_checks() {
        let usual = UsualTime::default();
        let known = || Duration::from_micros(usual.0.load(Ordering::Relaxed));
        usual.note(Duration::from_millis(40));
        assert_eq!(known(), Duration::from_millis(40));
        for _ in 0..10 {
            usual.note(Duration::from_millis(100));
        }
        assert!(known() > Duration::from_millis(95) && known() <= Duration::from_millis(100));
    }
}
