/// Names of people and apps in the form that may stand in a letter.
///
/// A name is a place for spam: line breaks, control, bidi and zero-width characters, `http`, `@` and
/// dots that would make a mail program draw a link are taken out, and at most 40 characters stay
/// (WEB-18). Nothing left is `None`.
pub fn harmless(name: &str) -> Option<String> {
    let mut kept = spaced(&name.chars().filter(|c| !is_hidden(*c)).collect::<String>());
    loop {
        let shorter = spaced(&without_link_starts(&kept));
        if shorter == kept {
            break;
        }
        kept = shorter;
    }
    let cut: String = undotted(&kept).chars().take(40).collect();
    let cut = cut.trim().to_owned();
    (!cut.is_empty()).then_some(cut)
}

fn is_hidden(c: char) -> bool {
    let breaks = c.is_whitespace() && c != ' ';
    !breaks
        && (c.is_control()
            || matches!(c,
                '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
                | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'))
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without_link_starts(text: &str) -> String {
    let mut kept: String = text
        .chars()
        .filter(|c| !matches!(c, '@' | '＠' | '<' | '>'))
        .collect();
    for start in ["http", "www.", "://", "mailto:"] {
        while let Some(at) = kept.to_ascii_lowercase().find(start) {
            kept.replace_range(at..at + start.len(), "");
        }
    }
    kept
}

/// `evil.example` is drawn as a link by many mail programs; `evil·example` by none.
fn undotted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let joins = rest.peek().is_some_and(|next| next.is_alphanumeric());
        out.push(if c == '.' && joins { '·' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for name in [
            "三浦 晴香",
            "青空メール",
            "Anne-Marie O'Neill",
            "Dr. Smith",
            "R&D 🦀",
        ] {
            assert_eq!(harmless(name).as_deref(), Some(name));
        }
    }

    #[test]
    fn web_18_hidden_characters_and_breaks_are_taken_out() {
        assert_eq!(
            harmless("a\r\nBcc: x\n\u{202e}b\u{200b}").as_deref(),
            Some("a Bcc: x b")
        );
        assert_eq!(harmless("a\u{2028}b\u{85}c\0").as_deref(), Some("a b c"));
        assert_eq!(harmless("\u{200b}\r\n\u{feff} "), None);
        assert_eq!(harmless(""), None);
    }

    #[test]
    fn a_name_cannot_carry_a_link() {
        for name in [
            "Win https://evil.example/x now",
            "hthttptps://evil.example",
            "HTTP://EVIL.EXAMPLE",
            "www.evil.example",
            "me@evil.example",
            "ht@tp:\u{200b}//evil.example",
            "wwhttpw.evil.example",
        ] {
            let kept = harmless(name).unwrap();
            let lower = kept.to_lowercase();
            for link in ["http", "://", "www.", "@", ".example"] {
                assert!(!lower.contains(link), "{name} -> {kept}");
            }
        }
    }

    #[test]
    fn a_name_is_cut_to_forty_characters() {
        let kept = harmless(&"あ".repeat(1000)).unwrap();
        assert_eq!(kept.chars().count(), 40);
    }
}
