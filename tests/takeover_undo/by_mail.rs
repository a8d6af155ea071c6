//! Somebody has the password and reads the one mailbox: the links in it open nothing that the owner guards. And what
//! a thief did a moment ago is put back as it was.

use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::{AlertSetting, FactorLoss};

use super::{Scene, is_in, press};
use crate::second_steps::{add_app, code_of, enter};
use crate::support::browser::{Browser, Page};
use crate::support::house::PASSWORD;
use crate::support::wait;

const HOUR: Duration = Duration::from_hours(1);
const CODES: &str = "/account/security/recovery-codes";
const NETWORKS: &str = "/account/security/networks";
const ADDED: &str = "an authenticator app was added";
const NEW_STEP: &str = "your second step is to be replaced";
const STOPPED: &str = "a sign-in was stopped";

impl Scene {
    /// How many second steps there are, and what was reported about them.
    async fn factors(&self) -> (usize, Option<FactorLoss>) {
        let (user, store) = (self.house.user, &self.house.house.services.store);
        let read = store.read(move |tx| Ok((tx.factors_of(user)?.len(), tx.factor_loss(user)?)));
        read.await.unwrap()
    }

    /// The second step after the right password, in a browser of its own.
    async fn at_step(&self) -> (Browser, Page) {
        let browser = Browser::new(&self.house);
        let asked = self.types(&browser, PASSWORD).await;
        let page = browser.get(asked.location()).await;
        (browser, page)
    }
}

