//! An address is released in the moment in which it is given to somebody: on PostgreSQL neither unit of work
//! sees what the other has not committed yet (REC-15).

use std::sync::mpsc::{Receiver, Sender, channel};

use sekisho_model::{AddressKind, Digest, UserId};
use sekisho_store::{ImportedAddress, ImportedUser, Once, Store, StoreError, Tx};
use tokio::task::JoinHandle;

use crate::bed::Bed;
use crate::maker::{HOUR, Maker, NOW, sealed};
use crate::raw::somebody_waits;

/// A way an address gets to somebody; `Again` if it does not.
type Gives = fn(&mut Tx<'_>, &ImportedUser) -> Result<Once, StoreError>;

const WAYS: [Gives; 4] = [
    |tx, to| {
        tx.insert_user(&to.user, &to.data_key, &to.claims)?;
        insert(tx, to, AddressKind::Login)
    },
    |tx, to| {
        tx.insert_user(&to.user, &to.data_key, &to.claims)?;
        insert(tx, to, AddressKind::Code)
    },
    |tx, to| {
        tx.insert_user(&to.user, &to.data_key, &to.claims)?;
        tx.put_code_address(to.user.id, &to.login.sealed, &to.login.index, NOW)
    },
    |tx, to| tx.insert_imported(&[to]).map(|()| Once::First),
];

fn insert(tx: &mut Tx<'_>, to: &ImportedUser, kind: AddressKind) -> Result<Once, StoreError> {
    tx.insert_address(to.user.id, kind, &to.login.sealed, &to.login.index, None)
}

fn address() -> Digest {
    Digest::of(b"address")
}

fn newcomer() -> ImportedUser {
    ImportedUser {
        user: Maker::new().user(),
        data_key: sealed("k"),
        claims: sealed("c"),
        login: ImportedAddress {
            sealed: sealed("address"),
            index: address(),
            verified_at: None,
        },
        code: None,
        password: None,
    }
}

/// A unit of work that has done its part and holds its commit back until it is told.
struct Held<T> {
    done: Receiver<()>,
    commit: Sender<()>,
    running: JoinHandle<Result<T, StoreError>>,
}

impl<T: Send + 'static> Held<T> {
    fn begin(
        store: &Store,
        mut work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Self {
        let ((tell, done), (commit, told)) = (channel(), channel());
        let store = store.clone();
        let unit = move |tx: &mut Tx<'_>| {
            let answer = work(tx);
            let _nobody_asks_any_more = tell.send(());
            let _committed = told.recv();
            answer
        };
        Self {
            done,
            commit,
            running: tokio::spawn(async move { store.write(unit).await }),
        }
    }

    fn is_done(&self) -> bool {
        self.done.try_recv().is_ok()
    }

    async fn committed(self) -> Result<T, StoreError> {
        drop(self.commit);
        self.running.await.unwrap()
    }
}

async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

async fn whose(bed: &Bed) -> Vec<UserId> {
    let owners = bed.store.read(|tx| tx.address_owners(&address()));
    owners.await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_15_who_is_given_an_address_while_it_is_released_does_not_get_it() {
    for (way, give) in WAYS.into_iter().enumerate() {
        let bed = Bed::postgres().await;
        let release = |tx: &mut Tx<'_>| tx.release_address(&address(), NOW + HOUR, NOW);
        let release = Held::begin(&bed.store, release);
        until(|| release.is_done()).await;
        let to = newcomer();
        let given = Held::begin(&bed.store, move |tx| give(tx, &to));
        until(|| given.is_done() || somebody_waits(&bed.url)).await;
        assert_eq!(release.committed().await.unwrap(), []);
        let given = given.committed().await;
        assert!(
            matches!(given, Ok(Once::Again) | Err(StoreError::Conflict)),
            "way {way}: {given:?}"
        );
        assert_eq!(whose(&bed).await, [], "way {way}");
        bed.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rec_15_a_release_takes_an_address_that_was_given_in_the_same_moment() {
    for (way, give) in WAYS.into_iter().enumerate() {
        let bed = Bed::postgres().await;
        let to = newcomer();
        let id = to.user.id;
        let given = Held::begin(&bed.store, move |tx| give(tx, &to));
        until(|| given.is_done()).await;
        let release = |tx: &mut Tx<'_>| tx.release_address(&address(), NOW + HOUR, NOW);
        let release = Held::begin(&bed.store, release);
        until(|| release.is_done() || somebody_waits(&bed.url)).await;
        assert_eq!(given.committed().await.unwrap(), Once::First, "way {way}");
        assert_eq!(release.committed().await.unwrap(), [id], "way {way}");
        assert_eq!(whose(&bed).await, [], "way {way}");
        bed.store.close().await;
    }
}
