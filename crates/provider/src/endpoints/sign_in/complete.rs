use sekisho_audit::alert_rules::Browser;
use sekisho_audit::flow_mark;
use sekisho_guard::{Concerned, EndpointClass};
use sekisho_model::{
    AuthenticationMethod, BrowserId, BrowserSession, BrowserToken, ChallengeId, Digest, Event,
    EventKind, KnownBrowser, Locale, Outcome, SessionId, SessionToken, Timestamp,
};
use sekisho_store::{Hold, NotMeLink, Once, StoreError, Tx};

use super::super::authorize::{Asked, KEEP_PAGE, Next};
use super::super::gathered::Gathered;
use super::super::leaving::is_leaving;
use super::super::not_me::SIGN_IN_LINK;
use super::super::visit::{LiveSession, NewCookies, Visit};
use super::flow::{LoadedFlow, concerned};
use super::letters::{hold, seen_before};
use crate::accounts::OpenAccount;
use crate::rules::consent::ConsentNeed;
use crate::rules::forced_change::ChangeReason;
use crate::rules::oauth_error::AuthorizationError;
use crate::rules::sign_in::{Destination, SignedIn};
use crate::{Failure, Provider};

/// Signed in: cookies to set, and where to go.
#[derive(Debug)]
pub struct Completed {
    /// The new session and the mark of the browser.
    pub cookies: NewCookies,
    /// Where to go.
    pub next: Next,
}

/// Everything that was proved.
pub(crate) struct Completion {
    pub(crate) account: OpenAccount,
    pub(crate) browser: Option<KnownBrowser>,
    pub(crate) methods: Vec<AuthenticationMethod>,
    pub(crate) trust: bool,
    pub(crate) spent_challenge: Option<(ChallengeId, Timestamp)>,
    /// Why a new password comes before anything is issued.
    pub(crate) change: Option<ChangeReason>,
}

/// How many sessions an account may have; the oldest end (SES-16).
const MOST_SESSIONS: u32 = 50;

impl Provider {
    /// Makes the session. In one transaction: the challenge is spent for good (OTP-08), the session of
    /// this browser ends or is renewed under a new id (SES-03, SES-05), the browser is remembered, the
    /// event is recorded and the letters are posted. `None` if another request was faster.
    pub(crate) async fn complete_sign_in(
        &self,
        flow: LoadedFlow,
        mut completion: Completion,
        visit: &Visit,
    ) -> Result<Option<Completed>, Failure> {
        let now = self.now();
        self.knowledge.may_issue(now)?;
        self.pass(EndpointClass::SignIn, concerned(&flow, &completion.account))?;
        if let Some(reason) = completion.change {
            return self.lead_to_change(flow, completion, reason, visit).await;
        }
        self.all_is_proved(&flow).await?;
        let seen = newly_seen(&completion, visit);
        completion.account.user.locale = seen.unwrap_or(completion.account.user.locale);
        let former = self.live_session(visit).await?;
        let (browser, browser_token, replaces) = self.remembered_browser(&flow, &completion, visit);
        let token = SessionToken::generate(&*self.entropy);
        let mut session = self.new_session(&flow, &completion, former.as_ref(), browser.id, visit);
        session.digest = token.digest();
        let journey = self.journey(session.user_id, visit).await?;
        let mut event = self.sign_in_event(&flow, &completion, &session, visit);
        if let (Some(journey), Some(members)) = (journey, event.detail.as_object_mut()) {
            members.insert("journey".to_owned(), serde_json::json!(journey));
        }
        let (not_me, link) = self.not_me_link(&event, session.user_id, SIGN_IN_LINK);
        let letters = self
            .letters_after(&flow, &completion, not_me, visit)
            .await?;
        let posted = !letters.is_empty();
        let record = SignInRecord {
            event,
            not_me: posted.then_some(link),
            spent: completion.spent_challenge,
            session: session.clone(),
            former: former.map(|former| former.session),
            known: completion.browser,
            trusts: completion.trust,
            browser,
            letters,
            held: hold(&flow, session.user_id),
            seen,
        };
        if !self.store.write(move |tx| record.write(tx, now)).await? {
            return Ok(None);
        }
        if posted {
            self.letters_wait.ring();
        }
        // The one before, or the oldest of many.
        self.sessions_ended.notify_one();
        let live = LiveSession {
            session,
            user: completion.account.user,
            since: flow.pending.epoch,
        };
        let next = self.after_sign_in(flow, &live, visit).await?;
        let cookies = NewCookies {
            session: Some(token),
            pre_auth: None,
            browser: Some((browser_token, replaces)),
            browser_state: self.kept_browser_state(&live),
            language: live.user.chosen_locale(),
        };
        Ok(next.map(|next| Completed { cookies, next }))
    }

