use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use sekisho_model::{Client, ClientOrigin, ScopeSet};
use sekisho_provider::accounts::OpenAccount;
use sekisho_provider::endpoints::consent::{ConsentDecision, ConsentView};
use sekisho_provider::endpoints::sign_in::LoadedFlow;
use sekisho_provider::endpoints::visit::Visit;
use sekisho_provider::rules::claims;
use sekisho_provider::rules::lookalike::Doubt;
use sekisho_provider::rules::parameters::Parameters;
use serde_json::Value;

use super::password::path_for_another;
use super::{flow_of, gone, posted_handle};
use crate::http::app::App;
use crate::http::frame::Frame;
use crate::http::headers::{Answer, form_target};
use crate::http::pages::{
    App as AppName, Cause, ClaimItem, ConsentPage, DetailItem, NameDoubt, Person, ScopeItem,
    Vouched,
};
use crate::http::text::clean;

const PURPOSE: &str = "consent";

/// Asks the person about an app.
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let visit = app.visit_of_person(&request).await;
    let query = Parameters::decode(request.query_string().as_bytes());
    let (flow, _view) = match flow_of(&app, &request, &visit, query.first("flow")).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let frame = Frame::new(&app, &request, visit.locale);
    page(&frame, &visit, &flow, Shown::First).await
}

/// Whether the page was shown before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    First,
    /// The decision came so soon that nobody can have read it.
    AgainTooSoon,
}

async fn page(frame: &Frame<'_>, visit: &Visit, flow: &LoadedFlow, shown: Shown) -> HttpResponse {
    let app = frame.app;
    let view = match app.provider.consent_view(flow, visit).await {
        Ok(Some(view)) => view,
        Ok(None) => return gone(frame, Some(flow.id.as_str())).await,
        Err(failure) => return frame.failure(&failure),
    };
    let csrf = app.decision_token(visit, flow.id.as_str(), PURPOSE);
    let kind = form_target(&view.form_action).map_or(Answer::Page, Answer::FlowPage);
    let mut page = frame.page(csrf);
    page.path = format!("/consent?flow={}", flow.id);
    let page = ConsentPage {
        page,
        too_soon: shown == Shown::AgainTooSoon,
        app: AppName::new(&view.client_name, &view.host)
            .with_links(
                view.client.policy_uri.as_deref(),
                view.client.tos_uri.as_deref(),
            )
            .with_brand(&view.client.client_id, view.client.brand),
        client_id: view.client.client_id.to_string(),
        vouched: vouched(&view.client),
        doubt: view.doubt.clone().map(doubt),
        person: Person::new(view.account.name(), &view.account.login_address.to_string()),
        required: items(&view, |scope| {
            !view.optional.contains(scope) && !view.before.contains(scope)
        }),
        optional: items(&view, |scope| view.optional.contains(scope)),
        already: items(&view, |scope| {
            !view.optional.contains(scope) && view.before.contains(scope)
        }),
        claims: claim_items(&view),
        details: view.details.iter().cloned().map(DetailItem::from).collect(),
        resource: resources(&view),
        other_account: Some(path_for_another(&flow.id)),
    };
    frame.html(StatusCode::OK, &kind, &page)
}

/// The person decided.
pub(super) async fn send(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let visit = app.visit_of_person(&request).await;
    let form = Parameters::decode(&body);
    let handle = match posted_handle(&app, &request, &visit, &form, PURPOSE).await {
        Ok(handle) => handle,
        Err(page) => return page,
    };
    let (id, looked_at) = app.looked_at(&handle);
    let (flow, _view) = match flow_of(&app, &request, &visit, Some(id)).await {
        Ok(found) => found,
        Err(page) => return page,
    };
    let frame = Frame::new(&app, &request, visit.locale);
    if !looked_at {
        return page(&frame, &visit, &flow, Shown::AgainTooSoon).await;
    }
    let ticked = form.all("scope").collect::<Vec<_>>().join(" ");
    let decision = match form.first("decision") {
        Some("allow") => ConsentDecision::Allow(ScopeSet::parse(&ticked).unwrap_or_default()),
        Some(_) | None => ConsentDecision::Deny,
    };
    match app.provider.decide_consent(&flow, decision, &visit).await {
        Ok(Some(answer)) => frame.to_app(answer),
        Ok(None) => already_decided(&frame, &flow).await,
        Err(failure) => frame.failure(&failure),
    }
}

async fn already_decided(frame: &Frame<'_>, flow: &LoadedFlow) -> HttpResponse {
    match frame.app.provider.app_home(flow, frame.locale).await {
        Ok(app) => frame.error_of_app(Cause::AlreadyDecided, app),
        Err(failure) => frame.failure(&failure),
    }
}

/// What is known of who makes the app.
pub(in crate::http) fn vouched(client: &Client) -> Vouched {
    match (&client.publisher, client.origin == ClientOrigin::Operator) {
        (Some(publisher), _) => Vouched::Publisher(clean(publisher, 80)),
        (None, true) => Vouched::Operator,
        (None, false) => Vouched::Nobody,
    }
}

fn doubt(doubt: Doubt) -> NameDoubt {
    match doubt {
        Doubt::MixedScripts => NameDoubt::MixedScripts,
        Doubt::LooksLike(other) => NameDoubt::LooksLike(clean(&other, 60)),
    }
}

fn items(view: &ConsentView, shown: impl Fn(&str) -> bool) -> Vec<ScopeItem> {
    scope_items(&view.scope, &view.account, shown)
}

/// The scopes that `shown` picks, each with the values it would hand over (CON-01).
pub(in crate::http) fn scope_items(
    scope: &ScopeSet,
    account: &OpenAccount,
    shown: impl Fn(&str) -> bool,
) -> Vec<ScopeItem> {
    let value = |name: &&str| account.claims.get(*name).and_then(words);
    let told = |name: &&&str| {
        !matches!(
            **name,
            "email_verified" | "phone_number_verified" | "updated_at"
        )
    };
    scope
        .iter()
        .filter(|scope| shown(scope))
        .map(|scope| ScopeItem {
            scope: scope.to_owned(),
            values: claims::of_scope(scope)
                .iter()
                .filter(told)
                .filter_map(value)
                .collect(),
        })
        .collect()
}

/// Claims that the app asks for one by one (Core §5.5).
fn claim_items(view: &ConsentView) -> Vec<ClaimItem> {
    let value = |name: &String| view.account.claims.get(name).and_then(words);
    view.claims
        .iter()
        .map(|name| ClaimItem {
            name: name.clone(),
            value: value(name).unwrap_or_default(),
        })
        .collect()
}

fn resources(view: &ConsentView) -> Option<String> {
    if view.resources.is_empty() {
        view.client.default_resource.clone()
    } else {
        Some(view.resources.join(" "))
    }
}

fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Object(members) => members.get("formatted").and_then(words),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            None
        }
    }
}
