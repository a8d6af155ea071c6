//! Kill switches: for each feature a request that works while it is on and is refused while it is off (INC-06).

use reqwest::StatusCode;
use sekisho_model::{EventKind, Feature};
use sekisho_provider::incidents::{Decided, SwitchOrder};
use sekisho_provider::rules::sign_up::SignUpMode;
use serde_json::json;

use crate::authorization::request;
use crate::incident_levels::Scene;
use crate::second_steps::{add_app, enter, link};
use crate::sender_constrained::Key;
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::signing::AppKey;
use crate::tokens::{App, body};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// Where no machine is: nothing is asked of it.
const NOWHERE: &str = "https://192.0.2.1";

/// Switches a feature, as an operator does.
pub async fn switch(house: &TestHouse, feature: Feature, on: bool) {
    let provider = &house.house.services.provider;
    let order = SwitchOrder {
        operator: "haruka".to_owned(),
        feature,
        on,
        reason: "test".to_owned(),
        until: None,
    };
    let event = provider.event_of_server(EventKind::FeatureSwitched);
    let decided = provider.order_switch(order, event).await.unwrap();
    assert!(matches!(decided, Decided::InForce(_)), "{decided:?}");
}

/// A house where everything is on, and what is used there.
struct Desk {
    scene: Scene,
    /// An app whose keys lie at an address.
    remote: App,
    /// An app whose tokens are bound to its certificate.
    certified: App,
    key: AppKey,
    /// A request that was pushed before anything was switched off.
    pushed: String,
    /// A browser in the middle of a sign-in, at the page of the authenticator app.
    later: Browser,
    at_app: Page,
}

impl Desk {
    async fn open() -> Self {
        let change = |config: &mut sekisho_server::config::Config| {
            config.protocol.registration = true;
            config.protocol.open_registration = true;
            config.protocol.client_documents = true;
            config.protocol.mutual_tls = true;
            config.accounts.registration = SignUpMode::Open;
        };
        let grants = [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            DEVICE,
            EXCHANGE,
        ];
        let app = json!({"grant_types": grants, "token_exchange": {"audiences": []}});
        let scene = Scene::open_with(change, app).await;
        add_app(&scene.house, &scene.browser).await;
        let remote = json!({"jwks_uri": format!("{NOWHERE}/jwks")});
        let remote = App::of(&scene.house, remote).await;
        let certified = json!({"tls_client_certificate_bound_access_tokens": true});
        let certified = App::of(&scene.house, certified).await;
        let pushed = request(&scene.app.id, &[]);
        let pushed = url::Url::parse(&format!("http://x{pushed}")).unwrap();
        let pushed: Vec<(String, String)> = pushed.query_pairs().into_owned().collect();
        let app = &scene.app;
        let pushed = app.http.post(scene.house.url("/oauth2/par")).form(&pushed);
        let pushed = pushed.basic_auth(&app.id, app.secret.as_deref());
        let pushed = body(pushed.send().await.unwrap()).await;
        let later = Browser::new(&scene.house);
        let at_app = later
            .password(&scene.house, &request(&scene.app.id, &[]))
            .await;
        Self {
            later,
            at_app,
            pushed: pushed["request_uri"].as_str().unwrap().to_owned(),
            key: AppKey::new("k"),
            scene,
            remote,
            certified,
        }
    }

    async fn switch(&self, feature: Feature, on: bool) {
        switch(&self.scene.house, feature, on).await;
    }