    fn sign_in_event(
        &self,
        flow: &LoadedFlow,
        completion: &Completion,
        session: &BrowserSession,
        visit: &Visit,
    ) -> Event {
        let mut event = self.event(EventKind::SignIn, Outcome::Passed, &visit.origin);
        event.user_id = Some(session.user_id);
        event.client_id = flow
            .pending
            .request()
            .map(|request| request.client_id.clone());
        event.session_id = Some(session.id);
        event.detail = serde_json::json!({
            "amr": session.methods,
            "new_browser": seen_before(completion.browser.as_ref(), visit) == Browser::New,
            "browser": session.browser_id.to_string(),
            "flow": flow_mark(&flow.id),
        });
        // Who wants the code and was not asked for it was let through by the trust in this browser.
        let wants_code = completion.account.user.second_step || self.settings.codes.for_everyone;
        let skipped = wants_code && !AuthenticationMethod::prove_second_step(&session.methods);
        if let Some(detail) = event.detail.as_object_mut().filter(|_| skipped) {
            detail.insert("trusted_browser".to_owned(), true.into());
        }
        event
    }

    /// The browser's record under a new cookie value (TD-01: rotated on use).
    fn remembered_browser(
        &self,
        flow: &LoadedFlow,
        completion: &Completion,
        visit: &Visit,
    ) -> (KnownBrowser, BrowserToken, Option<Digest>) {
        let now = self.now();
        let token = BrowserToken::generate(&*self.entropy);
        let known = completion.browser.as_ref();
        let kept_trust = known.and_then(|browser| browser.trusted_until);
        let Concerned { client, user } = concerned(flow, &completion.account);
        let offered = !self.tightened(client, user).no_trusted_browsers;
        let new_trust =
            (completion.trust && offered).then(|| now + self.settings.lifetimes.trusted_browser);
        let epoch = match (new_trust, known) {
            (None, Some(browser)) => browser.epoch,
            _ => self.knowledge.epoch_now(),
        };
        let record = KnownBrowser {
            id: known.map_or_else(|| BrowserId::new(now, &*self.entropy), |browser| browser.id),
            user_id: completion.account.user.id,
            digest: token.digest(),
            first_seen_at: known.map_or(now, |browser| browser.first_seen_at),
            last_seen_at: now,
            trusted_until: new_trust.or(kept_trust),
            epoch,
            user_agent: visit.origin.user_agent.clone(),
        };
        (record, token, known.map(|browser| browser.digest))
    }

    fn new_session(
        &self,
        flow: &LoadedFlow,
        completion: &Completion,
        former: Option<&LiveSession>,
        browser_id: BrowserId,
        visit: &Visit,
    ) -> BrowserSession {
        let now = self.now();
        let user_id = completion.account.user.id;
        // The same person again: the session goes on under a new id; somebody else: a new one.
        let same = former.filter(|former| former.user.id == user_id);
        BrowserSession {
            id: same.map_or_else(
                || SessionId::new(now, &*self.entropy),
                |former| former.session.id,
            ),
            digest: Digest::of(&[]),
            user_id,
            browser_id,
            created_at: same.map_or(now, |former| former.session.created_at),
            last_seen_at: now,
            expires_at: now + self.settings.lifetimes.session,
            auth_time: now,
            methods: completion.methods.clone(),
            epoch: flow.pending.epoch,
            ip: visit.origin.ip.clone(),
            user_agent: visit.origin.user_agent.clone(),
        }
    }

