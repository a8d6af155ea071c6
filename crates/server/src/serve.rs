//! Running: `serve` and `dev`.

use std::net::TcpListener;
use std::path::Path;

use actix_web::{App as ActixApp, HttpServer, web};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{CliError, output};
use crate::config::Config;
use crate::wiring::{House, Surroundings, WiringError, open_store, services};
use crate::{keys_file, metrics_page, seed};

/// Runs the production server until a signal ends it.
pub async fn serve(config: Config) -> Result<(), CliError> {
    logging(&LogForm::Json);
    let store = open_store(&config).await?;
    let missing = store
        .pending_migrations()
        .await
        .map_err(WiringError::from)?;
    if !missing.is_empty() {
        return Err(WiringError::Migrations(missing.join(", ")).into());
    }
    // REP-04: on SQLite one server only.
    let _lock = store.claim_single_server().map_err(WiringError::from)?;
    drop(store);
    let listener = TcpListener::bind(&config.server.listen).map_err(WiringError::from)?;
    let services = services(&config, Surroundings::default()).await?;
    let house = House::open(&config, services, listener, None)?;
    serve_metrics(&config)?;
    tracing::info!(
        issuer = config.server.issuer,
        listen = config.server.listen,
        "serving"
    );
    until_signal(house, || tracing::info!("every signing key is there")).await;
    Ok(())
}

/// Runs the dev mode: embedded defaults in `data`, loopback only (CFG-03).
pub async fn dev(listen: &str, data: &Path) -> Result<(), CliError> {
    logging(&LogForm::Plain);
    let address: std::net::SocketAddr = listen
        .parse()
        .map_err(|_error| CliError::usage("--listen: use ADDRESS:PORT, such as 127.0.0.1:8080"))?;
    if !address.ip().is_loopback() {
        return Err(CliError::refused(
            "the dev mode listens on loopback addresses only",
        ));
    }
    let config = Config::dev(data, listen);
    let surroundings = Surroundings::default();
    prepare(&config, data, &surroundings).await?;
    let store = open_store(&config).await?;
    let _lock = store.claim_single_server().map_err(WiringError::from)?;
    let listener = TcpListener::bind(listen).map_err(WiringError::from)?;
    let services = services(&config, surroundings).await?;
    let dev = seed::dev_data(&services, &config).await?;
    let house = House::open(&config, services, listener, Some(dev.clone()))?;
    until_signal(house, || output::banner(&config.server.issuer, data, &dev)).await;
    Ok(())
}

/// Makes the data folder, the key file and the tables, as far as they are missing.
pub async fn prepare(
    config: &Config,
    data: &Path,
    surroundings: &Surroundings,
) -> Result<(), CliError> {
    std::fs::create_dir_all(data)
        .map_err(|error| CliError::failed("cannot make the data folder", error))?;
    if !config.keys.file.exists() {
        keys_file::create(&config.keys.file, &*surroundings.entropy)
            .map_err(|error| CliError::failed("cannot make the key file", error))?;
    }
    let store = open_store(config).await?;
    store.migrate().await.map_err(WiringError::from)?;
    store.close().await;
    Ok(())
}

/// ENU-09: metrics are on a listener of their own.
fn serve_metrics(config: &Config) -> Result<(), CliError> {
    let Some(listen) = &config.metrics.listen else {
        return Ok(());
    };
    let recorder = metrics_page::recorder();
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(web::Data::new(recorder.clone()))
            .route("/metrics", web::get().to(metrics_page::page))
    })
    .workers(1)
    .disable_signals()
    .bind(listen)
    .map_err(WiringError::from)?
    .run();
    drop(tokio::spawn(server));
    Ok(())
}

/// Serves until a signal comes; `at_ready` is called once all keys are there.
async fn until_signal(mut house: House, at_ready: impl FnOnce()) {
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
        signal(SignalKind::hangup()),
    ) else {
        tracing::error!("signals cannot be received");
        return house.close().await;
    };
    let mut goes_on = loop {
        tokio::select! {
            _ = terminate.recv() => break false,
            _ = interrupt.recv() => break false,
            _ = hangup.recv() => house.read_keys_again(),
            () = house.keys_made() => break true,
        }
    };
    if goes_on {
        at_ready();
    }
    while goes_on {
        tokio::select! {
            _ = terminate.recv() => goes_on = false,
            _ = interrupt.recv() => goes_on = false,
            _ = hangup.recv() => house.read_keys_again(),
            () = house.ended() => goes_on = false,
        }
    }
    tracing::info!("stopping: requests in flight end, letters are sent or kept");
    house.close().await;
}

enum LogForm {
    Json,
    Plain,
}

fn logging(form: &LogForm) {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // FAIL-07: a line that cannot be written, as on a full disk, must not end the request that it tells of.
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    let installed = match form {
        LogForm::Json => lines.json().flatten_event(true).try_init(),
        LogForm::Plain => lines.with_target(false).try_init(),
    };
    // A second call in one process (tests) keeps the first subscriber.
    drop(installed);
}
