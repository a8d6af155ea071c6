use openidconnect::core::{
    CoreClient, CoreProviderMetadata, CoreResponseType, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RefreshToken, Scope,
};

use super::house::TestHouse;

/// The crate's client, after discovery.
pub type Rp = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A third-party app, built on the `openidconnect` crate.
pub struct RelyingParty {
    client: Rp,
    http: reqwest::Client,
}

/// What an app keeps between request and answer.
pub struct Begun {
    pub url: String,
    pub state: String,
    nonce: Nonce,
    verifier: PkceCodeVerifier,
}

/// How the crate reaches the network.
pub async fn send(
    http: reqwest::Client,
    request: HttpRequest,
) -> Result<HttpResponse, reqwest::Error> {
    let response = http.execute(request.try_into()?).await?;
    let mut built = openidconnect::http::Response::builder().status(response.status());
    for (name, value) in response.headers() {
        built = built.header(name, value);
    }
    Ok(built.body(response.bytes().await?.to_vec()).unwrap())
}

impl RelyingParty {
    pub async fn discover(house: &TestHouse, id: &str, secret: &str) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let issuer = IssuerUrl::new(house.issuer.clone()).unwrap();
        let caller = |request| send(http.clone(), request);
        let metadata = CoreProviderMetadata::discover_async(issuer, &caller)
            .await
            .unwrap();
        let secret = Some(ClientSecret::new(secret.to_owned()));
        let client =
            CoreClient::from_provider_metadata(metadata, ClientId::new(id.to_owned()), secret)
                .set_redirect_uri(RedirectUrl::new("https://app.example/cb".to_owned()).unwrap());
        Self { client, http }
    }

    pub fn begin(&self, scopes: &[&str]) -> Begun {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let mut request = self
            .client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        for scope in scopes {
            request = request.add_scope(Scope::new((*scope).to_owned()));
        }
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        Begun {
            url: url.to_string(),
            state: state.secret().clone(),
            nonce,
            verifier,
        }
    }

    /// Exchanges the code and verifies the ID token; `sub` and tokens are returned.
    pub async fn exchange(&self, begun: Begun, code: String) -> (String, CoreTokenResponse) {
        use openidconnect::{OAuth2TokenResponse as _, TokenResponse as _};
        let caller = |request| send(self.http.clone(), request);
        let request = self
            .client
            .exchange_code(AuthorizationCode::new(code))
            .unwrap();
        let tokens = request
            .set_pkce_verifier(begun.verifier)
            .request_async(&caller)
            .await
            .unwrap();
        let id_token = tokens.id_token().expect("an ID token");
        let verifier = self.client.id_token_verifier();
        let claims = id_token.claims(&verifier, &begun.nonce).unwrap();
        let hash = openidconnect::AccessTokenHash::from_token(
            tokens.access_token(),
            id_token.signing_alg().unwrap(),
            id_token.signing_key(&verifier).unwrap(),
        );
        assert_eq!(claims.access_token_hash(), Some(&hash.unwrap()), "at_hash");
        (claims.subject().to_string(), tokens)
    }

    pub async fn refresh(&self, token: &RefreshToken) -> CoreTokenResponse {
        let caller = |request| send(self.http.clone(), request);
        self.client
            .exchange_refresh_token(token)
            .unwrap()
            .request_async(&caller)
            .await
            .unwrap()
    }

    pub async fn userinfo(&self, tokens: &CoreTokenResponse, sub: &str) -> CoreUserInfoClaims {
        use openidconnect::OAuth2TokenResponse as _;
        let caller = |request| send(self.http.clone(), request);
        let subject = openidconnect::SubjectIdentifier::new(sub.to_owned());
        let request = self
            .client
            .user_info(tokens.access_token().clone(), Some(subject))
            .unwrap();
        request.request_async(&caller).await.unwrap()
    }
}
