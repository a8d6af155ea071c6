//! Discovery and keys: bytes that were written before anybody asked.

use super::{Bed, CONNECTIONS};
use crate::report::{Goal, Line, line};
use crate::wire::request;

pub(super) async fn measure(bed: &Bed<'_>, name: &str) -> Result<Line, String> {
    let path = match name {
        "jwks" => "/oauth2/jwks",
        _ => "/.well-known/openid-configuration",
    };
    let ask = request("GET", bed.place.host(), path, &[]);
    let ours = bed.ours(vec![ask; CONNECTIONS]).await?;
    let bare = bed.bare("/document", None, CONNECTIONS).await?;
    let (ours, bare) = bed.duel(name, ours, bare).await;
    let goal = Goal::OfCeiling {
        floor: 0.4,
        target: 0.7,
    };
    Ok(line(name, &ours, &bare, goal))
}
