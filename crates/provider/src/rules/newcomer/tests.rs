use serde_json::json;

use super::*;

const BCRYPT: &str = "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";

fn ours(record: Value) -> Result<Newcomer, RecordRefusal> {
    Newcomer::read(FileForm::Jsonl, record)
}

fn why(form: FileForm, record: Value) -> String {
    Newcomer::read(form, record).unwrap_err().to_string()
}

#[test]
fn rec_09_a_line_of_ours_is_read_and_brought_into_form() {
    let read = ours(json!({
        "email": " Haruka.M@Example.JP ", "email_verified": true, "code_address": "h＠ｍobile.example",
        "code_address_verified": "yes", "subject": "old-4711", "state": "disabled", "locale": "en-GB",
        "zone": "Europe/Berlin", "second_step": "false", "created_at": "2013-05-23T09:00:00+09:00",
        "password_changed_at": 1_369_267_200, "must_change_password": true, "cohort_tag": "old-portal",
        "password_hash": BCRYPT, "name": "か\u{3099}く", "claims": {"birthdate": "1990-02-03"},
        "nickname": "",
    }))
    .unwrap();
    assert_eq!(read.login_address.canonical(), "haruka.m@example.jp");
    assert_eq!(read.code_address.unwrap().canonical(), "h@mobile.example");
    assert!(read.login_verified && read.code_verified && !read.second_step && read.must_change);
    assert_eq!(
        (read.state, read.locale),
        (UserState::Disabled, Some(Locale::En))
    );
    assert_eq!(
        read.created_at,
        Some(Timestamp::from_seconds(1_369_267_200))
    );
    assert_eq!(read.password_changed_at, read.created_at);
    assert_eq!(read.subject, Some(Subject::new("old-4711")));
    assert_eq!(
        Value::Object(read.claims),
        json!({"name": "がく", "birthdate": "1990-02-03"})
    );
    assert!(matches!(read.password, ArrivingPassword::Foreign(_)));
}

#[test]
fn what_is_wrong_is_named_and_its_value_kept_quiet() {
    for (record, told) in [
        (json!([]), "not a JSON object"),
        (json!({"name": "x"}), "email is missing"),
        (json!({"email": "nobody"}), "email: "),
        (
            json!({"email": "a@b.example", "email_verified": "maybe"}),
            "email_verified",
        ),
        (
            json!({"email": "a@b.example", "created_at": "yesterday"}),
            "created_at",
        ),
        (
            json!({"email": "a@b.example", "created_at": i64::MAX}),
            "created_at",
        ),
        (
            json!({"email": "a@b.example", "subject": "a@b.example"}),
            "subject",
        ),
        (json!({"email": "a@b.example", "locale": "se"}), "locale"),
        (json!({"email": "a@b.example", "role": "admin"}), "role"),
        (
            json!({"email": "a@b.example", "claims": {"sub": "1"}}),
            "sub",
        ),
        (
            json!({"email": "a@b.example", "claims": {"email_verified": true}}),
            "email_verified",
        ),
        (
            json!({"email": "a@b.example", "password": "secret"}),
            "password is not a claim",
        ),
        (
            json!({"email": "a@b.example", "password_hash": "0123456789abcdef"}),
            "hash_scheme",
        ),
        (
            json!({"email": "a@b.example", "password_hash": "$2b$15$secret"}),
            "bcrypt",
        ),
        (
            json!({"email": "a@b.example", "password_hash": BCRYPT, "password_record": "x"}),
            "exclude",
        ),
        (
            json!({"email": "a@b.example", "name": "n".repeat(20_000)}),
            "16 KiB",
        ),
    ] {
        let why = ours(record.clone()).unwrap_err().to_string();
        assert!(why.contains(told), "{record}: {why}");
        assert!(!why.contains("secret") && !why.contains("a@b"), "{why}");
    }
}

#[test]
fn a_bare_hash_is_read_with_what_stands_beside_it() {
    let line = json!({
        "email": "a@b.example", "password_hash": "52f36768c11844771e5f7ff576e2dba2", "hash_scheme": "MD5",
        "hash_salt": "706570706572", "hash_salt_encoding": "hex", "hash_salt_side": "before",
    });
    let ArrivingPassword::Foreign(hash) = ours(line).unwrap().password else {
        panic!("no hash");
    };
    assert_eq!(*hash.scheme.digest(b"correct horse").unwrap(), *hash.digest);
}

