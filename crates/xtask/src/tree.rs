use std::fs;
use std::path::Path;

use crate::source;

/// The files of the repository, read once; checks look at this and never at the disk.
pub struct Tree {
    files: Vec<File>,
}

/// One file: its path from the top level, with `/`, and its text.
pub struct File {
    pub path: String,
    pub text: String,
    /// For Rust: the text with comments and literals blanked out, line for line. Otherwise empty.
    pub code: String,
}

const TOP: [&str; 6] = [
    "crates",
    "docs",
    "examples",
    "migrations",
    "tests",
    ".github",
];

impl Tree {
    /// Reads the folders that are ours and the files beside them.
    pub fn read(root: &Path) -> Result<Self, String> {
        let mut files = Vec::new();
        for entry in list(root)? {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = entry.path();
            if path.is_file() {
                files.push(File::read(&path, name));
            } else if TOP.contains(&name.as_str()) {
                walk(&path, &name, &mut files)?;
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// A made-up tree for a check's tests.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| File::new((*path).to_owned(), (*text).to_owned()))
            .collect();
        Self { files }
    }

    /// Every file, by path.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// Files whose path starts with `folder` (which ends with `/`).
    pub fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a File> {
        self.files().filter(move |f| f.path.starts_with(folder))
    }

    /// Rust files of the product and its tests; this crate, which must name what it forbids, is left out.
    pub fn rust(&self) -> impl Iterator<Item = &File> {
        self.files()
            .filter(|f| f.path.ends_with(".rs") && !f.path.starts_with("crates/xtask/"))
    }

    /// The file at `path`.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files().find(|f| f.path == path)
    }

    /// Whether `path` is a file or a folder.
    pub fn exists(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self
                .files()
                .any(|f| f.path == path || f.path.starts_with(&folder))
    }

    /// Names of the folders in `crates/`.
    pub fn crates(&self) -> Vec<&str> {
        self.folders("crates/")
    }

    /// Names of the folders right below `parent` (which ends with `/`).
    pub fn folders<'a>(&'a self, parent: &'a str) -> Vec<&'a str> {
        let mut names: Vec<&str> = self
            .under(parent)
            .filter_map(|f| f.path[parent.len()..].split_once('/'))
            .map(|(name, _)| name)
            .collect();
        names.dedup();
        names
    }
}

impl File {
    fn new(path: String, text: String) -> Self {
        let code = if path.ends_with(".rs") {
            source::blank(&text)
        } else {
            String::new()
        };
        Self { path, text, code }
    }

    /// Pictures and fonts have no text worth reading.
    fn read(path: &Path, name: String) -> Self {
        Self::new(name, fs::read_to_string(path).unwrap_or_default())
    }

    /// The file name without folders and extension.
    pub fn stem(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.split('.').next().unwrap_or_default()
    }

    /// The code that ships: everything before the test module; nothing in a test file.
    pub fn production(&self) -> &str {
        if self.is_test() {
            ""
        } else {
            source::split_at_tests(&self.code).0
        }
    }

    /// The code that tests.
    pub fn tests(&self) -> &str {
        if self.is_test() {
            &self.code
        } else {
            source::split_at_tests(&self.code).1
        }
    }

    fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
    }

    /// The line (from 1) of a byte of the code.
    pub fn line(&self, at: usize) -> usize {
        source::line(&self.code, at)
    }
}

fn walk(folder: &Path, name: &str, files: &mut Vec<File>) -> Result<(), String> {
    for entry in list(folder)? {
        let inner = format!("{name}/{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if path.is_dir() {
            walk(&path, &inner, files)?;
        } else {
            files.push(File::read(&path, inner));
        }
    }
    Ok(())
}

fn list(folder: &Path) -> Result<Vec<fs::DirEntry>, String> {
    fs::read_dir(folder)
        .and_then(Iterator::collect)
        .map_err(|e| format!("{}: {e}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_module_is_not_production() {
        let tree = Tree::of(&[
            (
                "crates/a/src/lib.rs",
                "fn a() {}\n#[cfg(test)]\nmod tests { fn b() {} }\n",
            ),
            ("tests/login.rs", "fn c() {}"),
        ]);
        let lib = tree.file("crates/a/src/lib.rs").unwrap();
        assert_eq!(lib.production(), "fn a() {}\n");
        assert!(lib.tests().contains("fn b"));
        assert_eq!(tree.file("tests/login.rs").unwrap().production(), "");
        assert_eq!(tree.crates(), ["a"]);
        assert!(tree.exists("crates/a") && !tree.exists("crates/b"));
    }
}
