//! Complete journeys of relying parties from another ecosystem: npm's `openid-client`, unmodified.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::registration::allowed as allowed_to_register;
use crate::support::browser::Browser;
use crate::support::house::{TestHouse, variable};

/// The script, and what it says.
struct Script {
    child: Child,
    says: BufReader<ChildStdout>,
    hears: ChildStdin,
}

impl Script {
    fn start(house: &TestHouse, journey: &str) -> Self {
        let folder = PathBuf::from(variable("TEST_NODE_MODULES"));
        let mut child = Command::new(variable("TEST_NODE"))
            .args(["--no-warnings", "--experimental-global-webcrypto"])
            .arg(folder.join("journeys.mjs"))
            .args([journey, &house.issuer])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node");
        Self {
            says: BufReader::new(child.stdout.take().unwrap()),
            hears: child.stdin.take().unwrap(),
            child,
        }
    }

    /// The next line; the script ends by saying that it is done.
    fn next(&mut self) -> Value {
        let mut line = String::new();
        tokio::task::block_in_place(|| self.says.read_line(&mut line)).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| {
            let ended = self.child.wait().unwrap();
            panic!("the script said {line:?} and ended with {ended}")
        })
    }

    fn answer(&mut self, answer: &Value) {
        writeln!(self.hears, "{answer}").unwrap();
    }
}

/// Plays everything but the relying party.
async fn run(journey: &str) {
    let house = TestHouse::open_with(|config| config.protocol.registration = true).await;
    let browser = Browser::new(&house);
    let mut script = Script::start(&house, journey);
    loop {
        let said = script.next();
        let answer = if let Some(metadata) = said.get("register") {
            let (client, secret) = house.client(with_scope(metadata)).await;
            json!({"client_id": client.client_id, "client_secret": secret})
        } else if said.get("allow_registration").is_some() {
            json!({"token": allowed_to_register(&house, 1).await})
        } else if let Some(url) = said.get("open") {
            json!({"url": led_back(&house, &browser, url.as_str().unwrap()).await})
        } else if let Some(code) = said.get("device") {
            allowed(&house, &browser, code.as_str().unwrap()).await;
            json!({})
        } else {
            assert_eq!(said["done"], journey);
            break;
        };
        script.answer(&answer);
    }
    assert!(script.child.wait().unwrap().success());
    house.close().await;
}

fn with_scope(metadata: &Value) -> Value {
    let mut metadata = metadata.clone();
    if metadata.get("scope").is_none() {
        metadata["scope"] = json!("openid profile email offline_access");
    }
    metadata
}

/// Where the browser ends outside of our pages.
pub async fn led_back(house: &TestHouse, browser: &Browser, url: &str) -> String {
    let start = url.strip_prefix(&house.issuer).unwrap();
    let mut page = browser.get(start).await;
    if page.location().starts_with("/login") {
        page = browser.sign_in(house, start).await;
    }
    if page.location().starts_with("/consent") {
        page = browser.allow(&page).await;
    }
    page.location().to_owned()
}

async fn allowed(house: &TestHouse, browser: &Browser, code: &str) {
    let to_login = browser.get("/device").await;
    let back = browser.sign_in(house, to_login.location()).await;
    let page = browser.get(back.location()).await;
    let form = [("csrf", &*page.hidden("csrf")), ("user_code", code)];
    let asked = browser.post("/device", &form).await;
    let form = [("csrf", &*asked.hidden("csrf")), ("decision", "allow")];
    browser.post("/device", &form).await;
}

macro_rules! journeys {
    ($($test:ident $journey:literal;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            run($journey).await;
        }
    )+};
}

journeys! {
    openid_client_runs_code_with_pkce_introspection_and_revocation "code_pkce";
    openid_client_runs_as_a_public_client "public_client";
    openid_client_refreshes "refresh";
    openid_client_runs_as_a_machine "machine";
    openid_client_pushes_its_requests "par";
    openid_client_signs_its_requests "jar";
    openid_client_reads_signed_answers "jarm";
    openid_client_authenticates_by_private_key_jwt "private_key_jwt";
    openid_client_binds_its_tokens_by_dpop "dpop";
    openid_client_keeps_fapi_2_message_signing "fapi2";
    openid_client_signs_in_on_a_device "device";
    openid_client_registers_itself "registration";
    openid_client_signs_out "logout";
}
