//! Just enough of Rust's grammar to search code without being fooled by comments and strings.

/// `text` with every comment and literal replaced by blanks; lines stay where they are.
pub fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = blank_end(&chars, at).unwrap_or(at).min(chars.len());
        if end <= at {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        out.extend(
            chars[at..end]
                .iter()
                .map(|c| if *c == '\n' { '\n' } else { ' ' }),
        );
        at = end;
    }
    out
}

/// Where the comment or literal that begins at `at` ends.
fn blank_end(chars: &[char], at: usize) -> Option<usize> {
    match (chars[at], chars.get(at + 1)) {
        ('/', Some('/')) => Some(find(chars, at, |rest| rest[0] == '\n')),
        ('/', Some('*')) => Some(comment_end(chars, at)),
        ('"', _) => Some(quote_end(chars, at, '"')),
        ('\'', Some('\\')) => Some(quote_end(chars, at, '\'')),
        ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => Some(at + 3),
        ('r', _) if starts_word(chars, at) => raw_end(chars, at),
        _ => None,
    }
}

/// `r"…"` may follow `b` or `c`, but no other letter.
fn starts_word(chars: &[char], at: usize) -> bool {
    let before = |n: usize| at.checked_sub(n).map(|i| chars[i]);
    match before(1) {
        Some('b' | 'c') => !before(2).is_some_and(is_word),
        Some(c) => !is_word(c),
        None => true,
    }
}

fn comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0_u32, at);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            break;
        }
    }
    i
}

fn quote_end(chars: &[char], at: usize, quote: char) -> usize {
    let mut i = at + 1;
    while i < chars.len() && chars[i] != quote {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

fn raw_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    let open = at + 1 + hashes;
    (chars.get(open) == Some(&'"')).then_some(())?;
    let close: Vec<char> = std::iter::once('"')
        .chain(std::iter::repeat_n('#', hashes))
        .collect();
    Some(find(chars, open + 1, |rest| rest.starts_with(&close)) + close.len())
}

fn find(chars: &[char], from: usize, hit: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len())
        .find(|i| hit(&chars[*i..]))
        .unwrap_or(chars.len())
}

/// Whether `c` may stand in an identifier.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Blanked code in two parts: what ships, and the test module at its end.
pub fn split_at_tests(code: &str) -> (&str, &str) {
    let cut = code
        .match_indices("#[cfg(test)]")
        .find(|(at, mark)| opens_module(&code[at + mark.len()..]))
        .map_or(code.len(), |(at, _)| at);
    code.split_at(cut)
}

/// Whether `mod name {` comes next, other attributes aside. `mod name;` lives in a file of its own.
fn opens_module(code: &str) -> bool {
    let mut rest = code.trim_start();
    while let Some(attribute) = rest.strip_prefix("#[") {
        let Some((_, after)) = attribute.split_once("]\n") else {
            return false;
        };
        rest = after.trim_start();
    }
    let head = rest.split(['{', ';']).next().unwrap_or_default();
    let is_module = head.split_whitespace().any(|word| word == "mod");
    is_module && rest[head.len()..].starts_with('{')
}

/// The line (from 1) of the byte `at`.
pub fn line(code: &str, at: usize) -> usize {
    1 + code[..at].matches('\n').count()
}

/// Where `word` stands in `code` as a whole word.
pub fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| {
            let before = code[..*at].chars().next_back();
            let after = code[at + word.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
}

/// Where `code` names the external crate `name` (with `_`): at the head of a path, or in `use name`.
pub fn crate_uses<'a>(code: &'a str, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    words(code, name).filter(move |at| {
        let before = code[..*at].trim_end();
        let after = &code[at + name.len()..];
        let inside_path = before
            .strip_suffix("::")
            .is_some_and(|b| b.ends_with(is_word));
        let imported = before.ends_with("use") || before.ends_with("extern crate");
        !inside_path && (after.starts_with("::") || imported)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lines_stay() {
        let text =
            "a // x\nb /* y /* z */\n */ c \"s\\\"\n\" d r#\"q\"# e b'\\'' 'f' fn g<'a>(r: &'a u8)";
        let code = blank(text);
        assert_eq!(code.matches('\n').count(), text.matches('\n').count());
        for gone in ["x", "y", "z", "s", "q"] {
            assert_eq!(words(&code, gone).count(), 0, "{gone} in {code}");
        }
        for kept in ["a", "c", "d", "e", "g", "u8", "r"] {
            assert!(words(&code, kept).count() > 0, "{kept} in {code}");
        }
    }

    #[test]
    fn a_raw_identifier_is_not_a_raw_string() {
        assert_eq!(blank("r#type = br\"x\""), "r#type = b    ");
    }

    #[test]
    fn only_a_module_with_a_body_ends_the_production_part() {
        let code = "#[cfg(test)]\nfn probe() {}\n#[cfg(test)]\nmod far;\nfn x() {}\n#[cfg(test)]\n#[rustfmt::skip]\nmod tests {}";
        assert!(split_at_tests(code).0.contains("fn x()"));
        assert!(split_at_tests(code).1.contains("mod tests"));
    }

    #[test]
    fn a_crate_is_used_at_the_head_of_a_path_only() {
        for used in ["use url::Url;", "::url::Url", "(url::Url)", "use url;"] {
            assert_eq!(crate_uses(used, "url").count(), 1, "{used}");
        }
        for not in ["crate::url::Url", "let url = 1;", "my_url::x", "client.url"] {
            assert_eq!(crate_uses(not, "url").count(), 0, "{not}");
        }
    }
}
