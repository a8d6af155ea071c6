use super::Finding;
use crate::source::words;
use crate::tree::{File, Tree};

/// The one place that may wait for a real process or browser.
const MAY_WAIT: &str = "tests/support/wait.rs";
/// Load is sent in real time.
const LOAD: &str = "tests/bench/";

/// Tests move the clock instead of sleeping, and none is ignored or kept from running beside another.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.rust() {
        let code = file.tests();
        let before = file.code.len() - code.len();
        let sleeps = words(code, "sleep").filter(|at| code[at + "sleep".len()..].starts_with('('));
        if file.path != MAY_WAIT && !file.path.starts_with(LOAD) {
            add(
                file,
                sleeps.map(|at| at + before),
                "a test moves the clock, it does not sleep",
                &mut found,
            );
        }
        for word in ["ignore", "serial"] {
            let attributes = words(&file.code, word).filter(|at| file.code[..*at].ends_with("#["));
            add(
                file,
                attributes,
                "every test runs, and beside the others",
                &mut found,
            );
        }
    }
    found
}

fn add(file: &File, at: impl Iterator<Item = usize>, what: &str, found: &mut Vec<Finding>) {
    found.extend(at.map(|at| Finding::new(&file.path, file.line(at), what)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn sleeping_and_ignored_tests_are_found() {
        let tree = Tree::of(&[
            (
                "crates/a/src/lib.rs",
                "fn wait() { sleep(1) }\n#[cfg(test)]\nmod tests {\n    #[ignore]\n    fn a() { std::thread::sleep(x) }\n}\n",
            ),
            (
                "tests/login.rs",
                "#[serial]\nfn b() { tokio::time::sleep(x).await }\n// sleep(1)\n",
            ),
            (MAY_WAIT, "fn c() { sleep(x) }"),
            ("tests/bench/rush.rs", "fn d() { sleep(x) }"),
        ]);
        assert_eq!(
            places(&check(&tree)),
            [
                ("crates/a/src/lib.rs", 5),
                ("crates/a/src/lib.rs", 4),
                ("tests/login.rs", 2),
                ("tests/login.rs", 1),
            ]
        );
    }
}
