//! A machine's token: `client_secret_basic`, a JWT signed with ES256.

use std::time::Duration;

use super::{Bed, CONNECTIONS};
use crate::generator::Repeat;
use crate::person::token_request;
use crate::report::{Goal, Line, Median, fact, line};

pub(super) async fn measure(bed: &Bed<'_>) -> Result<Vec<Line>, String> {
    let name = "client_credentials, ceiling with its key kept";
    let goal = Goal::OfCeiling {
        floor: 0.42,
        target: 0.6,
    };
    let bare = bed.bare("/sign", Some(""), CONNECTIONS).await?;
    let (ours, bare) = bed
        .duel(name, machines(bed, CONNECTIONS).await?, bare)
        .await;
    let at_sixteen = Median::of(&ours);
    let kept = line(name, &ours, &bare, goal);

    let name = "client_credentials, its key parsed at each call";
    let goal = Goal::OfCeiling {
        floor: 0.6,
        target: 0.85,
    };
    let bare = bed.bare("/parse-and-sign", Some(""), CONNECTIONS).await?;
    let (ours, bare) = bed
        .duel(name, machines(bed, CONNECTIONS).await?, bare)
        .await;
    let parsed = line(name, &ours, &bare, goal);

    let name = "client_credentials at one connection";
    let goal = Goal::P99 {
        floor: Duration::from_millis(2),
        target: Duration::from_millis(1),
    };
    let bare = bed.bare("/sign", Some(""), 1).await?;
    let (ours, bare) = bed.duel(name, machines(bed, 1).await?, bare).await;
    let alone = line(name, &ours, &bare, goal);

    let spread = at_sixteen.p99 / at_sixteen.p50.max(0.001);
    let spread = fact("p99 / p50 at 16 connections", spread, None, (3.0, 3.0), "x");
    Ok(vec![kept, parsed, alone, spread])
}

async fn machines(bed: &Bed<'_>, count: usize) -> Result<Vec<Repeat>, String> {
    let form = [("grant_type", "client_credentials")];
    let ask = token_request(bed.place.host(), &bed.people.machine, &form);
    bed.ours(vec![ask; count]).await
}
