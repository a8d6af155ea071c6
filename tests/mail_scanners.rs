//! WEB-17: programs that look through mail open every link in it, often, before its owner does. Nothing comes of it,
//! and the owner's button works afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::StatusCode;
use sekisho_model::{AlertSetting, Locale};
use sekisho_store::Tx;
use serde_json::json;

use crate::account::{all_hidden, csrf};
use crate::authorization::request;
use crate::bad_input::remains::Remains;
use crate::second_steps::{add_app, app_of, link};
use crate::support::browser::{Browser, Page};
use crate::support::house::{PASSWORD, TestHouse, on_production_stack};
use crate::support::wait;
use crate::tokens::App;

const NEW: &str = "umbrella-octopus-lantern-41";
/// How often each scanner opens each link.
const TIMES: usize = 3;

/// What is in the tables and, on the production stack, in the session store.
#[derive(Debug, PartialEq)]
struct Everything {
    tables: BTreeMap<String, String>,
    remains: Remains,
}

impl Everything {
    /// Nodes note every moment that they are there, and up to when they watched.
    const BEATS: [&str; 2] = ["key_holders", "high_marks"];

    fn of(house: &TestHouse) -> Self {
        let tables = if on_production_stack() {
            postgres(&house.database_url())
        } else {
            sqlite(house.config.database.url.expose())
        };
        assert!(tables.len() > 30, "{tables:?}");
        Self {
            tables,
            remains: Remains::of(house),
        }
    }
}

/// Each table with a digest of all that is in it.
fn postgres(url: &str) -> BTreeMap<String, String> {
    let names = printed(
        "psql",
        &[
            url,
            "-qAtc",
            "select tablename from pg_tables where schemaname = 'public'",
        ],
    );
    let tables = names
        .lines()
        .filter(|name| !Everything::BEATS.contains(name));
    tables
        .map(|table| {
            let all = format!(
                "select count(*), md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from \"{table}\" t"
            );
            (table.to_owned(), printed("psql", &[url, "-qAtc", &all]))
        })
        .collect()
}

/// Each table with all that is in it.
fn sqlite(url: &str) -> BTreeMap<String, String> {
    let file = url.strip_prefix("sqlite://").unwrap();
    let whole = printed("sqlite3", &["-readonly", file, ".dump"]);
    let mut tables = BTreeMap::<String, String>::new();
    let mut table = String::new();
    for line in whole.lines() {
        let head = line
            .strip_prefix("CREATE TABLE ")
            .or(line.strip_prefix("INSERT INTO "));
        if let Some(head) = head {
            let name = head.trim_start_matches("IF NOT EXISTS ");
            name.split([' ', '('])
                .next()
                .unwrap()
                .clone_into(&mut table);
        }
        let rows = tables.entry(table.clone()).or_default();
        rows.push_str(line);
        rows.push('\n');
    }
    tables.retain(|name, _| !Everything::BEATS.contains(&&**name));
    tables
}

fn printed(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program)
        .args(arguments)
        .output()
        .expect(program);
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program}: {told}");
    String::from_utf8(done.stdout).unwrap()
}

struct Scene {
    house: TestHouse,
    locale: Locale,
}

impl Scene {
    async fn open(locale: Locale) -> Self {
        let house = TestHouse::open().await;
        Self { house, locale }
    }

    /// From now on the account's letters are in this language.
    async fn speak(&self, locale: Locale) {
        let user = self.house.user;
        let store = &self.house.house.services.store;
        let speak = move |tx: &mut Tx<'_>| tx.set_locale(user, locale);
        store.write(speak).await.unwrap();
    }

    /// Signs in at a new browser. The code is mailed in English, everything after it in the language of the scene.
    async fn signed_in(&self, start: &str) -> Browser {
        self.speak(Locale::En).await;
        let browser = Browser::new(&self.house);
        let page = browser.password(&self.house, start).await;
        let code = self.house.code_beside(&page.tally().unwrap()).await;
        self.speak(self.locale).await;
        let form = [("csrf", &*page.hidden("csrf")), ("code", &*code)];
        let done = browser.post("/login/code", &form).await;
        assert!(done.location.is_some(), "{}", done.words());
        browser
    }

    /// Everything in both mailboxes, text and HTML, as a program reads it.
    fn mails(&self) -> Vec<String> {
        let both = [&self.house.login_address, &self.house.code_address];
        both.into_iter().flat_map(|to| self.mails_to(to)).collect()
    }

