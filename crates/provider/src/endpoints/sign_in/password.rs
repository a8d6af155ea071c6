use sekisho_guard::{Concerned, DeviceClass, EndpointClass, Pass, PasswordAttempt};
use sekisho_model::{
    AuthenticationMethod, BrowserId, BrowserToken, Digest, EmailAddress, EpochKind, Event,
    EventKind, KnownBrowser, Outcome, Timestamp, UserId,
};
use sekisho_store::{Account, PasswordRecord, PasswordRun, Tx};

use super::super::visit::{NewCookies, Visit};
use super::complete::{Completed, Completion};
use super::flow::{LoadedFlow, concerned};
use super::password_run::Run;
use crate::accounts::OpenAccount;
use crate::password::Checked;
use crate::rules::forced_change::ChangeReason;
use crate::rules::sign_in::{SecondStep, SecondStepWishes, asked_by_void_alone, second_step};
use crate::rules::standing::account_may_act;
use crate::{Failure, Provider};

/// What came of an address and a password.
#[derive(Debug)]
pub enum PasswordOutcome {
    /// One of them is wrong, or there is no such account: nobody is told which (ENU-01).
    Wrong,
    /// Too many tries from there or for that account; nothing was checked.
    Wait(Timestamp),
    /// Strangers are kept out of where the browser comes from; nothing was checked. It is the same for every name
    /// (ux 6.1).
    Blocked,
    /// Too many wrong passwords in a row at browsers of this class; nothing was checked. A mailed link is the
    /// way (THR-02, THR-04).
    OnlyByMail,
    /// The password was right, but the account is stopped (ENU-06).
    Disabled,
    /// The password was right and a code was mailed.
    CodeSent(NewCookies),
    /// The password was right, a code is asked, and there is no address it could go to.
    NoCodeAddress,
    /// The password was right but is void, and nothing else could be asked for at a sign-in: a mailed link leads to
    /// a new one (INC-08).
    ChangeByMail,
    /// The password was right, but no more codes are mailed until then (OTP-12).
    NoMoreCodes(Timestamp),
    /// Signed in.
    SignedIn(Box<Completed>),
    /// Another request of the same flow was faster.
    FlowGone,
}

