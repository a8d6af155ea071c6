use super::Finding;
use crate::source::words;
use crate::tree::Tree;

/// Lints are never switched off with `allow`: `#[expect(lint, reason = "…")]` complains once it is stale.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.files().filter(|f| f.path.ends_with(".rs")) {
        for at in words(&file.code, "allow").filter(|at| is_attribute(&file.code, *at)) {
            let what = "write #[expect(lint, reason = \"…\")] instead of allow";
            found.push(Finding::new(&file.path, file.line(at), what));
        }
    }
    found
}

fn is_attribute(code: &str, at: usize) -> bool {
    let called = code[at + "allow".len()..].starts_with('(');
    let open = code[..at].rfind("#[").max(code[..at].rfind("#!["));
    let inside = open.is_some_and(|open| !code[open..at].contains([']', '\n', ';']));
    called && inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn an_allow_attribute_is_found() {
        let path = "crates/a/src/lib.rs";
        let text = "#![allow(dead_code)]\n#[allow(unused)]\n#[cfg_attr(test, allow(unused))]\n#[expect(unused)]\nfn b() { guard.allow(1); allow(2) }\n";
        let tree = Tree::of(&[(path, text)]);
        assert_eq!(places(&check(&tree)), [(path, 1), (path, 2), (path, 3)]);
    }
}
