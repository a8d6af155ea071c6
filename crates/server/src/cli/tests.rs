use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::CommandFactory as _;
use sekisho_audit::outbox;
use sekisho_mail::{Letter, LetterBody, Sender};
use sekisho_model::{ClientId, Locale, OsEntropy, SigningKeyRecord};
use sekisho_store::{LetterState, RegisteredClient, Store};

use super::*;
use crate::keys_file;
use crate::wiring::open_store;

/// Dev data of its own, as `sekisho dev` makes it, without a server.
pub(super) struct Place {
    pub(super) folder: tempfile::TempDir,
    pub(super) store: Store,
}

impl Place {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::dev(folder.path(), "127.0.0.1:8080");
        serve::prepare(&config, folder.path(), &Surroundings::default())
            .await
            .unwrap();
        let store = open_store(&config).await.unwrap();
        Self { folder, store }
    }

    pub(super) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(super) async fn run(&self, words: &str) -> Result<(), CliError> {
        let data = self.folder.path().to_str().unwrap();
        let words = words.split(' ').chain(["--data", data]);
        let cli = Cli::try_parse_from(std::iter::once("sekisho").chain(words)).unwrap();
        Box::pin(run(cli)).await
    }

    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "a path would tie the transaction to one lifetime"
    )]
    async fn keys(&self) -> Vec<SigningKeyRecord> {
        self.store.read(|tx| tx.keys()).await.unwrap()
    }

    async fn clients(&self) -> Vec<RegisteredClient> {
        let all = self.store.read(|tx| tx.list_clients(None, 10)).await;
        all.unwrap()
    }
}

fn usage(words: &str) -> ErrorKind {
    let words = words.split(' ').filter(|word| !word.is_empty());
    let parsed = Cli::try_parse_from(std::iter::once("sekisho").chain(words));
    parsed.unwrap_err().kind()
}