/// What is known before a password is checked.
struct Recognised {
    account: Option<Account>,
    /// The browser the account knows by a presented cookie.
    browser: Option<KnownBrowser>,
    /// Or else the one whose cookie once held what is presented, and until when.
    former: Option<(KnownBrowser, Timestamp)>,
    /// Wrong passwords in a row, for names without an account as well.
    runs: Vec<PasswordRun>,
}

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
        let seen = self.account_and_browser(index, visit).await?;
        let (account, browser) = (seen.account, seen.browser);
        let device = device_class(counted_as(&flow, account.as_ref(), browser.as_ref()));
        let run = self.run_of(index, device, &seen.runs);
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
            Pass::Go(ticket) if self.is_open(&run) => ticket,
            stopped => {
                let whose = (&index, whose(account.as_ref()));
                return self.held_up(stopped, whose, &flow, visit).await;
            }
        };
        let named = whose(account.as_ref());
        let user_id = named.unwrap_or_else(|| UserId::new(now, &*self.entropy));
        let record = account
            .as_ref()
            .and_then(|account| account.password.as_ref());
        let check = self.check_counted(ticket, (user_id, record), password);
        let (checked, ticket) = self.usual_check.of(check).await?;
        match checked {
            Checked::Wrong => {
                self.wrong(named, &flow, visit, (password, run)).await?;
                let known = counted_as(&flow, account.as_ref(), browser.as_ref());
                let whose = (named, &index, password);
                self.after_wrong(flow, whose, known, visit).await
            }
            Checked::Right(renewed) => {
                let Some(account) = account else {
                    return Ok(PasswordOutcome::Wrong);
                };
                self.keep_renewed(&account, renewed).await?;
                let flow = self
                    .settle_run(flow, account.user.id, (ticket, run))
                    .await?;
                self.notice_copy(&account, seen.former, visit).await?;
                let change = self.change_reason(&account, password).await?;
                let whose = (&account, change, password);
                self.password_was_right(flow, whose, browser, visit).await
            }
        }
    }

    /// Keeps a hash of today's cost in the place of an older one.
    async fn keep_renewed(
        &self,
        account: &Account,
        renewed: Option<PasswordRecord>,
    ) -> Result<(), Failure> {
        if let (Some(new), Some(old)) = (renewed, account.password.clone()) {
            let id = account.user.id;
            // A parallel change of the password wins; the hash is renewed another time.
            let work = move |tx: &mut Tx<'_>| tx.replace_password(id, &old.sealed, &new);
            let _renewed = self.store.write(work).await?;
        }
        Ok(())
    }

    async fn after_wrong(
        &self,
        mut flow: LoadedFlow,
        (user, index, password): (Option<UserId>, &Digest, &str),
        known: Option<BrowserId>,
        visit: &Visit,
    ) -> Result<PasswordOutcome, Failure> {
        if !self.is_uniform(&flow) {
            return Ok(PasswordOutcome::Wrong);
        }
        flow.pending.unproved = None;
        let user = user.unwrap_or_else(|| self.nobody_at(index));
        self.decoy(flow, (user, password), known, visit).await
    }

    async fn account_and_browser(
        &self,
        index: Digest,
        visit: &Visit,
    ) -> Result<Recognised, Failure> {
        let tokens: Vec<Digest> = visit.browsers.iter().map(BrowserToken::digest).collect();
        let work = move |tx: &mut Tx<'_>| {
            let runs = tx.password_runs(&index)?;
            let Some(account) = tx.account_by_address(&index)? else {
                return Ok(Recognised {
                    account: None,
                    browser: None,
                    former: None,
                    runs,
                });
            };
            let user = account.user.id;
            let browser = tx.browser_among(user, &tokens)?;
            let former = match &browser {
                Some(_) => None,
                None => tx.browser_formerly_among(user, &tokens)?,
            };
            Ok(Recognised {
                account: Some(account),
                browser,
                former,
                runs,
            })
        };
        Ok(self.store.read(work).await?)
    }

    async fn disabled(
        &self,
        flow: LoadedFlow,
        (account, password): (&Account, &str),
        browser: Option<&KnownBrowser>,
        visit: &Visit,
    ) -> Result<PasswordOutcome, Failure> {
        self.record_failure(Some(account.user.id), &flow, visit, Outcome::Disabled)
            .await?;
        if self.is_uniform(&flow) {
            let known = counted_as(&flow, Some(account), browser);
            let whose = (account.user.id, password);
            return self.decoy(flow, whose, known, visit).await;
        }
        Ok(PasswordOutcome::Disabled)
    }

    async fn password_was_right(
        &self,
        flow: LoadedFlow,
        (account, change, password): (&Account, Option<ChangeReason>, &str),
        browser: Option<KnownBrowser>,
        visit: &Visit,
    ) -> Result<PasswordOutcome, Failure> {
        if !account_may_act(account.user.state) {
            let whose = (account, password);
            return self.disabled(flow, whose, browser.as_ref(), visit).await;
        }
        let open = self.open_account(account)?;
        let whom = concerned(&flow, &open);
        if !self.is_uniform(&flow) {
            // Else it is asked once everything is proved.
            self.pass(EndpointClass::SignIn, whom)?;
        }
        let tightened = self.tightened(whom.client, whom.user);
        let app = self.app_view(&flow, visit).await?;
        let counted_as = counted_as(&flow, Some(account), browser.as_ref());
        if !open.networks.allows(&visit.origin.ip) {
            let whose = (&open, change);
            return self.ask_outside(flow, whose, counted_as, visit).await;
        }
        let wishes = SecondStepWishes {
            user: open.user.second_step,
            client: flow.pending.insists_on_code()
                || app.as_ref().is_some_and(|app| app.requires_code),
            server: self.settings.codes.for_everyone
                || tightened.code_for_everyone
                || self.rules_ask_code(visit, open.user.id),
            password_void: change == Some(ChangeReason::Marked),
            browser_trusted: !tightened.no_trusted_browsers
                && browser
                    .as_ref()
                    .is_some_and(|browser| self.trust_counts(browser, (&flow, &open))),
        };
        if self
            .leads_to_link_alone(wishes, (&flow, &open), visit)
            .await?
        {
            return Ok(PasswordOutcome::ChangeByMail);
        }
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

    /// Whether a voided password is all there is, and no code can be asked for: a mailed link is the way (INC-08).
    async fn leads_to_link_alone(
        &self,
        wishes: SecondStepWishes,
        (flow, open): (&LoadedFlow, &OpenAccount),
        visit: &Visit,
    ) -> Result<bool, Failure> {
        let asked = asked_by_void_alone(wishes) && open.code_address.is_none();
        if !asked || self.is_uniform(flow) {
            return Ok(false);
        }
        let user = open.user.id;
        let factors = self.store.read(move |tx| tx.factors_of(user)).await?;
        if !factors.is_empty() {
            return Ok(false);
        }
        self.record_failure(Some(user), flow, visit, Outcome::Refused)
            .await?;
        Ok(true)
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

    fn trust_counts(
        &self,
        browser: &KnownBrowser,
        (flow, account): (&LoadedFlow, &OpenAccount),
    ) -> bool {
        let now = self.now();
        let in_time = browser.trusted_until.is_some_and(|until| now < until);
        let Concerned { client, user } = concerned(flow, account);
        in_time
            && self
                .knowledge
                .is_current(browser.epoch, EpochKind::Browser, user, client)
    }

    async fn wrong(
        &self,
        user: Option<UserId>,
        flow: &LoadedFlow,
        visit: &Visit,
        (password, run): (&str, Run),
    ) -> Result<(), Failure> {
        let mut event = self.failure_event(user, flow, visit, Outcome::WrongPassword);
        event.detail = serde_json::json!({});
        let known = run.device != DeviceClass::Unknown;
        self.count_wrong(event, (password, run), known).await
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
