use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command::output;
use crate::test::{build_programs, built_program};

/// Pages that the server writes about itself (`sekisho docs NAME`), and where they go.
const PAGES: [(&str, &str); 3] = [
    ("configuration", "docs/reference/configuration.md"),
    ("command-line", "docs/reference/command-line.md"),
    ("errors", "docs/reference/errors.md"),
];

/// Writes every generated page.
pub fn write(root: &Path) -> Result<(), String> {
    for (page, text) in generate(root)? {
        let path = root.join(page);
        let folder = path.parent().unwrap_or(root);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, text))
            .map_err(|e| format!("{page}: {e}"))?;
        println!("wrote {page}");
    }
    Ok(())
}

/// Fails when a page is not what the server would write now.
pub fn check(root: &Path) -> Result<(), String> {
    let stale: Vec<&str> = generate(root)?
        .into_iter()
        .filter(|(page, text)| fs::read_to_string(root.join(page)).ok().as_ref() != Some(text))
        .map(|(page, _)| page)
        .collect();
    if stale.is_empty() {
        println!("docs: {} generated pages are fresh", PAGES.len());
        Ok(())
    } else {
        Err(format!("stale: {}; run cargo xtask docs", stale.join(", ")))
    }
}

fn generate(root: &Path) -> Result<Vec<(&'static str, String)>, String> {
    build_programs(root)?;
    PAGES
        .iter()
        .map(|(name, page)| {
            let mut ask = Command::new(built_program(root));
            ask.args(["docs", name])
                .env("NO_COLOR", "1")
                .current_dir(root);
            Ok((*page, output(ask)?))
        })
        .collect()
}
