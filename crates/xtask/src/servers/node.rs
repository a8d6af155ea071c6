//! Node and the client library from npm that some journeys are run with.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{find, run};

/// What lies in `tests/foreign`: what npm reads, and the journeys.
const FILES: [&str; 3] = ["package.json", "package-lock.json", "journeys.mjs"];

/// A folder below `target` in which the journeys find what they import. npm runs once for each lock
/// file; nothing is written into the source tree.
pub fn provide(root: &Path) -> Result<PathBuf, String> {
    let source = root.join("tests/foreign");
    let lock = fs::read(source.join("package-lock.json")).map_err(|e| format!("lock file: {e}"))?;
    let mut hasher = DefaultHasher::new();
    lock.hash(&mut hasher);
    let folder = root.join(format!("target/foreign-{:016x}", hasher.finish()));
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for file in FILES {
        let draft = folder.join(format!("{file}.{}", std::process::id()));
        fs::copy(source.join(file), &draft)
            .and_then(|_| fs::rename(&draft, folder.join(file)))
            .map_err(|e| format!("tests/foreign/{file}: {e}"))?;
    }
    if !folder.join("node_modules/openid-client").exists() {
        let npm = find("npm").ok_or("npm is not on the path")?;
        let mut command = Command::new(npm);
        command
            .args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ])
            .current_dir(&folder);
        run(&command)?;
    }
    Ok(folder)
}
