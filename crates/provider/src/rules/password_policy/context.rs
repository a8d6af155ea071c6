//! Words that whoever attacks this very account tries first.

/// What is known of the account a password is for.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// Name of the service.
    pub service: &'a str,
    /// The app that is being signed in to.
    pub app: Option<&'a str>,
    /// The addresses of the account.
    pub addresses: &'a [&'a str],
    /// The person's name.
    pub name: Option<&'a str>,
}

/// Shorter words stand in too many good passwords.
const SHORTEST: usize = 4;
/// Parts of every address, which say nothing about one.
const EVERYWHERE: [&str; 8] = [
    "mail", "info", "example", "home", "mobile", "email", "docomo", "ezweb",
];

/// Those words, folded as passwords are before they are compared.
pub fn words(about: &About<'_>) -> Vec<String> {
    let mut words = Vec::new();
    let names = [Some(about.service), about.app, about.name];
    for name in names.into_iter().flatten() {
        words.push(name.to_owned());
        words.extend(name.split_whitespace().map(str::to_owned));
    }
    for address in about.addresses {
        words.push((*address).to_owned());
        let (local, domain) = address.split_once('@').unwrap_or((address, ""));
        words.push(local.to_owned());
        words.extend(local.split(['.', '_', '-', '+']).map(str::to_owned));
        // The last label is a country or a business; nobody's secret.
        let (owner, _last) = domain.rsplit_once('.').unwrap_or(("", domain));
        words.extend(owner.split('.').map(str::to_owned));
    }
    let mut words: Vec<String> = words.iter().map(|word| super::folded(word)).collect();
    words.retain(|word| word.chars().count() >= SHORTEST && !EVERYWHERE.contains(&&**word));
    words.sort_unstable();
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pw_09_service_app_name_and_the_parts_of_addresses_are_context() {
        let words = words(&About {
            service: "Sekisho",
            app: Some("Aozora Mail"),
            addresses: &["Haruka.Miura+shop@mail.tanpopo.co.jp"],
            name: Some("三浦 晴香"),
        });
        assert_eq!(
            words,
            [
                "aozora",
                "aozora mail",
                "haruka",
                "haruka.miura+shop",
                "haruka.miura+shop@mail.tanpopo.co.jp",
                "miura",
                "sekisho",
                "shop",
                "tanpopo",
                "三浦 晴香",
            ]
        );
    }

    #[test]
    fn what_has_no_words_gives_none() {
        assert_eq!(words(&About::default()), Vec::<String>::new());
        let odd = About {
            addresses: &["@", "a@b", ""],
            ..About::default()
        };
        assert_eq!(words(&odd), Vec::<String>::new());
    }
}
