// Journeys of openid-client, a relying party that we did not write. Started by tests/foreign_clients.rs
// with the name of a journey. What the script needs it asks for on its output, one JSON line each:
// {"register": …} a client with this metadata, {"open": url} a browser that comes back with the address
// it was sent to, {"device": code} a person who types the code. The answers come on its input.
import readline from "node:readline";
import * as client from "openid-client";

const [, , journey, issuer] = process.argv;
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const ask = async (question) => {
  console.log(JSON.stringify(question));
  const { value, done } = await lines.next();
  if (done) throw new Error("no answer");
  return JSON.parse(value);
};
const check = (holds, what) => { if (!holds) throw new Error(what); };

const redirect_uri = "https://app.example/cb";
const scope = "openid email";

async function key() {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const jwk = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const { kty, crv, x, y } = jwk;
  return { key: pair.privateKey, kid: "k1", jwks: { keys: [{ kty, crv, x, y, kid: "k1", alg: "ES256", use: "sig" }] } };
}

// Registers a client and discovers the server as it.
async function configured(metadata, authentication) {
  const { client_id, client_secret } = await ask({ register: metadata });
  const method = authentication ?? client.ClientSecretBasic(client_secret);
  const known = { ...metadata };
  const config = await client.discovery(new URL(issuer), client_id, known, method, {
    execute: [client.allowInsecureRequests],
  });
  client.enableNonRepudiationChecks(config);
  return config;
}

// The browser's part: from an authorization address back to the redirect URI.
async function code(config, build, more = {}, options = undefined) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const expectedState = client.randomState();
  const expectedNonce = client.randomNonce();
  const url = await build({
    redirect_uri, scope, state: expectedState, nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: "S256", ...more,
  });
  const { url: back } = await ask({ open: url.href });
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  return client.authorizationCodeGrant(config, new URL(back), checks, undefined, options);
}

const plain = (config) => (parameters) => client.buildAuthorizationUrl(config, parameters);
const pushed = (config, options) => (parameters) => client.buildAuthorizationUrlWithPAR(config, parameters, options);

async function userinfo(config, tokens, options) {
  const claims = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, options);
  check(claims.email, "userinfo has no email");
}

const journeys = {
  async code_pkce() {
    const config = await configured({});
    const tokens = await code(config, plain(config));
    await userinfo(config, tokens);
    const told = await client.tokenIntrospection(config, tokens.access_token);
    check(told.active, "introspection says inactive");
    await client.tokenRevocation(config, tokens.access_token);
    const later = await client.tokenIntrospection(config, tokens.access_token);
    check(!later.active, "a revoked token is active");
  },

  async public_client() {
    const config = await configured({ token_endpoint_auth_method: "none" }, client.None());
    const tokens = await code(config, plain(config), { scope: "openid email offline_access", prompt: "consent" });
    const next = await client.refreshTokenGrant(config, tokens.refresh_token);
    check(next.refresh_token !== tokens.refresh_token, "a public client's refresh token is not rotated");
    await userinfo(config, next);
  },

  async refresh() {
    const config = await configured({});
    const tokens = await code(config, plain(config), { scope: "openid email offline_access", prompt: "consent" });
    const next = await client.refreshTokenGrant(config, tokens.refresh_token);
    check(next.access_token !== tokens.access_token, "refresh gave the same token");
    check(next.claims().sub === tokens.claims().sub, "refresh gave another subject");
    await userinfo(config, next);
  },

  async machine() {
    const config = await configured({ grant_types: ["client_credentials"], redirect_uris: [], scope: "api" });
    const tokens = await client.clientCredentialsGrant(config, { scope: "api" });
    check(tokens.scope === "api", "another scope");
  },

  async par() {
    const config = await configured({ require_pushed_authorization_requests: true });
    await userinfo(config, await code(config, pushed(config)));
  },

  async jar() {
    const own = await key();
    const config = await configured({ jwks: own.jwks, require_signed_request_object: true });
    const build = (parameters) => client.buildAuthorizationUrlWithJAR(config, parameters, own);
    await userinfo(config, await code(config, build));
  },

  async jarm() {
    const config = await configured({ authorization_signed_response_alg: "ES256" });
    client.useJwtResponseMode(config);
    await userinfo(config, await code(config, plain(config)));
  },

  async private_key_jwt() {
    const own = await key();
    const metadata = { token_endpoint_auth_method: "private_key_jwt", jwks: own.jwks };
    const config = await configured(metadata, client.PrivateKeyJwt(own));
    await userinfo(config, await code(config, plain(config)));
  },

  async dpop() {
    const config = await configured({ dpop_bound_access_tokens: true });
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
    const tokens = await code(config, pushed(config, { DPoP }), {}, { DPoP });
    check(tokens.token_type === "dpop", "the token is not bound");
    await userinfo(config, tokens, { DPoP });
    let refused = false;
    await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub).catch(() => { refused = true; });
    check(refused, "a bound token works as bearer");
  },

  async fapi2() {
    const own = await key();
    const metadata = {
      profile: "fapi2_message_signing", token_endpoint_auth_method: "private_key_jwt", jwks: own.jwks,
      dpop_bound_access_tokens: true, id_token_signed_response_alg: "ES256", authorization_signed_response_alg: "PS256",
    };
    const config = await configured(metadata, client.PrivateKeyJwt(own));
    client.useJwtResponseMode(config);
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
    const build = async (parameters) => {
      const signed = await client.buildAuthorizationUrlWithJAR(config, { response_mode: "jwt", ...parameters }, own);
      return client.buildAuthorizationUrlWithPAR(config, { request: signed.searchParams.get("request") }, { DPoP });
    };
    await userinfo(config, await code(config, build, {}, { DPoP }), { DPoP });
  },

  async device() {
    const grant = "urn:ietf:params:oauth:grant-type:device_code";
    const metadata = { token_endpoint_auth_method: "none", grant_types: [grant], redirect_uris: [], application_type: "native" };
    const config = await configured(metadata, client.None());
    const begun = await client.initiateDeviceAuthorization(config, { scope });
    await ask({ device: begun.user_code });
    const tokens = await client.pollDeviceAuthorizationGrant(config, { ...begun, interval: 1 });
    await userinfo(config, tokens);
  },

  async registration() {
    const { token } = await ask({ allow_registration: true });
    const metadata = { redirect_uris: [redirect_uri], client_name: "Registered" };
    const config = await client.dynamicClientRegistration(new URL(issuer), metadata, client.ClientSecretBasic(), {
      initialAccessToken: token, execute: [client.allowInsecureRequests],
    });
    client.enableNonRepudiationChecks(config);
    const known = config.clientMetadata();
    check(known.client_id && known.client_secret, "no id or secret");
    const tokens = await code(config, plain(config), { scope: "openid" });
    await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  },

  async logout() {
    const config = await configured({ post_logout_redirect_uris: ["https://app.example/bye"] });
    const tokens = await code(config, plain(config));
    const url = client.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token, post_logout_redirect_uri: "https://app.example/bye", state: "left",
    });
    const { url: back } = await ask({ open: url.href });
    check(back === "https://app.example/bye?state=left", `sent to ${back}`);
  },
};

check(journeys[journey], `no journey ${journey}`);
await journeys[journey]();
console.log(JSON.stringify({ done: journey }));
process.exit(0);
