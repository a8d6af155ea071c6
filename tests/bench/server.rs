//! Programs under test, each on the servers' core, with a folder and a database of its own.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sekisho_server::config::{Config, SecretText};

use crate::machine;
use crate::wire::{Connection, request};

/// A running program; ended when dropped.
pub struct Running {
    child: Child,
    pub address: String,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end and waits.
    pub fn stop(mut self) {
        self.end();
    }

    /// The same where it will be replaced by another.
    pub fn end(&mut self) {
        let id = self.id().to_string();
        drop(Command::new("kill").args(["-TERM", &id]).status());
        drop(self.child.wait());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Which server a house is run by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// The release program, as it ships.
    Real,
    /// This program with the same library, but with a hash that costs next to nothing: shows what a
    /// login costs without it. The product has no such switch.
    NearlyFree,
}

/// For those who are wrong on purpose, all from one address.
const WRONG_ON_PURPOSE: &str = "[limits.password]
consecutive = 100
new_browsers_network = { max = 100, seconds = 60 }
new_browsers = { max = 100, seconds = 60 }
[limits.source]
address = { max = 1000000, seconds = 60 }
network = { max = 1000000, seconds = 60 }
site = { max = 1000000, seconds = 60 }
client = { max = 1000000, seconds = 60 }
everywhere = { max = 1000000, seconds = 60 }
";

/// The door before the pages that change passwords lets in six people a second.
const WAVES: &str = "[reset]
admission_wave_seconds = 5
admission_wave_people = 30
admission_pass_minutes = 60
";

const MANY_MAILS: &str = "[limits.proof_mail]
recipient = { max = 100000, seconds = 60 }
recipient_day = { max = 100000, seconds = 60 }
address = { max = 100000, seconds = 60 }
network = { max = 100000, seconds = 60 }
site = { max = 100000, seconds = 60 }
domain = { max = 100000, seconds = 60 }
everywhere = { max = 100000, seconds = 60 }
[limits.reset_mail]
account_network = { max = 100000, seconds = 60 }
account = { max = 100000, seconds = 60 }
account_day = { max = 100000, seconds = 60 }
address = { max = 100000, seconds = 60 }
network = { max = 100000, seconds = 60 }
";

/// No rule acts on guesses.
fn quiet_rules() -> String {
    let rules = sekisho_guard::DetectionRules::built_in();
    let off = rules.all().iter();
    let off: Vec<String> = off.map(|rule| format!("{} = \"off\"\n", rule.id)).collect();
    format!("[modes]\n{}", off.concat())
}

/// Where a house lives: everything it needs, before it runs.
pub struct Place {
    pub folder: tempfile::TempDir,
    pub config: Config,
    pub cost: Cost,
    database: Option<Database>,
}

impl Place {
    /// A new place on SQLite, or on the servers that `TEST_DATABASE_URL` and `TEST_REDIS_URL` name.
    pub fn new(cost: Cost) -> Result<Self, String> {
        Self::new_with(cost, None)
    }

    /// The same on another way to Redis.
    pub fn new_with_redis(cost: Cost, redis: &str) -> Result<Self, String> {
        Self::new_with(cost, Some(redis))
    }

    fn new_with(cost: Cost, redis: Option<&str>) -> Result<Self, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut config = Config::dev(folder.path(), &free_address()?);
        let mails = folder.path().join("mails");
        fs::create_dir(&mails).map_err(|error| error.to_string())?;
        config.mail.url = SecretText::new(format!("file:{}", mails.display()));
        let database = Database::on_test_servers(&mut config)?;
        if let Some(redis) = redis {
            config.session.url = SecretText::new(redis);
        }
        let mut place = Self {
            folder,
            config,
            cost,
            database,
        };
        place.write_config()?;
        place.config = place.read_config()?;
        Ok(place)
    }

    /// Nobody is taken for an attacker: all come from one address.
    pub fn suspect_nobody(&self) -> Result<(), String> {
        let rules = self.folder.path().join("rules.toml");
        write_private(&rules, &quiet_rules())?;
        self.instead_of(WAVES, &format!("[guard]\nrules = {rules:?}\n{WAVES}"))
    }

    /// Nobody waits in a queue, or for mails of others.
    pub fn leave_the_door_open(&self) -> Result<(), String> {
        self.instead_of(WAVES, &format!("[reset]\nadmission = false\n{MANY_MAILS}"))
    }

