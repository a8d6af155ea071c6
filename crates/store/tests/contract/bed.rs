//! A fresh database for one test, gone afterwards.

use std::time::Duration;

use sekisho_store::{Store, StoreOptions};

pub(crate) struct Bed {
    pub(crate) store: Store,
    pub(crate) url: String,
    _ground: Ground,
}

/// What is taken away when the test ends, however it ends.
enum Ground {
    #[cfg(feature = "sqlite")]
    Folder(#[expect(dead_code, reason = "held until the test ends")] tempfile::TempDir),
    #[cfg(feature = "postgres")]
    Database(#[expect(dead_code, reason = "held until the test ends")] postgres::Scratch),
}

impl Bed {
    #[cfg(feature = "sqlite")]
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self::migrated(url, Ground::Folder(folder)).await
    }

    #[cfg(feature = "postgres")]
    pub(crate) async fn postgres() -> Self {
        let scratch = postgres::Scratch::make();
        Self::migrated(scratch.url.clone(), Ground::Database(scratch)).await
    }

    async fn migrated(url: String, ground: Ground) -> Self {
        // Many come at once, and none is to be turned away because the machine is busy.
        let options = StoreOptions {
            patience: Duration::from_secs(30),
            ..StoreOptions::default()
        };
        let store = Store::open(&url, options).await.unwrap();
        store.migrate().await.unwrap();
        Self {
            store,
            url,
            _ground: ground,
        }
    }

    /// A second node or command on the same database.
    pub(crate) async fn neighbour(&self, options: StoreOptions) -> Store {
        Store::open(&self.url, options).await.unwrap()
    }
}

#[cfg(feature = "postgres")]
pub(crate) mod postgres {
    use std::sync::atomic::{AtomicU32, Ordering};

    use diesel::connection::SimpleConnection as _;
    use diesel::{Connection as _, PgConnection};

    static NUMBER: AtomicU32 = AtomicU32::new(0);

    /// A database of its own on the test server.
    pub(crate) struct Scratch {
        pub(crate) url: String,
        server: String,
        name: String,
    }

    impl Scratch {
        pub(crate) fn make() -> Self {
            let server = server_url();
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("sekisho_test_{}_{number}", std::process::id());
            admin(&server, &format!("CREATE DATABASE {name}"));
            Self {
                url: with_database(&server, &name),
                server,
                name,
            }
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            admin(
                &self.server,
                &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
            );
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "tests are told of their server this way"
    )]
    pub(crate) fn server_url() -> String {
        std::env::var("TEST_DATABASE_URL")
            .expect("with the feature postgres, TEST_DATABASE_URL must name a PostgreSQL server")
    }

    pub(crate) fn admin(url: &str, statement: &str) {
        let mut conn = PgConnection::establish(url).unwrap();
        conn.batch_execute(statement).unwrap();
    }

    fn with_database(server: &str, name: &str) -> String {
        let (address, options) = server.split_once('?').unwrap_or((server, ""));
        let (base, _former) = address.rsplit_once('/').unwrap();
        let mark = if options.is_empty() { "" } else { "?" };
        format!("{base}/{name}{mark}{options}")
    }
}
