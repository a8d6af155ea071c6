//! Complete journeys of the `openidconnect` crate, unmodified. What it has no words for (pushed requests,
//! assertions, proofs) goes in where it lets an app add parameters, or through its HTTP client.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use openidconnect::core::{
    CoreClient, CoreClientRegistrationRequest, CoreDeviceAuthorizationResponse,
    CoreProviderMetadata, CoreResponseType, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    DeviceAuthorizationUrl, HttpRequest, HttpResponse, IntrospectionUrl, IssuerUrl, LogoutRequest,
    Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl,
    ProviderMetadataWithLogout, RedirectUrl, RefreshToken, Scope, TokenIntrospectionResponse as _,
    TokenResponse as _,
};
use sekisho_model::{Clock as _, Digest};
use serde_json::{Value, json};

use crate::device::{decide, person, type_code};
use crate::foreign_clients::led_back;
use crate::registration::allowed;
use crate::sender_constrained::Key;
use crate::support::browser::Browser;
use crate::support::client_keys::ClientKey;
use crate::support::house::TestHouse;
use crate::support::relying_party::{Rp, send};

const CALLBACK: &str = "https://app.example/cb";
const BYE: &str = "https://app.example/bye";

/// An app that the crate was given to.
struct App<'a> {
    house: &'a TestHouse,
    id: String,
    secret: Option<String>,
    metadata: CoreProviderMetadata,
    rp: Rp,
    http: reqwest::Client,
    /// Signs a proof for every call, if there is one.
    key: Option<Key>,
}

/// What the app keeps between request and answer.
struct Begun {
    url: url::Url,
    state: CsrfToken,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

impl<'a> App<'a> {
    async fn of(house: &'a TestHouse, members: Value) -> Self {
        let by_secret = members.get("token_endpoint_auth_method").is_none();
        let (client, secret) = house.client(members).await;
        let secret = by_secret.then_some(secret);
        Self::known(house, client.client_id.as_str(), secret).await
    }

    async fn known(house: &'a TestHouse, id: &str, secret: Option<String>) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let issuer = IssuerUrl::new(house.issuer.clone()).unwrap();
        let caller = |request| send(http.clone(), request);
        let metadata = CoreProviderMetadata::discover_async(issuer, &caller)
            .await
            .unwrap();
        let rp = CoreClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(id.to_owned()),
            secret.clone().map(ClientSecret::new),
        )
        .set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned()).unwrap());
        Self {
            house,
            id: id.to_owned(),
            secret,
            metadata,
            rp,
            http,
            key: None,
        }
    }

    /// RFC 9449 §4, §7.1: a proof in a header; a token goes as `DPoP` instead of `Bearer`.
    fn proved(&self, mut request: HttpRequest) -> HttpRequest {
        let Some(key) = &self.key else {
            return request;
        };
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let authorization = request.headers().get("authorization");
        let token = authorization
            .and_then(|value| value.to_str().unwrap().strip_prefix("Bearer "))
            .map(str::to_owned);
        let changes = token.as_ref().map_or(
            json!({}),
            |token| json!({"ath": Digest::of(token.as_bytes()).to_base64url()}),
        );
        let proof = key.proof(self.house, (method.as_str(), &path), &changes);
        let headers = request.headers_mut();
        headers.insert("dpop", proof.parse().unwrap());
        if let Some(token) = token {
            let bound = format!("DPoP {token}").parse().unwrap();
            headers.insert("authorization", bound);
        }
        request
    }

    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
        send(self.http.clone(), self.proved(request)).await
    }

    fn begin(&self) -> Begun {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let (url, state, nonce) = self
            .rp
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("offline_access".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Begun {
            url,
            state,
            nonce,
            verifier,
        }
    }

    /// RFC 9126 §2: the parameters of the link, posted; the link that is left.
    async fn pushed(&self, begun: &Begun) -> url::Url {
        let form: Vec<(String, String)> = begun.url.query_pairs().into_owned().collect();
        let request = self.http.post(self.house.url("/oauth2/par"));
        let answer = request
            .basic_auth(&self.id, self.secret.as_ref())
            .form(&form)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), 201);
        let told: Value = answer.json().await.unwrap();
        let mut url = begun.url.clone();
        url.query_pairs_mut()
            .clear()
            .append_pair("client_id", &self.id)
            .append_pair("request_uri", told["request_uri"].as_str().unwrap());
        url
    }

    /// The code that a person's browser brings back from `url`.
    async fn code(&self, begun: &Begun, url: &url::Url) -> AuthorizationCode {
        let browser = Browser::new(self.house);
        self.code_in(&browser, begun, url).await
    }

    async fn code_in(&self, browser: &Browser, begun: &Begun, url: &url::Url) -> AuthorizationCode {
        let back = led_back(self.house, browser, url.as_str()).await;
        let back = url::Url::parse(&back).unwrap();
        let has = |name: &str| {
            let mut pairs = back.query_pairs();
            pairs
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        assert_eq!(has("state").as_ref(), Some(begun.state.secret()));
        assert_eq!(has("iss").as_ref(), Some(&self.house.issuer));
        AuthorizationCode::new(has("code").unwrap_or_else(|| panic!("{back}")))
    }

    /// Redeems the code; `more` goes along. The crate verifies the ID token.
    async fn redeem(
        &self,
        begun: Begun,
        code: AuthorizationCode,
        more: &[(&str, String)],
    ) -> CoreTokenResponse {
        let caller = |request| self.call(request);
        let mut request = self.rp.exchange_code(code).unwrap();
        for (name, value) in more {
            request = request.add_extra_param(*name, value.clone());
        }
        let request = request.set_pkce_verifier(begun.verifier);
        let tokens = request.request_async(&caller).await.unwrap();
        let verifier = self.rp.id_token_verifier();
        let id_token = tokens.id_token().expect("an ID token");
        id_token.claims(&verifier, &begun.nonce).unwrap();
        tokens
    }

    async fn refresh(&self, token: &RefreshToken) -> CoreTokenResponse {
        let caller = |request| self.call(request);
        let request = self.rp.exchange_refresh_token(token).unwrap();
        request.request_async(&caller).await.unwrap()
    }

    async fn userinfo(&self, token: &AccessToken) -> CoreUserInfoClaims {
        let caller = |request| self.call(request);
        let request = self.rp.user_info(token.clone(), None).unwrap();
        request.request_async(&caller).await.unwrap()
    }

    async fn knows_the_person(&self, tokens: &CoreTokenResponse) {
        let claims = self.userinfo(tokens.access_token()).await;
        assert_eq!(claims.email().unwrap().as_str(), self.house.login_address);
    }
}

