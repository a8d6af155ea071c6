//! The key-encryption key: it is rotated and dropped and nobody has to do anything (PW-15, PW-16).

use std::path::Path;
use std::time::Duration;

use reqwest::StatusCode;
use sekisho_model::{
    EmailAddress, KeyId, KeyRing, Locale, Origin, OsEntropy, Purpose, Sealed, UserId,
};
use sekisho_provider::accounts::NewAccount;
use sekisho_provider::sealing::{Undroppable, may_drop};
use sekisho_server::config::Config;
use sekisho_server::keys_file;
use sekisho_server::wiring::{Surroundings, open_store, services};
use sekisho_store::{Once, PasswordRecord, SealedPlace, SealedValue, Store, Tx};
use serde_json::{Value, json};

use crate::authorization::request;
use crate::support::browser::Browser;
use crate::support::house::{PASSWORD, TestHouse};
use crate::support::processes::Process;
use crate::support::wait;
use crate::tokens::{App, body};

/// Enough for a move that can be interrupted.
const CROWD: usize = 4_000;

async fn person(house: &TestHouse, name: &str) -> (UserId, String) {
    let address = house.login_address.replace("haruka", name);
    let new = NewAccount {
        login_address: EmailAddress::parse(&address).unwrap(),
        code_address: Some(
            EmailAddress::parse(&house.code_address.replace("haruka", name)).unwrap(),
        ),
        password: PASSWORD.to_owned().into(),
        claims: json!({"name": name}).as_object().unwrap().clone(),
        locale: Some(Locale::En),
        check_policy: true,
    };
    let provider = &house.house.services.provider;
    let made = provider.create_account(new, &Origin::default()).await;
    (made.unwrap().unwrap(), address)
}

/// Whether a password is taken at the login page.
async fn password_opens(house: &TestHouse, app: &str, email: &str) -> bool {
    let browser = Browser::new(house);
    let to_login = browser.get(&request(app, &[])).await;
    let login = browser.get(to_login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", email),
        ("password", PASSWORD),
    ];
    browser.post("/login", &form).await.status == StatusCode::SEE_OTHER
}

/// The whole sign-in of the house's own user, with tokens and what is known of the person.
async fn signs_in(house: &TestHouse, app: &App) {
    let answer = Browser::new(house)
        .sign_in(house, &request(&app.id, &[]))
        .await;
    let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
    let token = tokens["access_token"].as_str().unwrap();
    let known = app.http.get(&app.userinfo_url).bearer_auth(token);
    let known: Value = known.send().await.unwrap().json().await.unwrap();
    assert_eq!(known["email"], house.login_address.as_str());
}

/// People who never come: sealed records like everybody's.
async fn crowd(store: &Store, keyring: &KeyRing, house: &TestHouse) -> Vec<UserId> {
    let entropy = OsEntropy::new();
    let template = house.user;
    let account = store.read(move |tx| tx.account(template)).await.unwrap();
    let mut user = account.unwrap().user;
    let mut ids = Vec::new();
    for _ in 0..CROWD / 500 {
        let mut rows = Vec::new();
        for _ in 0..500 {
            user.id = UserId::new(house.now(), &entropy);
            user.subject = sekisho_model::Subject::generate(&entropy);
            let owner = user.id.to_string();
            let seal = |purpose| keyring.seal(purpose, &owner, &plain(user.id), &entropy);
            let record = PasswordRecord {
                sealed: seal(Purpose::Password),
                key_id: keyring.current(),
                changed_at: house.now(),
                must_change: false,
            };
            rows.push((user.clone(), seal(Purpose::UserData), record));
            ids.push(user.id);
        }
        let work = move |tx: &mut Tx<'_>| {
            rows.iter().try_for_each(|(user, data_key, record)| {
                tx.insert_user(user, data_key, &Sealed::from_bytes(Vec::new()))?;
                tx.set_password(user.id, record)
            })
        };
        store.write(work).await.unwrap();
    }
    ids
}

fn plain(user: UserId) -> Vec<u8> {
    format!("what only {user} has").into_bytes()
}

async fn number_under(store: &Store, key: &KeyId) -> u64 {
    let key = key.clone();
    let count = move |tx: &mut Tx<'_>| {
        let places = SealedPlace::ALL.into_iter();
        places
            .map(|place| tx.count_sealed_under(place, &key))
            .sum::<Result<u64, _>>()
    };
    store.read(count).await.unwrap()
}