    fn mails_to(&self, address: &str) -> Vec<String> {
        if let Some(catcher) = &self.house.house.services.catcher {
            let caught = catcher.caught(Some(address)).into_iter();
            return caught
                .map(|mail| format!("{}\n{}", mail.text, mail.html))
                .collect();
        }
        let to = format!("To: {address}");
        let mails = self.house.mails();
        let own = |raw: &&String| raw.lines().any(|line| line.trim_end() == to);
        mails.iter().filter(own).map(|raw| decoded(raw)).collect()
    }

    /// The paths of all links in all letters.
    fn links(&self) -> BTreeSet<String> {
        let path = |rest: &str| -> String {
            let inside = |c: &char| c.is_ascii_alphanumeric() || "-_/?=&.%".contains(*c);
            rest.chars().take_while(inside).collect()
        };
        let mails = self.mails();
        let rests = mails
            .iter()
            .flat_map(|mail| mail.split(&self.house.issuer).skip(1));
        rests.map(path).filter(|path| path.len() > 1).collect()
    }

    /// Waits until at least so many different links of this kind have come, and nothing more is on its way.
    async fn mailed(&self, kind: &str, at_least: usize) -> Vec<String> {
        let store = &self.house.house.services.store;
        let links = wait::until(kind, async || {
            let waiting = store.read(|tx: &mut Tx<'_>| tx.list_letters(9)).await;
            let all = self.links().into_iter();
            let found: Vec<String> = all.filter(|path| path.starts_with(kind)).collect();
            (waiting.unwrap().is_empty() && found.len() >= at_least).then_some(found)
        })
        .await;
        let spoken = format!("lang=\"{}\"", self.locale.tag());
        assert!(self.mails().iter().any(|mail| mail.contains(&spoken)));
        links
    }

    /// A scanner opens every link of every letter again and again. Nothing is another thing afterwards.
    async fn scan(&self) {
        let before = Everything::of(&self.house);
        for link in self.links() {
            let scanner = Browser::new(&self.house);
            for _ in 0..TIMES {
                let stranger = Browser::new(&self.house);
                for browser in [&scanner, &stranger] {
                    let page = browser.get(&link).await;
                    assert_eq!(page.status, StatusCode::OK, "{link}: {}", page.words());
                    let head = browser.http.head(self.house.url(&link)).send().await;
                    assert_eq!(head.unwrap().status(), StatusCode::OK, "{link}");
                }
            }
        }
        let after = Everything::of(&self.house);
        for (table, rows) in &before.tables {
            assert_eq!(Some(rows), after.tables.get(table), "{table}");
        }
        assert_eq!(before, after);
    }

    /// The owner opens the link and presses the button.
    async fn press(&self, link: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let owner = Browser::new(&self.house);
        let page = owner.get(link).await;
        assert_eq!(page.status, StatusCode::OK, "{link}: {}", page.words());
        let token = csrf(&page);
        let mut form = vec![("csrf", &*token)];
        let tokens = all_hidden(&page, "token");
        form.extend(tokens.first().map(|token| ("token", &**token)));
        form.extend_from_slice(fields);
        owner.post(action, &form).await
    }
}

/// A message as it lies on the disk, with its parts decoded.
fn decoded(raw: &str) -> String {
    let part = |part: &str| -> String {
        let encoding = part.lines().next().unwrap_or_default();
        let body = part.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let body = body.split("\r\n--").next().unwrap_or_default();
        let bytes = match encoding.trim() {
            "base64" => {
                let packed: String = body.split_whitespace().collect();
                BASE64_STANDARD.decode(packed).unwrap()
            }
            "quoted-printable" => unquoted(&body.replace("=\r\n", "")),
            _ => body.as_bytes().to_vec(),
        };
        String::from_utf8(bytes).unwrap()
    };
    let parts = raw.split("Content-Transfer-Encoding: ").skip(1);
    parts.map(part).collect::<Vec<_>>().join("\n")
}

fn unquoted(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.bytes());
    while let Some(byte) = rest.next() {
        if byte != b'=' {
            bytes.push(byte);
            continue;
        }
        let hex = [rest.next().unwrap(), rest.next().unwrap()];
        let hex = std::str::from_utf8(&hex).unwrap();
        bytes.push(u8::from_str_radix(hex, 16).unwrap());
    }
    bytes
}

