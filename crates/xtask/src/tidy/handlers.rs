use super::Finding;
use crate::source::words;
use crate::tree::Tree;

const MAX_LINES: usize = 25;

/// Handlers of the protocol endpoints parse, call the provider and render: at most 25 lines each.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.under("crates/server/src/http/oauth") {
        let code = file.production();
        for at in words(code, "async") {
            let Some((name, body)) = function(&code[at..]) else {
                continue;
            };
            let lines = body.trim().lines().count();
            if lines > MAX_LINES {
                let what = format!(
                    "handler {name} has {lines} lines, at most {MAX_LINES}: decide in provider"
                );
                found.push(Finding::new(&file.path, file.line(at), what));
            }
        }
    }
    found
}

/// Name and body of the function that begins here with `async fn`.
fn function(code: &str) -> Option<(&str, &str)> {
    let rest = code
        .strip_prefix("async")?
        .trim_start()
        .strip_prefix("fn ")?;
    let name = rest.split(['(', '<']).next()?;
    let open = rest.find('{')?;
    let mut depth = 0_usize;
    for (at, c) in rest[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((name, &rest[open + 1..open + at]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn only_a_long_handler_is_found() {
        let body = |lines: usize| "    let x = { 1 };\n".repeat(lines);
        let text = format!(
            "pub async fn short(a: A) -> B {{\n{}}}\n\npub async fn long() {{\n{}}}\n",
            body(25),
            body(26)
        );
        let path = "crates/server/src/http/oauth/token.rs";
        let tree = Tree::of(&[
            (path, &text),
            ("crates/server/src/http/pages/login.rs", &text),
        ]);
        assert_eq!(places(&check(&tree)), [(path, 29)]);
    }
}
