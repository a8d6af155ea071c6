use super::Finding;
use crate::tree::Tree;

const MAX_LINES: usize = 500;

/// No file ships more than 500 lines; its test module does not count.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.files()
        .filter(|f| f.path.ends_with(".rs"))
        .filter_map(|file| {
            let lines = file.production().lines().count();
            let what = format!("{lines} lines, at most {MAX_LINES}: split it by responsibility");
            (lines > MAX_LINES).then(|| Finding::new(&file.path, MAX_LINES, what))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn the_test_module_does_not_count() {
        let code = "fn a() {}\n".repeat(500);
        let tested = format!("{code}#[cfg(test)]\nmod tests {{\n{code}}}\n");
        let tree = Tree::of(&[
            ("crates/a/src/fine.rs", &tested),
            ("crates/a/src/long.rs", &format!("{code}fn b() {{}}\n")),
        ]);
        assert_eq!(places(&check(&tree)), [("crates/a/src/long.rs", 500)]);
    }
}
