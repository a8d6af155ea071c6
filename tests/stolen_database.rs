//! A thief has the database and a copy of Redis: no guess can be verified and no address found. With the
//! key file it all opens, so the guesser is no fool (PW-13, PW-15, KEY-01).

use std::collections::BTreeSet;
use std::time::Duration;

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_audit::outbox;
use sekisho_mail::{Letter, LetterBody, Sender};
use sekisho_model::{Digest, EmailAddress, Locale, OsEntropy, Purpose};
use sekisho_provider::moving::{Arrival, ImportTerms, KeptBatch, OnExisting, Place};
use sekisho_provider::password::Cost;
use sekisho_provider::rules::newcomer::{AddressTrust, FileForm, Newcomer};
use sekisho_provider::rules::sign_up::SignUpMode;
use sekisho_server::keys_file;
use sekisho_store::{SealedPlace, SealedValue, Tx};
use serde_json::json;

use crate::authorization::request;
use crate::leaks::kept;
use crate::second_steps;
use crate::sign_up;
use crate::support::browser::Browser;
use crate::support::guesser::Loot;
use crate::support::house::{PASSWORD, TestHouse, on_production_stack};
use crate::support::md5::md5;
use crate::tokens::{App, body};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_15_key_01_a_stolen_database_verifies_no_guess_and_shows_no_address() {
    let house = TestHouse::open_with(|config| {
        config.protocol.client_secret_jwt = true;
        config.accounts.registration = SignUpMode::Open;
    })
    .await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let answer = Browser::new(&house)
        .sign_in(&house, &request(&app.id, &[]))
        .await;
    let tokens = body(app.redeem(&answer.answer("code").unwrap()).await).await;
    assert!(tokens["refresh_token"].is_string());
    let keeper = json!({"token_endpoint_auth_method": "client_secret_jwt"});
    let (_, kept_secret) = house.client(keeper).await;
    let letter = letter_that_waits(&house).await;
    // Somebody is on the way to an account, and somebody is invited.
    let (newcomer, invited) = (
        sign_up::other(&house, "new"),
        sign_up::other(&house, "invited"),
    );
    let (way, chosen) = (Browser::new(&house), "umbrella-octopus-lantern-41");
    sign_up::almost(&house, &way, "/register", &newcomer, chosen).await;
    sign_up::invite(&house, Some(&invited), 24).await;
    // Another code is on its way while the thief is at work.
    let before = house.last_code();
    let waiting = Browser::new(&house)
        .password(&house, &request(&app.id, &[]))
        .await;
    assert!(!waiting.hidden("csrf").is_empty());
    let code = house.code_but(&before).await;
    let loot = Loot::of(&kept(&house));
    assert!(loot.len() > 20_000, "{}", loot.len());
    assert!(loot.holds(app.id.as_bytes()), "the thief has the database");
    let redis = house.config.session.prefix.as_bytes();
    assert!(!on_production_stack() || loot.holds(redis), "and Redis");
    for guess in [
        PASSWORD,
        &house.login_address,
        &house.code_address,
        "三浦 晴香",
        &code,
        chosen,
        &newcomer,
        &invited,
    ] {
        assert_eq!(loot.verify(guess), BTreeSet::new(), "{guess}");
    }
    // Secrets of apps are 256 random bits: their digest, which is there, helps nobody (PW-23).
    let found = loot.verify(&kept_secret);
    assert!(
        !found.is_empty() && found.iter().all(|scheme| scheme.starts_with("SHA256 in ")),
        "{found:?}"
    );
    let local = house.login_address.split('@').next().unwrap();
    assert!(
        !loot.holds(local.as_bytes()),
        "not even a part of an address"
    );
    nothing_beside_them_opens_the_sealed_values(&house, &loot).await;
    with_the_key_file_it_opens(&house, &loot, &letter).await;
    house.close().await;
}

/// A scheme that servers had in 1998.
const WEAK: &str = "tanpopo-1998";

async fn import_weak(house: &TestHouse, address: &str) {
    let spelt = md5(WEAK.as_bytes()).map(|byte| format!("{byte:02x}"));
    let record = json!({"email": address, "email_verified": true, "password_hash": spelt.concat(),
        "hash_scheme": "md5"});
    let arrival = Arrival {
        place: Place { record: 1, line: 1 },
        newcomer: Newcomer::read(FileForm::Jsonl, record).map(Box::new),
    };
    let terms = ImportTerms {
        tag: None,
        trust: AddressTrust::AsWritten,
        existing: OnExisting::Fail,
        reading: "jsonl".to_owned(),
    };
    let provider = &house.house.services.provider;
    let begun = provider.begin_import(Digest::of(b"file"), &terms).await;
    let ready = provider.make_ready(vec![arrival], &terms).await.unwrap();
    assert_eq!(ready.len(), 1, "{:?}", ready.remarks);
    let kept = provider.keep_batch(&begun.unwrap(), ready, &terms).await;
    assert!(matches!(kept, Ok(KeptBatch::Kept(..))), "{kept:?}");
}