    async fn token(&self, form: &[(&str, &str)]) -> StatusCode {
        self.scene.app.ask(form).await.status()
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> StatusCode {
        let app = &self.scene.app;
        let sent = app.http.post(self.scene.house.url(path)).form(form);
        let sent = sent.basic_auth(&app.id, app.secret.as_deref());
        let sent = sent.header("accept", "application/token-introspection+jwt");
        sent.send().await.unwrap().status()
    }

    /// What the owner gets.
    async fn page(&self, path: &str) -> StatusCode {
        self.scene.browser.get(path).await.status
    }

    /// An authorization request of the owner.
    async fn asks(&self, extra: &[(&str, &str)]) -> StatusCode {
        self.page(&request(&self.scene.app.id, extra)).await
    }

    /// Posts a form of the owner's pages, with the token that a page of the same kind carries.
    async fn send(&self, path: &str, form: &str, fields: &[(&str, &str)]) -> StatusCode {
        let page = self.scene.browser.get(form).await;
        let main = page.text.split("<main").nth(1).unwrap();
        let csrf = main.split("name=\"csrf\" value=\"").nth(1).unwrap();
        let csrf = csrf.split('"').next().unwrap();
        let fields = [&[("csrf", csrf)], fields].concat();
        self.scene.browser.post(path, &fields).await.status
    }

    /// What comes of a request that needs this feature. A new feature needs a new line.
    async fn needs(&self, feature: Feature) -> StatusCode {
        let Scene { house, app, .. } = &self.scene;
        match feature {
            Feature::AuthorizationCode => self.asks(&[]).await,
            Feature::RefreshToken => app.refresh(&self.scene.refresh).await.status(),
            Feature::ClientCredentials => self.token(&[("grant_type", "client_credentials")]).await,
            Feature::DeviceFlow => {
                let asked = [("scope", "openid")];
                self.post("/oauth2/device_authorization", &asked).await
            }
            Feature::TokenExchange => self.token(&[("grant_type", EXCHANGE)]).await,
            Feature::PushedRequests => {
                let (id, uri) = (&app.id, &self.pushed);
                let path = format!("/oauth2/authorize?client_id={id}&request_uri={uri}");
                Browser::new(house).get(&path).await.status
            }
            Feature::RequestObjects => self.asks(&[("request", "a.b.c")]).await,
            Feature::FormPost => self.asks(&[("response_mode", "form_post")]).await,
            Feature::SignedAnswers => self.asks(&[("response_mode", "query.jwt")]).await,
            Feature::SignedIntrospection => {
                self.post("/oauth2/introspect", &[("token", "x")]).await
            }
            Feature::RemoteKeys => {
                let object = self.key.sign("oauth-authz-req+jwt", &json!({}));
                let asked = request(&self.remote.id, &[("request", &object)]);
                self.page(&asked).await
            }
            Feature::Dpop => {
                let proof = Key::new().at_token(house);
                let form = [("grant_type", "client_credentials")];
                let asked = app
                    .http
                    .post(&app.token_url)
                    .form(&form)
                    .header("dpop", proof);
                let asked = asked.basic_auth(&app.id, app.secret.as_deref());
                asked.send().await.unwrap().status()
            }
            // Without a certificate it is refused, if certificates are looked at.
            Feature::MutualTls => self.certified.redeem("some-code").await.status(),
            Feature::SessionManagement => self.page("/oauth2/check_session").await,
            Feature::BackchannelLogout | Feature::FrontchannelLogout => {
                unreachable!("asks nothing, is told to apps")
            }
            Feature::DynamicRegistration => {
                let asked = json!({"redirect_uris": ["https://app.example/cb"]});
                let url = house.url("/oauth2/register");
                app.http
                    .post(url)
                    .json(&asked)
                    .send()
                    .await
                    .unwrap()
                    .status()
            }
            Feature::ClientDocuments => {
                self.page(&request("https://nowhere.invalid/app", &[]))
                    .await
            }
            Feature::PersonRegistration => Browser::new(house).get("/register").await.status,
            Feature::PasswordReset => self.page("/password/forgot").await,
            Feature::AddressChange => self.page("/account/security/address").await,
            Feature::RecoveryCodes | Feature::LostFactor => {
                let path = match feature {
                    Feature::RecoveryCodes => "/login/recovery",
                    _ => "/login/lost-factor",
                };
                let page = self.later.get(&link(&self.at_app, path)).await;
                if page.status == StatusCode::SERVICE_UNAVAILABLE {
                    return page.status;
                }
                let form = [("csrf", &*page.hidden("csrf")), ("recovery_code", "0000")];
                self.later.post(path, &form).await.status
            }
            Feature::Passkeys => {
                let (steps, made) = ("/account/security/second-step", [("name", "key")]);
                self.send(&format!("{steps}/passkey"), steps, &made).await
            }
            Feature::AuthenticatorApp => {
                let page = enter(&self.later, &self.at_app, "000000").await;
                page.status
            }
            Feature::LetIn => self.page("/login/by-mail").await,
            Feature::OwnPassword => {
                let form = [("present", PASSWORD), ("password", "short")];
                self.send("/account/password", "/account/password", &form)
                    .await
            }
            Feature::AllowedNetworks => {
                let here = "/account/security/networks";
                self.send(here, here, &[("networks", "nothing like a network")])
                    .await
            }
            Feature::DataExport => self.send("/account/data", "/account/data", &[]).await,
            Feature::AccountDeletion => {
                let (here, address) = ("/account/data/delete", &*house.login_address);
                self.send(here, here, &[("address", address)]).await
            }
            Feature::TrustedBrowsers => {
                let path = link(&self.at_app, "/login/recovery");
                let path = path.replace("/login/recovery", "/login/code");
                let offered = self.later.get(&path).await;
                if offered.text.contains("trust_browser") {
                    StatusCode::OK
                } else {
                    StatusCode::SERVICE_UNAVAILABLE
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_06_each_feature_is_refused_while_it_is_off_and_works_while_it_is_on() {
    let desk = Desk::open().await;
    // Networks can be chosen by whoever has recovery codes.
    let codes = "/account/security/recovery-codes";
    assert_eq!(desk.send(codes, codes, &[]).await, StatusCode::OK);
    let told = [Feature::BackchannelLogout, Feature::FrontchannelLogout];
    let asking = |feature: &&Feature| !told.contains(feature);
    // Leaving is the last that somebody does.
    let (last, first): (Vec<&Feature>, Vec<&Feature>) = Feature::ALL
        .iter()
        .filter(asking)
        .partition(|feature| **feature == Feature::AccountDeletion);
    for feature in first.into_iter().chain(last) {
        let name = feature.name();
        desk.switch(*feature, false).await;
        let off = desk.needs(*feature).await;
        assert_eq!(off, StatusCode::SERVICE_UNAVAILABLE, "{name} is off");
        desk.switch(*feature, true).await;
        let on = desk.needs(*feature).await;
        assert!(!on.is_server_error(), "{name} is on: {on}");
    }
    desk.scene.house.close().await;
}

/// What discovery says of features, and how that reads while they are on and off.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_06_discovery_tells_what_is_switched_off_and_on_again() {
    let house = TestHouse::open_with(|config| config.protocol.mutual_tls = true).await;
    let document = async || {
        let url = house.url("/.well-known/openid-configuration");
        body(reqwest::get(url).await.unwrap()).await
    };
    let before = document().await;
    for (feature, members) in [
        (Feature::Dpop, &["dpop_signing_alg_values_supported"][..]),
        (
            Feature::MutualTls,
            &["tls_client_certificate_bound_access_tokens"],
        ),
        (
            Feature::FrontchannelLogout,
            &[
                "frontchannel_logout_supported",
                "frontchannel_logout_session_supported",
            ],
        ),
        (Feature::SessionManagement, &["check_session_iframe"]),
        (Feature::DeviceFlow, &["device_authorization_endpoint"]),
    ] {
        switch(&house, feature, false).await;
        let off = document().await;
        for member in members {
            assert!(before.get(member).is_some(), "{member}");
            assert_eq!(off.get(member), None, "{}", feature.name());
        }
        assert_eq!(off["issuer"], before["issuer"]);
        let methods = off["token_endpoint_auth_methods_supported"].to_string();
        assert_eq!(
            methods.contains("tls_client_auth"),
            feature != Feature::MutualTls
        );
        switch(&house, feature, true).await;
        assert_eq!(document().await, before, "{}", feature.name());
    }
    house.close().await;
}
