//! Whom an authorization request means: the `sub` that its `claims` ask for (OpenID Connect Core §5.5.1),
//! and the person of its `id_token_hint` (§3.1.2.1; AZ-13).

use super::prompt::Prompt;

/// What came as `id_token_hint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Nothing.
    Absent,
    /// A genuine ID token of ours for this client; it is about this subject.
    About(String),
    /// Anything else: an access token, another client's ID token, one whose key is gone, any text.
    Unverified,
}

/// Nobody is whom the request means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NobodyFits;

/// The only subject that will do, if the request names one. A hint that says nothing is no hint while
/// there is somebody to ask; with `prompt=none` the client relies on it, so nobody fits: otherwise it
/// would be answered for whoever happens to be signed in.
pub fn subject(
    named: Option<String>,
    hint: Hint,
    prompt: Prompt,
) -> Result<Option<String>, NobodyFits> {
    match (hint, named) {
        (Hint::Unverified, _) if prompt.none => Err(NobodyFits),
        (Hint::Absent | Hint::Unverified, named) => Ok(named),
        (Hint::About(hinted), Some(named)) if hinted != named => Err(NobodyFits),
        (Hint::About(hinted), _) => Ok(Some(hinted)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn az_13_jw_09_a_hint_that_says_nothing_fits_nobody_when_nobody_can_be_asked() {
        let ask = Prompt::default();
        let none = Prompt { none: true, ..ask };
        let person = |name: &str| Some(name.to_owned());
        let about = |name: &str| Hint::About(name.to_owned());
        for (named, hint, prompt, expected) in [
            (None, Hint::Absent, none, Ok(None)),
            (person("a"), Hint::Absent, none, Ok(person("a"))),
            (None, about("a"), none, Ok(person("a"))),
            (None, about("a"), ask, Ok(person("a"))),
            (person("a"), about("a"), none, Ok(person("a"))),
            (person("b"), about("a"), none, Err(NobodyFits)),
            (person("b"), about("a"), ask, Err(NobodyFits)),
            (None, Hint::Unverified, none, Err(NobodyFits)),
            (person("a"), Hint::Unverified, none, Err(NobodyFits)),
            (None, Hint::Unverified, ask, Ok(None)),
            (person("a"), Hint::Unverified, ask, Ok(person("a"))),
        ] {
            let decided = subject(named.clone(), hint.clone(), prompt);
            assert_eq!(decided, expected, "{named:?} {hint:?} {prompt:?}");
        }
    }
}
