//! The file of advisories (`guard.advisories`), and whether it is believed (SUP-04).

use std::path::Path;

use sekisho_guard::Advisories;
use sekisho_model::is_signed;
use semver::Version;

use crate::config::Guard;

/// The version of this program.
pub(crate) fn running() -> Version {
    // The build would not have come about with another one.
    Version::parse(env!("CARGO_PKG_VERSION")).unwrap_or(Version::new(0, 0, 0))
}

/// The advisories of a configuration, or why they are not believed. Without a file there are none.
pub(crate) fn read(config: &Guard) -> Result<Advisories, String> {
    let Some(file) = &config.advisories else {
        return Ok(Advisories::default());
    };
    let wrong = |why: String| format!("guard.advisories = {}: {why}", file.display());
    let text = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    if let Some(key) = &config.advisories_key {
        let signed = signature(file).is_some_and(|signature| is_signed(key, &text, &signature));
        if !signed {
            return Err(wrong(format!(
                "its signature in {}.sig is missing or is not that of guard.advisories_key",
                file.display()
            )));
        }
    }
    let text = String::from_utf8(text).map_err(|error| wrong(error.to_string()))?;
    Advisories::read(&text).map_err(|problem| wrong(problem.to_string()))
}

fn signature(file: &Path) -> Option<String> {
    let mut name = file.as_os_str().to_owned();
    name.push(".sig");
    std::fs::read_to_string(name).ok()
}
