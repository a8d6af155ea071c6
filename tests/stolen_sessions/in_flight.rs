//! Requests on their way when their session ends or is voided (SES-09).

use sekisho_model::{AlertSetting, Cohort, EpochKind, Factor, SessionToken};
use sekisho_provider::endpoints::account::AlertChange;
use sekisho_provider::endpoints::devices::DeviceEnd;
use sekisho_provider::endpoints::leaving::Leaving;
use sekisho_provider::endpoints::own_networks::NetworksChosen;
use sekisho_provider::endpoints::own_password::{OwnChange, OwnPassword};
use sekisho_provider::endpoints::recovery_codes::{CodesMade, Replaces};
use sekisho_provider::endpoints::second_steps::{AppAdded, Removed, SecondStepWish, Switched};
use sekisho_provider::endpoints::visit::{LiveSession, Visit};
use sekisho_store::Tx;

use super::{ADD_APP, NEW, kept};
use crate::authorization::request;
use crate::second_steps::{app_of, code_of, secret_on, signed_in};
use crate::support::browser::Browser;
use crate::support::house::{PASSWORD, TestHouse};

/// A request that began while the session counted.
struct InFlight {
    house: TestHouse,
    live: LiveSession,
    visit: Visit,
    /// The first code of an app that waits.
    code: String,
    factor: Factor,
}

impl InFlight {
    async fn begun() -> Self {
        let house = TestHouse::open().await;
        let app = app_of(&house).await;
        let owner = signed_in(&house, &app).await;
        let page = owner.get(ADD_APP).await;
        let cookies = owner.cookies(&house);
        let cookies = cookies.to_str().unwrap().split("; ");
        let session = cookies.filter_map(|cookie| cookie.split_once('='));
        let session = session
            .into_iter()
            .find(|(name, _)| name.ends_with("session"));
        let visit = Visit {
            session: SessionToken::presented(session.unwrap().1),
            ..Visit::default()
        };
        let provider = &house.house.services.provider;
        let live = provider.live_session(&visit).await.unwrap().unwrap();
        let factor = passkey(&live);
        let (kept, user) = (factor.clone(), house.user);
        let work = move |tx: &mut Tx<'_>| {
            let _first = tx.insert_factor(&kept)?;
            tx.replace_recovery_codes(user, &[sekisho_model::Digest::of(b"code")], kept.made_at)
        };
        house.house.services.store.write(work).await.unwrap();
        let code = code_of(&secret_on(&page), &house);
        Self {
            house,
            live,
            visit,
            code,
            factor,
        }
    }

    /// Everything that can be asked for; each is told that the session does not suffice.
    async fn does_nothing(&self, why: &str) {
        let (house, live, visit) = (&self.house, &self.live, &self.visit);
        let before = kept(house).await;
        let provider = &house.house.services.provider;
        let account = provider.account(house.user).await.unwrap().unwrap();
        let whose = (live, &account);
        let off = SecondStepWish::Off(PASSWORD);
        let switched = provider
            .switch_second_step(whose, off, visit)
            .await
            .unwrap();
        assert_eq!(switched, Switched::Stale, "{why}");
        let added = provider.add_app(whose, &self.code, visit).await.unwrap();
        assert_eq!(added, AppAdded::Stale, "{why}");
        let removed = provider.remove_factor(whose, self.factor.id, visit).await;
        assert_eq!(removed.unwrap(), Removed::Stale, "{why}");
        let made = provider
            .make_recovery_codes(whose, Replaces::Any, visit)
            .await;
        assert_eq!(made.unwrap(), CodesMade::Stale, "{why}");
        let kept_loss = provider.keep_own_factors(whose, visit).await.unwrap();
        assert_eq!(kept_loss, None, "{why}");
        let any = sekisho_model::ClientId::new("any");
        let disconnected = provider.disconnect(live, &any, visit).await.unwrap();
        assert!(!disconnected, "{why}");
        let networks = Visit {
            session: visit
                .session
                .as_ref()
                .and_then(|t| SessionToken::presented(t.reveal())),
            origin: sekisho_model::Origin {
                ip: "192.0.2.7".to_owned(),
                ..Default::default()
            },
            ..Visit::default()
        };
        let chosen = provider
            .choose_networks(whose, "192.0.2.7", &networks)
            .await;
        assert_eq!(chosen.unwrap(), NetworksChosen::Stale, "{why}");
        let alert = provider.set_alert(whose, AlertSetting::Off, visit).await;
        assert_eq!(alert.unwrap(), AlertChange::Stale, "{why}");
        let ended = provider
            .end_device(whose, DeviceEnd::OtherSessions, visit)
            .await;
        assert!(!ended.unwrap(), "{why}");
        let wish = OwnPassword {
            present: PASSWORD,
            new: NEW,
            others_stay: true,
        };
        let changed = provider
            .change_own_password(whose, wish, visit)
            .await
            .unwrap();
        assert!(matches!(changed, OwnChange::Late), "{why}: {changed:?}");
        let wish = OwnPassword {
            others_stay: false,
            ..wish
        };
        let changed = provider
            .change_own_password(whose, wish, visit)
            .await
            .unwrap();
        assert!(matches!(changed, OwnChange::Late), "{why}: {changed:?}");
        let leaving = provider.ask_deletion(live, &account, visit).await.unwrap();
        assert_eq!(leaving, Leaving::Stale, "{why}");
        assert_eq!(kept(house).await, before, "{why}");
        provider.hear().await.unwrap();
        assert!(
            provider.live_session(visit).await.unwrap().is_none(),
            "{why}"
        );
    }

    /// Does something to the account that this node does not hear of.
    async fn meanwhile(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<(), sekisho_store::StoreError> + Send + 'static,
    ) {
        self.house.house.services.store.write(work).await.unwrap();
    }
}

