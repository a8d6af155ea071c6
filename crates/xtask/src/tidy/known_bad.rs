use super::Finding;
use crate::tree::Tree;

/// SUP-05: the lock file holds none of the versions that `deny.toml` refuses. This needs no network and no tool, so it
/// runs where `cargo deny` is not at hand. Crates refused whole are left to that: the lock file also names what no
/// feature of ours brings in.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let (Some(deny), Some(lock)) = (tree.file("deny.toml"), tree.file("Cargo.lock")) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (line, refused) in (1..).zip(deny.text.lines()) {
        let Some(spec) = quoted_after(refused, "{ crate = ") else {
            continue;
        };
        let Some((name, border)) = spec.split_once('@') else {
            continue;
        };
        let Some(below) = border.strip_prefix('<').and_then(numbers) else {
            let what = format!("{spec}: write a border as in name@<1.2.3");
            found.push(Finding::new(&deny.path, line, what));
            continue;
        };
        for (at, version) in versions(&lock.text, name) {
            if numbers(version).is_none_or(|is| is < below) {
                let what = format!("{name} {version} is refused by deny.toml: {spec}");
                found.push(Finding::new(&lock.path, at, what));
            }
        }
    }
    found
}

/// The versions of a package, with their lines.
fn versions<'a>(lock: &'a str, name: &str) -> Vec<(usize, &'a str)> {
    let wanted = format!("name = \"{name}\"");
    let lines = (1..).zip(lock.lines());
    let pairs = lines.zip(lock.lines().skip(1));
    pairs
        .filter(|((_, line), _)| *line == wanted)
        .filter_map(|((at, _), next)| Some((at + 1, quoted_after(next, "version = ")?)))
        .collect()
}

fn quoted_after<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    let rest = line.trim_start().strip_prefix(start)?;
    rest.strip_prefix('"')?.split('"').next()
}

/// A version as numbers; one before a release counts as the one before it.
fn numbers(version: &str) -> Option<[u64; 4]> {
    let version = version.split('+').next()?;
    let (plain, released) = match version.split_once('-') {
        Some((plain, _before)) => (plain, 0),
        None => (version, 1),
    };
    let mut parts = plain.split('.').map(|part| part.parse().ok());
    let found = [parts.next()??, parts.next()??, parts.next()??, released];
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENY: &str = "deny = [\n  { crate = \"ring\", reason = \"one library\" },\n  { crate = \"h2@<0.4.6\", reason = \"old\" },\n]\n";

    fn told(package: &str, version: &str) -> usize {
        let lock = format!("[[package]]\nname = \"{package}\"\nversion = \"{version}\"\n");
        check(&Tree::of(&[("deny.toml", DENY), ("Cargo.lock", &lock)])).len()
    }

    #[test]
    fn sup_05_known_bad_versions_do_not_get_into_the_lock_file() {
        for (package, version, bad) in [
            ("ring", "0.17.9", false),
            ("h2", "0.3.99", true),
            ("h2", "0.4.5", true),
            ("h2", "0.4.6-rc.1", true),
            ("h2", "0.4.6", false),
            ("h2", "0.10.0", false),
            ("h2", "nonsense", true),
            ("h3", "0.1.0", false),
        ] {
            assert_eq!(told(package, version) == 1, bad, "{package} {version}");
        }
    }

    #[test]
    fn sup_05_a_border_that_is_not_understood_is_told() {
        let deny = "{ crate = \"idna@>=1\", reason = \"x\" },\n";
        let found = check(&Tree::of(&[("deny.toml", deny), ("Cargo.lock", "")]));
        assert_eq!(found.len(), 1);
    }
}
