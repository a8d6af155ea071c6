//! An API that accepts Sekisho's access tokens. `GET /orders` needs the scope `orders:read`; `POST /orders`
//! needs `orders:write`, and a person who signed in lately and with the mailed code.
//!
//! ```text
//! cargo run -- dev                               # first terminal
//! cargo run --example resource_server            # second terminal
//! ```
//!
//! Then call it with `machine_to_machine`, or with any access token whose `aud` names this API. From the
//! environment: `ISSUER`; `AUDIENCE`, this API's address as apps know it, which is also its name in
//! tokens; `LISTEN`; `ACR_VALUES` and `MAX_AGE` of the sign-in that orders need; `PROXY`, the one address
//! whose `Client-Cert` header is believed.
//!
//! Tokens are verified here, from the issuer's published keys (RFC 9068 §4); the issuer is not asked for
//! each call. A token that was revoked therefore works until it expires, five minutes at most by default.
//! An API that cannot live with that asks the introspection endpoint (RFC 7662) instead.
//!
//! To copy it, start with `gate.rs`: it says who comes in. `metadata.rs` tells apps where tokens come from,
//! `refusal.rs` what was wrong with theirs.
#![expect(
    clippy::disallowed_methods,
    reason = "a program of its own: it reads the environment and the clock itself"
)]

mod certificate;
mod gate;
mod issuer_keys;
mod metadata;
mod proof;
mod refusal;

use std::error::Error;

use actix_web::web::{Data, get, post};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde_json::json;

use crate::gate::{Gate, StepUp};
use crate::refusal::Refused;

/// What tokens for this API may allow.
const READ: &str = "orders:read";
const WRITE: &str = "orders:write";

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listen = setting("LISTEN", "127.0.0.1:8091");
    // reqwest comes without a TLS backend of its own choice: this is the choice.
    let _chosen_before = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let issuer = setting("ISSUER", "http://127.0.0.1:8080");
    let audience = setting("AUDIENCE", &format!("http://{listen}"));
    let step_up = StepUp {
        acr_values: setting("ACR_VALUES", "urn:sekisho:acr:password-code"),
        max_age: setting("MAX_AGE", "300").parse()?,
    };
    let proxy = std::env::var("PROXY").ok();
    let proxy = proxy.map(|address| address.parse()).transpose()?;
    let gate = Data::new(Gate::new(&issuer, &audience, step_up, proxy)?);
    println!("Listening on http://{listen}/orders for tokens of {issuer}");
    HttpServer::new(move || {
        App::new()
            .app_data(gate.clone())
            .route(gate.metadata_address().path(), get().to(metadata::document))
            .route("/orders", get().to(orders))
            .route("/orders", post().to(order))
    })
    .workers(1)
    .bind(listen)?
    .run()
    .await?;
    Ok(())
}

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_unset| default.to_owned())
}

async fn orders(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Refused> {
    let caller = gate.admit(&request, READ).await?;
    // `sub` is the person, or the client itself when a machine calls on its own account.
    Ok(HttpResponse::Ok().json(json!({
        "orders": [{"id": 1, "item": "tea"}, {"id": 2, "item": "paper"}],
        "asked_by": caller.claims.sub,
        "through": caller.claims.client_id,
    })))
}

async fn order(gate: Data<Gate>, request: HttpRequest) -> Result<HttpResponse, Refused> {
    let caller = gate.admit(&request, WRITE).await?;
    gate.insist_on_sign_in(&caller)?;
    let id = 3;
    Ok(HttpResponse::Created().json(json!({"id": id, "ordered_by": caller.claims.sub})))
}