    /// Goes on after a sign-in: to the page, to consent, or back to the app.
    pub(crate) async fn after_sign_in(
        &self,
        mut flow: LoadedFlow,
        live: &LiveSession,
        visit: &Visit,
    ) -> Result<Option<Next>, Failure> {
        if is_leaving(&live.user) {
            self.end_flow(&flow.id).await?;
            return Ok(Some(Next::Page(KEEP_PAGE.to_owned())));
        }
        if flow.pending.recovery_used {
            return self.tell_of_recovery(flow, live).await;
        }
        let request = match &flow.pending.destination {
            Destination::Page(path)
            | Destination::StrongPage(path)
            | Destination::ChangePage(path, _) => {
                let path = path.clone();
                self.end_flow(&flow.id).await?;
                return Ok(Some(Next::Page(path)));
            }
            Destination::App(request) => (**request).clone(),
        };
        let Some(client) = self.clients.find(request.client_id.as_str()).await? else {
            return Ok(None);
        };
        if client.client.disabled {
            return Ok(None);
        }
        if !self.is_wanted_subject(&client.client, &request, live) {
            // Core §3.1.2.2: somebody else signed in than the app's hint or claims name.
            self.end_flow(&flow.id).await?;
            let _first = self.use_up(&request).await?;
            let error = AuthorizationError::LoginRequired;
            let answer = self.refused(&request.reply, error, &client.client, true)?;
            return Ok(Some(Next::Answer(answer)));
        }
        if self.consent_need(&request, &client, live).await? == ConsentNeed::Ask {
            flow.pending.signed_in(SignedIn {
                user_id: live.user.id,
                session_id: live.session.id,
            });
            return Ok(self
                .save_flow(&flow)
                .await?
                .then_some(Next::Consent(flow.id)));
        }
        if !self.end_flow(&flow.id).await? {
            return Ok(None);
        }
        let scope = request.scope.clone();
        let answer = self
            .issue_code(
                Asked {
                    request: &request,
                    client: &client.client,
                    live,
                },
                scope,
                visit,
                None,
            )
            .await?;
        Ok(Some(Next::Answer(answer)))
    }
}

/// The language of this sign-in, if whoever signs in chose none and it is another than last time.
fn newly_seen(completion: &Completion, visit: &Visit) -> Option<Locale> {
    let user = &completion.account.user;
    (!user.locale_chosen && user.locale != visit.locale).then_some(visit.locale)
}

/// Everything one sign-in writes.
struct SignInRecord {
    spent: Option<(ChallengeId, Timestamp)>,
    session: BrowserSession,
    former: Option<BrowserSession>,
    known: Option<KnownBrowser>,
    trusts: bool,
    browser: KnownBrowser,
    letters: Gathered,
    /// Letters that say that nobody finished this.
    held: Hold,
    /// What the letters link to.
    not_me: Option<NotMeLink>,
    /// The language to write to somebody in who chose none.
    seen: Option<Locale>,
    event: Event,
}

impl SignInRecord {
    /// `false`, with nothing written, if the challenge was spent or the session renewed meanwhile.
    fn write(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<bool, StoreError> {
        self.letters.hold(tx)?;
        if let Some((challenge, until)) = &self.spent
            && tx.spend_challenge(challenge, now, *until)? == Once::Again
        {
            return Ok(false);
        }
        if self.write_session(tx, now)? == Once::Again {
            return Ok(false);
        }
        tx.end_oldest_sessions(self.session.user_id, MOST_SESSIONS, now)?;
        match &self.known {
            // Two sign-ins at once from one browser: either value of the cookie may win.
            Some(known) => {
                let (id, old) = (known.id, &known.digest);
                let _first = if self.trusts {
                    tx.rotate_browser(id, old, &self.browser)?
                } else {
                    tx.renew_browser(id, old, &self.browser)?
                };
            }
            None => tx.insert_browser(&self.browser)?,
        }
        tx.drop_held(&self.held)?;
        self.letters.post(tx)?;
        if let Some(link) = &self.not_me {
            tx.insert_not_me(link)?;
        }
        if let Some(seen) = self.seen {
            tx.note_locale(self.session.user_id, seen)?;
        }
        tx.record(&self.event)?;
        Ok(true)
    }

    fn write_session(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<Once, StoreError> {
        match &self.former {
            Some(former) if former.id == self.session.id => {
                return tx.rotate_session(former.id, &former.digest, &self.session);
            }
            Some(former) => drop(tx.end_session(former.id, now)?),
            None => {}
        }
        tx.insert_session(&self.session)?;
        Ok(Once::First)
    }
}
