use std::collections::BTreeSet;
use std::path::Path;

use sekisho_store::{DatabaseKind, Store, StoreOptions};

use crate::bed::Bed;
use crate::contract;
use crate::maker::Maker;
use crate::raw;

contract! {
    migrations_go_up_down_and_up
    nodes_that_migrate_at_the_same_time_do_not_collide
    the_kind_of_database_is_told
    pw_28_a_new_database_holds_nobody_and_no_app
}

async fn migrations_go_up_down_and_up(bed: &Bed) {
    let store = &bed.store;
    assert!(store.pending_migrations().await.unwrap().is_empty());
    assert!(store.migrate().await.unwrap().is_empty());
    let maker = Maker::new();
    maker.kept_user(store).await;
    assert!(
        raw::indexes(&bed.url)
            .iter()
            .any(|index| index.name == "events_user")
    );
    let undone = store.undo_migrations().await.unwrap();
    assert_eq!(table_names(&bed.url), BTreeSet::new());
    assert_eq!(raw::indexes(&bed.url), []);
    let pending = store.pending_migrations().await.unwrap();
    assert_eq!(pending.len(), undone);
    assert!(pending[0].ends_with("_accounts"), "{pending:?}");
    let applied = store.migrate().await.unwrap();
    assert_eq!(applied, pending);
    maker.kept_user(store).await;
}

async fn nodes_that_migrate_at_the_same_time_do_not_collide(bed: &Bed) {
    bed.store.undo_migrations().await.unwrap();
    let nodes: Vec<_> = (0..4)
        .map(|_| {
            let store = bed.store.clone();
            tokio::spawn(async move { store.migrate().await })
        })
        .collect();
    let mut applied = 0;
    for node in nodes {
        applied += node.await.unwrap().unwrap().len();
    }
    assert_eq!(applied, twins("sqlite").len());
}

async fn pw_28_a_new_database_holds_nobody_and_no_app(bed: &Bed) {
    bed.store
        .read(|tx| {
            assert_eq!(tx.list_users(None, 1)?, []);
            assert_eq!(tx.list_clients(None, 1)?.len(), 0);
            Ok(())
        })
        .await
        .unwrap();
}

async fn the_kind_of_database_is_told(bed: &Bed) {
    let kind = bed.store.database_kind();
    assert_eq!(kind == DatabaseKind::Sqlite, bed.url.starts_with("sqlite:"));
    assert!(bed.store.read(|tx| Ok(tx.revisions()?.keys)).await.is_ok());
}

#[tokio::test]
async fn an_unknown_scheme_is_refused_without_repeating_the_url() {
    let refused = Store::open("mysql://root:hunter2@db/x", StoreOptions::default()).await;
    let said = refused.unwrap_err().to_string();
    assert!(
        said.contains("mysql") && !said.contains("hunter2"),
        "{said}"
    );
    let refused = Store::open("sqlite:relative.db", StoreOptions::default()).await;
    assert!(refused.unwrap_err().to_string().contains("sqlite://"));
}

/// The migrations of one database: name, and whether both directions are there.
fn twins(folder: &str) -> Vec<(String, bool)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../migrations")
        .join(folder);
    let mut found: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let whole = path.join("up.sql").is_file() && path.join("down.sql").is_file();
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                whole,
            )
        })
        .collect();
    found.sort();
    found
}

#[test]
fn migrations_are_twins_and_reversible() {
    assert_eq!(twins("sqlite"), twins("postgres"));
    assert!(twins("sqlite").iter().all(|(_, whole)| *whole));
}

fn table_names(url: &str) -> BTreeSet<String> {
    let columns = raw::columns(url);
    columns
        .iter()
        .map(|column| column.table().to_owned())
        .collect()
}

#[cfg(all(feature = "sqlite", feature = "postgres"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_have_the_same_tables_columns_and_indexes() {
    let (one, other) = (Bed::sqlite().await, Bed::postgres().await);
    assert_eq!(raw::columns(&one.url), raw::columns(&other.url));
    assert_eq!(raw::indexes(&one.url), raw::indexes(&other.url));
    assert!(table_names(&one.url).len() > 15);
    assert!(
        raw::indexes(&one.url)
            .iter()
            .any(|index| index.name == "events_user")
    );
}
