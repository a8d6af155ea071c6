//! A PostgreSQL database for each test: copied from one that has all tables, which takes a third of the time of
//! making them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::process::{Command, Stdio};

use sekisho_server::config::{Config, SecretText};
use sekisho_server::wiring::open_store;

/// The address of database `name` on `server`.
pub fn url(server: &str, name: &str) -> SecretText {
    let mut url = url::Url::parse(server).unwrap();
    url.set_path(name);
    SecretText::new(url.as_str())
}

/// Makes database `name`, with all tables and nothing in them.
pub async fn copy_of_the_template(config: &Config, server: &str, name: &str) {
    let template = format!("e2e_template_{:016x}", edition());
    let copy = format!("create database {name} template {template}");
    if run(server, &copy, Stdio::null()) {
        return;
    }
    make(config, server, &template, &format!("{name}_draft")).await;
    psql(server, &copy);
}

/// Runs `sql`, which must not fail.
pub fn psql(url: &str, sql: &str) {
    assert!(run(url, sql, Stdio::inherit()), "{sql}");
}

/// Ends database `name` and every connection to it.
pub fn drop(server: &str, name: &str) {
    let sql = format!("drop database if exists {name} with (force)");
    psql(server, &sql);
}

/// Several tests may find that there is none; the first to finish wins.
async fn make(config: &Config, server: &str, template: &str, draft: &str) {
    let create = format!("create database {draft}");
    psql(server, &create);
    let mut config = config.clone();
    config.database.url = url(server, draft);
    let store = open_store(&config).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
    // A pool may end its connections a little later.
    let leave =
        format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{draft}'");
    run(server, &leave, Stdio::inherit());
    let rename = format!("alter database {draft} rename to {template}");
    if !run(server, &rename, Stdio::null()) {
        drop(server, draft);
    }
}

/// A template is of these migrations and no others.
fn edition() -> u64 {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("up.sql"))
        .collect();
    all.sort();
    let mut hasher = DefaultHasher::new();
    for file in all {
        std::fs::read(file).unwrap().hash(&mut hasher);
    }
    hasher.finish()
}

fn run(url: &str, sql: &str, complaints: Stdio) -> bool {
    let mut psql = Command::new("psql");
    psql.args([url, "-qc", sql]).stdout(Stdio::null());
    psql.stderr(complaints);
    psql.status().expect("psql").success()
}
