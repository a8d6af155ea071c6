//! Where configuration meets constructors: the only place. No globals.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App as ActixApp, HttpServer, web};
use sekisho_audit::{Dispatcher, MachineEvents};
use sekisho_guard::Throttle;
use sekisho_mail::{Catcher, Transport};
use sekisho_model::{Clock, Entropy, KeyRing, OsEntropy, Purpose, SystemClock};
use sekisho_provider::jwt::SigningKeys;
use sekisho_provider::logout::Deliverer;
use sekisho_provider::outbound::Outbound;
use sekisho_provider::rules::discovery;
use sekisho_provider::sealing::{COMMAND, Custody};
use sekisho_provider::{Parts, Provider};
use sekisho_session::Session;
use sekisho_store::{Store, StoreOptions};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use crate::config::Config;
use crate::hashing::passwords;
use crate::http::app::{App, Dev};
use crate::http::cookies::Cookies;
use crate::http::csp_reports::ReportLog;
use crate::http::edge::edge;
use crate::http::routes;
use crate::rounds::{self, Rounds, Stays};
use crate::tls::{self, Tls, TlsProblem};
use crate::{keys_watch, leaked_file, level_file, operators_listener, places_file, rules_file};

/// Time and randomness: the machine's own, or what a test holds in its hand.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy::new()),
        }
    }
}

