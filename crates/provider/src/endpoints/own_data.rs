//! Everything that is kept about a person, for that person: never a secret (`ux.md` 7.6).

use sekisho_guard::EndpointClass;
use sekisho_mail::RecoveryNews;
use sekisho_model::{
    Event, EventId, EventKind, Feature, KnownBrowser, Outcome, SessionId, Timestamp,
};
use sekisho_store::{HistoryFilter, SealedAddress, Tx};
use serde_json::{Value, json};

use super::connected_apps::ConnectedApp;
use super::devices::DeviceSession;
use super::gathered::Gathered;
use super::second_steps::FactorView;
use super::visit::Visit;
use crate::accounts::OpenAccount;
use crate::moving::moment;
use crate::{Failure, Provider};

/// Events read at once.
const PAGE: u32 = 1_000;
/// Events a file holds at most: more than half a year of anybody's.
const MOST: usize = 100_000;

impl Provider {
    /// The file, and a record that it was made: by the person in `session`, or else by an operator. Either is told to
    /// all addresses of the account (TD-07).
    pub async fn own_data(
        &self,
        account: &OpenAccount,
        session: Option<SessionId>,
        visit: &Visit,
    ) -> Result<Value, Failure> {
        let user = &account.user;
        if session.is_some() {
            self.works(Feature::DataExport)?;
            self.pass_person(EndpointClass::AccountView, user)?;
            self.count_taking(user.id).await?;
        }
        self.record_taking(account, session, visit).await?;
        let id = user.id;
        let found = self.store.read(move |tx| tx.account(id)).await?;
        let sealed = found.ok_or(Failure::Corrupt("account"))?;
        let verified = |address: &Option<SealedAddress>| {
            address.as_ref().and_then(|one| one.verified_at).map(moment)
        };
        let devices = self.devices(user).await?;
        let browsers = self.store.read(move |tx| tx.browsers_of(id)).await?;
        let apps = self.connected_apps(user).await?;
        let recovery = self.recovery_figures(id).await?;
        let steps = self.second_steps(id).await?;
        let factors = steps.app.iter().chain(&steps.passkeys);
        Ok(json!({
            "service": self.settings.service_name,
            "issuer": self.settings.issuer,
            "made_at": moment(self.now()),
            "account": {
                "sub": user.subject.as_str(),
                "created_at": moment(user.created_at),
                "state": user.state,
                "leaves_at": user.leaves_at.map(moment),
                "sign_in_address": account.login_address.to_string(),
                "sign_in_address_verified_at": verified(&sealed.login_address),
                "code_address": account.code_address.as_ref().map(ToString::to_string),
                "code_address_verified_at": verified(&sealed.code_address),
                "code_address_refused_at": account.code_refused_at.map(moment),
                "password_chosen_at": account.password_changed_at.map(moment),
                "recovery_codes_left": recovery.left,
                "claims": account.claims,
            },
            "settings": {
                "language": user.locale.tag(),
                "language_chosen": user.locale_chosen,
                "time_zone": user.zone,
                "sign_in_mails": user.alert,
                "two_step": user.second_step,
                "networks": account.networks.lines(),
            },
            "second_steps": factors.map(factor_shown).collect::<Vec<_>>(),
            "sessions": devices.sessions.iter().map(session_shown).collect::<Vec<_>>(),
            "browsers": browsers.iter().map(browser_shown).collect::<Vec<_>>(),
            "apps": apps.iter().map(app_shown).collect::<Vec<_>>(),
            "history": self.whole_history(account).await?,
        }))
    }

    async fn record_taking(
        &self,
        account: &OpenAccount,
        session: Option<SessionId>,
        visit: &Visit,
    ) -> Result<(), Failure> {
        let mut event = self.event(EventKind::UsersExported, Outcome::Passed, &visit.origin);
        event.user_id = Some(account.user.id);
        event.session_id = session;
        let by = if session.is_some() {
            "person"
        } else {
            "operator"
        };
        event.detail = json!({ "own_data": true, "by": by });
        // Who sits at somebody's open session must not take everything without a word.
        let letters = match session {
            Some(_) => self.letters_to_all(account, || {
                self.recovery_notice(RecoveryNews::DataTaken, visit)
            }),
            None => Vec::new(),
        };
        let gathered = match session {
            Some(_) => Gathered::nothing(account.user.id),
            None => self.told_of_operator(account, RecoveryNews::OperatorTook),
        };
        let work = move |tx: &mut Tx<'_>| {
            gathered.post(tx)?;
            letters.iter().try_for_each(|letter| tx.post(letter))?;
            tx.record(&event)
        };
        self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(())
    }

    async fn whole_history(&self, account: &OpenAccount) -> Result<Vec<Value>, Failure> {
        let (user, mut before) = (account.user.id, None::<(Timestamp, EventId)>);
        let mut all = Vec::new();
        loop {
            let filter = HistoryFilter::default();
            let page = move |tx: &mut Tx<'_>| tx.history_of(user, &filter, before, PAGE);
            let events = self.store.read(page).await?;
            let more = events.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
            before = events.last().map(|event| (event.at, event.id));
            all.extend(events.iter().map(event_shown));
            if !more || all.len() >= MOST {
                return Ok(all);
            }
        }
    }
}

fn factor_shown(factor: &FactorView) -> Value {
    json!({
        "kind": factor.kind.name(),
        "name": factor.name,
        "added": moment(factor.made_at),
        "last_used": factor.last_used_at.map(moment),
    })
}

fn session_shown(found: &DeviceSession) -> Value {
    let session = &found.session;
    json!({
        "began": moment(session.created_at),
        "last_used": moment(session.last_seen_at),
        "address": session.ip,
        "browser": session.user_agent,
        "apps": found.apps,
    })
}

fn browser_shown(browser: &KnownBrowser) -> Value {
    json!({
        "first_seen": moment(browser.first_seen_at),
        "last_seen": moment(browser.last_seen_at),
        "trusted_until": browser.trusted_until.map(moment),
        "browser": browser.user_agent,
    })
}

fn app_shown(app: &ConnectedApp) -> Value {
    json!({
        "app": app.client_id,
        "scope": app.scope.to_string(),
        "claims": app.claims,
        "since": moment(app.since),
        "last_used": app.used_at.map(moment),
    })
}

fn event_shown(event: &Event) -> Value {
    json!({
        "at": moment(event.at),
        "what": event.kind.name(),
        "outcome": event.outcome.name(),
        "app": event.client_id,
        "address": event.origin.ip,
        "browser": event.origin.user_agent,
    })
}
