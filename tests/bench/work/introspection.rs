//! Introspection of live tokens, one for each connection; revocation is honoured.

use super::{Bed, CONNECTIONS};
use crate::ceiling;
use crate::person::encoded;
use crate::report::{Goal, Line, line};
use crate::wire::with_body;

pub(super) async fn measure(bed: &Bed<'_>) -> Result<Line, String> {
    let name = "introspection, ceiling a look-up in memory";
    let app = &bed.people.app;
    let proof = app.authorization().unwrap_or_default();
    let tokens = bed.tokens(app).await?.into_iter();
    let requests = tokens.map(|tokens| {
        let body = encoded(&[("token", &tokens.access)]);
        let headers = [("authorization", &*proof)];
        with_body(
            "POST",
            bed.place.host(),
            "/oauth2/introspect",
            &headers,
            &body,
        )
    });
    let ours = bed.ours(requests.collect()).await?;
    let bare = bed
        .bare("/look-up", Some(&ceiling::asking_for(None)), CONNECTIONS)
        .await?;
    let (ours, bare) = bed.duel(name, ours, bare).await;
    // Three and five times what the fastest peer with a shared store does, as shares of the ceiling.
    let goal = Goal::OfCeiling {
        floor: 3.0 * 3_680.0 / 93_200.0,
        target: 5.0 * 3_680.0 / 93_200.0,
    };
    Ok(line(name, &ours, &bare, goal))
}
