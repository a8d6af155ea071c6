use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sekisho_model::{
    Client, Clock as _, EmailAddress, Entropy as _, Locale, ManualClock, Origin, OsEntropy,
    SigningAlgorithm, SystemClock, Timestamp, UserId,
};
use sekisho_provider::accounts::NewAccount;
use sekisho_provider::jwt::{key_of, new_pair};
use sekisho_server::config::{Config, SecretText};
use sekisho_server::keys_file;
use sekisho_server::wiring::{House, Surroundings, open_store, services};
use sekisho_store::{LetterState, OutboxLetter, Tx};
use serde_json::{Value, json};

use super::{databases, wait};

pub const PASSWORD: &str = "correct-horse-battery-7";

/// The real server in this process, on a database of its own.
pub struct TestHouse {
    pub config: Config,
    pub issuer: String,
    pub clock: Arc<ManualClock>,
    pub house: House,
    pub folder: tempfile::TempDir,
    pub user: UserId,
    pub login_address: String,
    pub code_address: String,
    /// The newest mail in the shared folder when this house was opened.
    mailed_before: Option<PathBuf>,
    database: Option<Database>,
}

struct Database {
    server: String,
    name: String,
}

impl Drop for Database {
    fn drop(&mut self) {
        databases::drop(&self.server, &self.name);
    }
}

pub fn variable(name: &str) -> String {
    std::env::var(name)
        .unwrap_or_else(|_| panic!("{name} is not set; run the tests with `cargo xtask test`"))
}

/// Whether this run is on PostgreSQL, Redis and SMTP.
pub fn on_production_stack() -> bool {
    match std::env::var("SEKISHO_TEST_STACK").as_deref() {
        Ok("production") => true,
        Ok("embedded") | Err(_) => false,
        Ok(other) => panic!("SEKISHO_TEST_STACK = {other}: use embedded or production"),
    }
}

impl TestHouse {
    pub async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    /// On PostgreSQL, Redis and SMTP whatever this run is on.
    pub async fn open_on_production(change: impl FnOnce(&mut Config)) -> Self {
        Self::build(true, change).await
    }

    /// On SQLite and in-process parts whatever this run is on.
    pub async fn open_embedded(change: impl FnOnce(&mut Config)) -> Self {
        Self::build(false, change).await
    }

