//! Token exchange: an access token for another one that allows no more.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Response, StatusCode};
use sekisho_model::{ClientId, Clock as _, Confirmation, Digest, Epoch, ScopeSet, UserState};
use sekisho_store::{OpaqueAccessToken, Tx};
use serde_json::{Value, json};

use crate::support::house::TestHouse;
use crate::tokens::{App, body, with_code};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const ORDERS: &str = "https://orders.example";

fn gateway(subject_clients: &[&str], audiences: &[&str]) -> Value {
    json!({
        "client_name": "Gateway", "grant_types": [GRANT], "redirect_uris": [], "post_logout_redirect_uris": [],
        "scope": "openid email orders:read",
        "token_exchange": {"subject_clients": subject_clients, "audiences": audiences},
    })
}

async fn exchange(app: &App, token: &str, extra: &[(&str, &str)]) -> Response {
    let mut form = vec![
        ("grant_type", GRANT),
        ("subject_token", token),
        ("subject_token_type", ACCESS_TOKEN),
    ];
    form.extend_from_slice(extra);
    app.ask(&form).await
}

async fn exchanged(app: &App, token: &str, extra: &[(&str, &str)]) -> (String, Value) {
    let answer = body(exchange(app, token, extra).await).await;
    let token = answer["access_token"].as_str();
    let token = token.unwrap_or_else(|| panic!("{answer}")).to_owned();
    (token, answer)
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a JWT");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

pub async fn introspected(house: &TestHouse, who: &App, token: &str) -> Value {
    let request = who
        .http
        .post(house.url("/oauth2/introspect"))
        .basic_auth(&who.id, who.secret.as_ref());
    body(request.form(&[("token", token)]).send().await.unwrap()).await
}

/// A house, an app with tokens of a person, and a gateway that may exchange them.
async fn with_gateway(extra: Value) -> (TestHouse, App, Value, App) {
    let (house, front, code) = with_code(extra).await;
    let tokens = body(front.redeem(&code).await).await;
    let gateway = App::of(&house, gateway(&[&front.id], &[ORDERS])).await;
    (house, front, tokens, gateway)
}

fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_8693_a_gateway_calls_an_api_on_behalf_of_a_person() {
    let (house, front, tokens, gateway) = with_gateway(json!({})).await;
    let api = App::of(&house, json!({"default_resource": ORDERS})).await;
    let (token, answer) = exchanged(&gateway, access(&tokens), &[("resource", ORDERS)]).await;
    assert_eq!(answer["issued_token_type"], ACCESS_TOKEN);
    assert_eq!(answer["token_type"], "Bearer");
    assert!(answer["refresh_token"].is_null() && answer["id_token"].is_null());
    let (old, new) = (claims(access(&tokens)), claims(&token));
    assert_eq!(
        (&new["sub"], &new["auth_time"]),
        (&old["sub"], &old["auth_time"])
    );
    assert_eq!(new["aud"], json!([ORDERS]));
    assert_eq!(new["client_id"], json!(gateway.id));
    assert_eq!(new["act"], json!({"sub": gateway.id}));
    assert_eq!(new["scope"], "email openid");
    assert!(new["exp"].as_i64() <= old["exp"].as_i64());
    let seen = introspected(&house, &api, &token).await;
    assert_eq!((&seen["active"], &seen["act"]), (&json!(true), &new["act"]));
    assert_eq!(seen["sub"], old["sub"]);
    assert_eq!(
        front.userinfo(&token).await,
        StatusCode::UNAUTHORIZED,
        "not for us"
    );
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let revoke = front
        .http
        .post(house.url("/oauth2/revoke"))
        .basic_auth(&front.id, front.secret.as_ref())
        .form(&[("token", refresh)]);
    revoke.send().await.unwrap();
    assert_eq!(
        introspected(&house, &api, &token).await,
        json!({"active": false}),
        "it ends with its grant"
    );
    let again = body(exchange(&gateway, access(&tokens), &[]).await).await;
    assert_eq!(again["error"], "invalid_request");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_8693_4_1_a_chain_names_everybody_and_lives_no_longer() {
    let (house, _front, tokens, gateway) = with_gateway(json!({})).await;
    house.advance(Duration::from_secs(200)).await;
    let inner = self::gateway(&[&gateway.id], &["https://stock.example", "stock"]);
    let inner = App::of(&house, inner).await;
    let (first, answer) = exchanged(&gateway, access(&tokens), &[]).await;
    let seconds = answer["expires_in"].as_i64().unwrap();
    assert!((98..=100).contains(&seconds), "no longer than the first");
    let both = [
        ("resource", "https://stock.example"),
        ("audience", "stock"),
        ("scope", "email"),
    ];
    let (second, _) = exchanged(&inner, &first, &both).await;
    let new = claims(&second);
    assert_eq!(new["aud"], json!(["https://stock.example", "stock"]));
    assert_eq!(
        new["act"],
        json!({"sub": inner.id, "act": {"sub": gateway.id}})
    );
    assert_eq!(new["scope"], "email");
    assert_eq!(new["exp"], claims(access(&tokens))["exp"]);
    let wider = body(
        exchange(
            &inner,
            &second,
            &[("scope", "openid"), ("audience", "stock")],
        )
        .await,
    )
    .await;
    assert_eq!(wider["error"], "invalid_scope", "what was given up is gone");
    let mut last = second;
    for _ in 0..3 {
        last = exchanged(&inner, &last, &[("audience", "stock")]).await.0;
    }
    let sixth = body(exchange(&inner, &last, &[("audience", "stock")]).await).await;
    assert_eq!(
        sixth["error"], "invalid_request",
        "five in a row are enough"
    );
    house.advance(Duration::from_secs(100)).await;
    let over = body(exchange(&gateway, &first, &[]).await).await;
    assert_eq!(over["error"], "invalid_request");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_8693_a_machine_s_token_and_an_opaque_one_can_be_exchanged() {
    let (house, _front, tokens, gateway) =
        with_gateway(json!({"opaque_access_tokens": true})).await;
    let (token, _) = exchanged(&gateway, access(&tokens), &[]).await;
    let subject = claims(&token)["sub"].as_str().unwrap().to_owned();
    assert!(!subject.is_empty() && subject != gateway.id);
    let machine = json!({
        "grant_types": ["client_credentials", GRANT], "redirect_uris": [], "post_logout_redirect_uris": [],
        "scope": "orders:read", "token_exchange": {"audiences": [ORDERS]},
    });
    let machine = App::of(&house, machine).await;
    let own = body(machine.ask(&[("grant_type", "client_credentials")]).await).await;
    let (token, answer) = exchanged(
        &machine,
        access(&own),
        &[
            ("actor_token", access(&own)),
            ("actor_token_type", ACCESS_TOKEN),
        ],
    )
    .await;
    assert_eq!(
        (&answer["scope"], &claims(&token)["sub"]),
        (&json!("orders:read"), &json!(machine.id))
    );
    let seen = introspected(&house, &machine, &token).await;
    assert_eq!(
        (&seen["active"], &seen["aud"]),
        (&json!(true), &json!([ORDERS]))
    );
    let foreign = [
        ("actor_token", access(&tokens)),
        ("actor_token_type", ACCESS_TOKEN),
    ];
    let refused = body(exchange(&machine, access(&own), &foreign).await).await;
    assert_eq!(
        refused["error"], "invalid_request",
        "somebody else's actor token"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rfc_8693_impersonation_names_no_actor_where_the_operator_allows_it() {
    let (house, front, code) = with_code(json!({})).await;
    let tokens = body(front.redeem(&code).await).await;
    let mut trusted = gateway(&[&front.id], &[ORDERS]);
    trusted["token_exchange"]["impersonation"] = json!(true);
    let trusted = App::of(&house, trusted).await;
    let (token, _) = exchanged(&trusted, access(&tokens), &[]).await;
    assert!(claims(&token)["act"].is_null());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tk_16_who_may_not_exchange_gets_nothing() {
    let (house, front, tokens, gateway) = with_gateway(json!({})).await;
    let stranger = App::of(&house, self::gateway(&[], &[ORDERS])).await;
    let refused = body(exchange(&stranger, access(&tokens), &[]).await).await;
    assert_eq!(
        refused["error"], "invalid_request",
        "another client's token"
    );
    let plain = body(exchange(&front, access(&tokens), &[]).await).await;
    assert_eq!(plain["error"], "unauthorized_client");
    for wrong in ["id_token", "refresh_token"] {
        let token = tokens[wrong].as_str().unwrap();
        let refused = body(exchange(&gateway, token, &[]).await).await;
        assert_eq!(refused["error"], "invalid_request", "{wrong}");
    }
    let user = house.user;
    let stop = move |tx: &mut Tx<'_>| tx.set_user_state(user, UserState::Disabled);
    house.house.services.store.write(stop).await.unwrap();
    let stopped = body(exchange(&gateway, access(&tokens), &[]).await).await;
    assert_eq!(stopped["error"], "invalid_request", "a stopped account");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dp_09_a_token_bound_to_somebody_else_s_key_is_not_exchanged() {
    let house = TestHouse::open().await;
    let gateway = App::of(&house, self::gateway(&[], &[ORDERS])).await;
    let now = house.clock.now();
    for (text, bound) in [("bound-to-a-key", true), ("a-bearer-token", false)] {
        let record = OpaqueAccessToken {
            digest: Digest::of(text.as_bytes()),
            grant_id: None,
            client_id: ClientId::new(gateway.id.as_str()),
            scope: ScopeSet::parse("orders:read").unwrap(),
            confirmation: bound.then(|| Confirmation::Key("thumbprint".to_owned())),
            audience: house.issuer.clone(),
            issued_at: now,
            expires_at: now + Duration::from_secs(300),
            epoch: Epoch(0),
        };
        let write = move |tx: &mut Tx<'_>| tx.insert_access_token(&record);
        house.house.services.store.write(write).await.unwrap();
        let answer = body(exchange(&gateway, text, &[]).await).await;
        assert_eq!(answer["error"].as_str(), bound.then_some("invalid_request"));
        let seen = introspected(&house, &gateway, text).await;
        let cnf = if bound {
            json!({"jkt": "thumbprint"})
        } else {
            Value::Null
        };
        assert_eq!((&seen["active"], &seen["cnf"]), (&json!(true), &cnf));
        assert_eq!(seen["token_type"], if bound { "DPoP" } else { "Bearer" });
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_02_a_stopped_gateway_s_tokens_count_no_more() {
    let (house, _front, tokens, gateway) = with_gateway(json!({})).await;
    let api = App::of(&house, json!({"default_resource": ORDERS})).await;
    let (token, _) = exchanged(&gateway, access(&tokens), &[]).await;
    let id = ClientId::new(gateway.id.as_str());
    let stop = move |tx: &mut Tx<'_>| {
        let mut client = tx.client(&id)?.expect("the gateway").client;
        client.disabled = true;
        tx.update_client(&client)
    };
    house.house.services.store.write(stop).await.unwrap();
    house.advance(Duration::from_secs(3)).await;
    assert_eq!(
        introspected(&house, &api, &token).await,
        json!({"active": false})
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn az_10_malformed_exchanges_get_the_error_the_specification_names() {
    let (house, _front, tokens, gateway) = with_gateway(json!({})).await;
    let token = access(&tokens);
    let huge = "x".repeat(100_000);
    let whole = ("subject_token", token);
    let kind = ("subject_token_type", ACCESS_TOKEN);
    for (form, error) in [
        (vec![], "invalid_request"),
        (vec![kind], "invalid_request"),
        (vec![whole], "invalid_request"),
        (vec![("subject_token", ""), kind], "invalid_request"),
        (vec![whole, whole, kind], "invalid_request"),
        (vec![("subject_token", "a.b.c"), kind], "invalid_request"),
        (
            vec![whole, ("subject_token_type", "urn:x")],
            "invalid_request",
        ),
        (vec![whole, kind, ("actor_token", token)], "invalid_request"),
        (
            vec![whole, kind, ("requested_token_type", "urn:x")],
            "invalid_request",
        ),
        (vec![whole, kind, ("audience", "payroll")], "invalid_target"),
        (
            vec![
                whole,
                kind,
                ("resource", ORDERS),
                ("resource", "https://else.example"),
            ],
            "invalid_target",
        ),
        (vec![whole, kind, ("scope", "profile")], "invalid_scope"),
        (vec![whole, kind, ("scope", "a\"b")], "invalid_scope"),
    ] {
        let mut all = vec![("grant_type", GRANT)];
        all.extend(form.clone());
        let response = gateway.ask(&all).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{form:?}");
        assert_eq!(body(response).await["error"], error, "{form:?}");
    }
    for name in ["subject_token", "audience", "scope"] {
        let form = [("grant_type", GRANT), kind, (name, &*huge)];
        let status = gateway.ask(&form).await.status();
        assert!(status.is_client_error(), "{name}: {status}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_06_token_exchange_can_be_switched_off() {
    let house = TestHouse::open_with(|config| config.protocol.token_exchange = false).await;
    let gateway = App::of(&house, gateway(&[], &[ORDERS])).await;
    let answer = body(exchange(&gateway, "a.b.c", &[]).await).await;
    assert_eq!(answer["error"], "unsupported_grant_type");
    let document = gateway
        .http
        .get(house.url("/.well-known/openid-configuration"));
    let document = document.send().await.unwrap().text().await.unwrap();
    assert!(!document.contains("token-exchange"), "{document}");
    house.close().await;
}
