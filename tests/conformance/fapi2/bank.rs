use reqwest::{Response, StatusCode};
use sekisho_model::{Digest, OsEntropy};
use serde_json::{Value, json};

use crate::conformance::checks;
use crate::conformance::driver::{
    Answered, CALLBACK, CHALLENGE, Registered, Suite, VERIFIER, Variant, encoded, now,
};
use crate::support::client_keys::{ClientKey, base64url};

/// With ID tokens or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    OpenId,
    OAuth,
}

/// A client held to FAPI 2.0, with its keys.
pub struct Party {
    pub id: String,
    pub key: ClientKey,
    pub proof_key: ClientKey,
    pub redirect_uri: String,
}

/// The house, a browser, and the two clients the plans ask for.
pub struct Bank {
    pub suite: Suite,
    pub kind: Kind,
    pub one: Party,
    pub two: Party,
    profile: &'static str,
}

impl Bank {
    pub async fn open(kind: Kind) -> Self {
        Self::of_profile(kind, "fapi2").await
    }

    pub async fn of_profile(kind: Kind, profile: &'static str) -> Self {
        let suite = Suite::open(Variant::Query).await;
        let second = format!("{CALLBACK}?dummy1=lorem&dummy2=ipsum");
        let one = Party::of(&suite, profile, "PS256", CALLBACK).await;
        let two = Party::of(&suite, profile, "ES256", &second).await;
        Self {
            suite,
            kind,
            one,
            two,
            profile,
        }
    }

    pub async fn close(self) {
        self.suite.close().await;
    }

    pub fn is_signed(&self) -> bool {
        self.profile == "fapi2_message_signing"
    }

    pub fn issuer(&self) -> &str {
        &self.suite.house.issuer
    }

    pub fn now(&self) -> i64 {
        now(&self.suite.house)
    }

    pub fn at(&self, path: &str) -> String {
        self.suite.house.url(path)
    }

    /// The claims of a client assertion, with changes; `null` takes a claim away.
    pub fn assertion_claims(&self, party: &Party, changes: &Value) -> Value {
        let now = self.now();
        changed(
            json!({
                "iss": party.id, "sub": party.id, "aud": self.issuer(), "jti": unique(),
                "iat": now, "nbf": now, "exp": now + 60,
            }),
            changes,
        )
    }

    pub fn assertion(&self, party: &Party, changes: &Value) -> String {
        party.key.signed(&self.assertion_claims(party, changes))
    }

    /// A proof of the client's own key, with changes.
    pub fn proof(&self, key: &ClientKey, call: (&str, &str), changes: &Value) -> String {
        let claims = changed(
            json!({"jti": unique(), "htm": call.0, "htu": self.at(call.1), "iat": self.now()}),
            changes,
        );
        key.sign(&proof_header(key), &claims)
    }