    pub async fn open_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::build(on_production_stack(), change).await
    }

    async fn build(on_production: bool, change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut config = Config::dev(folder.path(), &address);
        // Mails go to addresses of this test alone, because the sink is shared.
        let tag = tag();
        let mailed_before = filed_mails().into_iter().max();
        let database = if on_production {
            Some(production(&mut config, &tag).await)
        } else {
            None
        };
        change(&mut config);
        let clock = Arc::new(ManualClock::starting_at(SystemClock.now()));
        let surroundings = Surroundings {
            clock: clock.clone(),
            entropy: Arc::new(OsEntropy::new()),
        };
        keys_file::create(&config.keys.file, &*surroundings.entropy).unwrap();
        let store = open_store(&config).await.unwrap();
        store.migrate().await.unwrap();
        put_rsa_keys(&config, &store, clock.now()).await;
        store.close().await;
        let services = services(&config, surroundings).await.unwrap();
        let (login_address, code_address) = (
            format!("haruka-{tag}@example.jp"),
            format!("haruka-{tag}@mobile.example"),
        );
        let new = NewAccount {
            login_address: EmailAddress::parse(&login_address).unwrap(),
            code_address: Some(EmailAddress::parse(&code_address).unwrap()),
            password: PASSWORD.to_owned().into(),
            claims: json!({"name": "三浦 晴香", "nickname": "はる"})
                .as_object()
                .unwrap()
                .clone(),
            locale: Some(Locale::En),
            check_policy: true,
        };
        let user = services
            .provider
            .create_account(new, &Origin::default())
            .await
            .unwrap()
            .unwrap();
        let issuer = config.server.issuer.clone();
        let house = House::open(&config, services, listener, None).unwrap();
        let this = Self {
            config,
            issuer,
            clock,
            house,
            folder,
            user,
            login_address,
            code_address,
            mailed_before,
            database,
        };
        wait::until("the RSA key", async || {
            this.house
                .services
                .provider
                .health()
                .await
                .keys
                .then_some(())
        })
        .await;
        this
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// Moves the clock; the node hears of it at once instead of with its next beat. Letters on their way leave
    /// before it jumps: later they would be taken for lost and sent again, or be joined by those that follow.
    /// Letters that nobody takes are waited for half a second.
    pub async fn advance(&self, by: Duration) {
        if by >= Duration::from_mins(1) {
            let patience = Duration::from_millis(500);
            let none_due = wait::asking(async || (!self.waits(is_due).await).then_some(()));
            let _in_time = tokio::time::timeout(patience, none_due).await;
            let patience = Duration::from_secs(10);
            let none_taken = wait::asking(async || (!self.waits(is_taken).await).then_some(()));
            let _in_time = tokio::time::timeout(patience, none_taken).await;
        }
        self.clock.advance(by);
        self.house.services.provider.hear().await.unwrap();
    }

    /// Whether a letter is to be taken now, or taken and not yet answered for.
    pub async fn letters_on_their_way(&self) -> bool {
        self.waits(is_due).await || self.waits(is_taken).await
    }

    /// Whether there is such a letter; none if nobody can tell.
    async fn waits(&self, like: fn(&OutboxLetter, Timestamp) -> bool) -> bool {
        let (store, now) = (&self.house.services.store, self.now());
        let letters = store.read(|tx: &mut Tx<'_>| tx.list_letters(100)).await;
        let like =
            |letter: &OutboxLetter| letter.state == LetterState::Waiting && like(letter, now);
        letters.is_ok_and(|letters| letters.iter().any(like))
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Ends the server and starts another on the same data.
    pub async fn reopened(self) -> Self {
        self.reopened_after(async |_| {}).await
    }

    /// Ends the server, and starts another on the same data after something else was done with it.
    pub async fn reopened_after(self, meanwhile: impl AsyncFnOnce(&Config)) -> Self {
        let surroundings = self.house.services.surroundings.clone();
        self.house.close().await;
        meanwhile(&self.config).await;
        let address = self.issuer.trim_start_matches("http://");
        let listener = TcpListener::bind(address).unwrap();
        let services = services(&self.config, surroundings).await.unwrap();
        let house = House::open(&self.config, services, listener, None).unwrap();
        Self { house, ..self }
    }

    /// Registers a client; the secret is returned for confidential ones.
    pub async fn client(&self, extra: Value) -> (Client, String) {
        let mut value = json!({
            "client_id": tag(), "client_name": "Aozora Mail", "redirect_uris": ["https://app.example/cb"],
            "grant_types": ["authorization_code", "refresh_token"],
            "post_logout_redirect_uris": ["https://app.example/bye"],
            "scope": "openid profile email offline_access",
        });
        for (name, member) in extra.as_object().unwrap() {
            value[name] = member.clone();
        }
        let client: Client = serde_json::from_value(value).unwrap();
        sekisho_provider::rules::client_metadata::check(&client).unwrap();
        let (secret, record) = self.house.services.provider.new_client_secret(&client);
        let (stored, now) = (client.clone(), self.clock.now());
        let work = move |tx: &mut Tx<'_>| {
            let _first = tx.insert_client(&stored, now)?;
            tx.add_client_secret(&stored.client_id, &record)
        };
        self.house.services.store.write(work).await.unwrap();
        self.house.services.provider.hear().await.unwrap();
        (client, secret.reveal().to_owned())
    }

    /// The newest code mailed to this house's user that is not `but`.
    pub async fn code_but(&self, but: &str) -> String {
        wait::until("the code mail", async || {
            let newest = self.codes_so_far().into_iter().next();
            newest.filter(|code| code != but)
        })
        .await
    }

    /// The code of the mail with this tally; mails of several sign-ins overtake each other.
    pub async fn code_beside(&self, tally: &str) -> String {
        wait::until("the code mail of the page", async || {
            let all = self.code_mails().into_iter();
            let mut beside = all.filter(|(text, _)| text.contains(tally));
            beside.next().map(|(_, code)| code)
        })
        .await
    }

    pub async fn code(&self) -> String {
        self.code_but("").await
    }

    pub fn codes_so_far(&self) -> Vec<String> {
        self.code_mails()
            .into_iter()
            .map(|(_, code)| code)
            .collect()
    }

    /// The text and the code of every mail with one, newest first.
    fn code_mails(&self) -> Vec<(String, String)> {
        if let Some(catcher) = &self.house.services.catcher {
            let caught = catcher.caught(Some(&self.code_address)).into_iter();
            return caught
                .filter_map(|mail| Some((mail.text, mail.code?)))
                .collect();
        }
        let with_code = |text: String| {
            let code = text.split("Your code: ").nth(1)?.get(..8)?.to_owned();
            Some((text, code))
        };
        self.mails()
            .into_iter()
            .rev()
            .filter_map(with_code)
            .collect()
    }

    /// The subjects of all mails to this house's user, oldest first.
    pub fn subjects(&self) -> Vec<String> {
        if let Some(catcher) = &self.house.services.catcher {
            return catcher
                .caught(None)
                .into_iter()
                .rev()
                .map(|mail| mail.subject)
                .collect();
        }
        let subject = |text: &String| {
            text.lines()
                .find_map(|line| line.strip_prefix("Subject: ").map(str::to_owned))
        };
        self.mails().iter().filter_map(subject).collect()
    }

    /// Those to this house's user. What lay in the shared folder before this house was opened is not read again
    /// and again.
    pub fn mails(&self) -> Vec<String> {
        let mut files = filed_mails();
        files.retain(|file| Some(file) > self.mailed_before.as_ref());
        files.sort();
        let local = self.code_address.split('@').next().unwrap();
        let texts = files
            .iter()
            .filter_map(|file| std::fs::read_to_string(file).ok());
        texts.filter(|text| text.contains(local)).collect()
    }

    /// The database's address, on the production stack.
    pub fn database_url(&self) -> String {
        let database = self.database.as_ref().expect("the production stack");
        databases::url(&database.server, &database.name)
            .expose()
            .to_owned()
    }

    /// Writes this house's configuration for a second node that listens elsewhere.
    pub fn write_config(&self, file: &std::path::Path, listen: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let config = &self.config;
        let text = format!(
            "[server]\nissuer = {:?}\nlisten = {listen:?}\ninsecure_loopback = true\n\
             [database]\nurl = {:?}\n[session]\nurl = {:?}\nprefix = {:?}\n\
             [mail]\nurl = {:?}\nfrom = {:?}\n[keys]\nfile = {:?}\n",
            config.server.issuer,
            config.database.url.expose(),
            config.session.url.expose(),
            config.session.prefix,
            config.mail.url.expose(),
            config.mail.from,
            config.keys.file,
        );
        std::fs::write(file, text).unwrap();
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// For a house whose database went away before it.
    pub async fn close_without_database(self) {
        drop(self.house);
    }

    pub async fn close(self) {
        self.house.close().await;
        drop(self.database);
    }
}

/// What the mail server of the tests took, in no order; the names rise.
fn filed_mails() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(variable("TEST_SMTP_DIR")).unwrap();
    let files = folder.map(|file| file.unwrap().path());
    files
        .filter(|file| file.extension().is_some_and(|kind| kind == "eml"))
        .collect()
}

async fn production(config: &mut Config, tag: &str) -> Database {
    let server = variable("TEST_DATABASE_URL");
    let name = format!("e2e_{tag}");
    databases::copy_of_the_template(config, &server, &name).await;
    config.database.url = databases::url(&server, &name);
    config.session.url = SecretText::new(variable("TEST_REDIS_URL"));
    config.session.prefix = format!("e2e-{tag}");
    config.mail.url = SecretText::new(variable("TEST_SMTP_URL"));
    Database { server, name }
}

/// RSA keys take long to make, so all houses of a build share theirs.
async fn put_rsa_keys(config: &Config, store: &sekisho_store::Store, now: Timestamp) {
    let keyring = keys_file::read(&config.keys.file).unwrap();
    let entropy = OsEntropy::new();
    let records = [SigningAlgorithm::RS256, SigningAlgorithm::PS256].map(|algorithm| {
        let private = shared_pair(algorithm);
        key_of(algorithm, &private, &keyring, &entropy, (now, now)).unwrap()
    });
    let work = move |tx: &mut Tx<'_>| records.iter().try_for_each(|record| tx.insert_key(record));
    store.write(work).await.unwrap();
}

fn shared_pair(algorithm: SigningAlgorithm) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("{}.der", algorithm.name()));
    if let Ok(bytes) = std::fs::read(&file) {
        return bytes;
    }
    let made = new_pair(algorithm).unwrap();
    let draft = folder.join(format!("{}.{}", algorithm.name(), tag()));
    std::fs::write(&draft, &*made).unwrap();
    std::fs::rename(&draft, &file).unwrap();
    made.to_vec()
}

fn tag() -> String {
    let entropy = OsEntropy::new();
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    format!("{:016x}", u64::from_le_bytes(bytes))
}

/// Somebody has it in hand.
fn is_taken(letter: &OutboxLetter, _now: Timestamp) -> bool {
    letter.attempts > 0 && letter.last_error.is_none()
}

/// It is to be taken now.
fn is_due(letter: &OutboxLetter, now: Timestamp) -> bool {
    letter.attempts == 0 && letter.next_attempt_at <= now
}
