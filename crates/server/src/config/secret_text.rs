use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A configured text that may hold a password, such as a URL. Passwords are hidden wherever it is
/// printed.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct SecretText(String);

/// URL parameters that say how to connect, not as whom; the others are hidden.
const HARMLESS: [&str; 5] = ["sslmode", "sslrootcert", "tls", "connect_timeout", "host"];

impl SecretText {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one that opens it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether hiding takes more away than a user name.
    pub fn holds_password(&self) -> bool {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return false;
        };
        match rest.split_once('@') {
            Some((user, host)) if !user.contains([':', '/', '?']) && !host.contains('@') => {
                let without_user = Self(format!("{scheme}://{host}"));
                without_user.hidden() != without_user.0
            }
            _ => self.hidden() != self.0,
        }
    }

    /// The text without what stands between `://` and `@`, and without parameters we do not know.
    pub fn hidden(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return self.0.clone();
        };
        // The last `@`, because a password may have one that was not escaped.
        let shown = match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://…@{host}"),
            None => self.0.clone(),
        };
        let Some((address, parameters)) = shown.split_once('?') else {
            return shown;
        };
        let parameters: Vec<String> = parameters.split('&').map(hidden_parameter).collect();
        format!("{address}?{}", parameters.join("&"))
    }
}

fn hidden_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((name, _)) if !HARMLESS.contains(&name) => format!("{name}=…"),
        _ => parameter.to_owned(),
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.hidden())
    }
}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.hidden())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cfg_01_passwords_in_urls_are_never_shown() {
        for url in [
            "postgres://sekisho:geheim@db.example/sekisho",
            "postgres://sekisho:ge@h/eim?geheim@db.example/sekisho",
            "postgres://db.example/sekisho?user=u&password=geheim",
            "redis://:geheim@r.example/0",
        ] {
            let url = SecretText::new(url);
            assert!(!format!("{url:?}").contains("geheim"), "{url:?}");
            assert!(!serde_json::to_string(&url).unwrap().contains("geheim"));
            assert!(url.holds_password());
        }
        let url = SecretText::new("postgres://u:p@db.example/x?sslmode=verify-full");
        assert_eq!(
            url.hidden(),
            "postgres://…@db.example/x?sslmode=verify-full"
        );
    }

    #[test]
    fn what_holds_no_password_is_shown_whole() {
        for url in [
            "sqlite://data/x.db",
            "memory:",
            "catch:",
            "smtps://mail.example:465",
        ] {
            let text = SecretText::new(url);
            assert_eq!(text.hidden(), url);
            assert!(!text.holds_password());
        }
    }

    #[test]
    fn a_user_name_is_hidden_but_is_no_password() {
        let url = SecretText::new("postgres://sekisho@db.example/x?sslmode=verify-full");
        assert!(!url.holds_password());
        assert!(!url.hidden().contains("sekisho"));
        let url = SecretText::new("postgres://sekisho@db.example/x?password=geheim");
        assert!(url.holds_password());
    }
}
