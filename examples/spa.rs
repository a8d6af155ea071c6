//! The file server of a single-page app. The app itself is `examples/spa/app.js`: it signs a person in
//! without a server of its own, and binds its token to a key that no script can read.
//!
//! ```text
//! cargo run -- dev                                                   # first terminal
//! CLIENT_ID=… cargo run --example spa                                # second terminal
//! ```
//!
//! Open <http://127.0.0.1:8092/>. The client is a public one with the redirect URI of that address;
//! `ISSUER` and `LISTEN` (address and port) come from the environment.
#![expect(
    clippy::disallowed_methods,
    reason = "a program of its own: it reads the environment itself"
)]

use std::error::Error;

use actix_web::web::{Data, get};
use actix_web::{App, HttpResponse, HttpServer};
use serde_json::json;

const PAGE: &str = include_str!("spa/index.html");
const SCRIPT: &str = include_str!("spa/app.js");

struct Settings {
    issuer: String,
    client_id: String,
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let setting =
        |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_unset| default.to_owned());
    let listen = setting("LISTEN", "127.0.0.1:8092");
    let settings = Data::new(Settings {
        issuer: setting("ISSUER", "http://127.0.0.1:8080"),
        client_id: std::env::var("CLIENT_ID")
            .map_err(|_unset| "CLIENT_ID is not set; it is shown when the client is made")?,
    });
    println!("Open http://{listen}/");
    HttpServer::new(move || {
        App::new()
            .app_data(settings.clone())
            .route("/", get().to(page))
            .route("/app.js", get().to(script))
            .route("/settings.json", get().to(shown))
    })
    .workers(1)
    .bind(listen)?
    .run()
    .await?;
    Ok(())
}

/// Tokens in a browser are as safe as its scripts: only ours run, and they speak with the issuer alone.
async fn page(settings: Data<Settings>) -> HttpResponse {
    let policy = format!(
        "default-src 'none'; script-src 'self'; connect-src 'self' {}; img-src 'self' data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        settings.issuer
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("content-security-policy", policy))
        .insert_header(("referrer-policy", "no-referrer"))
        .body(PAGE)
}

async fn script() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .body(SCRIPT)
}

async fn shown(settings: Data<Settings>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "issuer": settings.issuer, "client_id": settings.client_id,
    }))
}
