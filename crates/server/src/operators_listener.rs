//! The listener of operators' programs (AD-01): one of its own, off by default.

use actix_web::dev::ServerHandle;
use actix_web::{App as ActixApp, HttpServer, web};
use rustls::ServerConfig;

use crate::http::app::App;
use crate::http::operators;

/// Starts it at `listen`, with TLS if the server speaks it.
pub(crate) fn start(
    listen: &str,
    tls: Option<ServerConfig>,
    app: web::Data<App>,
) -> std::io::Result<ServerHandle> {
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(app.clone())
            .configure(operators::routes)
    })
    .workers(1)
    .disable_signals();
    let server = match tls {
        None => server.bind(listen)?,
        Some(tls) => server.bind_rustls_0_23(listen, tls)?,
    };
    let server = server.run();
    let handle = server.handle();
    drop(tokio::spawn(server));
    Ok(handle)
}