async fn values(store: &Store, place: SealedPlace, key: &KeyId) -> Vec<SealedValue> {
    let key = key.clone();
    let read = move |tx: &mut Tx<'_>| tx.sealed_under(place, &key, "", 100_000);
    store.read(read).await.unwrap()
}

/// Moving a crowd takes a while, on a busy machine even longer.
async fn until(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let limit = Duration::from_mins(3);
    wait::within(limit, what, async || ask().await.then_some(())).await;
}

fn config_of(house: &TestHouse, name: &str) -> String {
    let file = house.folder.path().join(name);
    house.write_config(&file, "127.0.0.1:0");
    file.to_str().unwrap().to_owned()
}

fn keys(words: &[&str], config: &str) -> String {
    let arguments = [&["keys"], words, &["--config", config]].concat();
    Process::run(&arguments, "")
}

/// Rotates while nobody serves, begins to move with a server that is killed, moves the rest with another
/// one, drops the old key, and starts once more with the new key alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_16_a_key_is_rotated_through_a_kill_and_dropped_and_everybody_signs_in() {
    let house = TestHouse::open_with(|config| config.protocol.client_secret_jwt = true).await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let keeper = json!({"token_endpoint_auth_method": "client_secret_jwt"});
    let (keeper, secret) = house.client(keeper).await;
    let mut people = vec![house.login_address.clone()];
    for name in ["sora", "rin"] {
        people.push(person(&house, name).await.1);
    }
    signs_in(&house, &app).await;
    let (store, keyring) = (&house.house.services.store, &house.house.services.keyring);
    let ids = crowd(store, keyring, &house).await;
    let old = keyring.current();
    let before = number_under(store, &old).await;
    let config = config_of(&house, "node.toml");
    house.clock.advance(Duration::from_mins(2));
    let house = house
        .reopened_after(async |configuration| {
            keys(&["rotate", "--kek"], &config);
            killed_half_way(configuration, &config, &old, before).await;
        })
        .await;
    let services = &house.house.services;
    let (store, new) = (&services.store, services.keyring.wanted());
    assert_ne!(new, old);
    until("the move to end", async || {
        number_under(store, &old).await == 0
    })
    .await;
    assert_eq!(
        values(store, SealedPlace::Passwords, &new).await.len(),
        ids.len() + 3
    );
    let status: Value =
        serde_json::from_str(&keys(&["status", "--output", "json"], &config)).unwrap();
    assert_eq!(
        (&status["to_move"], &status["current"]),
        (&json!(0), &json!(new.as_str()))
    );
    let asked = async || {
        let holders = services.custody.holders().await.unwrap();
        may_drop(&old, &services.keyring, store, &holders, house.now()).await
    };
    let early = asked().await.unwrap();
    assert!(matches!(early, Err(Undroppable::OnItsWay(_))), "{early:?}");
    house.advance(Duration::from_secs(20)).await;
    assert_eq!(
        asked().await.unwrap().map(|droppable| droppable.unopened),
        Ok(0)
    );
    keys_file::remove_key(&house.config.keys.file, &old).unwrap();
    let ring = &services.keyring;
    until("the server to forget the old key", async || {
        ring.key_ids().len() == 1
    })
    .await;
    for user in ids {
        let account = store
            .read(move |tx| tx.account(user))
            .await
            .unwrap()
            .unwrap();
        let (record, owner) = (account.password.unwrap(), user.to_string());
        assert_eq!(
            (record.key_id, record.sealed.key_id()),
            (new.clone(), Some(new.clone()))
        );
        let opened = ring.open(Purpose::Password, &owner, &record.sealed);
        assert_eq!(opened.unwrap(), plain(user));
        let opened = ring.open(Purpose::UserData, &owner, &account.data_key);
        assert_eq!(opened.unwrap(), plain(user));
    }
    // With a server that has never known the old key.
    let house = house.reopened().await;
    signs_in(&house, &app).await;
    for email in &people {
        assert!(password_opens(&house, &app.id, email).await, "{email}");
    }
    let services = &house.house.services;
    let sealed = values(&services.store, SealedPlace::ClientSecrets, &new).await;
    let owner = keeper.client_id.as_str();
    assert_eq!(sealed[0].owner, owner);
    let opened = services
        .keyring
        .open(Purpose::ClientSecret, owner, &sealed[0].sealed);
    assert_eq!(opened.unwrap(), secret.into_bytes());
    house.close().await;
}