    fn instead_of(&self, setting: &str, other: &str) -> Result<(), String> {
        let file = self.config_file();
        let text = fs::read_to_string(&file).map_err(|error| error.to_string())?;
        write_private(&file, &text.replace(setting, other))
    }

    pub fn mails(&self) -> PathBuf {
        self.folder.path().join("mails")
    }

    /// Host and port, as requests name them.
    pub fn host(&self) -> &str {
        &self.config.server.listen
    }

    /// How much the database takes on disk.
    pub fn database_bytes(&self) -> Result<u64, String> {
        let Some(database) = &self.database else {
            let file = self.folder.path();
            let sizes = fs::read_dir(file).into_iter().flatten().flatten();
            let databases = sizes.filter(|entry| entry.path().to_string_lossy().contains(".db"));
            return Ok(databases
                .filter_map(|f| Some(f.metadata().ok()?.len()))
                .sum());
        };
        let answer = Command::new("psql")
            .args([&database.server, "-qAtc"])
            .arg(format!("select pg_database_size('{}')", database.name))
            .output()
            .map_err(|error| format!("psql: {error}"))?;
        let text = String::from_utf8_lossy(&answer.stdout);
        text.trim()
            .parse()
            .map_err(|_no_number| format!("psql said {text}"))
    }

    /// Starts the server and waits for its first discovery document.
    pub async fn start(&self) -> Result<(Running, Duration), String> {
        let file = self.config_file();
        let mut command = match self.cost {
            Cost::Real => {
                let mut command = machine::on_servers_core(&program()?);
                command.args(["serve", "--config"]);
                command
            }
            Cost::NearlyFree => {
                let mut command = machine::on_servers_core(&own_program()?);
                command.arg("serve-cheaply");
                command
            }
        };
        command.arg(file);
        let log = self.folder.path().join("log");
        let path = "/.well-known/openid-configuration";
        start(command, log, self.host(), path).await
    }

    /// Starts a second node of the same house at another address.
    pub async fn start_another(&self) -> Result<(Running, Duration), String> {
        let address = free_address()?;
        let listen = |address: &str| format!("listen = {address:?}\n");
        let text = fs::read_to_string(self.config_file())
            .map_err(|error| error.to_string())?
            .replace(&listen(&self.config.server.listen), &listen(&address));
        let file = self.folder.path().join("second.toml");
        write_private(&file, &text)?;
        let mut command = machine::on_servers_core(&program()?);
        command.args(["serve", "--config"]).arg(&file);
        let log = self.folder.path().join("second.log");
        start(command, log, &address, "/health/live").await
    }

    pub fn config_file(&self) -> PathBuf {
        self.folder.path().join("sekisho.toml")
    }

    fn read_config(&self) -> Result<Config, String> {
        read_config(&self.config_file(), self.cost)
    }

    fn write_config(&self) -> Result<(), String> {
        let config = &self.config;
        let text = format!(
            "[server]\nissuer = {:?}\nlisten = {:?}\ninsecure_loopback = true\n\
             [database]\nurl = {:?}\n[session]\nurl = {:?}\nprefix = {:?}\n\
             [mail]\nurl = {:?}\nfrom = {:?}\n[keys]\nfile = {:?}\n\
             [tokens]\naccess_minutes = 60\n[accounts]\nregistration = \"open\"\n{WAVES}{}[limits.code_mail]\n{}",
            config.server.issuer,
            config.server.listen,
            config.database.url.expose(),
            config.session.url.expose(),
            config.session.prefix,
            config.mail.url.expose(),
            config.mail.from,
            config.keys.file,
            WRONG_ON_PURPOSE,
            // Only mails are limited when nothing goes wrong.
            [
                "account",
                "account_day",
                "address",
                "network",
                "site",
                "domain",
                "everywhere"
            ]
            .map(|name| format!("{name} = {{ max = 10000000, seconds = 60 }}\n"))
            .concat(),
        );
        write_private(&self.config_file(), &text)
    }
}

fn write_private(file: &std::path::Path, text: &str) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let private = fs::Permissions::from_mode(0o600);
    fs::write(file, text)
        .and_then(|()| fs::set_permissions(file, private))
        .map_err(|error| error.to_string())
}

/// Serves the house that `file` describes, with a hash that costs next to nothing.
pub fn serve_cheaply(file: &str) -> Result<(), String> {
    let config = read_config(file.as_ref(), Cost::NearlyFree)?;
    actix_web::rt::System::new()
        .block_on(sekisho_server::serve::serve(config))
        .map_err(|error| format!("{error:?}"))
}

