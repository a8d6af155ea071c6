//! Which language a page speaks (ux: `ui_locales`, saved choice, cookie, `Accept-Language`, default).

use sekisho_model::Locale;

/// Everything that may say a language, strongest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes<'a> {
    /// `ui_locales`: space-separated tags, most wanted first (OpenID Connect Core §3.1.2.1).
    pub ui_locales: Option<&'a str>,
    /// The saved choice of a signed-in person.
    pub account: Option<Locale>,
    /// Value of the language cookie.
    pub cookie: Option<&'a str>,
    /// The `Accept-Language` header.
    pub accept_language: Option<&'a str>,
    /// The server's own language.
    pub server: Locale,
}

impl Wishes<'_> {
    /// The first wish that is one of our languages.
    pub fn answer(&self) -> Locale {
        self.asked()
            .or(self.account)
            .or_else(|| self.cookie.and_then(Locale::from_tag))
            .or_else(|| self.accept_language.and_then(preferred))
            .unwrap_or(self.server)
    }

    /// The language asked for in `ui_locales`, if we have it: the one to remember.
    pub fn asked(&self) -> Option<Locale> {
        let mut tags = self.ui_locales?.split([' ', '+']).take(MOST_TAGS);
        tags.find_map(Locale::from_tag)
    }
}

const MOST_TAGS: usize = 32;

/// RFC 9110 §12.5.4: the tag with the highest weight that is one of ours; of equals the first.
fn preferred(header: &str) -> Option<Locale> {
    let mut best: Option<(Locale, u16)> = None;
    for range in header.split(',').take(MOST_TAGS) {
        let mut parts = range.split(';');
        let Some(locale) = parts.next().and_then(Locale::from_tag) else {
            continue;
        };
        let weight = parts.next().map_or(1000, weight);
        if weight > best.map_or(0, |(_, best)| best) {
            best = Some((locale, weight));
        }
    }
    best.map(|(locale, _)| locale)
}

/// `q=0.8` in thousandths; what cannot be read counts as nothing.
fn weight(parameter: &str) -> u16 {
    let Some(digits) = parameter.trim().strip_prefix("q=") else {
        return 0;
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let thousandths = format!("{part:0<3}");
    match (whole, thousandths.parse::<u16>()) {
        ("1", Ok(0)) => 1000,
        ("0", Ok(part)) if part < 1000 => part,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(header: &str) -> Locale {
        let accept_language = Some(header);
        Wishes {
            accept_language,
            ..Wishes::default()
        }
        .answer()
    }

    #[test]
    fn the_strongest_wish_we_can_meet_wins() {
        let mut wishes = Wishes {
            ui_locales: Some("fr-CA en-GB ja"),
            account: Some(Locale::Ja),
            cookie: Some("ja"),
            accept_language: Some("ja"),
            server: Locale::Ja,
        };
        assert_eq!(wishes.answer(), Locale::En);
        wishes.ui_locales = Some("fr de");
        assert_eq!((wishes.asked(), wishes.answer()), (None, Locale::Ja));
        wishes.account = None;
        wishes.cookie = Some("en");
        assert_eq!(wishes.answer(), Locale::En);
        wishes.cookie = Some("<script>");
        assert_eq!(wishes.answer(), Locale::Ja);
    }

    #[test]
    fn accept_language_is_weighed() {
        assert_eq!(accepting("fr, en;q=0.3, ja;q=0.7"), Locale::Ja);
        assert_eq!(accepting("en-US,en;q=0.9,ja;q=0.8"), Locale::En);
        assert_eq!(accepting("ja;q=0.5, en;q=0.5"), Locale::Ja);
        assert_eq!(accepting("en;q=0"), Locale::Ja);
        assert_eq!(accepting("en;q=0.001"), Locale::En);
    }

    #[test]
    fn nonsense_falls_back_to_the_server() {
        for header in [
            "",
            "*",
            ";;;",
            "q=1",
            "en;q=",
            "en;q=2",
            "en;q=1.5",
            "en;q=0.9999",
            "zz",
        ] {
            assert_eq!(accepting(header), Locale::Ja, "{header}");
        }
    }
}
