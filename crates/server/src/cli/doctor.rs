use std::path::Path;

use sekisho_mail::Transport;
use sekisho_model::{Clock as _, SystemClock};
use sekisho_provider::password::BreachedPasswords;
use sekisho_session::Session;

use super::tree::{Form, Where};
use super::{CliError, config_at, output};
use crate::config::Config;
use crate::keys_file;
use crate::wiring::open_store;

/// One line for each part; exit 1 if one is wrong.
pub(super) async fn run(at: &Where, form: Form) -> Result<(), CliError> {
    let config = config_at(at)?;
    let mut lines = vec![("configuration", Ok("can be used".to_owned()))];
    let keys = keys_file::read(&config.keys.file);
    lines.push((
        "key file",
        keys.map(|ring| format!("{ring:?}")).map_err(told),
    ));
    if let Some(file) = &config.password.breached_filter {
        lines.push(("leaked passwords", leaked_passwords(file)));
    }
    lines.extend(database(&config).await);
    lines.push(("session store", session_store(&config).await));
    let transport = Transport::open(config.mail.url.expose(), &config.mail.from);
    let transport = transport.map(|_| "configured; try `sekisho mail test ADDRESS`".to_owned());
    lines.push(("mail transport", transport.map_err(told)));
    output::checks(form, &lines);
    if lines.iter().all(|(_, line)| line.is_ok()) {
        Ok(())
    } else {
        Err(CliError::refused("Something needs attention."))
    }
}

type Line = Result<String, String>;

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Reads all of it, which the start does not.
fn leaked_passwords(file: &Path) -> Line {
    let list = BreachedPasswords::open(file).map_err(told)?;
    list.verify().map_err(told)?;
    Ok(format!("{} known", list.entries()))
}

async fn database(config: &Config) -> Vec<(&'static str, Line)> {
    let store = match open_store(config).await {
        Ok(store) => store,
        Err(error) => return vec![("database", Err(told(error)))],
    };
    let missing = store.pending_migrations().await.map_err(told);
    let migrations = missing.and_then(|missing| match missing.as_slice() {
        [] => Ok("all applied".to_owned()),
        some => Err(format!(
            "missing {}; run `sekisho migrate`",
            some.join(", ")
        )),
    });
    let now = SystemClock.now();
    let figures = store
        .read(move |tx| tx.queue_figures(now))
        .await
        .map_err(told);
    let queue = figures.and_then(|figures| match figures.dead {
        0 => Ok(format!("{} waiting", figures.waiting)),
        dead => Err(format!(
            "{dead} could not be sent; see `sekisho mail queue`"
        )),
    });
    let answers = Ok(format!("{:?} answers", store.database_kind()));
    vec![
        ("database", answers),
        ("migrations", migrations),
        ("mail queue", queue),
    ]
}

async fn session_store(config: &Config) -> Line {
    let session = Session::open(config.session.url.expose())
        .await
        .map_err(told)?;
    session
        .ping()
        .await
        .map(|()| "answers".to_owned())
        .map_err(told)
}
