//! Copied cookies of browsers that were used before (TD-01, TD-02).

use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::EventKind;

use super::{COPIED, MINUTE, NEW, Scene, asks_code, is_in, press, send};
use crate::support::browser::Browser;
use crate::support::house::PASSWORD;
use crate::support::wait;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_01_a_copied_cookie_is_noticed_when_its_owner_comes_second() {
    let scene = Scene::open().await;
    let owner = scene.trusted().await;
    scene.house.advance(10 * MINUTE).await;
    let cookies = owner.cookies(&scene.house);
    let thief = scene.thief().holding(&scene.house, &cookies, "browser");
    let answer = scene.types(&thief, PASSWORD).await;
    assert!(answer.answer("code").is_some(), "{}", answer.words());
    // Another kind of browser with that cookie is told as a new device.
    wait::until("the letter", async || {
        (scene.told("new device").0 == 2).then_some(())
    })
    .await;
    assert_eq!(scene.told(COPIED), (0, 0));
    scene.house.advance(Duration::from_mins(20)).await;
    // Whoever uses it again and again is found all the same.
    assert!(scene.types(&thief, PASSWORD).await.answer("code").is_some());
    scene.house.advance(Duration::from_mins(20)).await;
    let asked = scene.types(&owner, PASSWORD).await;
    assert!(asks_code(&asked), "{}", asked.location());
    scene.both_are_told(COPIED).await;
    assert!(!is_in(&thief).await);
    assert!(is_in(&owner).await, "signed in before the copy was used");
    let again = scene.types(&thief, PASSWORD).await;
    assert!(asks_code(&again), "{}", again.location());
    // The same value again tells nothing new.
    assert!(asks_code(&scene.types(&owner, PASSWORD).await));
    assert_eq!(scene.events(EventKind::TrustedBrowserStolen).await, 1);
    let history = owner.get("/account/history").await;
    assert!(
        history.words().contains("may have been copied"),
        "{}",
        history.words()
    );
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_01_a_copied_cookie_is_noticed_when_the_thief_comes_second() {
    let scene = Scene::open().await;
    let owner = scene.trusted().await;
    let cookies = owner.cookies(&scene.house);
    // It says that it is the same browser.
    let thief = Browser::new(&scene.house).holding(&scene.house, &cookies, "browser");
    scene.house.advance(MINUTE).await;
    let answer = scene.types(&owner, PASSWORD).await;
    assert!(answer.answer("code").is_some(), "{}", answer.words());
    scene.house.advance(MINUTE).await;
    let asked = scene.types(&thief, PASSWORD).await;
    assert!(asks_code(&asked), "{}", asked.location());
    scene.both_are_told(COPIED).await;
    assert!(!is_in(&owner).await, "who is who cannot be told");
    assert!(asks_code(&scene.types(&owner, PASSWORD).await));
    let link = scene.link(&scene.house.login_address, COPIED).await;
    let done = scene.deny(&link, true).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_01_a_former_value_at_many_requests_at_once_is_told_once() {
    let scene = Scene::open().await;
    let owner = scene.trusted().await;
    let cookies = owner.cookies(&scene.house);
    scene.house.advance(MINUTE).await;
    scene.types(&owner, PASSWORD).await;
    scene.house.advance(2 * MINUTE).await;
    let copies = [(); 3].map(|()| scene.thief().holding(&scene.house, &cookies, "browser"));
    let [a, b, c] = &copies;
    let pages = tokio::join!(
        scene.types(a, PASSWORD),
        scene.types(b, PASSWORD),
        scene.types(c, PASSWORD)
    );
    for page in [&pages.0, &pages.1, &pages.2] {
        assert!(asks_code(page), "{}", page.location());
    }
    assert_eq!(scene.events(EventKind::TrustedBrowserStolen).await, 1);
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_01_tabs_going_back_and_forms_sent_twice_are_no_theft() {
    let scene = Scene::open().await;
    let owner = scene.trusted().await;
    scene.house.advance(MINUTE).await;
    // Two tabs, one after the other; then back to the form of the first.
    let tabs = [
        owner.get(&scene.start()).await,
        owner.get(&scene.start()).await,
    ];
    let first = owner.get(tabs[0].location()).await;
    let second = owner.get(tabs[1].location()).await;
    for login in [&first, &second, &first] {
        send(&scene.house, &owner, login, PASSWORD).await;
        scene.house.advance(5 * MINUTE).await;
    }
    assert!(scene.types(&owner, PASSWORD).await.answer("code").is_some());
    // A request with the former cookie that is still on its way.
    let cookies = owner.cookies(&scene.house);
    let late = Browser::new(&scene.house).holding(&scene.house, &cookies, "browser");
    assert!(scene.types(&owner, PASSWORD).await.answer("code").is_some());
    assert!(asks_code(&scene.types(&late, PASSWORD).await));
    // Without the password a former value says nothing.
    scene.house.advance(5 * MINUTE).await;
    let stray = scene.thief().holding(&scene.house, &cookies, "browser");
    assert_ne!(
        scene.types(&stray, "guess").await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(scene.events(EventKind::TrustedBrowserStolen).await, 0);
    assert!(scene.types(&owner, PASSWORD).await.answer("code").is_some());
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn td_02_a_change_of_the_password_ends_the_trust_and_the_session_of_a_thief() {
    let scene = Scene::open().await;
    let owner = scene.trusted().await;
    let cookies = owner.cookies(&scene.house);
    scene.house.advance(MINUTE).await;
    let thief = scene.thief().holding(&scene.house, &cookies, "browser");
    assert!(scene.types(&thief, PASSWORD).await.answer("code").is_some());
    assert!(is_in(&thief).await);
    let other = Browser::new(&scene.house);
    other.sign_in(&scene.house, &scene.start()).await;
    let fields = [("present", PASSWORD), ("password", NEW)];
    press(&other, "/account/password", &fields).await;
    assert!(!is_in(&thief).await);
    assert!(is_in(&other).await);
    let old = scene.types(&thief, PASSWORD).await;
    assert_ne!(old.status, StatusCode::SEE_OTHER, "{}", old.words());
    let new = scene.types(&thief, NEW).await;
    assert!(asks_code(&new), "trust ended: {}", new.location());
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_only_read_writes_no_letter() {
    let scene = Scene::open().await;
    let owner = Browser::new(&scene.house);
    owner.sign_in(&scene.house, &scene.start()).await;
    scene.both_are_told("new device").await;
    let before = scene.house.letters_to(&scene.house.login_address).len();
    let cookies = owner.cookies(&scene.house);
    let thief = scene.thief().holding(&scene.house, &cookies, "session");
    assert!(is_in(&thief).await);
    // What it changes is told; nothing else of it can be.
    let path = "/account/security/recovery-codes";
    press(&thief, path, &[]).await;
    let link = scene
        .link(&scene.house.login_address, "new recovery codes")
        .await;
    assert_eq!(
        scene.house.letters_to(&scene.house.login_address).len(),
        before + 1
    );
    scene.deny(&link, true).await;
    assert!(!is_in(&thief).await);
    assert!(!is_in(&owner).await);
    scene.house.close().await;
}
