//! What lets an app notice that the session changed, without asking us (OpenID Connect Session
//! Management 1.0 §2, §3.2): `session_state` in authorization answers, and the value the browser keeps
//! for the frame that compares.

use sekisho_model::Digest;
use url::Url;

/// `session_state`: a hash over what only this app and this browser have together, and the salt.
/// Nothing in it has a blank (§3.1: the app sends it to the frame behind one).
pub fn session_state(client_id: &str, origin: &str, browser_state: &str, salt: &str) -> String {
    let text = [client_id, origin, browser_state, salt].join(" ");
    format!("{}.{salt}", Digest::of(text.as_bytes()).to_base64url())
}

/// The origin of a redirect URI, as the browser writes it. `None` for a URI without one, as native apps
/// have: no page of theirs can ask the frame.
pub fn origin_of(redirect_uri: &str) -> Option<String> {
    let origin = Url::parse(redirect_uri).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_bound_to_the_app_its_origin_the_browser_and_the_salt() {
        let state = session_state("app", "https://app.example", "browser", "salt");
        assert_eq!(
            state, "psrfm72UBAB_n-tnPRKJXCT11Vd6vgKhPCIs1-BKuHE.salt",
            "the script computes the same"
        );
        for other in [
            session_state("other", "https://app.example", "browser", "salt"),
            session_state("app", "https://app.example:8443", "browser", "salt"),
            session_state("app", "https://app.example", "", "salt"),
            session_state("app", "https://app.example", "browser", "pepper"),
        ] {
            assert_ne!(other, state);
            assert!(!other.contains(' '), "{other}");
        }
    }

    #[test]
    fn the_origin_is_what_a_browser_says_of_it() {
        let of = |uri| origin_of(uri);
        assert_eq!(
            of("https://app.example/cb?x=1").as_deref(),
            Some("https://app.example")
        );
        assert_eq!(
            of("https://APP.example:443/cb").as_deref(),
            Some("https://app.example")
        );
        assert_eq!(
            of("http://127.0.0.1:4711/cb").as_deref(),
            Some("http://127.0.0.1:4711")
        );
        assert_eq!(of("com.example.app:/cb"), None);
        assert_eq!(of("not a uri"), None);
    }
}