fn kind(tokens: &CoreTokenResponse) -> String {
    tokens.token_type().as_ref().to_ascii_lowercase()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openidconnect_pushes_its_requests() {
    let house = TestHouse::open().await;
    let members = json!({"require_pushed_authorization_requests": true});
    let app = App::of(&house, members).await;
    let begun = app.begin();
    let link = app.pushed(&begun).await;
    let code = app.code(&begun, &link).await;
    let tokens = app.redeem(begun, code, &[]).await;
    app.knows_the_person(&tokens).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openidconnect_authenticates_by_private_key_jwt() {
    let house = TestHouse::open().await;
    let key = ClientKey::generate("ES256", "k1");
    let members = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": key.jwks()});
    let app = App::of(&house, members).await;
    let begun = app.begin();
    let code = app.code(&begun, &begun.url).await;
    let now = house.clock.now().seconds();
    let assertion = key.signed(&json!({
        "iss": app.id, "sub": app.id, "aud": house.issuer, "jti": "once", "iat": now, "exp": now + 60,
    }));
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let more = [
        ("client_assertion_type", kind.to_owned()),
        ("client_assertion", assertion),
    ];
    let tokens = app.redeem(begun, code, &more).await;
    app.knows_the_person(&tokens).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openidconnect_binds_its_tokens_by_dpop_and_refreshes_them() {
    let house = TestHouse::open().await;
    let members = json!({"token_endpoint_auth_method": "none", "dpop_bound_access_tokens": true});
    let mut app = App::of(&house, members).await;
    app.key = Some(Key::new());
    let begun = app.begin();
    let code = app.code(&begun, &begun.url).await;
    let tokens = app.redeem(begun, code, &[]).await;
    assert_eq!(kind(&tokens), "dpop");
    app.knows_the_person(&tokens).await;
    let next = app.refresh(tokens.refresh_token().unwrap()).await;
    assert_eq!(kind(&next), "dpop");
    app.knows_the_person(&next).await;
    // Another key does not do for the same token.
    app.key = Some(Key::new());
    let caller = |request| app.call(request);
    let request = app.rp.user_info(next.access_token().clone(), None).unwrap();
    let answer: Result<CoreUserInfoClaims, _> = request.request_async(&caller).await;
    assert!(answer.is_err());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openidconnect_signs_in_on_a_device() {
    let house = TestHouse::open().await;
    let members = json!({
        "token_endpoint_auth_method": "none", "redirect_uris": [], "post_logout_redirect_uris": [],
        "grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
    });
    let app = App::of(&house, members).await;
    let endpoint = DeviceAuthorizationUrl::new(house.url("/oauth2/device_authorization")).unwrap();
    let rp = app.rp.clone().set_device_authorization_url(endpoint);
    let caller = |request| app.call(request);
    let begun: CoreDeviceAuthorizationResponse = rp
        .exchange_device_code()
        .add_scope(Scope::new("email".to_owned()))
        .request_async(&caller)
        .await
        .unwrap();
    let phone = person(&house).await;
    let waited = AtomicBool::new(false);
    // The crate waits when it hears that the person has not decided: then the person does.
    let wait = async |by: Duration| {
        if !waited.swap(true, Ordering::SeqCst) {
            let confirm = type_code(&phone, begun.user_code().secret()).await;
            decide(&phone, &confirm, "allow").await;
        }
        house.advance(by).await;
    };
    let tokens: CoreTokenResponse = rp
        .exchange_device_access_token(&begun)
        .unwrap()
        .request_async(&caller, wait, None)
        .await
        .unwrap();
    assert!(
        waited.load(Ordering::SeqCst),
        "the first poll came too early"
    );
    let verifier = rp.id_token_verifier();
    let no_nonce = |_: Option<&Nonce>| Ok(());
    tokens
        .id_token()
        .unwrap()
        .claims(&verifier, no_nonce)
        .unwrap();
    app.knows_the_person(&tokens).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openidconnect_signs_out() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({})).await;
    let browser = Browser::new(&house);
    let begun = app.begin();
    let code = app.code_in(&browser, &begun, &begun.url).await;
    let tokens = app.redeem(begun, code, &[]).await;
    let caller = |request| app.call(request);
    let issuer = IssuerUrl::new(house.issuer.clone()).unwrap();
    let metadata = ProviderMetadataWithLogout::discover_async(issuer, &caller)
        .await
        .unwrap();
    let endpoint = metadata.additional_metadata().end_session_endpoint.clone();
    let url = LogoutRequest::from(endpoint.unwrap())
        .set_id_token_hint(tokens.id_token().unwrap())
        .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(BYE.to_owned()).unwrap())
        .set_state(CsrfToken::new("left".to_owned()))
        .http_get_url();
    let bye = browser.get(url.as_str()).await;
    assert_eq!(bye.location(), format!("{BYE}?state=left"));
    let again = browser.get(app.begin().url.as_str()).await;
    assert!(
        again.location().starts_with("/login"),
        "the session goes on"
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openidconnect_registers_itself_and_signs_a_person_in() {
    let house = TestHouse::open_with(|config| config.protocol.registration = true).await;
    let reader = App::known(&house, "nobody", None).await;
    let token = AccessToken::new(allowed(&house, 1).await);
    let endpoint = reader.metadata.registration_endpoint().unwrap();
    let callback = RedirectUrl::new(CALLBACK.to_owned()).unwrap();
    let request = CoreClientRegistrationRequest::new(vec![callback], Default::default())
        .set_initial_access_token(Some(token));
    let caller = |request| reader.call(request);
    let told = request.register_async(endpoint, &caller).await.unwrap();
    let secret = told.client_secret().unwrap().secret().clone();
    let app = App::known(&house, told.client_id().as_str(), Some(secret)).await;
    let begun = app.begin();
    let code = app.code(&begun, &begun.url).await;
    let tokens = app.redeem(begun, code, &[]).await;
    app.userinfo(tokens.access_token()).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openidconnect_verifies_signed_userinfo() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"userinfo_signed_response_alg": "RS256"})).await;
    let begun = app.begin();
    let code = app.code(&begun, &begun.url).await;
    let tokens = app.redeem(begun, code, &[]).await;
    let caller = |request| app.call(request);
    let request = app.rp.user_info(tokens.access_token().clone(), None);
    let request = request.unwrap().require_signed_response(true);
    let claims: CoreUserInfoClaims = request.request_async(&caller).await.unwrap();
    assert_eq!(claims.email().unwrap().as_str(), house.login_address);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openidconnect_introspects_and_revokes_as_a_machine() {
    let house = TestHouse::open().await;
    let members = json!({
        "grant_types": ["client_credentials"], "redirect_uris": [], "post_logout_redirect_uris": [],
        "scope": "orders:read",
    });
    let app = App::of(&house, members).await;
    let caller = |request| app.call(request);
    let rp = app
        .rp
        .clone()
        .set_introspection_url(IntrospectionUrl::new(house.url("/oauth2/introspect")).unwrap());
    let request = rp.exchange_client_credentials().unwrap();
    let tokens = request.request_async(&caller).await.unwrap();
    let token = tokens.access_token();
    let told = rp.introspect(token).request_async(&caller).await.unwrap();
    assert!(told.active());
    // The crate revokes at addresses with https only, so this one is posted by hand.
    let form = [("token", token.secret().as_str())];
    let request = app.http.post(house.url("/oauth2/revoke")).form(&form);
    let request = request.basic_auth(&app.id, app.secret.as_ref());
    assert!(request.send().await.unwrap().status().is_success());
    let told = rp.introspect(token).request_async(&caller).await.unwrap();
    assert!(!told.active());
    house.close().await;
}
