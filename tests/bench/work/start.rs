//! From the start of the process to its first discovery document.

use sekisho_model::OsEntropy;
use sekisho_server::keys_file;
use sekisho_server::wiring::open_store;

use super::Plan;
use crate::report::{Line, fact, middle};
use crate::server::{Cost, Place, start_ceiling, until_all_keys};

pub(super) async fn measure(plan: &Plan) -> Result<Vec<Line>, String> {
    let place = Place::new(Cost::Real)?;
    let text = |error: &dyn std::fmt::Display| error.to_string();
    keys_file::create(&place.config.keys.file, &OsEntropy::new()).map_err(|error| text(&error))?;
    let store = open_store(&place.config)
        .await
        .map_err(|error| text(&error))?;
    store.migrate().await.map_err(|error| text(&error))?;
    store.close().await;
    // Without signing keys, so it makes them.
    let (server, first) = place.start().await?;
    until_all_keys(place.host()).await?;
    server.stop();
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        let (server, took) = place.start().await?;
        ours.push(took.as_secs_f64() * 1e3);
        server.stop();
        let (ceiling, took) = start_ceiling().await?;
        bare.push(took.as_secs_f64() * 1e3);
        drop(ceiling);
    }
    let bare = Some(middle(bare));
    let first = first.as_secs_f64() * 1e3;
    Ok(vec![
        fact(
            "start to first discovery",
            middle(ours),
            bare,
            (112.0, 80.0),
            "ms",
        ),
        fact("the very first start", first, bare, (1_500.0, 500.0), "ms"),
    ])
}
