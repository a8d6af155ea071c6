//! The playground: a demo client inside the server that goes through the real flow and shows what it
//! got. Dev mode only.

use actix_web::http::StatusCode;
use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_model::Digest;
use sekisho_provider::Failure;
use sekisho_provider::demo::Inspection;
use sekisho_provider::endpoints::call::Call;
use sekisho_provider::endpoints::token::{Issued, TokenResponse};
use sekisho_provider::endpoints::userinfo::{Scheme, UserInfo};
use sekisho_provider::rules::parameters::Parameters;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::answer::see_other;
use super::app::{App, Playground};
use super::frame::Frame;
use super::headers::Answer;
use super::pages::{
    Cause, Check, CheckKind, PlaygroundPage, PlaygroundResultPage, ShownToken, TokenKind,
};

/// What the demo client asks for.
pub const SCOPE: &str = "openid profile email offline_access";

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/_dev/playground")
                .route(web::get().to(show))
                .route(web::post().to(start)),
        )
        .route("/_dev/playground/callback", web::get().to(callback));
}

async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    let Some(dev) = &app.dev else {
        return frame.error(Cause::NotFound, None);
    };
    let view = PlaygroundPage {
        page: frame.page(String::new()),
        app: dev.playground.name.clone(),
        client_id: dev.playground.client_id.clone(),
        redirect_uri: dev.playground.redirect_uri.clone(),
        scope: SCOPE.to_owned(),
    };
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

/// `state` is random; nonce and PKCE verifier are derived from it, so nothing has to be kept.
fn derived(app: &App, state: &str, what: &str) -> String {
    Digest::keyed(
        app.csrf_key.as_bytes(),
        &[b"playground", state.as_bytes(), what.as_bytes()],
    )
    .to_base64url()
}

async fn start(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    let Some(dev) = app.dev.as_ref().filter(|_| app.from_our_page(&request)) else {
        return frame.error_again(Cause::Csrf, "/_dev/playground");
    };
    let state = Digest::of(&app.entropy.bytes::<32>()).to_base64url();
    let challenge = Digest::of(derived(&app, &state, "verifier").as_bytes()).to_base64url();
    let query = Serializer::new(String::new())
        .append_pair("client_id", &dev.playground.client_id)
        .append_pair("redirect_uri", &dev.playground.redirect_uri)
        .append_pair("response_type", "code")
        .append_pair("scope", SCOPE)
        .append_pair("state", &state)
        .append_pair("nonce", &derived(&app, &state, "nonce"))
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256")
        .append_pair("ui_locales", frame.locale.tag())
        .finish();
    see_other(&format!("/oauth2/authorize?{query}"), app.https)
}

async fn callback(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let frame = Frame::new(&app, &request, app.locale(&request, None));
    let answer = Parameters::decode(request.query_string().as_bytes());
    let Some(dev) = &app.dev else {
        return frame.error(Cause::NotFound, None);
    };
    let mut view = PlaygroundResultPage {
        page: frame.page(String::new()),
        refusal: None,
        checks: Vec::new(),
        tokens: Vec::new(),
    };
    "/_dev/playground".clone_into(&mut view.page.path);
    if let Some(error) = answer.first("error") {
        let description = answer.first("error_description").unwrap_or_default();
        view.refusal = Some((error.to_owned(), description.to_owned()));
        return frame.html(StatusCode::OK, &Answer::Page, &view);
    }
    match exchange(&app, &dev.playground, &answer, &request).await {
        Ok(Issued::Tokens(tokens)) => match judge(&app, &request, &answer, &tokens).await {
            Ok((checks, tokens)) => (view.checks, view.tokens) = (checks, tokens),
            Err(failure) => return frame.failure(&failure),
        },
        Ok(Issued::Refused(error)) => {
            view.refusal = Some((error.code().to_owned(), error.description().to_owned()));
        }
        Ok(Issued::Wait(_)) => view.refusal = Some(("slow_down".to_owned(), String::new())),
        Err(failure) => return frame.failure(&failure),
    }
    frame.html(StatusCode::OK, &Answer::Page, &view)
}

