//! Userinfo with live tokens, one for each connection.

use super::{Bed, CONNECTIONS};
use crate::report::{Goal, Line, line};
use crate::wire::request;

pub(super) async fn measure(bed: &Bed<'_>) -> Result<Line, String> {
    let name = "userinfo, ceiling verifies a JWT";
    let tokens = bed.tokens(&bed.people.app).await?.into_iter();
    let requests = tokens.map(|tokens| {
        let proof = format!("Bearer {}", tokens.access);
        let headers = [("authorization", &*proof)];
        request("GET", bed.place.host(), "/oauth2/userinfo", &headers)
    });
    let ours = bed.ours(requests.collect()).await?;
    let bare = bed.verified_by_the_ceiling(CONNECTIONS).await?;
    let (ours, bare) = bed.duel(name, ours, bare).await;
    // Twice the fastest peer, as a share of the ceiling; then above it: our own tokens are looked up.
    let goal = Goal::OfCeiling {
        floor: 2.0 * 4_950.0 / 12_500.0,
        target: 1.0,
    };
    Ok(line(name, &ours, &bare, goal))
}
