use sekisho_session::Session;

use crate::support::{at, at_once, digest, on_each_store};

on_each_store! {
    async fn an_id_is_used_once_until_it_expires(session: Session) {
        let id = digest("jti");
        assert!(session.first_use("assertion", &id, at(60), at(0)).await.unwrap());
        assert!(!session.first_use("assertion", &id, at(60), at(59)).await.unwrap());
        assert!(session.first_use("proof", &id, at(60), at(1)).await.unwrap());
        assert!(session.first_use("assertion", &id, at(120), at(60)).await.unwrap());
    }

    async fn an_id_that_has_expired_is_not_accepted(session: Session) {
        assert!(!session.first_use("assertion", &digest("jti"), at(60), at(60)).await.unwrap());
    }

    async fn of_64_uses_at_once_exactly_one_is_the_first(session: Session) {
        let got = at_once(64, |_| {
            let session = session.clone();
            async move { session.first_use("proof", &digest("jti"), at(60), at(0)).await.unwrap() }
        })
        .await;
        assert_eq!(got.iter().filter(|first| **first).count(), 1);
    }
}