async fn not_me_links(locale: Locale) {
    let scene = Scene::open(locale).await;
    let house = &scene.house;
    let app = App::of(house, json!({})).await;
    let owner = scene.signed_in("/login?return_to=%2Faccount").await;
    crate::account::press(
        &owner,
        (
            "/account/security/recovery-codes",
            "/account/security/recovery-codes",
        ),
        &[],
    )
    .await;
    let fields = [("present", PASSWORD), ("password", NEW)];
    let changed =
        crate::account::press(&owner, ("/account/password", "/account/password"), &fields).await;
    assert!(
        changed.location().contains("changed=password"),
        "{}",
        changed.words()
    );
    let offline = request(&app.id, &[("scope", "openid offline_access")]);
    let asked = owner.get(&offline).await;
    assert!(owner.allow(&asked).await.answer("code").is_some());
    let user = house.user;
    let every = move |tx: &mut Tx<'_>| {
        tx.set_second_step(user, false)?;
        tx.set_alert(user, AlertSetting::Every)
    };
    house.house.services.store.write(every).await.unwrap();
    let to_login = owner.get(&request(&app.id, &[("prompt", "login")])).await;
    let login = owner.get(to_login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", NEW),
    ];
    assert!(owner.post("/login", &form).await.location.is_some());
    // A new device, recovery codes, an app, a sign-in and a password.
    let links = scene.mailed("/not-me/", 5).await;
    assert_eq!(links.len(), 5, "{links:?}");
    scene.scan().await;
    for link in links {
        let done = scene.press(&link, &link, &[]).await;
        assert_eq!(done.status, StatusCode::OK, "{link}: {}", done.words());
        let again = Browser::new(house).get(&link).await;
        assert_eq!(again.status, StatusCode::GONE, "the button works once");
    }
    scene.house.close().await;
}

async fn reset_link(locale: Locale) {
    let scene = Scene::open(locale).await;
    scene.speak(locale).await;
    let browser = Browser::new(&scene.house);
    let page = browser.get("/password/forgot").await;
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("email", &*scene.house.login_address),
    ];
    browser.post("/password/forgot", &form).await;
    // Both mailboxes get a link of their own.
    let links = scene.mailed("/password/reset/", 2).await;
    scene.scan().await;
    // So many looks at once fill the entrance; a moment later there is room again.
    scene.house.advance(Duration::from_mins(1)).await;
    // The link in the other mailbox takes a recovery code as well.
    let mails = scene.mails_to(&scene.house.login_address);
    let own = |link: &&String| mails.iter().any(|mail| mail.contains(link.as_str()));
    let link = links.iter().find(own).unwrap();
    let done = scene
        .press(link, "/password/reset", &[("password", NEW)])
        .await;
    assert!(all_hidden(&done, "token").is_empty(), "{}", done.words());
    let again = Browser::new(&scene.house).get(link).await;
    assert_eq!(again.status, StatusCode::GONE, "{}", again.words());
    scene.house.close().await;
}