    /// The authorization request with changes; an empty value takes a parameter away.
    pub fn request(&self, party: &Party, changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let scope = match self.kind {
            Kind::OpenId => "openid accounts",
            Kind::OAuth => "accounts",
        };
        let mut pairs = vec![
            ("response_type", "code"),
            ("redirect_uri", &party.redirect_uri),
            ("scope", scope),
            ("state", "aB3dE6gH9k"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        if self.kind == Kind::OpenId {
            pairs.push(("nonce", "nO1cE2vA3l"));
        }
        if self.is_signed() {
            pairs.push(("response_mode", "jwt"));
        }
        for (name, value) in changes {
            pairs.retain(|(key, _)| key != name);
            if !value.is_empty() {
                pairs.push((name, value));
            }
        }
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        pairs.into_iter().map(owned).collect()
    }

    /// The same, in a request object when messages are signed.
    pub fn pushable(&self, party: &Party, changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let pairs = self.request(party, changes);
        if !self.is_signed() {
            return pairs;
        }
        let object = party.key.signed(&self.object(party, &pairs, &json!({})));
        vec![("request".to_owned(), object)]
    }

    pub fn object(&self, party: &Party, pairs: &[(String, String)], changes: &Value) -> Value {
        let now = self.now();
        let mut claims = json!({
            "iss": party.id, "client_id": party.id, "aud": self.issuer(),
            "nbf": now, "exp": now + 300,
        });
        for (name, value) in pairs {
            claims[name] = json!(value);
        }
        changed(claims, changes)
    }

    /// Pushes these pairs with the client's assertion, and with a proof if one is given.
    pub async fn push_pairs(
        &self,
        party: &Party,
        pairs: Vec<(String, String)>,
        proof: Option<String>,
    ) -> Response {
        let mut form = pairs;
        form.push(("client_id".to_owned(), party.id.clone()));
        form.extend(proving(self.assertion(party, &json!({}))));
        self.send("/oauth2/par", &form, proof).await
    }

    pub async fn push(&self, party: &Party, changes: &[(&str, &str)]) -> Response {
        self.push_pairs(party, self.pushable(party, changes), None)
            .await
    }

    pub async fn send(
        &self,
        path: &str,
        form: &[(String, String)],
        proof: Option<String>,
    ) -> Response {
        let request = self.suite.http.post(self.at(path)).form(form);
        let request = match proof {
            Some(proof) => request.header("DPoP", proof),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// The `request_uri` of a push that worked.
    pub async fn handle(&self, answer: Response) -> String {
        assert_eq!(answer.status(), StatusCode::CREATED);
        let answer: Value = answer.json().await.unwrap();
        assert!((5..31_536_000).contains(&answer["expires_in"].as_i64().unwrap()));
        let handle = answer["request_uri"].as_str().unwrap().to_owned();
        checks::is_unguessable(handle.rsplit(':').next().unwrap());
        handle
    }

    pub fn link(&self, client_id: &str, handle: &str) -> String {
        let pairs = [("client_id", client_id), ("request_uri", handle)];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        format!("/oauth2/authorize?{}", encoded(&pairs))
    }

    pub async fn visit(&self, party: &Party, handle: &str) -> Answered {
        let answered = self.suite.visit(&self.link(&party.id, handle)).await;
        self.opened(party, answered).await
    }

    /// A signed answer is verified and opened: JARM §2.
    async fn opened(&self, party: &Party, answered: Answered) -> Answered {
        let Some(jwt) = answered.get("response") else {
            return answered;
        };
        assert_eq!(
            answered
                .callback
                .as_ref()
                .unwrap()
                .keys()
                .filter(|n| !n.starts_with("dummy"))
                .count(),
            1
        );
        let keys = checks::jwks(&self.suite.house).await;
        let (claims, alg) = checks::verified(jwt, &keys);
        assert_ne!(alg, jsonwebtoken::Algorithm::RS256);
        assert_eq!(
            (&claims["iss"], &claims["aud"]),
            (&json!(self.issuer()), &json!(party.id))
        );
        let left = claims["exp"].as_i64().unwrap() - self.now();
        assert!((10..=600).contains(&left), "{left}");
        let fields = claims.as_object().unwrap().iter();
        let fields = fields.filter(|(name, _)| !["aud", "exp", "iat"].contains(&name.as_str()));
        let text =
            |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap().to_owned());
        Answered {
            callback: Some(fields.map(text).collect()),
            ..answered
        }
    }

    pub async fn authorize(&self, party: &Party, changes: &[(&str, &str)]) -> Answered {
        let handle = self.handle(self.push(party, changes).await).await;
        self.visit(party, &handle).await
    }

    /// The fields of a token request with the client's assertion.
    pub fn redemption(&self, party: &Party, code: &str) -> Vec<(String, String)> {
        let mut form: Vec<(String, String)> = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &party.redirect_uri),
            ("code_verifier", VERIFIER),
            ("client_id", &party.id),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
        form.extend(proving(self.assertion(party, &json!({}))));
        form
    }

    pub async fn redeem(&self, party: &Party, code: &str) -> Response {
        let proof = self.proof(&party.proof_key, TOKEN, &json!({}));
        self.send("/oauth2/token", &self.redemption(party, code), Some(proof))
            .await
    }

    /// A proof for userinfo, which stands for the protected resource.
    pub fn resource_proof(&self, key: &ClientKey, token: &str, changes: &Value) -> String {
        let mut with_hash = json!({"ath": Digest::of(token.as_bytes()).to_base64url()});
        for (name, value) in changes.as_object().unwrap() {
            with_hash[name] = value.clone();
        }
        self.proof(key, RESOURCE, &with_hash)
    }

    pub async fn resource(&self, scheme: &str, token: &str, proofs: &[String]) -> Response {
        let mut request = self.suite.http.get(self.at(RESOURCE.1));
        request = request.header("authorization", format!("{scheme} {token}"));
        for proof in proofs {
            request = request.header("DPoP", proof);
        }
        request.send().await.unwrap()
    }

    /// Plain OAuth has no userinfo to ask; a token that counts is known to introspection instead.
    pub async fn resource_works(&self, party: &Party, token: &str, proof_key: &ClientKey) {
        if self.kind == Kind::OpenId {
            let proof = self.resource_proof(proof_key, token, &json!({}));
            let answer = self.resource("DPoP", token, &[proof]).await;
            assert_eq!(answer.status(), StatusCode::OK);
            assert!(answer.headers().contains_key("date"));
            return;
        }
        let mut form = vec![("token".to_owned(), token.to_owned())];
        form.extend(proving(self.assertion(party, &json!({}))));
        let answer = self.send("/oauth2/introspect", &form, None).await;
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["active"], true);
        assert!(answer["cnf"]["jkt"].is_string(), "{answer}");
    }

    /// A whole flow; the tokens are checked.
    pub async fn journey(&self, party: &Party, changes: &[(&str, &str)]) -> (Answered, Value) {
        let answered = self.authorize(party, changes).await;
        let request = self.request(party, changes);
        let sent = |name: &str| {
            let found = request.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str())
        };
        checks::callback(&answered, sent("state"), self.issuer());
        let tokens = checks::token_answer(self.redeem(party, answered.code()).await).await;
        assert_eq!(tokens["token_type"], "DPoP");
        match self.kind {
            Kind::OAuth => assert_eq!(tokens.get("id_token"), None),
            Kind::OpenId => {
                let keys = checks::jwks(&self.suite.house).await;
                let jwt = tokens["id_token"].as_str().unwrap();
                checks::id_token(
                    jwt,
                    &keys,
                    &checks::Expected {
                        issuer: self.issuer(),
                        audience: &party.id,
                        nonce: sent("nonce"),
                        access_token: tokens["access_token"].as_str(),
                        now: self.now(),
                    },
                );
                let alg = jsonwebtoken::decode_header(jwt).unwrap().alg;
                assert_ne!(alg, jsonwebtoken::Algorithm::RS256);
            }
        }
        self.resource_works(
            party,
            tokens["access_token"].as_str().unwrap(),
            &party.proof_key,
        )
        .await;
        (answered, tokens)
    }
}