/// Why the house cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// The key file.
    #[error("the key file cannot be used: {0}")]
    Keys(String),
    /// The database.
    #[error("the database cannot be used: {0}")]
    Store(#[from] sekisho_store::StoreError),
    /// The session store.
    #[error("the session store cannot be used: {0}")]
    Session(#[from] sekisho_session::SessionError),
    /// The mail transport.
    #[error("mail cannot be sent: {0}")]
    Mail(String),
    /// Migrations that were not run.
    #[error("the database lacks migrations: {0}; run `sekisho migrate`")]
    Migrations(String),
    /// Requests of our own.
    #[error("{0}")]
    Outbound(String),
    /// The services.
    #[error("{0}")]
    Provider(#[from] sekisho_provider::Failure),
    /// The issuer.
    #[error("server.issuer is not a URL: {0}")]
    Issuer(String),
    /// The list of leaked passwords.
    #[error("the list of leaked passwords cannot be used: {0}")]
    LeakedPasswords(String),
    /// How the service looks.
    #[error("{0}")]
    Brand(String),
    /// The file of detection rules.
    #[error("{0}")]
    Rules(String),
    /// The TLS files.
    #[error("{0}")]
    Tls(#[from] TlsProblem),
    /// The listener.
    #[error("the server cannot listen: {0}")]
    Listen(#[from] std::io::Error),
}

/// Everything below HTTP: what the command line uses too.
pub struct Services {
    /// The services.
    pub provider: Arc<Provider>,
    /// Durable state.
    pub store: Store,
    /// Key-encryption keys.
    pub keyring: Arc<KeyRing>,
    /// Time and randomness.
    pub surroundings: Surroundings,
    /// Sends letters; a command leaves them to the server.
    pub dispatcher: Option<Dispatcher>,
    /// Caught mails, if that is the transport.
    pub catcher: Option<Catcher>,
    /// Which key-encryption key seals, agreed with the other processes.
    pub custody: Arc<Custody>,
    machine_events: MachineEvents,
    rsa_key_is_missing: bool,
    /// What a command does meanwhile, if it takes long; ends with it.
    _meanwhile: JoinSet<()>,
}

/// Puts the services of a server together. The database must be migrated.
pub async fn services(
    config: &Config,
    surroundings: Surroundings,
) -> Result<Services, WiringError> {
    assemble(config, surroundings, Letters::Send).await
}

/// Puts the services of one command together, which may run beside a server.
pub async fn command_services(
    config: &Config,
    surroundings: Surroundings,
) -> Result<Services, WiringError> {
    let store = open_store(config).await?;
    let missing = store.pending_migrations().await?;
    store.close().await;
    if missing.is_empty() {
        assemble(config, surroundings, Letters::Leave).await
    } else {
        Err(WiringError::Migrations(missing.join(", ")))
    }
}

/// Whether this process sends what waits in the outbox. A command must not: it would end with
/// letters in its hands, and `catch:` would catch them where nobody looks.
#[derive(Clone, Copy)]
pub(crate) enum Letters {
    Send,
    Leave,
}

impl Letters {
    pub(crate) fn address(self, config: &Config) -> &str {
        match self {
            Self::Send => &config.server.listen,
            Self::Leave => COMMAND,
        }
    }
}

async fn assemble(
    config: &Config,
    surroundings: Surroundings,
    letters: Letters,
) -> Result<Services, WiringError> {
    // Fails only if a provider is installed already, which is then the same one.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let store = open_store(config).await?;
    let (keyring, custody) = keys_watch::custody(config, &surroundings, letters, &store).await?;
    let session =
        Session::open_with_prefix(config.session.url.expose(), &config.session.prefix).await?;
    let transport = Transport::open(config.mail.url.expose(), &config.mail.from)
        .map_err(|refusal| WiringError::Mail(refusal.to_string()))?;
    let catcher = transport.catcher().cloned();
    let Surroundings { clock, entropy } = surroundings.clone();
    let dispatcher = match letters {
        Letters::Send => Some(Dispatcher::start(
            store.clone(),
            Arc::clone(&keyring),
            (transport, config.mail_lanes()),
            Arc::clone(&clock),
            Arc::clone(&entropy),
        )),
        Letters::Leave => None,
    };
    let letters_wait = dispatcher
        .as_ref()
        .map(Dispatcher::bell)
        .unwrap_or_default();
    let (keys, rsa_key_is_missing) =
        SigningKeys::open(store.clone(), Arc::clone(&keyring), &*entropy, clock.now()).await?;
    let outbound = outbound(config, &clock)?;
    let machine_events = MachineEvents::start(store.clone());
    let throttle_key = keyring.mac_key(Purpose::Throttle);
    let provider = Provider::new(Parts {
        settings: config.provider_settings(),
        throttle: Throttle::new(session.clone(), config.limits.clone(), throttle_key),
        passwords: passwords(config, letters, &keyring, (&clock, &entropy))
            .knowing(leaked_file::read(&config.password)?),
        store: store.clone(),
        session,
        keys,
        keyring: Arc::clone(&keyring),
        clock,
        entropy,
        machine_events: machine_events.clone(),
        outbound,
        letters_wait,
    });
    hear_of_before(config, &provider, letters).await?;
    Ok(Services {
        _meanwhile: keys_watch::meanwhile(config, letters, (&keyring, &custody)),
        custody,
        provider: Arc::new(provider),
        store,
        keyring,
        surroundings,
        dispatcher,
        catcher,
        machine_events,
        rsa_key_is_missing,
    })
}

/// What was decided, seen and configured before this process began.
async fn hear_of_before(
    config: &Config,
    provider: &Provider,
    letters: Letters,
) -> Result<(), WiringError> {
    provider.hear().await?;
    if matches!(letters, Letters::Send) {
        provider.recall_wrong_codes().await?;
    }
    rules_file::tell(&config.guard, provider, letters).await?;
    places_file::tell(&config.guard, provider, letters)?;
    Ok(())
}

/// Opens the database as configured.
pub async fn open_store(config: &Config) -> Result<Store, WiringError> {
    let options = StoreOptions {
        max_connections: config.database.max_connections,
        ..StoreOptions::default()
    };
    Ok(Store::open(config.database.url.expose(), options).await?)
}

fn outbound(config: &Config, clock: &Arc<dyn Clock>) -> Result<Outbound, WiringError> {
    let settings = config.outbound_settings().map_err(WiringError::Outbound)?;
    Outbound::new(settings, Arc::clone(clock)).map_err(|e| WiringError::Outbound(e.to_string()))
}

/// Watches over files that operators change while the server runs.
fn files(config: &Config, provider: &Arc<Provider>) -> impl Iterator<Item = JoinHandle<()>> {
    let level = level_file::start(&config.guard, provider);
    let rules = rules_file::start(&config.guard, provider);
    let places = places_file::start(&config.guard, provider);
    let leaked = leaked_file::start(&config.password, provider);
    level.into_iter().chain(rules).chain(places).chain(leaked)
}

/// The listener of operators' programs, if there is to be one.
fn operators(
    config: &Config,
    tls: Option<&Tls>,
    app: &web::Data<App>,
) -> Result<Option<ServerHandle>, WiringError> {
    let Some(listen) = &config.operators.listen else {
        return Ok(None);
    };
    let tls = tls.map(|tls| tls.config.clone());
    Ok(Some(operators_listener::start(listen, tls, app.clone())?))
}

/// A server that answers.
pub struct House {
    /// The services.
    pub services: Services,
    handle: ServerHandle,
    operators: Option<ServerHandle>,
    server: JoinHandle<std::io::Result<()>>,
    rounds: Rounds,
    deliverer: Deliverer,
    keys_changed: Arc<Notify>,
}

impl House {
    /// Opens the doors on `listener`.
    pub fn open(
        config: &Config,
        services: Services,
        listener: TcpListener,
        dev: Option<Dev>,
    ) -> Result<Self, WiringError> {
        let app = web::Data::new(http_state(config, &services, dev)?);
        let limits = config.server.clone();
        let recorder = crate::metrics_page::recorder();
        let secured = tls::read(&config.server)?;
        let authorities = secured.as_ref().and_then(|tls| tls.authorities.clone());
        let clock = Arc::clone(&services.surroundings.clock);
        let operators = operators(config, secured.as_ref(), &app)?;
        let server = HttpServer::new(move || {
            ActixApp::new()
                .app_data(app.clone())
                .app_data(web::PayloadConfig::new(limits.max_body_bytes))
                .app_data(web::Data::new(recorder.clone()))
                .wrap(from_fn(edge))
                // Metrics have a listener of their own, except while trying out (ENU-09).
                .configure(|all| routes::all(all, app.dev.is_some(), app.dev.is_some()))
        })
        .workers(config.server.workers.unwrap_or_else(cores))
        .client_request_timeout(Duration::from_secs(5))
        .client_disconnect_timeout(Duration::from_secs(1))
        .keep_alive(Duration::from_secs(30))
        .shutdown_timeout(10)
        .disable_signals()
        .on_connect(move |connection, kept| {
            tls::keep_certificate(connection, authorities.as_ref(), clock.now(), kept);
        });
        let server = match secured {
            None => server.listen(listener)?,
            Some(tls) => {
                let server = server.listen_rustls_0_23(listener, tls.config)?;
                match tls.asking {
                    Some((listen, config)) => server.bind_rustls_0_23(listen, config)?,
                    None => server,
                }
            }
        };
        let server = server.run();
        let handle = server.handle();
        let keys_changed = Arc::new(Notify::new());
        let mut rounds = rounds::start(
            &services.provider,
            &services.store,
            services.rsa_key_is_missing,
            Stays {
                signing_key: days(config.tokens.key_rotation_days),
                unused_client: days(config.registration.unused_days),
            },
            &services.surroundings,
        );
        let watch = keys_watch::start(config, &services, &keys_changed);
        rounds.tasks.push(watch);
        rounds.tasks.extend(files(config, &services.provider));
        let deliverer = Deliverer::start(Arc::clone(&services.provider));
        Ok(Self {
            deliverer,
            keys_changed,
            services,
            handle,
            operators,
            server: tokio::spawn(server),
            rounds,
        })
    }

    /// Waits until the server ends by itself.
    pub async fn ended(&mut self) {
        if let Ok(Err(error)) = (&mut self.server).await {
            tracing::error!(%error, "the server ended");
        }
    }

    /// Reads the key-encryption keys again now, as on SIGHUP.
    pub fn read_keys_again(&self) {
        self.keys_changed.notify_one();
    }

    /// Waits until every signing key is there; on a first start RSA keys are made while the doors are
    /// open already.
    pub async fn keys_made(&mut self) {
        let told = (&mut self.rounds.keys_made).await;
        if told.is_err() {
            tracing::debug!("the keys were told of before, or the rounds have ended");
        }
    }

    /// Ends requests in flight, sends or keeps the letters, writes the last events.
    pub async fn close(self) {
        if let Some(operators) = &self.operators {
            operators.stop(false).await;
        }
        self.handle.stop(true).await;
        for round in self.rounds.tasks {
            round.abort();
            let _stopped = round.await;
        }
        self.deliverer.stop(Duration::from_secs(5)).await;
        if let Err(error) = self.services.provider.record_gathered(true).await {
            tracing::warn!(%error, "what was gathered for the record is lost");
        }
        self.services
            .machine_events
            .stop(Duration::from_secs(5))
            .await;
        if let Some(dispatcher) = self.services.dispatcher {
            dispatcher.stop(Duration::from_secs(5)).await;
        }
        // Otherwise the others take this node for running for a while.
        if let Err(error) = self.services.custody.retract().await {
            tracing::warn!(%error, "the other nodes could not be told of the end");
        }
        self.services.store.close().await;
    }
}

/// 0 stands for ever.
fn days(number: u64) -> Option<Duration> {
    (number > 0).then(|| Duration::from_hours(number.saturating_mul(24)))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
}

fn http_state(config: &Config, services: &Services, dev: Option<Dev>) -> Result<App, WiringError> {
    let issuer = &config.server.issuer;
    let settings = &services.provider.settings;
    let document = discovery::document(settings, &settings.features)
        .map_err(|e| WiringError::Issuer(e.to_string()))?;
    let discovery =
        serde_json::to_vec(&document).map_err(|e| WiringError::Issuer(e.to_string()))?;
    let url = url::Url::parse(issuer).map_err(|e| WiringError::Issuer(e.to_string()))?;
    let https = url.scheme() == "https";
    Ok(App {
        provider: Arc::clone(&services.provider),
        cookies: Cookies::new(https),
        csrf_key: services.keyring.mac_key(Purpose::Csrf),
        trusted_proxies: config.server.trusted_proxies.clone(),
        client_certificate_header: config.server.client_certificate_header,
        mtls_origin: config.server.mtls_origin.clone(),
        origin: url.origin().ascii_serialization(),
        https,
        default_locale: config.server.default_locale,
        default_zone: config.server.default_zone.clone(),
        mail_from: config.mail.from.clone(),
        service_name: config.server.service_name.clone(),
        house: Arc::new(config.house_look().map_err(WiringError::Brand)?),
        contact: config.server.contact.clone(),
        security_contact: config.server.security_contact.clone(),
        entropy: Arc::clone(&services.surroundings.entropy),
        discovery,
        longest: Duration::from_secs(config.server.max_request_seconds),
        csp_reports: ReportLog::default(),
        dev,
    })
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Services({:?})", self.provider)
    }
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "House({:?})", self.services)
    }
}
