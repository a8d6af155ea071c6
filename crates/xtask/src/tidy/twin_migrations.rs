use super::Finding;
use crate::tree::Tree;

const DATABASES: [&str; 2] = ["sqlite", "postgres"];

/// Both databases have the same migrations, each with a way up and a way down.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut names: Vec<&str> = DATABASES
        .iter()
        .flat_map(|database| {
            tree.under("migrations/")
                .filter_map(|f| folder(&f.path, database))
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .flat_map(files_of)
        .filter(|path| tree.file(path).is_none_or(|f| f.text.trim().is_empty()))
        .map(|path| {
            Finding::new(
                &path,
                0,
                "missing or empty: migrations are twins, and reversible",
            )
        })
        .collect()
}

/// Every file that the migration `name` consists of.
fn files_of(name: &str) -> impl Iterator<Item = String> {
    DATABASES.into_iter().flat_map(move |database| {
        ["up.sql", "down.sql"].map(|file| format!("migrations/{database}/{name}/{file}"))
    })
}

fn folder<'a>(path: &'a str, database: &str) -> Option<&'a str> {
    let rest = path.strip_prefix("migrations/")?.strip_prefix(database)?;
    rest.strip_prefix('/')?
        .split_once('/')
        .map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn a_missing_twin_is_found() {
        let tree = Tree::of(&[
            ("migrations/sqlite/1_users/up.sql", "x"),
            ("migrations/sqlite/1_users/down.sql", "x"),
            ("migrations/postgres/1_users/up.sql", "x"),
            ("migrations/postgres/1_users/down.sql", " \n"),
        ]);
        assert_eq!(
            places(&check(&tree)),
            [("migrations/postgres/1_users/down.sql", 0)]
        );
    }
}