async fn killed_half_way(configuration: &Config, config: &str, old: &KeyId, before: u64) {
    let store = open_store(configuration).await.unwrap();
    assert_eq!(
        number_under(&store, old).await,
        before,
        "a command moves nothing"
    );
    let server = Process::start(&["serve", "--config", config]);
    until("the move to begin", async || {
        number_under(&store, old).await < before
    })
    .await;
    drop(server);
    let left = number_under(&store, old).await;
    assert!(left > 0, "it was killed in the middle");
    store.close().await;
}

/// What the test above would look like if nothing were moved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_16_without_its_key_what_is_sealed_is_lost_and_a_command_refuses_that() {
    let house = TestHouse::open().await;
    let (config, file) = (
        config_of(&house, "node.toml"),
        house.config.keys.file.clone(),
    );
    let old = house.house.services.keyring.current();
    let (configuration, surroundings) = (
        house.config.clone(),
        house.house.services.surroundings.clone(),
    );
    let kept = std::fs::read(&file).unwrap();
    let house = house
        .reopened_after(async |_| {
            let seals = refused(&["drop", old.as_str()], &config);
            assert!(seals.contains("it is the key that seals"), "{seals}");
            keys(&["rotate", "--kek"], &config);
            let lies = refused(&["drop", old.as_str()], &config);
            assert!(
                lies.contains("1 passwords") && lies.contains("1 user data"),
                "{lies}"
            );
            assert!(refused(&["drop", "nonesuch"], &config).contains("no such key"));
            assert_eq!(keys_file::read(&file).unwrap().key_ids().len(), 2);
            let whole = std::fs::read(&file).unwrap();
            keys_file::remove_key(&file, &old).unwrap();
            assert!(services(&configuration, surroundings).await.is_err());
            let told = Process::run_failing(&["doctor", "--config", &config]);
            assert!(told.contains("no key opens 1 passwords under"), "{told}");
            assert_ne!(kept, whole);
            std::fs::write(&file, whole).unwrap();
        })
        .await;
    house.close().await;
}

fn refused(words: &[&str], config: &str) -> String {
    Process::run_failing(&[&["keys"], words, &["--config", config]].concat())
}

/// Two servers with a key file each: the new key seals when both hold it, and not before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_16_of_two_nodes_none_seals_with_a_key_that_the_other_lacks() {
    let house = TestHouse::open_on_production(|_| {}).await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let services_here = &house.house.services;
    let (store, ring) = (&services_here.store, &services_here.keyring);
    let old = ring.current();
    let (file, config) = (
        house.config.keys.file.clone(),
        config_of(&house, "one.toml"),
    );
    let other_file = house.folder.path().join("other.toml");
    std::fs::copy(&file, &other_file).unwrap();
    let second = second_node(&house, &other_file);
    let server = Process::start(&["serve", "--config", second.to_str().unwrap()]);
    let holders = async || services_here.custody.holders().await.unwrap();
    until("the second node", async || holders().await.len() == 2).await;
    keys(&["rotate", "--kek"], &config);
    until("the first node to know the new key", async || {
        holders().await.iter().any(|holder| holder.keys.len() == 2)
    })
    .await;
    let new = ring.wanted();
    assert_ne!(new, old);
    assert_eq!(ring.current(), old, "the other node could not open it");
    // A command that makes an account knows that as well.
    let added = house.login_address.replace("haruka", "yuki");
    let make = [
        "user",
        "create",
        "--email",
        &added,
        "--code-address",
        "yuki@mobile.example",
    ];
    let make = [&make[..], &["--password-stdin", "--config", &config]].concat();
    Process::run(&make, PASSWORD);
    let (made, _) = person(&house, "rin").await;
    let made = store
        .read(move |tx| tx.account(made))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(made.password.unwrap().key_id, old);
    assert_eq!(values(store, SealedPlace::Passwords, &old).await.len(), 3);
    let waits = refused(&["drop", old.as_str()], &config);
    assert!(
        waits.contains("do not seal with the newer key yet"),
        "{waits}"
    );
    std::fs::copy(&file, &other_file).unwrap();
    until("both nodes to seal with it", async || {
        let holders = holders().await;
        holders.len() == 2 && holders.iter().all(|holder| holder.current == new)
    })
    .await;
    // A node says so before it does.
    until("this node to do so", async || ring.current() == new).await;
    until("the move to end", async || {
        number_under(store, &old).await == 0
    })
    .await;
    assert!(password_opens(&house, &app.id, &added).await);
    // A third node with an old file is not let in, and neither is a command.
    let outdated = house.folder.path().join("outdated.toml");
    old_file(&file, &outdated, &old);
    let mut third = house.config.clone();
    third.keys.file.clone_from(&outdated);
    let refusal = services(&third, Surroundings::default()).await.unwrap_err();
    assert!(refusal.to_string().contains(new.as_str()), "{refusal}");
    keys(&["drop", old.as_str()], &config);
    until("the first node to forget it", async || {
        ring.key_ids() == [new.clone()]
    })
    .await;
    assert!(password_opens(&house, &app.id, &added).await);
    assert!(server.stop());
    until("the end of the second node to be known", async || {
        holders().await.len() == 1
    })
    .await;
    house.close().await;
}

