//! Refresh tokens of a public client: each use rotates, and is on disk before it is answered.

use super::{Bed, CONNECTIONS};
use crate::generator::Visitor;
use crate::person::{token_request, tokens};
use crate::report::{Goal, Line, line};
use crate::seed::App;
use crate::wire::Connection;

struct Device {
    connection: Connection,
    host: String,
    app: App,
    token: String,
}

impl Visitor for Device {
    async fn act(&mut self) -> Result<(), String> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*self.token),
        ];
        let ask = token_request(&self.host, &self.app, &form);
        self.token = tokens(&self.connection.ask(&ask).await?)?.refresh;
        Ok(())
    }
}

pub(super) async fn measure(bed: &Bed<'_>) -> Result<Vec<Line>, String> {
    // 2.5 times the durable peer, at its slower and at its faster figure, as shares of the signing ceiling.
    let goal = Goal::OfCeiling {
        floor: 2.5 * 451.0 / 30_100.0,
        target: 2.5 * 709.0 / 30_100.0,
    };
    let people = &bed.people;
    let usual = one(
        bed,
        "refresh, rotated and durable, RS256 ID token",
        &people.device,
        goal,
    );
    let usual = usual.await?;
    let modern = one(
        bed,
        "the same with an ES256 ID token",
        &people.modern_device,
        goal,
    );
    Ok(vec![usual, modern.await?])
}

async fn one(bed: &Bed<'_>, name: &str, app: &App, goal: Goal) -> Result<Line, String> {
    let mut devices = Vec::new();
    for tokens in bed.tokens(app).await? {
        devices.push(Device {
            connection: Connection::open(bed.place.host()).await?,
            host: bed.place.host().to_owned(),
            app: app.clone(),
            token: tokens.refresh,
        });
    }
    let bare = bed.bare("/sign", Some(""), CONNECTIONS).await?;
    let (ours, bare) = bed.duel(name, devices, bare).await;
    Ok(line(name, &ours, &bare, goal))
}