fn read_config(file: &std::path::Path, cost: Cost) -> Result<Config, String> {
    let mut config = sekisho_server::config::load(file).map_err(|error| error.to_string())?;
    if cost == Cost::NearlyFree {
        config.password.argon2_memory_kib = 8;
        config.password.argon2_iterations = 1;
    }
    Ok(config)
}

/// Starts the ceiling.
pub async fn start_ceiling() -> Result<(Running, Duration), String> {
    let address = free_address()?;
    let mut command = machine::on_servers_core(&own_program()?);
    command.args(["serve-ceiling", &address]);
    let log = std::env::temp_dir().join(format!("ceiling-{}.log", std::process::id()));
    let started = start(command, log.clone(), &address, "/document").await;
    drop(fs::remove_file(log));
    started
}

async fn start(
    mut command: Command,
    log: PathBuf,
    address: &str,
    path: &str,
) -> Result<(Running, Duration), String> {
    let file = File::create(&log).map_err(|error| error.to_string())?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(file);
    let began = Instant::now();
    let child = command.spawn().map_err(|error| error.to_string())?;
    let address = address.to_owned();
    let mut running = Running { child, address };
    let ask = request("GET", &running.address, path, &[]);
    let mut beat = tokio::time::interval(Duration::from_micros(500));
    while began.elapsed() < Duration::from_secs(20) {
        beat.tick().await;
        let Ok(mut connection) = Connection::open(&running.address).await else {
            if let Ok(Some(status)) = running.child.try_wait() {
                let said = fs::read_to_string(&log).unwrap_or_default();
                return Err(format!("the server ended: {status}\n{said}"));
            }
            continue;
        };
        if connection
            .ask(&ask)
            .await
            .is_ok_and(|answer| answer.status == 200)
        {
            return Ok((running, began.elapsed()));
        }
    }
    Err("the server did not answer".to_owned())
}

/// Waits for the slow key, which is made in the background of the first start.
pub async fn until_all_keys(host: &str) -> Result<(), String> {
    let mut connection = Connection::open(host).await?;
    let ask = request("GET", host, "/oauth2/jwks", &[]);
    let mut beat = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..400 {
        beat.tick().await;
        if connection.ask(&ask).await?.text().contains("\"RSA\"") {
            return Ok(());
        }
    }
    Err("the RSA key was not made".to_owned())
}

fn free_address() -> Result<String, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    Ok(address.to_string())
}

pub fn program() -> Result<String, String> {
    std::env::var("BENCH_SEKISHO")
        .map_err(|_unset| "BENCH_SEKISHO is not set; run this with `cargo xtask bench`".to_owned())
}

fn own_program() -> Result<String, String> {
    let path = std::env::current_exe().map_err(|error| error.to_string())?;
    Ok(path.to_string_lossy().into_owned())
}

/// A database on a server of others; dropped with the place.
struct Database {
    server: String,
    name: String,
}

impl Database {
    fn on_test_servers(config: &mut Config) -> Result<Option<Self>, String> {
        let (Ok(server), Ok(redis)) = (
            std::env::var("TEST_DATABASE_URL"),
            std::env::var("TEST_REDIS_URL"),
        ) else {
            return Ok(None);
        };
        let port = config.server.listen.rsplit(':').next().unwrap_or_default();
        let name = format!("bench_{}_{port}", std::process::id());
        let database = Self { server, name };
        database.psql(&format!("create database {}", database.name))?;
        let mut url = url::Url::parse(&database.server).map_err(|error| error.to_string())?;
        url.set_path(&database.name);
        config.database.url = SecretText::new(url.as_str());
        config.session.url = SecretText::new(redis);
        config.session.prefix = database.name.clone();
        Ok(Some(database))
    }

    fn psql(&self, sql: &str) -> Result<(), String> {
        let done = Command::new("psql")
            .args([&self.server, "-qc", sql])
            .status()
            .map_err(|error| format!("psql: {error}"))?;
        done.success().then_some(()).ok_or_else(|| sql.to_owned())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(database) = &self.database {
            let sql = format!("drop database if exists {} with (force)", database.name);
            if let Err(why) = database.psql(&sql) {
                eprintln!("failed: {why}");
            }
        }
    }
}