pub const TOKEN: (&str, &str) = ("POST", "/oauth2/token");
pub const PAR: (&str, &str) = ("POST", "/oauth2/par");
pub const RESOURCE: (&str, &str) = ("GET", "/oauth2/userinfo");

impl Party {
    async fn of(suite: &Suite, profile: &str, alg: &'static str, redirect_uri: &str) -> Self {
        let key = ClientKey::generate(alg, &format!("{alg}-1"));
        let registered = Registered::of(
            &suite.house,
            json!({
                "profile": profile, "token_endpoint_auth_method": "private_key_jwt",
                "dpop_bound_access_tokens": true, "jwks": key.jwks(), "redirect_uris": [redirect_uri],
                "id_token_signed_response_alg": alg, "scope": "openid accounts name email profile",
                "grant_types": ["authorization_code", "refresh_token"],
            }),
        )
        .await;
        Self {
            id: registered.id,
            key,
            proof_key: ClientKey::generate("ES256", "proof"),
            redirect_uri: redirect_uri.to_owned(),
        }
    }
}

/// A proof's header: its own public key, without the names that make it a registered one.
pub fn proof_header(key: &ClientKey) -> Value {
    let mut jwk = key.jwk();
    for name in ["kid", "use", "alg"] {
        jwk.as_object_mut().unwrap().remove(name);
    }
    json!({"typ": "dpop+jwt", "alg": key.alg, "jwk": jwk})
}

/// Thumbprint of a proof's key.
pub fn thumbprint(key: &ClientKey) -> String {
    let jwk = proof_header(key)["jwk"].clone();
    Digest::of(jwk.to_string().as_bytes()).to_base64url()
}

pub fn changed(mut claims: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

pub fn proving(assertion: String) -> [(String, String); 2] {
    [
        (
            "client_assertion_type".to_owned(),
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned(),
        ),
        ("client_assertion".to_owned(), assertion),
    ]
}

pub fn unique() -> String {
    use sekisho_model::Entropy as _;
    let mut bytes = [0; 16];
    OsEntropy::new().fill(&mut bytes);
    base64url(&bytes)
}

/// A refusal by one of these errors, with a status that the specifications allow.
pub async fn refused(answer: Response, allowed: &[&str]) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let error = body["error"].as_str().unwrap_or_default().to_owned();
    assert!(status == 400 || status == 401, "{status} {body}");
    assert!(
        status == 400 || error == "invalid_client",
        "{status} {body}"
    );
    assert!(allowed.contains(&error.as_str()), "{body}");
    checks::error_texts(Some(&error), body["error_description"].as_str());
}
