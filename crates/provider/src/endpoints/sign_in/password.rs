use std::time::Duration;

use sekisho_guard::{Concerned, DeviceClass, EndpointClass, Pass, PasswordAttempt, Ticket};
use sekisho_model::{
    AuthenticationMethod, BrowserId, BrowserToken, Digest, EmailAddress, EpochKind, Event,
    EventKind, KnownBrowser, Outcome, Timestamp, UserId,
};
use sekisho_session::{CounterKey, Limit, Verdict};
use sekisho_store::{Account, Tx};

use super::super::visit::{NewCookies, Visit};
use super::complete::{Completed, Completion};
use super::flow::{LoadedFlow, concerned};
use crate::accounts::OpenAccount;
use crate::password::Checked;
use crate::rules::forced_change::ChangeReason;
use crate::rules::sign_in::{SecondStep, SecondStepWishes, second_step};
use crate::rules::standing::account_may_act;
use crate::{Failure, Provider};

/// What came of an address and a password.
#[derive(Debug)]
pub enum PasswordOutcome {
    /// One of them is wrong, or there is no such account: nobody is told which (ENU-01).
    Wrong,
    /// Too many tries from there or for that account; nothing was checked.
    Wait(Timestamp),
    /// The password was right, but the account is stopped (ENU-06).
    Disabled,
    /// The password was right and a code was mailed.
    CodeSent(NewCookies),
    /// The password was right, a code is asked, and there is no address it could go to.
    NoCodeAddress,
    /// The password was right, but no more codes are mailed until then (OTP-12).
    NoMoreCodes(Timestamp),
    /// Signed in.
    SignedIn(Box<Completed>),
    /// Another request of the same flow was faster.
    FlowGone,
}

/// An account, the browser it knows by a presented cookie, or else the one whose cookie once held what is presented,
/// and until when.
type Recognised = (
    Option<Account>,
    Option<KnownBrowser>,
    Option<(KnownBrowser, Timestamp)>,
);

impl Provider {
    /// Checks an address and a password. Cheap checks come first, then the throttle counts, then the
    /// hash is computed - for unknown accounts as well (PW-22, THR-07, ENU-02).
    pub async fn sign_in_password(
        &self,
        flow: LoadedFlow,
        address: &EmailAddress,
        password: &str,
        visit: &Visit,
    ) -> Result<PasswordOutcome, Failure> {
        let index = self.address_index(address);
        let now = self.now();
        let (account, browser, former) = self.account_and_browser(index, visit).await?;
        let device = device_class(counted_as(&flow, account.as_ref(), browser.as_ref()));
        let client = flow.pending.request();
        let client = client.map(|request| request.client_id.clone());
        let whom = Concerned {
            client: client.as_ref(),
            user: None,
        };
        self.pass(EndpointClass::SignIn, whom)?;
        let attempt = PasswordAttempt {
            account: &index,
            device,
            ip: &visit.origin.ip,
            client: client.as_ref(),
        };
        let ticket = match self.throttle.before_password(attempt, now).await? {
            Pass::Go(ticket) => ticket,
            Pass::Wait { until, .. } => {
                if self.tells_block(&index, visit, now).await {
                    self.record_failure(whose(account.as_ref()), &flow, visit, Outcome::Blocked)
                        .await?;
                }
                return Ok(PasswordOutcome::Wait(until));
            }
        };
        let nobody = || UserId::new(now, &*self.entropy);
        let user_id = account
            .as_ref()
            .map_or_else(nobody, |account| account.user.id);
        let named = whose(account.as_ref());
        let record = account
            .as_ref()
            .and_then(|account| account.password.as_ref());
        match self.passwords.check(user_id, record, password).await? {
            Checked::Wrong => {
                let typed = (password, &index, device);
                self.wrong(named, &flow, visit, typed).await?;
                Ok(PasswordOutcome::Wrong)
            }
            Checked::Right(renewed) => {
                let Some(account) = account else {
                    return Ok(PasswordOutcome::Wrong);
                };
                if let (Some(new), Some(old)) = (renewed, account.password.clone()) {
                    let id = account.user.id;
                    // A parallel change of the password wins; the hash is renewed another time.
                    let _renewed = self
                        .store
                        .write(move |tx| tx.replace_password(id, &old.sealed, &new))
                        .await?;
                }
                self.notice_copy(&account, former, visit).await?;
                let change = self.change_reason(&account, password).await?;
                self.password_was_right(flow, (&account, change), browser, ticket, visit)
                    .await
            }
        }
    }

