use std::time::Duration;

use sekisho_session::Session;
use tokio::time::timeout;

use crate::support::on_each_store;

const SOON: Duration = Duration::from_secs(2);
const A_WHILE: Duration = Duration::from_millis(60);

on_each_store! {
    /// INC-01.
    async fn inc_01_an_announcement_is_heard_once_also_by_who_listens_later(session: Session) {
        // A new connection counts as news: something may have been missed before it.
        let _first = timeout(A_WHILE, session.news()).await;
        assert!(timeout(A_WHILE, session.news()).await.is_err(), "nobody announced anything");
        session.announce().await.unwrap();
        timeout(SOON, session.news()).await.unwrap();
        session.announce().await.unwrap();
        timeout(SOON, session.news()).await.unwrap();
        assert!(timeout(A_WHILE, session.news()).await.is_err(), "it was heard");
    }
}
