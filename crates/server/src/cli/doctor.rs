use sekisho_mail::Transport;
use sekisho_session::Session;

use super::tree::Where;
use super::{CliError, config_at, output};
use crate::keys_file;
use crate::wiring::open_store;

/// One line for each part; exit 1 if one is wrong.
pub(super) async fn run(at: &Where) -> Result<(), CliError> {
    let config = config_at(at)?;
    output::check(true, "configuration");
    let mut fine = true;
    let mut tell = |part: &str, result: Result<String, String>| match result {
        Ok(detail) => output::check(true, &format!("{part}: {detail}")),
        Err(why) => {
            fine = false;
            output::check(false, &format!("{part}: {why}"));
        }
    };
    let keys = keys_file::read(&config.keys.file);
    tell(
        "key file",
        keys.map(|ring| format!("{ring:?}"))
            .map_err(|error| error.to_string()),
    );
    match open_store(&config).await {
        Ok(store) => {
            tell(
                "database",
                Ok(format!("{:?} answers", store.database_kind())),
            );
            let missing = store
                .pending_migrations()
                .await
                .map_err(|error| error.to_string());
            tell(
                "migrations",
                missing.and_then(|missing| match missing.as_slice() {
                    [] => Ok("all applied".to_owned()),
                    some => Err(format!(
                        "missing {}; run `sekisho migrate`",
                        some.join(", ")
                    )),
                }),
            );
            let clock = sekisho_model::Clock::now(&sekisho_model::SystemClock);
            let queue = store
                .read(move |tx| tx.queue_figures(clock))
                .await
                .map_err(|error| error.to_string());
            tell(
                "mail queue",
                queue.and_then(|figures| match figures.dead {
                    0 => Ok(format!("{} waiting", figures.waiting)),
                    dead => Err(format!(
                        "{dead} could not be sent; see `sekisho mail queue`"
                    )),
                }),
            );
        }
        Err(error) => tell("database", Err(error.to_string())),
    }
    let session = async {
        let session = Session::open(config.session.url.expose()).await?;
        session.ping().await
    };
    tell(
        "session store",
        session
            .await
            .map(|()| "answers".to_owned())
            .map_err(|error| error.to_string()),
    );
    let transport = Transport::open(config.mail.url.expose(), &config.mail.from);
    tell(
        "mail transport",
        transport
            .map(|_| "configured; try `sekisho mail test ADDRESS`".to_owned())
            .map_err(|error| error.to_string()),
    );
    if fine {
        Ok(())
    } else {
        Err(CliError::refused("Something needs attention."))
    }
}
