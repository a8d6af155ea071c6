//! The same thing fifty times at once: exactly one wins.

use std::sync::Arc;

use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::json;

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::TestHouse;
use crate::tokens::{body, with_code};

const TIMES: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_08_one_of_fifty_redemptions_of_a_code_gets_tokens() {
    let (house, app, code) = with_code(json!({})).await;
    let app = Arc::new(app);
    let answers = join_all((0..TIMES).map(|_| {
        let (app, code) = (Arc::clone(&app), code.clone());
        tokio::spawn(async move { app.redeem(&code).await.status() })
    }))
    .await;
    let won = answers
        .iter()
        .filter(|status| *status.as_ref().unwrap() == StatusCode::OK)
        .count();
    assert_eq!(won, 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_08_one_of_fifty_entries_of_a_mailed_code_signs_in() {
    let house = TestHouse::open().await;
    let (client, _) = house.client(json!({"skip_consent": true})).await;
    let browser = Arc::new(Browser::new(&house));
    let page = browser
        .password(&house, &request(client.client_id.as_str(), &[]))
        .await;
    let (code, csrf) = (house.code().await, page.hidden("csrf"));
    let answers = join_all((0..TIMES).map(|_| {
        let (browser, code, csrf) = (Arc::clone(&browser), code.clone(), csrf.clone());
        tokio::spawn(async move {
            browser
                .post("/login/code", &[("csrf", &csrf), ("code", &code)])
                .await
        })
    }))
    .await;
    let sessions = |page: &crate::support::browser::Page| {
        let cookies = page.headers.get_all("set-cookie").iter();
        cookies
            .filter(|cookie| cookie.to_str().unwrap().contains("sekisho_session="))
            .count()
    };
    let won: usize = answers
        .iter()
        .map(|page| sessions(page.as_ref().unwrap()))
        .sum();
    assert_eq!(won, 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rt_04_fifty_refreshes_at_once_have_one_successor() {
    let (house, app, code) = with_code(json!({"token_endpoint_auth_method": "none"})).await;
    let tokens = body(app.redeem(&code).await).await;
    let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    let app = Arc::new(app);
    let answers = join_all((0..TIMES).map(|_| {
        let (app, refresh) = (Arc::clone(&app), refresh.clone());
        tokio::spawn(async move { body(app.refresh(&refresh).await).await })
    }))
    .await;
    let mut successors: Vec<String> = answers
        .into_iter()
        .filter_map(|answer| answer.unwrap()["refresh_token"].as_str().map(str::to_owned))
        .collect();
    assert!(!successors.is_empty());
    successors.sort();
    successors.dedup();
    assert_eq!(successors.len(), 1, "one lineage");
    house.close().await;
}
