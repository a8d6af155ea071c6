//! The `prompt` parameter (OpenID Connect Core §3.1.2.1).

use serde::{Deserialize, Serialize};

/// What the client asks to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word the client may say"
)]
pub struct Prompt {
    /// `none`: show nothing.
    pub none: bool,
    /// `login` or `select_account`: prove who you are again.
    pub login: bool,
    /// `select_account`: and say whose account it is to be.
    #[serde(default)]
    pub select_account: bool,
    /// `consent`: ask again.
    pub consent: bool,
    /// `create`: make an account (Initiating User Registration §4).
    #[serde(default)]
    pub create: bool,
}

/// `none` together with another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoneWithOthers;

impl Prompt {
    /// Reads the space-separated list; unknown values are ignored.
    pub fn parse(value: Option<&str>) -> Result<Self, NoneWithOthers> {
        let mut prompt = Self::default();
        let mut count = 0;
        for word in value
            .unwrap_or_default()
            .split(' ')
            .filter(|word| !word.is_empty())
        {
            count += 1;
            match word {
                "none" => prompt.none = true,
                "login" => prompt.login = true,
                "select_account" => (prompt.login, prompt.select_account) = (true, true),
                "consent" => prompt.consent = true,
                "create" => prompt.create = true,
                _ => {}
            }
        }
        if prompt.none && count > 1 {
            Err(NoneWithOthers)
        } else {
            Ok(prompt)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_stands_alone() {
        assert_eq!(Prompt::parse(Some("none login")), Err(NoneWithOthers));
        assert!(Prompt::parse(Some("none")).unwrap().none);
        assert_eq!(Prompt::parse(Some("none create")), Err(NoneWithOthers));
        assert!(Prompt::parse(Some("create")).unwrap().create);
        assert_eq!(Prompt::parse(Some("dance")), Ok(Prompt::default()));
        assert!(Prompt::parse(Some("login consent")).unwrap().consent);
        let selecting = Prompt::parse(Some("select_account")).unwrap();
        assert!(selecting.login && selecting.select_account);
        assert!(!Prompt::parse(Some("login")).unwrap().select_account);
    }
}