fn asks_for_app(page: &Page) -> bool {
    page.words().contains("Enter the code from your app")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_td_08_a_mailbox_does_not_take_an_app_of_yesterday() {
    let scene = Scene::open().await;
    let owner = Browser::new(&scene.house);
    owner.sign_in(&scene.house, &scene.start()).await;
    let sign_in_link = scene.link(&scene.house.login_address, "new device").await;
    let secret = add_app(&scene.house, &owner).await;
    let link = scene.link(&scene.house.login_address, ADDED).await;
    scene.house.advance(25 * HOUR).await;
    // There is nothing to untick: the account is locked whatever is wished.
    let thief = scene.thief();
    for link in [&link, &sign_in_link] {
        let page = thief.get(link).await;
        assert!(
            page.words().contains("cannot be left out"),
            "{}",
            page.words()
        );
        assert!(!page.text.contains("name=\"lock\""));
    }
    let mailed = scene.house.last_code();
    let done = scene.deny(&link, false).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    let (left, loss) = scene.factors().await;
    assert_eq!(left, 1);
    assert_eq!(loss.unwrap().due_at, scene.house.now() + 72 * HOUR);
    let told = scene.house.told(&scene.house.code_address, STOPPED).await;
    for part in ["asked for three days more", "Choose a new password"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // The other link finds nothing more: for three days the app is asked for, and no code is mailed.
    scene.deny(&sign_in_link, false).await;
    assert_eq!(scene.factors().await.0, 1);
    scene.house.advance(71 * HOUR).await;
    assert!(asks_for_app(&scene.at_step().await.1));
    assert_eq!(scene.house.last_code(), mailed);
    // The owner hears of it in every mailbox, with the link that stops it; signing in with the app stops it as well.
    for address in [&scene.house.login_address, &scene.house.code_address] {
        let told = scene.house.told(address, NEW_STEP).await;
        assert!(told.contains("/second-step/keep/"), "{told}");
    }
    let (owner, page) = scene.at_step().await;
    let led = enter(&owner, &page, &code_of(&secret, &scene.house)).await;
    let to = led.location();
    assert!(to.starts_with("/login/new-password"), "{to}");
    assert_eq!(scene.factors().await, (1, None));
    scene.house.advance(2 * HOUR).await;
    assert!(asks_for_app(&scene.at_step().await.1));
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_td_08_an_app_that_is_used_elsewhere_stays_though_it_is_new() {
    let scene = Scene::open().await;
    let owner = Browser::new(&scene.house);
    owner.sign_in(&scene.house, &scene.start()).await;
    let secret = add_app(&scene.house, &owner).await;
    let link = scene.link(&scene.house.login_address, ADDED).await;
    let (elsewhere, page) = scene.at_step().await;
    let done = enter(&elsewhere, &page, &code_of(&secret, &scene.house)).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    scene.deny(&link, false).await;
    let (left, loss) = scene.factors().await;
    assert!(left == 1 && loss.is_some());
    assert!(!is_in(&elsewhere).await, "it locks");
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_26_td_08_an_app_that_a_stolen_session_added_falls_at_once() {
    let scene = Scene::open().await;
    let owner = Browser::new(&scene.house);
    owner.sign_in(&scene.house, &scene.start()).await;
    let cookies = owner.cookies(&scene.house);
    let thief = scene.thief().holding(&scene.house, &cookies, "session");
    add_app(&scene.house, &thief).await;
    let link = scene.link(&scene.house.code_address, ADDED).await;
    scene.house.advance(HOUR).await;
    let done = scene.deny(&link, false).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    assert_eq!(scene.factors().await, (0, None));
    assert!(!is_in(&thief).await);
    let told = scene.house.told(&scene.house.login_address, STOPPED).await;
    assert!(told.contains("that were added there: removed"), "{told}");
    // The password leads to a mailed code, and on to another password.
    let led = owner.sign_in(&scene.house, &scene.start()).await;
    let to = led.location();
    assert!(to.starts_with("/login/new-password"), "{to}");
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_a_denial_that_takes_nothing_back_leaves_the_password_and_says_so() {
    let scene = Scene::open().await;
    let thief = scene.thief();
    thief.sign_in(&scene.house, &scene.start()).await;
    let link = scene.link(&scene.house.login_address, "new device").await;
    scene.deny(&link, false).await;
    let told = scene.house.told(&scene.house.login_address, STOPPED).await;
    assert!(told.contains("Your password stays as it is"), "{told}");
    assert!(!told.contains("Taken back"), "{told}");
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_08_networks_and_alerts_of_before_come_back() {
    let scene = Scene::open().await;
    let owner = Browser::new(&scene.house);
    owner.sign_in(&scene.house, &scene.start()).await;
    press(&owner, CODES, &[]).await;
    press(&owner, NETWORKS, &[("networks", "127.0.0.0/8")]).await;
    let before = scene.account().await;
    assert!(before.networks.is_some());
    scene.house.advance(48 * HOUR).await;
    let thief = scene.thief();
    thief.sign_in(&scene.house, &scene.start()).await;
    press(&thief, NETWORKS, &[("networks", "127.0.0.1")]).await;
    // Of one moment the record has no order.
    scene.house.advance(Duration::from_secs(1)).await;
    press(&thief, NETWORKS, &[("networks", "")]).await;
    press(&thief, "/account/security", &[("alert", "off")]).await;
    let taken = scene.account().await;
    assert_eq!(
        (taken.networks, taken.user.alert),
        (None, AlertSetting::Off)
    );
    let provider = &scene.house.house.services.provider;
    let account = provider.account(scene.house.user).await.unwrap().unwrap();
    assert!(account.networks.is_everywhere());
    wait::until("the letter about the thief", async || {
        (scene.told("new device").0 == 2).then_some(())
    })
    .await;
    let link = scene.link(&scene.house.login_address, "new device").await;
    scene.deny(&link, false).await;
    let after = scene.account().await;
    assert_eq!(after.networks, before.networks);
    assert_eq!(after.user.alert, before.user.alert);
    let account = provider.account(scene.house.user).await.unwrap().unwrap();
    assert_eq!(account.networks.lines(), ["127.0.0.0/8"]);
    let told = scene.house.told(&scene.house.code_address, STOPPED).await;
    for part in [
        "networks you sign in from: as they were",
        "Mails about sign-ins: as they were",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_14_td_08_a_mailbox_does_not_take_networks_of_yesterday() {
    let scene = Scene::open().await;
    let owner = Browser::new(&scene.house);
    owner.sign_in(&scene.house, &scene.start()).await;
    press(&owner, CODES, &[]).await;
    press(&owner, NETWORKS, &[("networks", "127.0.0.0/8")]).await;
    let before = scene.account().await;
    let about = "the networks you sign in from were chosen";
    let link = scene.link(&scene.house.login_address, about).await;
    scene.house.advance(25 * HOUR).await;
    scene.deny(&link, false).await;
    let networks = scene.account().await.networks;
    assert!(networks.is_some() && networks == before.networks);
    let told = scene.house.told(&scene.house.login_address, STOPPED).await;
    assert!(told.contains("they stay"), "{told}");
    scene.house.close().await;
}
