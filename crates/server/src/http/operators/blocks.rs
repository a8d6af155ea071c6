//! Whom to keep out and whom never, as `sekisho guard` has it (S5, INC-06).

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use sekisho_model::{
    BlockEffect, BlockTarget, ClientId, EventKind, OperatorPermission, RequestShape, network,
};
use sekisho_provider::blocks::BlockOrder;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{Caller, body, event, moment, user};
use super::problem::Problem;
use crate::guard_overview::{ShownBlock, decided};
use crate::http::answer::json_answer;
use crate::http::app::App;

/// Whom or what, and how long.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockWish {
    network: Option<String>,
    user_agent: Option<String>,
    client: Option<String>,
    user: Option<String>,
    request: Option<RequestShape>,
    /// Of a network `strangers` if nothing is said; of all else `everything`.
    effect: Option<BlockEffect>,
    reason: String,
    until: Option<String>,
}

/// Why it ends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LiftWish {
    reason: String,
}

pub(super) async fn list(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let shown = async {
        let caller = Caller::of(&app, &request).await?;
        caller.may(OperatorPermission::IncidentRead)?;
        let (blocks, now) = (app.provider.blocks(), app.provider.now());
        let all: Vec<ShownBlock> = blocks.holding(now).map(ShownBlock::from).collect();
        Ok(json!({ "blocks": all }))
    };
    answer(&app, shown.await)
}

pub(super) async fn make(app: web::Data<App>, request: HttpRequest, sent: Bytes) -> HttpResponse {
    answer(&app, order(&app, &request, &sent).await)
}

async fn order(app: &App, request: &HttpRequest, sent: &Bytes) -> Result<Value, Problem> {
    let caller = Caller::of(app, request).await?;
    caller.may(OperatorPermission::IncidentRaise)?;
    let mut wish: BlockWish = body(request, sent)?;
    let (reason, until) = (wish.reason.clone(), moment("until", wish.until.take())?);
    let wanted = wish.effect;
    let target = target(app, wish).await?;
    let effect = wanted.unwrap_or(match target {
        BlockTarget::Network(_) => BlockEffect::Strangers,
        _ => BlockEffect::Everything,
    });
    if effect == BlockEffect::Allow {
        caller.may(OperatorPermission::IncidentLower)?;
    }
    let order = BlockOrder {
        operator: caller.operator.name.clone(),
        target,
        effect,
        reason,
        until,
    };
    let event = event(app, &caller, EventKind::BlockChanged);
    let made = decided(app.provider.order_block(order, event).await?);
    let number = made.map_err(|why| Problem::Invalid(why.to_owned()))?;
    Ok(json!({ "number": number, "state": "in_force" }))
}

async fn target(app: &App, wish: BlockWish) -> Result<BlockTarget, Problem> {
    let invalid = |why: &str| Err(Problem::Invalid(why.to_owned()));
    let BlockWish {
        network: net,
        user_agent,
        client,
        user: who,
        request,
        ..
    } = wish;
    match (net, user_agent, client, who, request) {
        (Some(text), None, None, None, None) => match network(&text) {
            Some(net) => Ok(BlockTarget::Network(net)),
            None => invalid("network: write 203.0.113.24, 203.0.113.0/24 or 2001:db8::/48"),
        },
        (None, Some(part), None, None, None) => Ok(BlockTarget::UserAgent(part.to_lowercase())),
        (None, None, Some(id), None, None) => {
            let id = ClientId::new(id);
            if app.provider.is_client(&id).await? {
                Ok(BlockTarget::Client(id))
            } else {
                invalid("client: there is no such app")
            }
        }
        (None, None, None, Some(who), None) => Ok(BlockTarget::Account(user(app, &who).await?)),
        (None, None, None, None, Some(shape)) => Ok(BlockTarget::Request(shape)),
        _ => invalid("whom: name one of network, user_agent, client, user and request"),
    }
}

/// Lets in whom another decision kept out, or the other way round: as opening and closing.
pub(super) async fn lift(
    app: web::Data<App>,
    request: HttpRequest,
    number: web::Path<String>,
    sent: Bytes,
) -> HttpResponse {
    let lifted = async {
        let caller = Caller::of(&app, &request).await?;
        caller.may(OperatorPermission::IncidentRaise)?;
        caller.may(OperatorPermission::IncidentLower)?;
        let number: i64 = number.parse().map_err(|_not_one| Problem::NotFound)?;
        let wish: LiftWish = body(&request, &sent)?;
        let bad = |text: &str| text.chars().count() > 1_000 || text.chars().any(char::is_control);
        if wish.reason.trim().is_empty() || bad(&wish.reason) {
            return Err(Problem::Invalid("reason: say why".to_owned()));
        }
        let event = event(&app, &caller, EventKind::BlockChanged);
        let by = (caller.operator.name.as_str(), wish.reason.as_str());
        if app.provider.lift_block(number, by, event).await? {
            Ok(json!({ "number": number, "state": "lifted" }))
        } else {
            let why = "No block of this number holds.";
            Err(Problem::Refused(why.to_owned()))
        }
    };
    answer(&app, lifted.await)
}

fn answer(app: &App, told: Result<Value, Problem>) -> HttpResponse {
    match told {
        Ok(told) => json_answer(StatusCode::OK, &told, app.https),
        Err(problem) => problem.answer(app),
    }
}
