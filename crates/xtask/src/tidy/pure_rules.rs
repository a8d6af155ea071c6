use super::Finding;
use crate::source::words;
use crate::tree::{File, Tree};

/// What a rule may not name: waiting, the outside world, time and chance.
const WORDS: [&str; 9] = [
    "async",
    "await",
    "tokio",
    "Clock",
    "SystemClock",
    "Entropy",
    "OsEntropy",
    "SystemTime",
    "Instant",
];
const CRATES: [&str; 3] = ["store", "session", "mail"];

/// `rules/` decides with values that it is given and nothing else.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.rust().filter(|f| is_rule(&f.path)) {
        let code = file.production();
        for word in WORDS {
            add(file, words(code, word), word, &mut found);
        }
        for layer in CRATES {
            let outside = format!("sekisho_{layer}");
            add(file, words(code, &outside), &outside, &mut found);
            let inside = words(code, layer).filter(|at| heads_a_path(code, *at, layer));
            add(file, inside, &format!("{layer}::"), &mut found);
        }
    }
    found
}

fn is_rule(path: &str) -> bool {
    path.starts_with("crates/") && (path.contains("/rules/") || path.ends_with("/rules.rs"))
}

/// `store::x` and `crate::store::x` count; `rules::session::x` is another rule.
fn heads_a_path(code: &str, at: usize, name: &str) -> bool {
    let before = &code[..at];
    let neighbour = ["rules::", "super::", "self::"]
        .iter()
        .any(|parent| before.ends_with(parent));
    code[at + name.len()..].starts_with("::") && !neighbour
}

fn add(file: &File, at: impl Iterator<Item = usize>, what: &str, found: &mut Vec<Finding>) {
    let text = format!("a rule may not name `{what}`: take the value as an argument");
    found.extend(at.map(|at| Finding::new(&file.path, file.line(at), &text)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn effects_in_rules_are_found() {
        let path = "crates/provider/src/rules/pkce.rs";
        let tree = Tree::of(&[
            (
                path,
                "use super::session::Ask;\n/// async\nfn a(now: Timestamp) {}\nasync fn b() {}\nfn c(k: &dyn Clock) {}\nuse sekisho_store::Tx;\nfn d() { crate::mail::send() }\n#[cfg(test)]\nmod tests { use sekisho_model::Entropy; }\n",
            ),
            (
                "crates/provider/src/endpoints/token.rs",
                "async fn token() {}",
            ),
        ]);
        let mut lines: Vec<usize> = check(&tree).iter().map(|f| f.line).collect();
        lines.sort_unstable();
        assert_eq!(lines, [4, 5, 6, 7]);
        assert!(places(&check(&tree)).iter().all(|(p, _)| *p == path));
    }
}