async fn types(house: &TestHouse, email: &str, password: &str) {
    let browser = Browser::new(house);
    let login = browser.get("/login").await;
    let login = browser.get(login.location()).await;
    let form = [
        ("csrf", &*login.hidden("csrf")),
        ("email", email),
        ("password", password),
    ];
    let sent = browser.post("/login", &form).await;
    assert_eq!(sent.status, reqwest::StatusCode::OK, "{}", sent.words());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pw_18_thr_15_nor_what_was_imported_mistyped_or_kept_for_a_second_step() {
    const NETWORK: &str = "198.51.100.64/26";
    let house = TestHouse::open().await;
    let app = App::of(&house, json!({"skip_consent": true})).await;
    let owner = second_steps::signed_in(&house, &app.id).await;
    let imported = sign_up::other(&house, "imported");
    import_weak(&house, &imported).await;
    let send = async |path: &str, fields: &[(&str, &str)]| {
        let csrf = second_steps::csrf(&owner.get(path).await);
        let form = [&[("csrf", &*csrf)], fields].concat();
        owner.post(path, &form).await
    };
    let made = send("/account/security/recovery-codes", &[]).await;
    let recovery = made.text.split("<li><code>").nth(1).unwrap();
    let recovery = recovery.split('<').next().unwrap().to_owned();
    assert_eq!(recovery.len(), 19, "{recovery}");
    let networks = format!("127.0.0.1\n{NETWORK}");
    let chosen = send("/account/security/networks", &[("networks", &networks)]).await;
    assert!(chosen.status.is_redirection(), "{}", chosen.words());
    let secret = second_steps::add_app(&house, &owner).await;
    // Sprays are noticed by marks of what was typed: they must not be what a thief tries guesses against.
    let near_miss = format!("{PASSWORD}8");
    types(&house, &house.login_address, &near_miss).await;
    types(&house, &sign_up::other(&house, "nobody"), PASSWORD).await;
    let loot = Loot::of(&kept(&house));
    assert!(!on_production_stack() || loot.holds(b"spray-"), "and Redis");
    let bare = recovery.replace('-', "");
    for guess in [PASSWORD, &near_miss, WEAK, &imported, &recovery, &bare] {
        assert_eq!(loot.verify(guess), BTreeSet::new(), "{guess}");
    }
    assert!(!loot.holds(&secret), "what an authenticator app shares");
    assert!(!loot.holds(NETWORK.as_bytes()), "where somebody is at home");
    house.close().await;
}

async fn letter_that_waits(house: &TestHouse) -> sekisho_model::LetterId {
    let letter = Letter {
        to: house.code_address.clone(),
        locale: Locale::En,
        zone: "Asia/Tokyo".to_owned(),
        sender: Sender {
            service: "Sekisho".to_owned(),
            host: "id.example".to_owned(),
            code_in_subject: false,
        },
        place: None,
        body: LetterBody::Test,
    };
    let services = &house.house.services;
    let mut posted = outbox::prepare(&letter, house.now(), &services.keyring, &OsEntropy::new());
    posted.next_attempt_at = house.now() + Duration::from_hours(1);
    let id = posted.id;
    services
        .store
        .write(move |tx| tx.post(&posted))
        .await
        .unwrap();
    id
}

async fn values(house: &TestHouse, place: SealedPlace) -> Vec<SealedValue> {
    let services = &house.house.services;
    let key = services.keyring.current();
    let read = move |tx: &mut Tx<'_>| tx.sealed_under(place, &key, "", 10);
    let values = services.store.read(read).await.unwrap();
    assert!(!values.is_empty(), "{place:?}");
    values
}

async fn nothing_beside_them_opens_the_sealed_values(house: &TestHouse, loot: &Loot) {
    for place in SealedPlace::ALL {
        let value = values(house, place).await.remove(0);
        assert!(loot.holds(value.sealed.as_bytes()), "{place:?} was stolen");
        let opened = loot.opens(place.purpose(), &value.owner, &value.sealed);
        assert_eq!(opened, None, "{place:?}");
    }
}

async fn with_the_key_file_it_opens(
    house: &TestHouse,
    loot: &Loot,
    letter: &sekisho_model::LetterId,
) {
    let ring = keys_file::read(&house.config.keys.file).unwrap();
    let record = values(house, SealedPlace::Passwords).await.remove(0);
    let opened = ring.open(Purpose::Password, &record.owner, &record.sealed);
    let opened = Loot::of(&opened.unwrap());
    assert_eq!(
        opened.verify(PASSWORD),
        BTreeSet::from(["Argon2".to_owned()])
    );
    assert_eq!(opened.verify("correct-horse-battery-8"), BTreeSet::new());
    let index = |address: &str| {
        let address = EmailAddress::parse(address).unwrap();
        let key = ring.mac_key(Purpose::AddressIndex);
        Digest::keyed(key.as_bytes(), &[address.canonical().as_bytes()])
    };
    assert!(loot.holds(index(&house.login_address).as_bytes()));
    assert!(!loot.holds(index("nobody@example.jp").as_bytes()));
    let letters = values(house, SealedPlace::Letters).await;
    let posted = letters
        .iter()
        .find(|value| value.owner == letter.to_string());
    let posted = posted.unwrap();
    let opened = ring
        .open(Purpose::Letter, &posted.owner, &posted.sealed)
        .unwrap();
    let found = Loot::of(&opened).verify(&house.code_address);
    assert!(found.contains("plain, as it is"), "{found:?}");
}

/// The guesser finds what other servers keep: were one of these in our tables, the test above would fail.
#[test]
fn what_careless_servers_keep_is_found() {
    let guess = "correct-horse-battery-7";
    let key: [u8; 32] = *Digest::of(b"a key in the next table").as_bytes();
    let salt = &key[..16];
    let spelt = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let sha1 = |text: &[u8]| {
        digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text)
            .as_ref()
            .to_vec()
    };
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), guess.as_bytes());
    let unkeyed = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b""), guess.as_bytes());
    let root = sekisho_model::KeyId::new("k");
    let ring = sekisho_model::KeyRing::new(root.clone(), [(root, key)], key).unwrap();
    let derived = Digest::keyed(
        ring.mac_key(Purpose::AddressIndex).as_bytes(),
        &[guess.as_bytes()],
    );
    let mark = Digest::keyed(&key, &[b"password", guess.as_bytes()]);
    let careless: Vec<(&str, Vec<u8>)> = vec![
        ("plain", guess.as_bytes().to_vec()),
        ("base64", STANDARD.encode(guess).into_bytes()),
        ("MD5", spelt(&md5(guess.as_bytes())).into_bytes()),
        ("MD5", STANDARD.encode(md5(guess.as_bytes())).into_bytes()),
        ("SHA1", sha1(guess.as_bytes())),
        (
            "SHA1",
            spelt(&sha1(guess.as_bytes())).to_uppercase().into_bytes(),
        ),
        (
            "SHA256",
            Digest::of(guess.as_bytes()).to_base64url().into_bytes(),
        ),
        (
            "SHA256",
            Digest::of(guess.as_bytes()).as_bytes()[..10].to_vec(),
        ),
        (
            "salt first",
            [salt, &[0; 9], &sha1(&[salt, guess.as_bytes()].concat())].concat(),
        ),
        (
            "salt last",
            [salt, &[0; 9], &sha1(&[guess.as_bytes(), salt].concat())].concat(),
        ),
        ("without a key", unkeyed.as_ref().to_vec()),
        (
            "HMAC with a key",
            [key.as_slice(), &[0; 9], mac.as_ref()].concat(),
        ),
        (
            "HMAC with a key",
            format!("{} {}", spelt(&key), spelt(mac.as_ref())).into_bytes(),
        ),
        (
            "our derived HMAC",
            [key.as_slice(), &[0; 9], derived.as_bytes().as_slice()].concat(),
        ),
        (
            "our mark",
            [key.as_slice(), &[0; 9], mark.as_bytes()].concat(),
        ),
        ("Argon2", argon2_record(guess)),
    ];
    for (scheme, record) in careless {
        let loot = Loot::of(&[b"before, ", record.as_slice(), b", after"].concat());
        let found = loot.verify(guess);
        assert!(
            found.iter().any(|found| found.contains(scheme)),
            "{scheme}: {found:?}"
        );
        assert_eq!(
            loot.verify("another-password-of-mine"),
            BTreeSet::new(),
            "{scheme}"
        );
    }
    let sealed = ring.seal(Purpose::Password, "u", b"record", &OsEntropy::new());
    let beside = Loot::of(&[b"x", key.as_slice(), b"y", sealed.as_bytes()].concat());
    let opened = beside.opens(Purpose::Password, "u", &sealed);
    assert_eq!(opened.unwrap(), b"record");
}

fn argon2_record(password: &str) -> Vec<u8> {
    use argon2::password_hash::PasswordHasher as _;
    let cost = Cost::FLOOR;
    let params = argon2::Params::new(cost.memory_kib, cost.iterations, cost.parallelism, Some(32));
    let hasher = argon2::Argon2::from(params.unwrap());
    let record = hasher.hash_password_with_salt(password.as_bytes(), b"sixteen bytes ok");
    record.unwrap().to_string().into_bytes()
}

#[test]
fn the_guessers_md5_is_md5() {
    let spelt = |text: &str| md5(text.as_bytes()).map(|b| format!("{b:02x}")).concat();
    assert_eq!(spelt(""), "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(spelt("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    let long = "1234567890".repeat(8);
    assert_eq!(spelt(&long), "57edf4a22be3c955ac49da2e2107b67a");
}