fn passkey(live: &LiveSession) -> Factor {
    let entropy = sekisho_model::OsEntropy::new();
    let now = live.session.auth_time;
    Factor {
        id: sekisho_model::FactorId::new(now, &entropy),
        user_id: live.user.id,
        kind: sekisho_model::FactorKind::Passkey,
        sealed: sekisho_model::Sealed::from_bytes(b"passkey".to_vec()),
        credential: None,
        made_in: live.session.id,
        made_at: now,
        last_used_at: None,
        mark: 0,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_09_a_request_in_flight_changes_nothing_when_its_session_ended() {
    let flight = InFlight::begun().await;
    let (id, now) = (flight.live.session.id, flight.house.now());
    flight
        .meanwhile(move |tx| tx.end_session(id, now).map(drop))
        .await;
    flight.does_nothing("the session ended").await;
    flight.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_09_a_request_in_flight_does_not_carry_its_session_over_a_move_for_everybody() {
    let flight = InFlight::begun().await;
    let void = |tx: &mut Tx<'_>| tx.move_server_epoch(EpochKind::Session).map(drop);
    flight.meanwhile(void).await;
    flight.does_nothing("a move for everybody").await;
    flight.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_09_a_request_in_flight_does_not_carry_its_session_over_a_move_for_a_cohort() {
    let flight = InFlight::begun().await;
    let now = flight.house.now();
    let mark = move |tx: &mut Tx<'_>| {
        let marked = tx.mark_cohort(&Cohort::default(), &[EpochKind::Session], "test", now);
        marked.map(drop)
    };
    flight.meanwhile(mark).await;
    flight.does_nothing("a move for a cohort").await;
    flight.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ses_09_a_password_chosen_in_a_sign_in_that_was_voided_does_not_count() {
    let house = TestHouse::open().await;
    let app = app_of(&house).await;
    let (user, store) = (house.user, &house.house.services.store);
    let mark = move |tx: &mut Tx<'_>| tx.move_user_epoch(user, EpochKind::Password);
    store.write(mark).await.unwrap();
    house.house.services.provider.hear().await.unwrap();
    let browser = Browser::new(&house);
    let to_change = browser.sign_in(&house, &request(&app, &[])).await;
    let page = browser.get(to_change.location()).await;
    let void = |tx: &mut Tx<'_>| tx.move_server_epoch(EpochKind::Session);
    store.write(void).await.unwrap();
    let before = kept(&house).await;
    let form = [("csrf", &*page.hidden("csrf")), ("password", NEW)];
    let gone = browser.post("/login/new-password", &form).await;
    assert!(
        gone.location.is_none_or(|to| !to.contains("code=")),
        "{}",
        gone.text
    );
    assert_eq!(kept(&house).await, before);
    house.close().await;
}
