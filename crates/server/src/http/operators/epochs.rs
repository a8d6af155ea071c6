//! Moves of epochs, as `sekisho incident epoch` has them (INC-07).

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_model::{ClientId, Cohort, EpochKind, EventKind, OperatorPermission};
use sekisho_provider::epoch_moves::EpochMoved;
use sekisho_provider::incidents::EpochScope;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Caller, body, event, must_be_tagged, user};
use super::problem::Problem;
use crate::http::answer::json_answer;
use crate::http::app::App;

/// What to void, and whose.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EpochWish {
    kind: EpochKind,
    reason: String,
    /// Everyone's; said, so that a member that is forgotten is no wider order.
    #[serde(default)]
    all: bool,
    client: Option<String>,
    user: Option<String>,
    cohort: Option<String>,
    #[serde(default)]
    dry_run: bool,
}

/// Voiding only ever takes away, so it needs what raising a level needs.
pub(super) async fn move_epoch(
    app: web::Data<App>,
    request: HttpRequest,
    sent: Bytes,
) -> HttpResponse {
    match order(&app, &request, &sent).await {
        Ok(told) => json_answer(StatusCode::OK, &told, app.https),
        Err(problem) => problem.answer(&app),
    }
}

async fn order(app: &App, request: &HttpRequest, sent: &Bytes) -> Result<Value, Problem> {
    let caller = Caller::of(app, request).await?;
    caller.may(OperatorPermission::IncidentRaise)?;
    let wish: EpochWish = body(request, sent)?;
    let (kind, reason, dry_run) = (wish.kind, wish.reason.clone(), wish.dry_run);
    let scope = scope(app, wish).await?;
    if let EpochScope::Cohort(cohort) = &scope {
        must_be_tagged(app, cohort).await?;
    }
    if dry_run {
        let most = app.provider.epoch_reach(&scope, kind).await?;
        return Ok(json!({ "at_most": most }));
    }
    let event = event(app, &caller, EventKind::EpochMoved);
    let by = (caller.operator.name.as_str(), reason.as_str());
    let invalid = |what: String| Err(Problem::Invalid(what));
    match app.provider.order_epoch((scope, kind), by, event).await? {
        EpochMoved::To(epoch) => Ok(json!({ "epoch": epoch })),
        EpochMoved::UnknownClient => invalid("client: there is no such app".to_owned()),
        EpochMoved::UnknownTag => invalid("cohort: no account has this tag".to_owned()),
        EpochMoved::NotOfClients => invalid("kind: an app holds tokens only".to_owned()),
        EpochMoved::BadText(what) => invalid(format!(
            "The {what} is missing, too long, or holds control characters."
        )),
    }
}

async fn scope(app: &App, wish: EpochWish) -> Result<EpochScope, Problem> {
    match (wish.all, wish.client, wish.user, wish.cohort) {
        (true, None, None, None) => Ok(EpochScope::Server),
        (false, Some(id), None, None) => Ok(EpochScope::Client(ClientId::new(id))),
        (false, None, Some(who), None) => Ok(EpochScope::User(user(app, &who).await?)),
        (false, None, None, Some(tag)) => Ok(EpochScope::Cohort(Cohort {
            tag: Some(tag),
            ..Cohort::default()
        })),
        _ => {
            let why = "whose: name one of all, client, user and cohort";
            Err(Problem::Invalid(why.to_owned()))
        }
    }
}
