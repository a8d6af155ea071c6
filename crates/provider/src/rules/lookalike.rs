//! Names of apps that may be meant to be taken for others (REG-18, WEB-18). A name is never proof; this only says
//! which ones deserve a warning.

/// Why a name deserves a second look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// One word mixes Latin letters with Cyrillic or Greek ones.
    MixedScripts,
    /// To the eye it is the name of something else that is known here.
    LooksLike(String),
}

/// What is doubtful about `name`, beside the names that people know here. Its own makers may use them.
pub fn doubt(name: &str, known: &[&str]) -> Option<Doubt> {
    let shape = skeleton(name);
    let other = known
        .iter()
        .find(|other| !shape.is_empty() && skeleton(other) == shape);
    if let Some(other) = other {
        return Some(Doubt::LooksLike((*other).to_owned()));
    }
    let mixed = |word: &str| {
        let has = |script: fn(char) -> bool| word.chars().any(script);
        has(is_latin) && (has(is_cyrillic) || has(is_greek))
    };
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    words.any(mixed).then_some(Doubt::MixedScripts)
}

/// What is left of a name when it is only glanced at: small, without spaces and signs, lookalikes as Latin letters.
fn skeleton(name: &str) -> String {
    let wide = |c: char| match c {
        'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '０'..='９' => {
            char::from_u32(u32::from(c).saturating_sub(0xFEE0)).unwrap_or(c)
        }
        _ => c,
    };
    name.chars()
        .map(wide)
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_alphanumeric())
        .map(latin)
        .collect()
}

/// The Latin letter that a small letter or digit looks like (a part of Unicode's confusables).
const fn latin(c: char) -> char {
    match c {
        'а' | 'α' | 'ɑ' => 'a',
        'ь' | 'в' | 'β' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ё' | 'є' | 'ε' => 'e',
        'ɡ' => 'g',
        'һ' | 'н' => 'h',
        'і' | 'ι' | 'ı' | '1' | 'l' | 'ӏ' | '|' => 'i',
        'ј' | 'ϳ' => 'j',
        'к' | 'κ' => 'k',
        'м' | 'μ' => 'm',
        'п' | 'η' | 'ո' => 'n',
        'о' | 'ο' | '0' | 'օ' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' => 'u',
        'ѵ' | 'ν' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'ү' | 'γ' => 'y',
        'ζ' => 'z',
        other => other,
    }
}

const fn is_latin(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'a'..='z' | 'À'..='ɏ')
}

const fn is_cyrillic(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{52F}')
}

const fn is_greek(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{3FF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reg_18_names_that_mix_scripts_or_look_like_others_are_doubted() {
        let known = ["Sekisho", "Ledger Pay"];
        let like = |name: &str| Some(Doubt::LooksLike(name.to_owned()));
        // Cyrillic о, whole words of another script, signs and digits for letters.
        assert_eq!(doubt("Sekishо", &known), like("Sekisho"));
        assert_eq!(doubt("ѕеkіѕhо", &known), like("Sekisho"));
        assert_eq!(doubt("S E K 1 S H 0", &known), like("Sekisho"));
        assert_eq!(doubt("Ｌedger-Pay", &known), like("Ledger Pay"));
        assert_eq!(doubt("Pаyments", &known), Some(Doubt::MixedScripts));
        assert_eq!(doubt("Αcme", &known), Some(Doubt::MixedScripts));
    }

    #[test]
    fn reg_18_honest_names_of_any_script_are_not_doubted() {
        let known = ["Sekisho"];
        for name in [
            "Demo app",
            "家計簿アプリ",
            "Café Müller",
            "Почта Pro",
            "Ω meter",
            "関所 Sekisho 家計簿",
            "",
        ] {
            assert_eq!(doubt(name, &known), None, "{name}");
        }
    }
}