#[test]
fn a_user_of_keycloak_is_read() {
    let user = json!({
        "id": "6f4c1f0e-0b5e-4b0e-9f0a-1d2c3b4a5968", "createdTimestamp": 1_369_267_200_000_i64,
        "username": "haruka", "enabled": false, "totp": false, "emailVerified": true,
        "firstName": "晴香", "lastName": "三浦", "email": "haruka@example.jp",
        "attributes": {"locale": ["en"], "department": ["x"]}, "realmRoles": ["user"],
        "requiredActions": ["UPDATE_PASSWORD"], "notBefore": 0, "groups": [],
        "credentials": [
            {"id": "x", "type": "otp", "secretData": "{}", "credentialData": "{}"},
            {"id": "y", "type": "password", "createdDate": 1_400_000_000_000_i64,
             "secretData": "{\"value\":\"MNzk5BtR2vUhrp6qQEjRNw==\",\"salt\":\"cm94YnRVOW5jZzFzcVE4bQ==\",\"additionalParameters\":{}}",
             "credentialData": "{\"hashIterations\":27500,\"algorithm\":\"pbkdf2-sha256\",\"additionalParameters\":{}}"},
        ],
    });
    let read = Newcomer::read(FileForm::Keycloak, user).unwrap();
    assert_eq!(
        read.subject.unwrap().as_str(),
        "6f4c1f0e-0b5e-4b0e-9f0a-1d2c3b4a5968"
    );
    assert_eq!(
        (read.state, read.locale),
        (UserState::Disabled, Some(Locale::En))
    );
    assert!(read.login_verified && read.must_change);
    assert_eq!(read.claims["name"], "三浦 晴香");
    assert_eq!(
        read.created_at,
        Some(Timestamp::from_seconds(1_369_267_200))
    );
    assert_eq!(
        read.password_changed_at,
        Some(Timestamp::from_seconds(1_400_000_000))
    );
    assert!(matches!(read.password, ArrivingPassword::Foreign(_)));
    assert!(why(FileForm::Keycloak, json!({"username": "service-account-x"})).contains("email"));
}

#[test]
fn an_identity_of_ory_is_read() {
    let identity = json!({
        "id": "a1b2", "schema_id": "default", "state": "inactive", "created_at": "2013-05-23T00:00:00Z",
        "traits": {"email": "Haruka@Example.jp", "name": {"first": "Haruka", "last": "Miura"}},
        "verifiable_addresses": [{"value": "haruka@example.jp", "verified": true, "via": "email"}],
        "credentials": {"password": {"type": "password", "identifiers": ["x"], "config": {"hashed_password": BCRYPT}}},
    });
    for record in [identity.clone(), json!({"create": identity})] {
        let read = Newcomer::read(FileForm::Ory, record).unwrap();
        assert_eq!(read.subject, Some(Subject::new("a1b2")));
        assert_eq!(
            (read.state, read.login_verified),
            (UserState::Disabled, true)
        );
        assert_eq!(read.claims["name"], "Haruka Miura");
        assert!(matches!(read.password, ArrivingPassword::Foreign(_)));
    }
    let clear = json!({"traits": {"email": "a@b.example"}, "credentials": {"password": {"config": {"password": "secret"}}}});
    assert!(why(FileForm::Ory, clear).contains("clear text"));
}

#[test]
fn otp_24_codes_go_to_a_verified_address_outside_this_sign_in() {
    let behind = |address: &EmailAddress| address.domain() == "isp.example";
    let code = |extra: Value, trust| {
        let mut record = json!({"email": "a@isp.example"});
        record
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        let read = ours(record).unwrap();
        read.code_address(trust, behind)
            .map(|code| code.map(ToString::to_string))
    };
    let (written, all) = (AddressTrust::AsWritten, AddressTrust::All);
    let elsewhere = || Ok(Some("a@b.example".to_owned()));
    assert_eq!(
        code(
            json!({"code_address": "a@b.example", "code_address_verified": true}),
            written
        ),
        elsewhere()
    );
    assert_eq!(
        code(json!({"code_address": "a@b.example"}), all),
        elsewhere()
    );
    assert_eq!(
        code(
            json!({"email": "a@b.example", "email_verified": true}),
            written
        ),
        elsewhere()
    );
    for without in [
        json!({}),
        json!({"code_address": "a@b.example"}),
        json!({"email_verified": true}),
    ] {
        assert!(code(without.clone(), written).is_err(), "{without}");
        let mut off = without;
        off["second_step"] = false.into();
        assert_eq!(code(off, written), Ok(None));
    }
    assert!(
        code(
            json!({"code_address": "x@isp.example", "second_step": false}),
            all
        )
        .is_err()
    );
}