    async fn account_and_browser(
        &self,
        index: Digest,
        visit: &Visit,
    ) -> Result<Recognised, Failure> {
        let tokens: Vec<Digest> = visit.browsers.iter().map(BrowserToken::digest).collect();
        let work = move |tx: &mut Tx<'_>| {
            let account = tx.account_by_address(&index)?;
            let Some(account) = account else {
                return Ok((None, None, None));
            };
            let user = account.user.id;
            let browser = tx.browser_among(user, &tokens)?;
            let former = match &browser {
                Some(_) => None,
                None => tx.browser_formerly_among(user, &tokens)?,
            };
            Ok((Some(account), browser, former))
        };
        Ok(self.store.read(work).await?)
    }

    async fn password_was_right(
        &self,
        flow: LoadedFlow,
        (account, change): (&Account, Option<ChangeReason>),
        browser: Option<KnownBrowser>,
        ticket: Ticket,
        visit: &Visit,
    ) -> Result<PasswordOutcome, Failure> {
        let now = self.now();
        self.throttle.after_success(ticket).await;
        if !account_may_act(account.user.state) {
            self.record_failure(Some(account.user.id), &flow, visit, Outcome::Disabled)
                .await?;
            return Ok(PasswordOutcome::Disabled);
        }
        let open = self.open_account(account)?;
        let whom = concerned(&flow, &open);
        self.pass(EndpointClass::SignIn, whom)?;
        let tightened = self.tightened(whom.client, whom.user);
        let app = self.app_view(&flow, visit).await?;
        let counted_as = counted_as(&flow, Some(account), browser.as_ref());
        if !open.networks.allows(&visit.origin.ip) {
            let whose = (&open, change);
            return self.ask_outside(flow, whose, counted_as, visit).await;
        }
        // Whoever knows a password that was given up must not be the one who chooses the next.
        let given_up = open.user.epochs.password > open.user.password_epoch;
        let wishes = SecondStepWishes {
            user: open.user.second_step || given_up,
            client: flow.pending.insists_on_code()
                || app.as_ref().is_some_and(|app| app.requires_code),
            server: self.settings.codes.for_everyone
                || tightened.code_for_everyone
                || self.rules_ask_code(visit, open.user.id),
            browser_trusted: !tightened.no_trusted_browsers
                && browser
                    .as_ref()
                    .is_some_and(|browser| self.trust_counts(browser, &open, now)),
        };
        let step = self.step_from_here(wishes, (&open, browser.is_some()), visit);
        match step.await? {
            SecondStep::Ask => {
                let about = (app.map(|app| app.name), counted_as);
                let asked = self.ask_second_step(flow, (&open, change), about, visit);
                asked.await
            }
            SecondStep::SkippedByTrust | SecondStep::Off => {
                let completion = Completion {
                    account: open,
                    browser,
                    methods: vec![AuthenticationMethod::Pwd],
                    trust: false,
                    spent_challenge: None,
                    change,
                };
                let completed = self.complete_sign_in(flow, completion, visit).await?;
                Ok(completed.map_or(PasswordOutcome::FlowGone, |c| {
                    PasswordOutcome::SignedIn(Box::new(c))
                }))
            }
        }
    }

    /// Which second step it is; only where nothing else asks for one does the place matter (THR-15).
    async fn step_from_here(
        &self,
        wishes: SecondStepWishes,
        (open, known): (&OpenAccount, bool),
        visit: &Visit,
    ) -> Result<SecondStep, Failure> {
        match second_step(wishes) {
            SecondStep::Ask => Ok(SecondStep::Ask),
            skipped => {
                let asks = self.place_asks_code(open.user.id, known, visit).await?;
                Ok(if asks { SecondStep::Ask } else { skipped })
            }
        }
    }

    fn trust_counts(&self, browser: &KnownBrowser, account: &OpenAccount, now: Timestamp) -> bool {
        let in_time = browser.trusted_until.is_some_and(|until| now < until);
        let user = Some(&account.user);
        in_time
            && self
                .knowledge
                .is_current(browser.epoch, EpochKind::Browser, user, None)
    }

    /// A blocked source tries on and on: one event in ten minutes tells it (decisions: audit).
    async fn tells_block(&self, account: &Digest, visit: &Visit, now: Timestamp) -> bool {
        let whom = Digest::keyed(account.as_bytes(), &[visit.origin.ip.as_bytes()]);
        let key = CounterKey {
            name: "blocked-event",
            digest: whom,
        };
        let limit = Limit {
            key,
            max: 1,
            window: Duration::from_mins(10),
        };
        matches!(self.session.count(&[limit], now).await, Ok(Verdict::Within))
    }

    /// Records a wrong password with what rules tell attacks by (THR-15): a number and marks, no secret.
    async fn wrong(
        &self,
        user: Option<UserId>,
        flow: &LoadedFlow,
        visit: &Visit,
        (password, index, device): (&str, &Digest, DeviceClass),
    ) -> Result<(), Failure> {
        let same = self.same_password(password, index).await;
        let mut event = self.failure_event(user, flow, visit, Outcome::WrongPassword);
        event.detail = serde_json::json!({
            "name": self.name_mark(index, event.at),
            "known": device != DeviceClass::Unknown,
        });
        if let (Some(same), Some(members)) = (same, event.detail.as_object_mut()) {
            members.insert("same_password".to_owned(), same.into());
        }
        Ok(self.store.write(move |tx| tx.record(&event)).await?)
    }

    /// Whether a detection rule asks for the code, whatever the person chose (THR-15).
    fn rules_ask_code(&self, visit: &Visit, user: UserId) -> bool {
        let measures = self.throttle.measures();
        measures.asks_code(&visit.origin.ip, user, self.now())
    }

    /// Records a failed or stopped attempt, for unknown accounts too: the same work either way.
    pub(super) async fn record_failure(
        &self,
        user: Option<UserId>,
        flow: &LoadedFlow,
        visit: &Visit,
        outcome: Outcome,
    ) -> Result<(), Failure> {
        let event = self.failure_event(user, flow, visit, outcome);
        Ok(self.store.write(move |tx| tx.record(&event)).await?)
    }

    fn failure_event(
        &self,
        user: Option<UserId>,
        flow: &LoadedFlow,
        visit: &Visit,
        outcome: Outcome,
    ) -> Event {
        let mut event: Event = self.event(EventKind::SignIn, outcome, &visit.origin);
        event.user_id = user;
        event.client_id = flow
            .pending
            .request()
            .map(|request| request.client_id.clone());
        event
    }
}

/// What tries are counted under, apart from those of strangers: a mailed way in, or a browser the account knows.
fn counted_as(
    flow: &LoadedFlow,
    account: Option<&Account>,
    browser: Option<&KnownBrowser>,
) -> Option<BrowserId> {
    account
        .and_then(|account| flow.pending.let_in_for(account.user.id))
        .or_else(|| browser.map(|browser| browser.id))
}

fn whose(account: Option<&Account>) -> Option<UserId> {
    account.map(|account| account.user.id)
}

/// THR-03: a browser that is known to the account counts for itself.
pub(crate) const fn device_class(known: Option<BrowserId>) -> DeviceClass {
    match known {
        Some(browser) => DeviceClass::Known(browser),
        None => DeviceClass::Unknown,
    }
}
