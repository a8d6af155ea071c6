//! Apps that nobody uses leave (REG-07).

use std::time::Duration;

use reqwest::{Method, StatusCode};
use sekisho_model::ClientId;
use serde_json::{Value, json};

use super::{CALLBACK, app, manage, open_house, registered, send, text};
use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::tokens::App;

const DAY: Duration = Duration::from_hours(24);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_07_an_app_that_nobody_uses_leaves_after_three_months() {
    let house = TestHouse::open_with(|config| {
        config.protocol.registration = true;
        config.protocol.open_registration = true;
    })
    .await;
    assert_eq!(house.config.registration.unused_days, 90);
    let (unused, used, managed) = (
        registered(&house, &json!({})).await,
        registered(&house, &json!({})).await,
        registered(&house, &json!({})).await,
    );
    let public = json!({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"});
    let public: Value = send(&house, None, &public).await.json().await.unwrap();
    let public = public.as_object().unwrap().clone();
    let by_operator = App::of(&house, json!({})).await;
    let provider = &house.house.services.provider;
    let expire = async || provider.expire_clients(90 * DAY).await.unwrap();
    let known = async |app: &App| {
        let form = [("token", "x")];
        let request = app.http.post(house.url("/oauth2/revoke"));
        let request = request.basic_auth(&app.id, app.secret.as_ref());
        request.form(&form).send().await.unwrap().status() == StatusCode::OK
    };

    house.advance(60 * DAY).await;
    assert_eq!(expire().await, []);
    assert!(
        known(&app(&house, &used)).await,
        "it shows its secret: that is a use"
    );
    let read: Value = manage(Method::GET, &managed, None)
        .await
        .json()
        .await
        .unwrap();
    let managed = read.as_object().unwrap().clone();
    // Whoever names a public app does not use it; nor does who cannot prove to be the other.
    assert_eq!(
        app(&house, &public).redeem("x").await.status(),
        StatusCode::BAD_REQUEST
    );
    let guess = App {
        secret: Some("guess".to_owned()),
        ..app(&house, &unused)
    };
    assert!(!known(&guess).await);

    house.advance(31 * DAY).await;
    let mut gone = expire().await;
    gone.sort();
    let mut expected = [&unused, &public].map(|told| ClientId::new(text(told, "client_id")));
    expected.sort();
    assert_eq!(gone, expected);
    assert_eq!(expire().await, []);
    let browser = Browser::new(&house);
    let page = browser.get(&request(text(&unused, "client_id"), &[])).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "at once");
    assert!(!known(&app(&house, &unused)).await);
    let answer = manage(Method::GET, &unused, None).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(known(&app(&house, &used)).await && known(&by_operator).await);
    let events = house
        .house
        .services
        .store
        .read(|tx| tx.events_of_kind(sekisho_model::EventKind::ClientChanged, 50));
    let events = events.await.unwrap();
    let left: Vec<_> = events
        .iter()
        .filter(|event| event.detail["by"] == "unused")
        .collect();
    assert_eq!(left.len(), 2);
    assert!(
        left.iter()
            .all(|event| gone.contains(event.client_id.as_ref().unwrap()))
    );

    // The other two go three months after their last use, a day more or less.
    house.advance(60 * DAY).await;
    assert_eq!(expire().await, [ClientId::new(text(&managed, "client_id"))]);
    house.advance(40 * DAY).await;
    assert_eq!(expire().await, [ClientId::new(text(&used, "client_id"))]);
    assert!(known(&by_operator).await);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reg_07_a_public_app_stays_while_its_people_use_it() {
    let house = open_house().await;
    let told = registered(&house, &json!({"token_endpoint_auth_method": "none"})).await;
    let app = app(&house, &told);
    let provider = &house.house.services.provider;
    for _ in 0..3 {
        house.advance(60 * DAY).await;
        let browser = Browser::new(&house);
        let asked = browser.sign_in(&house, &request(&app.id, &[])).await;
        let answered = if asked.location().starts_with("/consent") {
            browser.allow(&asked).await
        } else {
            asked
        };
        let code = answered.answer("code").unwrap();
        assert_eq!(app.redeem(&code).await.status(), StatusCode::OK);
        assert_eq!(provider.expire_clients(90 * DAY).await.unwrap(), []);
    }
    house.close().await;
}
