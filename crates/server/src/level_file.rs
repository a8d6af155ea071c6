//! The level file: closes this node while the database is away (INC-01). It raises and never lowers.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sekisho_guard::FileLevel;
use sekisho_model::{Level, OperatorText};
use sekisho_provider::Provider;
use serde::Deserialize;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::config::Guard;

/// How often the file is looked at.
const BEAT: Duration = Duration::from_millis(500);

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    level: Level,
    #[serde(default)]
    text: OperatorText,
}

/// Starts the watch. The first look is before this answers, so that no request comes before it.
pub(crate) fn start(config: &Guard, provider: &Arc<Provider>) -> Option<JoinHandle<()>> {
    let file = config.level_file.clone()?;
    let provider = Arc::clone(provider);
    let mut well = true;
    look(&file, &provider, &mut well);
    Some(tokio::spawn(async move {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            look(&file, &provider, &mut well);
        }
    }))
}

/// What cannot be read keeps what was known: an editor may be writing it. It is said once.
fn look(file: &Path, provider: &Provider, well: &mut bool) {
    match read(file) {
        Ok(found) => {
            *well = true;
            provider.tell_level_file(found);
        }
        Err(problem) if *well => {
            *well = false;
            tracing::error!(file = %file.display(), problem, "the level file cannot be read; what it said before counts");
        }
        Err(_problem) => {}
    }
}

fn read(file: &Path) -> Result<Option<FileLevel>, String> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let written: Written = toml::from_str(&text).map_err(|error| error.message().to_owned())?;
    Ok(Some(FileLevel {
        level: written.level,
        text: written.text,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inc_01_the_level_file_says_a_level_and_a_text_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("level.toml");
        assert_eq!(read(&file), Ok(None), "no file, no level");
        let told = |text: &str| {
            std::fs::write(&file, text).unwrap();
            read(&file)
        };
        let closed = told("level = 3\ntext = { en = \"Back at noon\" }").unwrap();
        let closed = closed.unwrap();
        assert_eq!(closed.level, Level::Closed);
        assert_eq!(closed.text.en, "Back at noon");
        for bad in ["", "level = 6", "level = 3\nlevels = 4", "level", "\u{0}"] {
            assert!(told(bad).is_err(), "{bad:?}");
        }
    }
}
