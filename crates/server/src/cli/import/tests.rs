use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use sekisho_model::{Digest, EventKind, Timestamp};
use sekisho_provider::moving::Remark;
use sekisho_store::ImportProgress;
use serde_json::Value;

use super::super::tests::Place;
use super::*;

const MD5_OF_ABC: &str = "900150983cd24fb0d6963f7d28e17f72";

/// Lines without passwords, which cost no hashing.
fn lines(count: usize) -> String {
    let mut text = String::new();
    for n in 0..count {
        writeln!(
            text,
            r#"{{"email":"p{n}@b.example","email_verified":true,"name":"P {n}"}}"#
        )
        .unwrap();
    }
    text
}

impl Place {
    async fn import(&self, file: &Path, words: &str) -> Result<(), CliError> {
        let words = format!("user import {}{words}", file.display());
        self.run(&words).await
    }

    async fn progress(&self, file: &Path) -> Option<ImportProgress> {
        let digest = Digest::of(&std::fs::read(file).unwrap());
        let found = self.store.read(move |tx| tx.import_progress(&digest)).await;
        found.unwrap()
    }

    async fn accounts(&self) -> usize {
        let all = self.store.read(|tx| tx.list_users(None, 100_000)).await;
        all.unwrap().len()
    }

    fn report(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("report")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn with_report(&self) -> String {
        format!(" --report {}", self.folder.path().join("report").display())
    }
}

#[tokio::test]
async fn pw_18_a_file_moves_in_with_an_event_for_each_batch() {
    let place = Place::new().await;
    let before = place.accounts().await;
    let text = format!(
        "\u{feff}{}\n\n{{\"email\":\"Abc@B.example\",\"email_verified\":true,\"password_hash\":\"{MD5_OF_ABC}\",\"hash_scheme\":\"md5\"}}",
        lines(BATCH)
    );
    let file = place.file("people.jsonl", &text);
    place.import(&file, " --tag old-portal").await.unwrap();
    assert_eq!(place.accounts().await, before + BATCH + 1);
    let events = place
        .store
        .read(|tx| tx.events_of_kind(EventKind::UsersImported, 10))
        .await
        .unwrap();
    assert_eq!(events.len(), 2);
    let imported: i64 = events
        .iter()
        .map(|event| event.detail["imported"].as_i64().unwrap())
        .sum();
    assert_eq!(imported, 501);
    assert!(
        events
            .iter()
            .all(|event| event.detail["tag"] == "old-portal")
    );
    let done = place.progress(&file).await.unwrap();
    assert_eq!((done.records, done.imported, done.refused), (501, 501, 0));
    assert!(done.finished_at.is_some());

    // Once more: nothing is there twice, and nothing is overwritten.
    place.import(&file, &place.with_report()).await.unwrap();
    assert_eq!(place.accounts().await, before + BATCH + 1);
    assert_eq!(place.progress(&file).await.unwrap().existing, 501);
    assert_eq!(place.report().len(), 501);
}

#[tokio::test]
async fn what_is_wrong_is_reported_by_line_and_the_rest_moves_in() {
    let place = Place::new().await;
    let before = place.accounts().await;
    let secret = "5ebe2294ecd0e0f08eab7690d2a6ee69";
    let text = format!(
        "{}not json {secret}\n\n{{\"email\":\"p0@b.example\",\"email_verified\":true}}\n\
         {{\"email\":\"x@b.example\",\"password_hash\":\"{secret}\"}}\n{}\n{{\"email\":\"P1@B.EXAMPLE\",\"email_verified\":true}}\n",
        lines(2),
        "x".repeat(2_000_000),
    );
    let file = place.file("people.jsonl", &text);
    let refused = place.import(&file, &place.with_report()).await.unwrap_err();
    assert_eq!(refused.name(), "refused");
    assert_eq!(place.accounts().await, before + 2);
    let report = place.report();
    let told: Vec<(u64, u64)> = report
        .iter()
        .map(|one| {
            (
                one["record"].as_u64().unwrap(),
                one["line"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, [(3, 3), (4, 5), (5, 6), (6, 7), (7, 8)]);
    assert!(!Value::from(report.clone()).to_string().contains(secret));
    assert!(
        report[1]["problem"]
            .as_str()
            .unwrap()
            .contains("already has")
    );
    assert!(
        report[2]["problem"]
            .as_str()
            .unwrap()
            .contains("hash_scheme")
    );
    assert!(report[3]["problem"].as_str().unwrap().contains("1 MiB"));
    assert!(
        report[4]["problem"]
            .as_str()
            .unwrap()
            .contains("already has")
    );
}

#[tokio::test]
async fn an_interrupted_import_goes_on_where_it_was() {
    let place = Place::new().await;
    let before = place.accounts().await;
    let file = place.file("people.jsonl", &lines(1200));
    // As a kill leaves it: the first batch is kept, the rest is not.
    let first = place.file("first.jsonl", &lines(BATCH));
    place.import(&first, " --tag t").await.unwrap();
    let kept = ImportProgress {
        file: Digest::of(&std::fs::read(&file).unwrap()),
        finished_at: None,
        ..place.progress(&first).await.unwrap()
    };
    place
        .store
        .write(move |tx| tx.begin_import(&kept))
        .await
        .unwrap();
    for (words, told) in [
        ("", "--resume"),
        (" --resume --tag other", "--tag"),
        (" --resume --tag t --format csv", "--format jsonl"),
        (" --resume --tag t --trust-addresses", "--format jsonl"),
    ] {
        let refused = place.import(&file, words).await.unwrap_err();
        assert!(refused.what.contains(told), "{}", refused.what);
    }
    place.import(&file, " --resume --tag t").await.unwrap();
    assert_eq!(place.accounts().await, before + 1200);
    let done = place.progress(&file).await.unwrap();
    assert_eq!(
        (done.records, done.imported, done.existing),
        (1200, 1200, 0)
    );
    assert!(
        place.import(&file, " --resume --tag t").await.is_err(),
        "it is done"
    );
    let changed = place.file("people.jsonl", &lines(1201));
    assert!(
        place.import(&changed, " --resume").await.is_err(),
        "another file"
    );
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_keeps_nothing() {
    let place = Place::new().await;
    let before = place.accounts().await;
    let text = format!(
        "{}{{\"email\":\"p1@b.example\",\"email_verified\":true}}\n",
        lines(3)
    );
    let file = place.file("people.jsonl", &text);
    let words = format!(" --dry-run{}", place.with_report());
    place.import(&file, &words).await.unwrap();
    assert_eq!(place.accounts().await, before);
    assert_eq!(place.progress(&file).await, None);
    assert_eq!(place.report()[0]["line"], 4);
}

#[tokio::test]
async fn rec_10_an_existing_account_can_stop_the_import_before_its_batch() {
    let place = Place::new().await;
    let first = place.file("first.jsonl", &lines(1));
    place.import(&first, "").await.unwrap();
    let before = place.accounts().await;
    let text: String = lines(700)
        .lines()
        .rev()
        .fold(String::new(), |text, line| text + line + "\n");
    let file = place.file("people.jsonl", &text);
    let stopped = place
        .import(&file, " --on-existing fail")
        .await
        .unwrap_err();
    assert!(stopped.why.unwrap().contains("line 700"));
    assert_eq!(place.accounts().await, before + BATCH);
    place.import(&file, " --resume").await.unwrap();
    assert_eq!(place.accounts().await, before + 699);
}

#[tokio::test]
async fn tables_and_lists_are_read_record_by_record() {
    let place = Place::new().await;
    let before = place.accounts().await;
    let csv = "email,email_verified,name,second_step\n\
               a@b.example,true,\"Miura,\nHaruka\",\nb@b.example,no,B,false\nc@b.example,1\nd@b.example,yes,D,true\n";
    let file = place.file("people.csv", csv);
    let words = format!(" --format csv{}", place.with_report());
    assert!(place.import(&file, &words).await.is_err());
    assert_eq!(place.report()[0]["line"], 5);
    assert_eq!(place.accounts().await, before + 3);

    let realm = "{\"realm\":\"r\",\"clients\":[{\"users\":[1]}],\"users\":[\
                 {\"email\":\"k1@b.example\",\"emailVerified\":true},\n{\"username\":\"robot\"},\
                 {\"email\":\"k2@b.example\",\"emailVerified\":true}],\"roles\":{}}";
    let file = place.file("realm.json", realm);
    let words = format!(" --format keycloak{}", place.with_report());
    assert!(place.import(&file, &words).await.is_err());
    assert_eq!(place.report()[0]["record"], 2);
    assert_eq!(place.accounts().await, before + 5);

    let list = r#"[{"traits":{"email":"o@b.example"}}]"#;
    let file = place.file("ory.json", list);
    assert!(
        place.import(&file, " --format ory").await.is_err(),
        "not verified"
    );
    place
        .import(&file, " --format ory --trust-addresses")
        .await
        .unwrap();
    assert_eq!(place.accounts().await, before + 6);
}

#[tokio::test]
async fn a_file_that_is_none_of_these_stops_where_it_breaks() {
    let place = Place::new().await;
    let before = place.accounts().await;
    let endless = format!(
        "[{{\"traits\":{{\"email\":\"{}\"}}}}]",
        "x".repeat(3_000_000)
    );
    for (text, format) in [
        (String::new(), "ory"),
        ("{}".to_owned(), "keycloak"),
        ("[1".to_owned(), "ory"),
        (endless, "ory"),
        ("name\nx\n".to_owned(), "csv"),
        ("email,email\nx,y\n".to_owned(), "csv"),
        (format!("email\n\"{}", "x".repeat(3_000_000)), "csv"),
    ] {
        let file = place.file("people", &text);
        let broken = place
            .import(&file, &format!(" --format {format}"))
            .await
            .unwrap_err();
        assert!(broken.why.is_some(), "{format}: {}", broken.what);
    }
    assert_eq!(place.accounts().await, before);
    let folder = place.folder.path().to_owned();
    assert!(place.import(&folder, "").await.is_err());
    let empty = place.file("empty", "");
    place.import(&empty, "").await.unwrap();
}

fn person() -> String {
    format!(
        r#"{{"email":"abc@b.example","email_verified":true,"code_address":"abc@mobile.example",
        "code_address_verified":true,"subject":"old-1","state":"disabled","locale":"en",
        "zone":"Europe/Berlin","alert":"every","created_at":"2013-05-23T09:00:00.123456Z",
        "must_change_password":true,"cohort_tag":"t","leaves_at":"2036-01-02T03:04:05Z","birthdate":"1990-02-03",
        "password_hash":"{MD5_OF_ABC}","hash_scheme":"md5"}}"#
    )
    .replace('\n', " ")
}

impl Place {
    fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn export(&self, name: &str, words: &str) -> Result<String, CliError> {
        let out = self.out(name);
        let words = format!("user export{words} --out {}", out.display());
        self.run(&words).await?;
        Ok(std::fs::read_to_string(out).unwrap())
    }
}

fn abc(text: &str) -> Value {
    let found = text.lines().find(|line| line.contains("abc@b.example"));
    serde_json::from_str(found.unwrap()).unwrap()
}

#[tokio::test]
async fn what_was_exported_moves_into_another_server() {
    let (place, other) = (Place::new().await, Place::new().await);
    let text = lines(3) + &person();
    let file = place.file("people.jsonl", &text);
    place.import(&file, "").await.unwrap();
    let whole = place.export("whole", " --with-hashes").await.unwrap();
    let accounts = other.accounts().await;
    other.import(&place.out("whole"), "").await.unwrap();
    assert_eq!(other.accounts().await, accounts + 4);
    let back = other.export("back", " --with-hashes").await.unwrap();
    assert_eq!(abc(&whole), abc(&back));
    // A language is a choice only where somebody made one.
    assert_eq!(abc(&back)["locale"], "en");
    let others = back.lines().filter(|line| !line.contains("abc@b.example"));
    assert!(others.clone().count() > 0 && others.clone().all(|line| !line.contains("\"locale\"")));
    let back = abc(&back);
    assert_eq!(back["created_at"], "2013-05-23T09:00:00.123456Z");
    assert!(!back.to_string().contains(MD5_OF_ABC) && back["password_record"].is_string());
}

#[tokio::test]
async fn an_export_is_private_whole_and_recorded() {
    let place = Place::new().await;
    let file = place.file("people.jsonl", &person());
    place.import(&file, "").await.unwrap();
    let plain = place.export("plain", "").await.unwrap();
    assert!(abc(&plain).get("password_record").is_none() && !plain.contains("argon2id"));
    let again = place.export("plain", "").await.unwrap_err();
    assert_eq!(again.name(), "refused", "nothing is overwritten");
    place.export("whole", " --with-hashes").await.unwrap();
    assert!(!place.out("plain.part").exists());
    let mode = std::fs::metadata(place.out("whole"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let events = place
        .store
        .read(|tx| tx.events_of_kind(EventKind::UsersExported, 10))
        .await
        .unwrap();
    let hashes: Vec<&Value> = events.iter().map(|event| &event.detail["hashes"]).collect();
    assert_eq!(hashes, [true, false]);
}

#[tokio::test]
async fn pw_30_whoever_is_marked_by_a_cohort_is_marked_where_they_move_in() {
    let (place, other) = (Place::new().await, Place::new().await);
    let person = person().replace(r#""must_change_password":true,"#, "");
    let file = place.file("people.jsonl", &person);
    place.import(&file, "").await.unwrap();
    let before = place.export("before", "").await.unwrap();
    assert_eq!(abc(&before)["must_change_password"], false);
    let marked = place.run("user force-reset --tag t --reason test").await;
    marked.unwrap();
    place.export("whole", " --with-hashes").await.unwrap();
    other.import(&place.out("whole"), "").await.unwrap();
    let there = other.export("there", "").await.unwrap();
    assert_eq!(abc(&there)["must_change_password"], true);
    // Whoever is on the way out does not come to stay.
    assert_eq!(abc(&there)["leaves_at"], "2036-01-02T03:04:05Z");
}

#[tokio::test]
async fn an_account_that_cannot_be_read_holds_up_nobody() {
    let place = Place::new().await;
    let other = person().replace("abc@b", "abd@b").replace("old-1", "old-2");
    let text = format!("{}{}\n{other}", lines(1), person());
    place
        .import(&place.file("people.jsonl", &text), "")
        .await
        .unwrap();
    let work = |tx: &mut sekisho_store::Tx<'_>| {
        let users = tx.list_users(None, 100)?;
        let mut with = Vec::new();
        for user in &users {
            let account = tx.account(user.id)?;
            with.extend(account.and_then(|account| Some((user.id, account.password?))));
        }
        // PW-15: a record opens for its own account only.
        let (first, second) = (with[0].clone(), with[1].clone());
        tx.set_password(second.0, &first.1)?;
        Ok(users.len())
    };
    let all = place.store.write(work).await.unwrap();
    let refused = place.export("whole", " --with-hashes").await.unwrap_err();
    assert!(refused.what.starts_with("1 accounts"), "{}", refused.what);
    let text = std::fs::read_to_string(place.out("whole")).unwrap();
    assert_eq!(text.lines().count(), all - 1);
}

#[tokio::test]
async fn a_dry_run_refuses_every_record_that_the_import_would() {
    let place = Place::new().await;
    let released = "user release-address gone@codes.example --reason test";
    place.run(released).await.unwrap();
    let person = |n: usize, more: &str| {
        format!(r#"{{"email":"x{n}@b.example","email_verified":true,{more}}}"#)
    };
    let long = format!(r#""cohort_tag":"{}""#, "t".repeat(5_000));
    let refused = [
        (
            r#""password_record":"$argon2id$nothing""#,
            "password_record",
        ),
        (
            r#""code_address":"gone@codes.example","code_address_verified":true"#,
            "quarantine",
        ),
        (r#""cohort_tag":"a\u0000b""#, "cohort_tag"),
        (&*long, "cohort_tag"),
    ];
    let mut text: Vec<String> = (0..)
        .zip(refused)
        .map(|(n, (more, _))| person(n, more))
        .collect();
    text.push(person(99, r#""cohort_tag":"fine""#));
    let file = place.file("people.jsonl", &text.join("\n"));
    let before = place.accounts().await;
    for words in [" --dry-run", ""] {
        let words = format!("{words}{}", place.with_report());
        assert!(place.import(&file, &words).await.is_err());
        let problems = place.report();
        assert_eq!(problems.len(), refused.len(), "{problems:?}");
        for (problem, (_, about)) in problems.iter().zip(refused) {
            let problem = problem["problem"].to_string();
            assert!(problem.contains(about), "{problem}");
        }
    }
    assert_eq!(place.accounts().await, before + 1);
}

#[tokio::test]
async fn a_report_never_empties_the_file_that_is_imported() {
    let place = Place::new().await;
    let file = place.file("people.jsonl", &lines(1));
    let link = place.folder.path().join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for report in [&file, &link] {
        for words in ["", " --dry-run"] {
            let words = format!("{words} --report {}", report.display());
            assert!(place.import(&file, &words).await.is_err());
            assert_eq!(std::fs::read_to_string(&file).unwrap(), lines(1));
        }
    }
}

#[tokio::test]
async fn a_table_with_an_empty_cell_of_claims_is_read() {
    let place = Place::new().await;
    let before = place.accounts().await;
    let text = "email,email_verified,claims\nx@b.example,true,\n";
    let file = place.file("people.csv", text);
    place.import(&file, " --format csv").await.unwrap();
    assert_eq!(place.accounts().await, before + 1);
}

#[tokio::test]
async fn an_export_says_what_a_killed_one_left_behind() {
    let place = Place::new().await;
    place.file("whole.part", "half");
    let refused = place.export("whole", "").await.unwrap_err();
    assert!(refused.what.contains("whole.part"), "{}", refused.what);
    assert!(refused.what.contains("delete it"), "{}", refused.what);
}

#[test]
fn a_problem_names_the_record_where_the_line_names_nobody() {
    let remark = Remark {
        place: sekisho_provider::moving::Place { record: 7, line: 1 },
        problem: sekisho_provider::moving::Problem::AddressTaken,
    };
    let told = problems::told(&remark);
    assert!(told.starts_with("record 7 (line 1): "), "{told}");
}

#[tokio::test]
async fn a_report_goes_on_behind_the_batch_that_was_kept() {
    let place = Place::new().await;
    let text: String = (0..1_200)
        .map(|n| match n {
            2 | 699 => "broken\n".to_owned(),
            _ => format!("{{\"email\":\"p{n}@b.example\",\"email_verified\":true}}\n"),
        })
        .collect();
    let file = place.file("people.jsonl", &text);
    // As a kill leaves it: the second batch is told of and not kept, and a line is cut off.
    let digest = Digest::of(&std::fs::read(&file).unwrap());
    let at = Timestamp::from_seconds(1);
    let half = ImportProgress {
        file: digest,
        tag: String::new(),
        terms: "jsonl".to_owned(),
        records: 500,
        imported: 499,
        existing: 0,
        refused: 1,
        started_at: at,
        updated_at: at,
        finished_at: None,
    };
    let begun = place.store.write(move |tx| tx.begin_import(&half)).await;
    begun.unwrap();
    let report = [
        r#"{"record":3,"line":3,"problem":"kept"}"#,
        r#"{"record":700,"line":700,"problem":"kept"}"#,
        r#"{"rec"#,
    ];
    place.file("report", &report.join("\n"));
    let words = format!(" --resume{}", place.with_report());
    assert!(place.import(&file, &words).await.is_err());
    let told: Vec<(u64, bool)> = place
        .report()
        .iter()
        .map(|one| (one["record"].as_u64().unwrap(), one["problem"] == "kept"))
        .collect();
    assert_eq!(told, [(3, true), (700, false)]);
}