/// A beat may be on its way to the database when a server ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_16_a_node_that_has_ended_says_nothing_more() {
    let house = TestHouse::open().await;
    let custody = &house.house.services.custody;
    custody.keep().await.unwrap();
    assert_eq!(custody.holders().await.unwrap().len(), 1);
    custody.retract().await.unwrap();
    custody.keep().await.unwrap();
    assert_eq!(custody.holders().await.unwrap(), []);
    house.close().await;
}

fn second_node(house: &TestHouse, keys: &Path) -> std::path::PathBuf {
    let config = house.folder.path().join("two.toml");
    house.write_config(&config, "127.0.0.1:0");
    let text = std::fs::read_to_string(&config).unwrap();
    let own = house.config.keys.file.to_str().unwrap();
    std::fs::write(&config, text.replace(own, keys.to_str().unwrap())).unwrap();
    config
}

/// The key file as it was before the rotation.
fn old_file(now: &Path, before: &Path, old: &KeyId) {
    use std::os::unix::fs::PermissionsExt as _;
    let text = std::fs::read_to_string(now).unwrap();
    let kept = text.lines().filter(|line| {
        let key = line
            .split_once(" = ")
            .is_some_and(|(name, _)| name.trim_matches('"').len() == 32);
        !key || line.contains(old.as_str())
    });
    let current = |line: &str| match line.split_once(" = ") {
        Some(("current", _)) => format!("current = \"{old}\""),
        _ => line.to_owned(),
    };
    let text: Vec<String> = kept.map(current).collect();
    std::fs::write(before, text.join("\n")).unwrap();
    std::fs::set_permissions(before, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// In the tables, behind the server's back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_15_two_users_whose_records_were_swapped_both_fail_to_sign_in() {
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let (_, other) = person(&house, "rin").await;
    let people = [house.login_address.clone(), other];
    let opens = async || {
        let mut opens = Vec::new();
        for email in &people {
            opens.push(password_opens(&house, &app.id, email).await);
        }
        opens
    };
    assert_eq!(opens().await, [true, true]);
    let services = &house.house.services;
    for place in [SealedPlace::Passwords, SealedPlace::UserData] {
        let key = services.keyring.current();
        let pair = values(&services.store, place, &key).await;
        swap(&services.store, place, &pair[0], &pair[1]).await;
        assert_eq!(opens().await, [false, false], "{place:?}");
        let pair = values(&services.store, place, &key).await;
        swap(&services.store, place, &pair[0], &pair[1]).await;
        assert_eq!(opens().await, [true, true], "{place:?}: it was the swap");
    }
    house.close().await;
}

async fn swap(store: &Store, place: SealedPlace, one: &SealedValue, other: &SealedValue) {
    let (one, other) = (one.clone(), other.clone());
    let work = move |tx: &mut Tx<'_>| {
        let first = tx.replace_sealed(place, &one, &other.sealed)?;
        let second = tx.replace_sealed(place, &other, &one.sealed)?;
        assert_eq!([first, second], [Once::First; 2]);
        Ok(())
    };
    store.write(work).await.unwrap();
}