/// The token request, as the endpoint would read it from the wire.
async fn exchange(
    app: &App,
    client: &Playground,
    answer: &Parameters,
    request: &HttpRequest,
) -> Result<Issued, Failure> {
    let state = answer.first("state").unwrap_or_default();
    let pair = format!("{}:{}", client.client_id, client.secret.reveal());
    let header = format!("Basic {}", STANDARD.encode(pair));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", answer.first("code").unwrap_or_default()),
        ("redirect_uri", &client.redirect_uri),
        ("code_verifier", &derived(app, state, "verifier")),
    ];
    let form = form
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let origin = app.origin_of(request);
    let call = Call {
        authorization: Some(&header),
        dpop: &[],
        certificate: None,
        path: "/oauth2/token",
        method: "POST",
        origin: &origin,
    };
    app.provider.token(&call, &Parameters::new(form)).await
}

/// What userinfo says, as the endpoint would read the request from the wire.
async fn claims(app: &App, request: &HttpRequest, token: &str) -> Result<Value, Failure> {
    let origin = app.origin_of(request);
    let call = Call {
        authorization: None,
        dpop: &[],
        certificate: None,
        path: "/oauth2/userinfo",
        method: "GET",
        origin: &origin,
    };
    let answer = app.provider.userinfo(&call, Some((Scheme::Bearer, token)));
    let claims = answer.await?.ok();
    Ok(claims
        .and_then(|claims| match claims {
            UserInfo::Plain(claims) => serde_json::to_value(claims).ok(),
            UserInfo::Signed(_) => None,
        })
        .unwrap_or_default())
}

async fn judge(
    app: &App,
    request: &HttpRequest,
    answer: &Parameters,
    tokens: &TokenResponse,
) -> Result<(Vec<Check>, Vec<ShownToken>), Failure> {
    let provider = &app.provider;
    let client_id = app
        .dev
        .as_ref()
        .map_or("", |dev| dev.playground.client_id.as_str());
    let state = answer.first("state").unwrap_or_default();
    let issuer = provider.settings.issuer.as_str();
    let id_text = tokens.id_token.clone().unwrap_or_default();
    let (id, access) = (
        provider.inspect(&id_text),
        provider.inspect(&tokens.access_token),
    );
    let userinfo = claims(app, request, &tokens.access_token).await?;
    let check = |kind, passed, found: &str| Check {
        kind,
        passed,
        found: found.to_owned(),
    };
    let at_jwt = access.header.get("typ") == Some(&Value::from("at+jwt"));
    let checks = vec![
        check(CheckKind::State, !state.is_empty(), state),
        check(
            CheckKind::AnswerIssuer,
            answer.first("iss") == Some(issuer),
            answer.first("iss").unwrap_or_default(),
        ),
        check(CheckKind::Signature, id.signature, &text(&id.header, "alg")),
        check(CheckKind::Issuer, id.issuer, &text(&id.claims, "iss")),
        check(
            CheckKind::Audience,
            is_for(&id, client_id),
            &text(&id.claims, "aud"),
        ),
        check(CheckKind::Lifetime, id.lifetime, &text(&id.claims, "exp")),
        check(
            CheckKind::Nonce,
            text(&id.claims, "nonce") == derived(app, state, "nonce"),
            &text(&id.claims, "nonce"),
        ),
        check(
            CheckKind::AccessTokenHash,
            provider.access_token_hash_fits(&id, &tokens.access_token),
            &text(&id.claims, "at_hash"),
        ),
        check(
            CheckKind::AccessToken,
            access.signature && access.issuer && at_jwt,
            &text(&access.header, "alg"),
        ),
        check(
            CheckKind::UserinfoSubject,
            !id.claims.is_null() && userinfo.get("sub") == id.claims.get("sub"),
            &text(&userinfo, "sub"),
        ),
    ];
    Ok((checks, shown(tokens, &id, &access, &userinfo)))
}

fn shown(
    tokens: &TokenResponse,
    id: &Inspection,
    access: &Inspection,
    userinfo: &Value,
) -> Vec<ShownToken> {
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let jwt = |kind, token: &Inspection| ShownToken {
        kind,
        header: Some(pretty(&token.header)),
        body: pretty(&token.claims),
    };
    let mut shown = vec![jwt(TokenKind::Id, id), jwt(TokenKind::Access, access)];
    if let Some(refresh) = &tokens.refresh_token {
        shown.push(ShownToken {
            kind: TokenKind::Refresh,
            header: None,
            body: refresh.clone(),
        });
    }
    shown.push(ShownToken {
        kind: TokenKind::Userinfo,
        header: None,
        body: pretty(userinfo),
    });
    shown
}

fn is_for(token: &Inspection, client: &str) -> bool {
    match token.claims.get("aud") {
        Some(Value::Array(all)) => all.len() == 1 && all.first() == Some(&Value::from(client)),
        other => other == Some(&Value::from(client)),
    }
}

fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
