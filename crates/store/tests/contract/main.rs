//! What every database behind the store must do, run on SQLite and, with the feature `postgres`, on
//! the PostgreSQL server that `TEST_DATABASE_URL` names (each test makes a database there and drops it).

#[cfg(test)]
mod addresses;
#[cfg(test)]
mod apps;
#[cfg(test)]
mod bed;
#[cfg(test)]
mod blocks;
#[cfg(test)]
mod cohorts;
#[cfg(test)]
mod devices;
#[cfg(test)]
mod events;
#[cfg(test)]
mod factors;
#[cfg(test)]
mod house;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod incident_notices;
#[cfg(test)]
mod incidents;
#[cfg(test)]
mod invitations;
#[cfg(test)]
mod leaving;
#[cfg(test)]
mod letters;
#[cfg(test)]
mod logouts;
#[cfg(test)]
mod lost_addresses;
#[cfg(test)]
mod mail_queue;
#[cfg(test)]
mod maker;
#[cfg(test)]
mod migrations;
#[cfg(all(test, feature = "postgres"))]
mod outage;
#[cfg(test)]
mod people;
#[cfg(test)]
mod races;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod registrations;
#[cfg(test)]
#[cfg(feature = "postgres")]
mod released_at_once;
#[cfg(test)]
mod rule_firings;
#[cfg(test)]
mod sealing;
#[cfg(all(test, feature = "sqlite"))]
mod sqlite_only;
#[cfg(test)]
mod standing;
#[cfg(test)]
mod theft;
#[cfg(test)]
mod units;

/// Makes one test for each database out of each case.
#[cfg(test)]
macro_rules! contract {
    ($($case:ident)+) => {
        #[cfg(feature = "sqlite")]
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let bed = crate::bed::Bed::sqlite().await;
                super::$case(&bed).await;
                bed.store.close().await;
            })+
        }
        #[cfg(feature = "postgres")]
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let bed = crate::bed::Bed::postgres().await;
                super::$case(&bed).await;
                bed.store.close().await;
            })+
        }
    };
}
#[cfg(test)]
use contract;
