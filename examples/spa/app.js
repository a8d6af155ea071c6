// A single-page app without dependencies: code flow with PKCE (RFC 7636), the answer's issuer (RFC 9207), and
// an access token bound to a key of this page (RFC 9449). Tokens live in memory alone: a reload asks again,
// and the provider answers without a word while its session lasts.
const home = new URL("/", location.href).href;
const status = document.querySelector("#status");
const button = document.querySelector("#sign-in");
const bytes = new TextEncoder();

const base64url = (data) =>
  btoa(String.fromCharCode(...new Uint8Array(data))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const digest = async (text) => base64url(await crypto.subtle.digest("SHA-256", bytes.encode(text)));
const check = (holds, what) => { if (!holds) throw new Error(what); };

async function json(address, options) {
  const answer = await fetch(address, options);
  const told = await answer.json();
  check(answer.ok, told.error_description ?? told.error ?? `status ${answer.status}`);
  return told;
}

// RFC 8414 §3.3: the document must name the issuer that it was asked for.
async function provider({ issuer }) {
  const metadata = await json(`${issuer}/.well-known/openid-configuration`);
  check(metadata.issuer === issuer, "the provider calls itself otherwise");
  return metadata;
}

// Step 1: away to the provider; what the answer must fit stays in this tab.
async function leave(settings, metadata) {
  const begun = { state: random(), nonce: random(), verifier: random() };
  sessionStorage.setItem("begun", JSON.stringify(begun));
  const url = new URL(metadata.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: "code", client_id: settings.client_id, redirect_uri: home, scope: "openid email",
    state: begun.state, nonce: begun.nonce,
    code_challenge: await digest(begun.verifier), code_challenge_method: "S256",
  });
  location.assign(url);
}

// Step 2: back again. The answer counts once, in the tab that asked, from the right issuer.
async function arrive(settings, metadata, answer) {
  const begun = JSON.parse(sessionStorage.getItem("begun") ?? "{}");
  sessionStorage.removeItem("begun");
  history.replaceState(null, "", "/");
  check(begun.state && answer.get("state") === begun.state, "this answer belongs to another sign-in");
  check(answer.get("iss") === settings.issuer, "this answer comes from someone else");
  check(answer.get("code"), `not signed in: ${answer.get("error")}`);
  // The key cannot be taken out of this page, so a token that leaks is of no use elsewhere.
  const key = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  const tokens = await json(metadata.token_endpoint, {
    method: "POST",
    headers: { DPoP: await proof(key, "POST", metadata.token_endpoint) },
    body: new URLSearchParams({
      grant_type: "authorization_code", code: answer.get("code"), redirect_uri: home,
      client_id: settings.client_id, code_verifier: begun.verifier,
    }),
  });
  check(tokens.token_type.toLowerCase() === "dpop", "the token is not bound");
  const claims = verified(tokens.id_token, settings, begun.nonce);
  const person = await json(metadata.userinfo_endpoint, {
    headers: {
      Authorization: `DPoP ${tokens.access_token}`,
      DPoP: await proof(key, "GET", metadata.userinfo_endpoint, tokens.access_token),
    },
  });
  check(person.sub === claims.sub, "userinfo is about someone else");
  status.textContent = `Signed in as ${person.email}`;
}

// OpenID Connect Core §3.1.3.7: it came from the token endpoint itself, so its signature may be left alone.
function verified(token, settings, nonce) {
  const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const claims = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(part), (c) => c.charCodeAt(0))));
  check(claims.iss === settings.issuer, "the ID token comes from someone else");
  check([claims.aud].flat().includes(settings.client_id), "the ID token is for another app");
  check(claims.nonce === nonce, "the ID token belongs to another sign-in");
  check(claims.exp > Date.now() / 1000, "the ID token has expired");
  return claims;
}

// RFC 9449 §4.2
async function proof(key, htm, htu, token) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", key.publicKey);
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y } };
  const claims = { jti: random(), htm, htu, iat: Math.floor(Date.now() / 1000) };
  if (token) claims.ath = await digest(token);
  const message = [header, claims].map((part) => base64url(bytes.encode(JSON.stringify(part)))).join(".");
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  return `${message}.${base64url(await crypto.subtle.sign(algorithm, key.privateKey, bytes.encode(message)))}`;
}

async function start() {
  const settings = await json("/settings.json");
  const metadata = await provider(settings);
  button.addEventListener("click", () => leave(settings, metadata).catch(tell));
  const answer = new URLSearchParams(location.search);
  if (answer.has("code") || answer.has("error")) return arrive(settings, metadata, answer);
  status.textContent = "Not signed in";
  button.hidden = false;
}

function tell(error) {
  status.textContent = `That went wrong: ${error.message}`;
  button.hidden = false;
}

start().catch(tell);