async fn undo_links(locale: Locale) {
    let scene = Scene::open(locale).await;
    let house = &scene.house;
    let owner = scene.signed_in("/login?return_to=%2Faccount").await;
    for (number, path) in [
        "/account/security/code-address",
        "/account/security/address",
    ]
    .iter()
    .enumerate()
    {
        let new = house
            .code_address
            .replace("haruka", &format!("new{number}-haruka"));
        scene.speak(Locale::En).await;
        crate::account::press(&owner, (path, path), &[("email", &new)]).await;
        let code = house.code_after(0, &new).await;
        scene.speak(locale).await;
        let confirm = format!("{path}/confirm");
        let done = crate::account::press(&owner, (&confirm, &confirm), &[("code", &code)]).await;
        assert!(done.location().contains("changed="), "{}", done.words());
        house.advance(Duration::from_secs(1)).await;
    }
    let links = scene.mailed("/address/undo/", 2).await;
    scene.scan().await;
    let done = scene.press(&links[0], "/address/undo", &[]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    scene.house.close().await;
}

async fn keep_link(locale: Locale) {
    let scene = Scene::open(locale).await;
    let house = &scene.house;
    let app = app_of(house).await;
    let owner = scene.signed_in(&request(&app, &[])).await;
    add_app(house, &owner).await;
    let browser = Browser::new(house);
    let step = browser.password(house, &request(&app, &[])).await;
    let page = browser.get(&link(&step, "/login/lost-factor")).await;
    let form = [("csrf", &*page.hidden("csrf"))];
    browser.post("/login/lost-factor", &form).await;
    // The letters that nobody finished that sign-in leave as well.
    house.advance(Duration::from_mins(30)).await;
    let links = scene.mailed("/second-step/keep/", 1).await;
    scene.scan().await;
    let done = scene.press(&links[0], "/second-step/keep", &[]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    let loss = {
        let user = house.user;
        let store = &house.house.services.store;
        store
            .read(move |tx: &mut Tx<'_>| tx.factor_loss(user))
            .await
            .unwrap()
    };
    assert!(loss.is_none(), "the button stopped it");
    scene.house.close().await;
}

async fn keep_address_link(locale: Locale) {
    let scene = Scene::open(locale).await;
    let house = &scene.house;
    let wants = json!({"skip_consent": true, "require_second_step": true});
    let (client, _) = house.client(wants).await;
    scene.speak(Locale::En).await;
    let browser = Browser::new(house);
    let start = request(client.client_id.as_str(), &[]);
    let step = browser.password(house, &start).await;
    let path = link(&step, "/login/code-address/");
    let page = browser.get(&path).await;
    let before = house.codes_to(&house.login_address).len();
    let form = [("csrf", &*page.hidden("csrf"))];
    let asked = browser.post(&path, &form).await;
    let page = browser.get(asked.location()).await;
    let code = house.code_after(before, &house.login_address).await;
    scene.speak(locale).await;
    let form = [("csrf", &*page.hidden("csrf")), ("code", &*code)];
    browser.post(asked.location(), &form).await;
    // The letters of the days that follow wait; all others leave, those that nobody finished that sign-in as well.
    house.advance(Duration::from_mins(30)).await;
    let links = wait::until("the link", async || {
        let all = scene.links().into_iter();
        let found: Vec<String> = all
            .filter(|path| path.starts_with("/code-address/keep/"))
            .collect();
        (!found.is_empty()).then_some(found)
    })
    .await;
    house.advance(Duration::from_secs(1)).await;
    scene.scan().await;
    let done = scene.press(&links[0], "/code-address/keep", &[]).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.words());
    let user = house.user;
    let read = move |tx: &mut Tx<'_>| tx.code_address_loss(user);
    let loss = house.house.services.store.read(read).await.unwrap();
    assert!(loss.is_none(), "the button stopped it");
    scene.house.close().await;
}

/// Letters about second steps, networks and leaving have a link as well.
async fn change_links(locale: Locale, leaves: bool) {
    let scene = Scene::open(locale).await;
    let house = &scene.house;
    let owner = scene.signed_in("/login?return_to=%2Faccount").await;
    let send = async |path: &str, field: (&str, &str)| {
        crate::account::press(&owner, (path, path), &[field]).await
    };
    let expected = if leaves {
        let done = send("/account/data/delete", ("address", &house.login_address)).await;
        assert_ne!(done.status, StatusCode::FORBIDDEN, "{}", done.words());
        2
    } else {
        send("/account/security/recovery-codes", ("again", "")).await;
        let saved = send("/account/security/networks", ("networks", "127.0.0.0/24")).await;
        assert!(saved.location.is_some(), "{}", saved.words());
        add_app(house, &owner).await;
        4
    };
    let links = scene.mailed("/not-me/", expected).await;
    assert_eq!(links.len(), expected, "{links:?}");
    scene.scan().await;
    for link in links {
        let done = scene.press(&link, &link, &[]).await;
        assert_eq!(done.status, StatusCode::OK, "{link}: {}", done.words());
    }
    scene.house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_17_scanners_stop_no_report_of_a_lost_address_and_the_owner_can() {
    for locale in Locale::ALL {
        keep_address_link(locale).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_17_scanners_take_back_no_change_of_second_steps_networks_or_leaving() {
    for locale in Locale::ALL {
        for leaves in [false, true] {
            change_links(locale, leaves).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_17_scanners_deny_nothing_and_the_owner_can() {
    for locale in Locale::ALL {
        not_me_links(locale).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_17_scanners_set_no_password_and_the_owner_can() {
    for locale in Locale::ALL {
        reset_link(locale).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_17_scanners_undo_no_address_and_the_owner_can() {
    for locale in Locale::ALL {
        undo_links(locale).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_17_scanners_stop_no_report_and_the_owner_can() {
    for locale in Locale::ALL {
        keep_link(locale).await;
    }
}

#[test]
fn a_message_is_read_as_programs_read_it() {
    let raw = "Content-Transfer-Encoding: base64\r\n\r\n6Zai\r\n5omA\r\n--x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3Db=\r\nc=E9=96=A2\r\n--x--";
    assert_eq!(decoded(raw), "関所\na=bc関");
}
