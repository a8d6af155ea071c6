use serde::{Deserialize, Serialize};

/// What a token is bound to: the `cnf` member (RFC 7800 §3). Who presents the token must prove that
/// they hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirmation {
    /// Thumbprint of the key of a `DPoP` proof (RFC 9449 §6).
    #[serde(rename = "jkt")]
    Key(String),
    /// SHA-256 thumbprint of a TLS certificate (RFC 8705 §3.1).
    #[serde(rename = "x5t#S256")]
    Certificate(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_member_is_written_as_the_specifications_say() {
        let key = serde_json::to_string(&Confirmation::Key("a".to_owned())).unwrap();
        assert_eq!(key, r#"{"jkt":"a"}"#);
        let certificate = serde_json::to_string(&Confirmation::Certificate("b".to_owned()));
        assert_eq!(certificate.unwrap(), r#"{"x5t#S256":"b"}"#);
    }
}