#[test]
fn the_command_tree_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn what_is_missing_or_unknown_is_wrong_usage() {
    assert_eq!(
        usage("user create --email a@b.example"),
        ErrorKind::MissingRequiredArgument
    );
    assert_eq!(usage("client create"), ErrorKind::MissingRequiredArgument);
    assert_eq!(usage("cleint list"), ErrorKind::InvalidSubcommand);
    assert_eq!(usage("client list --output xml"), ErrorKind::InvalidValue);
    assert_eq!(usage("serve --password x"), ErrorKind::UnknownArgument);
    assert_eq!(
        usage(""),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
}

#[test]
fn every_command_shows_an_example_that_parses() {
    fn visit(command: &clap::Command, path: &str) {
        let subs = command.get_subcommands().filter(|sub| !sub.is_hide_set());
        let mut leaf = true;
        for sub in subs {
            leaf = false;
            visit(sub, &format!("{path} {}", sub.get_name()));
        }
        if !leaf || path == "sekisho config schema" {
            return;
        }
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let examples: Vec<&str> = help.lines().filter(|line| line.contains(path)).collect();
        assert!(!examples.is_empty(), "{path} has no example");
        for line in examples {
            let (_, words) = line.split_once("sekisho ").unwrap();
            let words = std::iter::once("sekisho").chain(words.split(' '));
            Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }
    visit(&Cli::command(), "sekisho");
}

#[test]
fn cfg_01_no_command_takes_a_secret_as_an_argument() {
    fn visit(command: &clap::Command) {
        for argument in command
            .get_arguments()
            .filter(|a| a.get_action().takes_values())
        {
            let name = argument.get_id().as_str();
            assert!(
                !name.contains("password") && !name.contains("secret"),
                "{name}"
            );
        }
        command.get_subcommands().for_each(visit);
    }
    visit(&Cli::command());
}

#[tokio::test]
async fn a_client_is_created_changed_given_a_new_secret_and_deleted() {
    let place = Place::new().await;
    let file = place.file(
        "app.json",
        r#"{"client_id":"mine","client_name":"Map","redirect_uris":["https://map.example/cb"]}"#,
    );
    place
        .run(&format!("client create --file {}", file.display()))
        .await
        .unwrap();
    let made = place.clients().await.remove(0);
    assert_ne!(made.client.client_id, ClientId::new("mine"), "REG-01");
    assert_eq!(made.secrets.len(), 1);
    let id = made.client.client_id.to_string();

    let renamed = place.file(
        "app.json",
        r#"{"client_name":"Atlas","redirect_uris":["https://map.example/cb"]}"#,
    );
    place
        .run(&format!("client update {id} --file {}", renamed.display()))
        .await
        .unwrap();
    place
        .run(&format!("client rotate-secret {id} --keep-old-hours 1"))
        .await
        .unwrap();
    let changed = place.clients().await.remove(0);
    assert_eq!(changed.client.client_name, "Atlas");
    assert_eq!(changed.secrets.len(), 2);
    assert_eq!(
        changed
            .secrets
            .iter()
            .filter(|s| s.expires_at.is_some())
            .count(),
        1,
        "REG-09"
    );

    place.run("client list").await.unwrap();
    place.run(&format!("client show {id}")).await.unwrap();
    place.run(&format!("client delete {id}")).await.unwrap();
    assert!(place.clients().await.is_empty());
    let gone = place.run(&format!("client show {id}")).await.unwrap_err();
    assert_eq!(gone.name(), "refused");
}

#[tokio::test]
async fn reg_18_an_operator_has_to_insist_on_a_name_like_another() {
    let place = Place::new().await;
    for name in ["Sekisho Support", "SEKISH0 Login", "Sekishо", "Pаyments"] {
        let text =
            format!(r#"{{"client_name":"{name}","redirect_uris":["https://map.example/cb"]}}"#);
        let file = place.file("app.json", &text);
        let words = format!("client create --file {}", file.display());
        let refused = place.run(&words).await.unwrap_err();
        assert!(
            refused.what.contains("--insist"),
            "{name}: {}",
            refused.what
        );
        assert!(place.clients().await.is_empty(), "{name}");
    }
    let file = place.file(
        "app.json",
        r#"{"client_name":"Sekisho Support","redirect_uris":["https://map.example/cb"]}"#,
    );
    let words = format!("client create --file {} --insist", file.display());
    place.run(&words).await.unwrap();
    let id = place.clients().await.remove(0).client.client_id.to_string();
    // What stays is not asked about again; what becomes doubtful is.
    place
        .run(&format!("client update {id} --file {}", file.display()))
        .await
        .unwrap();
    let other = place.file(
        "other.json",
        r#"{"client_name":"Sekisho Help","redirect_uris":["https://map.example/cb"]}"#,
    );
    let words = format!("client update {id} --file {}", other.display());
    place.run(&words).await.unwrap_err();
    place.run(&format!("{words} --insist")).await.unwrap();
}

#[tokio::test]
async fn jw_13_a_secret_is_kept_sealed_only_for_client_secret_jwt() {
    let place = Place::new().await;
    let text = |method: &str| {
        format!(
            r#"{{"client_name":"Map","redirect_uris":["https://map.example/cb"],"token_endpoint_auth_method":"{method}"}}"#
        )
    };
    for (method, sealed) in [("client_secret_jwt", 1), ("client_secret_basic", 0)] {
        let file = place.file("app.json", &text(method));
        let words = format!("client create --file {}", file.display());
        place.run(&words).await.unwrap();
        let made = place.clients().await.remove(0);
        let id = made.client.client_id.clone();
        place
            .run(&format!("client rotate-secret {id} --keep-old-hours 1"))
            .await
            .unwrap();
        let made = place.clients().await.remove(0);
        let kept = made.secrets.iter().filter(|s| s.sealed.is_some()).count();
        assert_eq!((made.secrets.len(), kept), (2, 2 * sealed), "{method}");
        if sealed == 0 {
            // A digest cannot become a key afterwards.
            let file = place.file("app.json", &text("client_secret_jwt"));
            let words = format!("client update {id} --file {}", file.display());
            assert_eq!(place.run(&words).await.unwrap_err().name(), "refused");
        }
        place.run(&format!("client delete {id}")).await.unwrap();
    }
}

#[tokio::test]
async fn a_client_file_that_is_wrong_registers_nothing() {
    let place = Place::new().await;
    for (text, told) in [
        (r#"{"client_name":"x","redirct_uris":[]}"#, "redirct_uris"),
        (
            r#"{"client_name":"x","redirect_uris":["http://map.example/cb"]}"#,
            "map.example",
        ),
        ("[]", "not a JSON object"),
    ] {
        let file = place.file("app.json", text);
        let words = format!("client create --file {}", file.display());
        let error = place.run(&words).await.unwrap_err();
        assert!(error.why.unwrap().contains(told), "{told}");
    }
    assert!(place.clients().await.is_empty());
}

/// A command runs beside a server: what waits in the outbox is the server's to send.
#[tokio::test]
async fn a_command_leaves_the_letters_to_the_server() {
    let place = Place::new().await;
    let keyring = keys_file::read(&place.folder.path().join("keys.toml")).unwrap();
    let letter = Letter {
        to: "haruka@mobile.example".to_owned(),
        locale: Locale::Ja,
        zone: "Asia/Tokyo".to_owned(),
        sender: Sender {
            service: "Sekisho".to_owned(),
            host: "127.0.0.1:8080".to_owned(),
            code_in_subject: false,
        },
        place: None,
        body: LetterBody::Test,
    };
    let (now, entropy) = (Surroundings::default().clock.now(), OsEntropy::new());
    let posted = outbox::prepare(&letter, now, &keyring, &entropy);
    place.store.write(move |tx| tx.post(&posted)).await.unwrap();
    let (_, services) = services_at(&at(place.folder.path())).await.unwrap();
    // Time enough for a dispatcher, if there were one: a unit of work goes through the same writer.
    for _ in 0..50 {
        let provider = Arc::clone(&services.provider);
        provider.hear().await.unwrap();
        place.store.write(|_| Ok(())).await.unwrap();
    }
    let letters = place.store.read(|tx| tx.list_letters(10)).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(
        (letters[0].state, letters[0].attempts),
        (LetterState::Waiting, 0)
    );
}

#[tokio::test]
async fn keys_are_rotated_and_both_generations_are_listed() {
    let place = Place::new().await;
    place.run("keys list").await.unwrap();
    let before = place.keys().await;
    place.run("keys rotate --overlap-hours 24").await.unwrap();
    let after = place.keys().await;
    assert!(after.len() > before.len());
    assert!(before.iter().all(|old| {
        let kept = after.iter().find(|key| key.kid == old.kid).unwrap();
        kept.retired_at.is_some()
    }));
    let again = place.run("keys init").await.unwrap_err();
    assert_eq!(again.name(), "failed", "an existing key file is kept");
}

#[tokio::test]
async fn rec_13_an_invitation_is_made_listed_and_taken_back_with_an_event_each() {
    let place = Place::new().await;
    place
        .run("user invite Haruka@Example.JP --expires 12h")
        .await
        .unwrap();
    place.run("user invite").await.unwrap();
    let list = |tx: &mut sekisho_store::Tx<'_>| tx.invitations(None, 9);
    let all = place.store.read(list).await.unwrap();
    assert_eq!(all.len(), 2);
    let bound = all.iter().find(|one| one.address.is_some()).unwrap();
    assert_eq!(
        bound.created_at + std::time::Duration::from_hours(12),
        bound.expires_at
    );
    assert_eq!(bound.made_by, "command line");
    place.run("user invitations --output json").await.unwrap();
    place
        .run(&format!("user uninvite {}", bound.id))
        .await
        .unwrap();
    let again = place.run(&format!("user uninvite {}", bound.id)).await;
    assert_eq!(again.unwrap_err().name(), "refused");
    assert_eq!(place.store.read(list).await.unwrap().len(), 1);
    let odd = place.run("user invite not-an-address").await;
    assert_eq!(odd.unwrap_err().name(), "refused");
    assert_eq!(
        usage("user invite --expires 91d"),
        ErrorKind::ValueValidation
    );
    assert_eq!(usage("user uninvite x"), ErrorKind::ValueValidation);
}

#[tokio::test]
async fn a_database_without_tables_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    keys_file::create(&folder.path().join("keys.toml"), &OsEntropy::new()).unwrap();
    let error = services_at(&at(folder.path())).await.unwrap_err();
    assert_eq!(error.hint, Some("sekisho migrate"));
}

pub(super) fn at(data: &Path) -> Where {
    Where {
        config: None,
        data: Some(data.to_owned()),
    }
}
