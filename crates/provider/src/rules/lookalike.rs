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
    let (shape, bare) = (skeleton(name), unofficial(&skeleton(name)).to_owned());
    let alike = |other: &str| {
        let other = skeleton(other);
        let same = !shape.is_empty() && other == shape;
        // Whatever a house itself would add to its name: "Sekisho Support" is Sekisho to whoever reads it.
        same || (!bare.is_empty() && unofficial(&other) == bare)
    };
    let other = known.iter().find(|other| alike(other));
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

/// Words by which a house speaks of itself. An app that adds them to the name of another seems to speak for it.
const OFFICIAL: [&str; 26] = [
    "account",
    "accounts",
    "admin",
    "authenticator",
    "center",
    "centre",
    "help",
    "helpdesk",
    "login",
    "official",
    "security",
    "service",
    "signin",
    "staff",
    "support",
    "team",
    "verification",
    "アカウント",
    "サービス",
    "サポート",
    "セキュリティ",
    "セキュリティー",
    "ログイン",
    "公式",
    "認証",
    "運営",
];

/// The rest of a skeleton when such words are taken from its ends.
fn unofficial(shape: &str) -> &str {
    let mut rest = shape;
    loop {
        let shorter = OFFICIAL.iter().find_map(|word| {
            let word = skeleton(word);
            let word = word.as_str();
            rest.strip_suffix(word).or_else(|| rest.strip_prefix(word))
        });
        match shorter {
            Some(shorter) => rest = shorter,
            None => return rest,
        }
    }
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
    fn reg_18_what_seems_to_speak_for_another_is_doubted() {
        let known = ["Sekisho", "Ledger Pay"];
        for (name, other) in [
            ("Sekisho Support", "Sekisho"),
            ("Official Sekishо", "Sekisho"),
            ("SekishoSecurityTeam", "Sekisho"),
            ("Sekisho サポート", "Sekisho"),
            ("公式 Sekisho ログイン", "Sekisho"),
            ("Ledger Pay - account verification", "Ledger Pay"),
        ] {
            let like = Some(Doubt::LooksLike(other.to_owned()));
            assert_eq!(doubt(name, &known), like, "{name}");
        }
        // A house whose own name has such a word.
        let house = ["Example Login"];
        assert!(doubt("Example Support", &house).is_some());
        assert_eq!(doubt("Support", &house), None);
        assert_eq!(doubt("Support", &["Login"]), None);
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
            "Sekisho Notes",
            "Team Support",
            "Account help",
            "",
        ] {
            assert_eq!(doubt(name, &known), None, "{name}");
        }
    }
}
