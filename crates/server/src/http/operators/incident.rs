//! Levels and switches, as `sekisho incident` has them (INC-01 to INC-06).

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_model::{
    ClientId, Cohort, EventKind, Feature, Level, LevelScope, OperatorPermission, OperatorText,
};
use sekisho_provider::incidents::{Confirming, Decided, LevelOrder, SwitchOrder};
use serde::Deserialize;
use serde_json::json;

use super::call::{Caller, body, event, moment, must_be_tagged};
use super::problem::Problem;
use crate::http::answer::json_answer;
use crate::http::app::App;
use crate::incident_overview::{Overview, refusal};

/// Which level, for whom, how long.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelWish {
    level: Level,
    reason: String,
    client: Option<String>,
    cohort: Option<String>,
    from: Option<String>,
    until: Option<String>,
    #[serde(default)]
    text: OperatorText,
}

/// Which feature, on or off.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchWish {
    feature: String,
    on: bool,
    reason: String,
    until: Option<String>,
}

pub(super) async fn overview(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let shown = async {
        let caller = Caller::of(&app, &request).await?;
        caller.may(OperatorPermission::IncidentRead)?;
        Ok(Overview::of(&app.provider))
    };
    match shown.await {
        Ok(overview) => json_answer(StatusCode::OK, &overview, app.https),
        Err(problem) => Problem::answer(&problem, &app),
    }
}

pub(super) async fn level(app: web::Data<App>, request: HttpRequest, sent: Bytes) -> HttpResponse {
    told(&app, order_level(&app, &request, &sent).await)
}

async fn order_level(app: &App, request: &HttpRequest, sent: &Bytes) -> Result<Decided, Problem> {
    let caller = Caller::of(app, request).await?;
    caller.may(OperatorPermission::IncidentRaise)?;
    let wish: LevelWish = body(request, sent)?;
    let scope = match (wish.client, wish.cohort) {
        (Some(_), Some(_)) => {
            let why = "client and cohort: name one of them";
            return Err(Problem::Invalid(why.to_owned()));
        }
        (Some(client), None) => LevelScope::Client(ClientId::new(client)),
        (None, Some(tag)) => LevelScope::Cohort(Cohort {
            tag: Some(tag),
            ..Cohort::default()
        }),
        (None, None) => LevelScope::Server,
    };
    if let LevelScope::Cohort(cohort) = &scope
        && wish.level > Level::Normal
    {
        must_be_tagged(app, cohort).await?;
    }
    let order = LevelOrder {
        operator: caller.operator.name.clone(),
        scope,
        level: wish.level,
        reason: wish.reason,
        from: moment("from", wish.from)?,
        until: moment("until", wish.until)?,
        text: wish.text,
        may_lower: caller.operator.may(OperatorPermission::IncidentLower),
        proved: Some(caller.operator.token),
    };
    let event = event(app, &caller, EventKind::LevelChanged);
    Ok(app.provider.order_level(order, event).await?)
}

pub(super) async fn confirm(
    app: web::Data<App>,
    request: HttpRequest,
    number: web::Path<String>,
) -> HttpResponse {
    let confirmed = async {
        let caller = Caller::of(&app, &request).await?;
        caller.may(OperatorPermission::IncidentLower)?;
        let number = number.parse().map_err(|_not_one| Problem::NotFound)?;
        let event = event(&app, &caller, EventKind::LevelChanged);
        let by = Confirming {
            operator: caller.operator.name.clone(),
            proved: Some(caller.operator.token),
        };
        Ok(app.provider.confirm_level(number, by, event).await?)
    };
    told(&app, confirmed.await)
}

pub(super) async fn switch(app: web::Data<App>, request: HttpRequest, sent: Bytes) -> HttpResponse {
    told(&app, order_switch(&app, &request, &sent).await)
}

async fn order_switch(app: &App, request: &HttpRequest, sent: &Bytes) -> Result<Decided, Problem> {
    let caller = Caller::of(app, request).await?;
    caller.may(OperatorPermission::IncidentRaise)?;
    let wish: SwitchWish = body(request, sent)?;
    if wish.on {
        caller.may(OperatorPermission::IncidentLower)?;
    }
    let names = || {
        Feature::ALL
            .iter()
            .map(|one| one.name())
            .collect::<Vec<_>>()
    };
    let feature = Feature::from_name(&wish.feature)
        .ok_or_else(|| Problem::Invalid(format!("feature: use one of {}", names().join(", "))))?;
    let order = SwitchOrder {
        operator: caller.operator.name.clone(),
        feature,
        on: wish.on,
        reason: wish.reason,
        until: moment("until", wish.until)?,
    };
    let event = event(app, &caller, EventKind::FeatureSwitched);
    Ok(app.provider.order_switch(order, event).await?)
}

fn told(app: &App, decided: Result<Decided, Problem>) -> HttpResponse {
    let shown = |number, state| {
        let body = json!({ "number": number, "state": state });
        json_answer(StatusCode::OK, &body, app.https)
    };
    match decided {
        Ok(Decided::InForce(number)) => shown(number, "in_force"),
        Ok(Decided::Waits(number)) => shown(number, "waits"),
        Ok(
            decided @ (Decided::BadText(_)
            | Decided::UnknownClient
            | Decided::UnknownTag
            | Decided::EndsBeforeItBegins),
        ) => Problem::Invalid(refusal(&decided)).answer(app),
        Ok(Decided::WouldLower) => {
            Problem::Forbidden(OperatorPermission::IncidentLower).answer(app)
        }
        Ok(refused) => Problem::Refused(refusal(&refused)).answer(app),
        Err(problem) => problem.answer(app),
    }
}
