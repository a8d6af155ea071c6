//! Proof that a form was given out by us to this browser (WEB-01, WEB-02).
//!
//! A token is `<handle>.<mac>`. The handle names server-side state (a flow id, or nothing) and can
//! be read back; the mac ties it to the browser's cookie and to the form's purpose.

use std::time::Duration;

use sekisho_model::{Digest, Timestamp};

/// The longest handle a token carries.
const LONGEST_HANDLE: usize = 128;

/// Makes the token of one form. `binding` is the browser's own cookie value, `purpose` names the
/// form, so that a token of one form opens no other.
pub fn issue(key: &Digest, handle: &str, binding: &str, purpose: &str) -> String {
    let mac = mac(key, handle, binding, purpose);
    format!("{handle}.{}", mac.to_base64url())
}

/// The handle of a token that we gave to this browser for this purpose. Without a binding nothing
/// is accepted.
pub fn check(key: &Digest, token: &str, binding: &str, purpose: &str) -> Option<String> {
    let (handle, presented) = token.rsplit_once('.')?;
    if binding.is_empty() || handle.len() > LONGEST_HANDLE {
        return None;
    }
    let presented = Digest::from_base64url(presented)?;
    let genuine = presented == mac(key, handle, binding, purpose);
    genuine.then(|| handle.to_owned())
}

/// How long a page with a decision must have been there before the decision counts: a click that was meant for the
/// page before is none (CON-06).
const LEAST_LOOK: Duration = Duration::from_millis(500);

/// A handle that tells since when its form is there.
pub fn dated(handle: &str, now: Timestamp) -> String {
    format!("{handle}~{}", now.micros())
}

/// The handle, and whether its form was there long enough. One without a date was not.
pub fn undated(handle: &str, now: Timestamp) -> (&str, bool) {
    let Some((handle, since)) = handle.rsplit_once('~') else {
        return (handle, false);
    };
    let since = since.parse().map(Timestamp::from_micros);
    let looked_at = since.is_ok_and(|since| now.since(since) >= LEAST_LOOK);
    (handle, looked_at)
}

fn mac(key: &Digest, handle: &str, binding: &str, purpose: &str) -> Digest {
    let parts = [handle, binding, purpose].map(str::as_bytes);
    Digest::keyed(key.as_bytes(), &parts)
}

/// Whether a state-changing request comes from a page of ours, by what the browser itself says.
///
/// `Origin` must be exactly our origin; `null` fails. `Sec-Fetch-Site` must be `same-origin`. A
/// browser always sends one of them with a form; a program that sends neither has no victim's
/// cookies and still needs the token.
pub fn is_same_origin(origin: Option<&str>, fetch_site: Option<&str>, ours: &str) -> bool {
    origin.is_none_or(|origin| origin.eq_ignore_ascii_case(ours))
        && fetch_site.is_none_or(|site| site == "same-origin")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Digest {
        Digest::of(b"key")
    }

    #[test]
    fn web_01_a_token_works_for_its_browser_and_its_form_only() {
        let token = issue(&key(), "flow1", "cookie", "login");
        let check = |binding, purpose| check(&key(), &token, binding, purpose);
        assert_eq!(check("cookie", "login").as_deref(), Some("flow1"));
        assert_eq!(check("another", "login"), None);
        assert_eq!(check("", "login"), None);
        assert_eq!(check("cookie", "consent"), None);
        let other = super::check(&Digest::of(b"other"), &token, "cookie", "login");
        assert_eq!(other, None);
    }

    #[test]
    fn web_01_the_handle_cannot_be_exchanged() {
        let token = issue(&key(), "flow1", "cookie", "login");
        let forged = token.replace("flow1", "flow2");
        assert_eq!(check(&key(), &forged, "cookie", "login"), None);
    }

    #[test]
    fn con_06_a_decision_counts_half_a_second_after_its_page_and_not_before() {
        let at = |millis: i64| Timestamp::from_micros(1_000_000 + millis * 1000);
        let handle = dated("flow~1", at(0));
        assert_eq!(undated(&handle, at(0)), ("flow~1", false));
        assert_eq!(undated(&handle, at(499)), ("flow~1", false));
        assert_eq!(undated(&handle, at(500)), ("flow~1", true));
        assert_eq!(undated(&handle, at(60_000)), ("flow~1", true));
        // A node whose clock is behind waits longer, and a form without a date never counts.
        assert_eq!(undated(&handle, at(-200)), ("flow~1", false));
        assert_eq!(undated("flow", at(500)), ("flow", false));
        assert_eq!(undated("flow~x", at(500)), ("flow", false));
        // The date cannot be exchanged either.
        let token = issue(&key(), &handle, "cookie", "consent");
        let forged = token.replace(&at(0).micros().to_string(), "1");
        assert_eq!(check(&key(), &forged, "cookie", "consent"), None);
    }

    #[test]
    fn an_empty_handle_is_read_back_as_empty() {
        let token = issue(&key(), "", "cookie", "theme");
        assert!(token.starts_with('.'));
        assert_eq!(
            check(&key(), &token, "cookie", "theme").as_deref(),
            Some("")
        );
    }

    #[test]
    fn nonsense_is_refused_without_a_panic() {
        let long = format!("{}.{}", "x".repeat(200), key().to_base64url());
        for token in [
            "",
            ".",
            "..",
            "a",
            "a.b",
            "日本.語",
            "flow1.",
            long.as_str(),
        ] {
            assert_eq!(check(&key(), token, "cookie", "login"), None, "{token}");
        }
        let empty = issue(&key(), "flow1", "", "login");
        assert_eq!(check(&key(), &empty, "", "login"), None);
    }

    #[test]
    fn web_01_origin_null_and_other_sites_fail() {
        let ours = "https://id.sekisho.example";
        assert!(is_same_origin(Some(ours), Some("same-origin"), ours));
        assert!(is_same_origin(Some(ours), None, ours));
        assert!(is_same_origin(None, Some("same-origin"), ours));
        assert!(is_same_origin(None, None, ours));
        for origin in [
            "null",
            "",
            "https://evil.example",
            "http://id.sekisho.example",
        ] {
            assert!(
                !is_same_origin(Some(origin), Some("same-origin"), ours),
                "{origin}"
            );
        }
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!is_same_origin(Some(ours), Some(site), ours), "{site}");
            assert!(!is_same_origin(None, Some(site), ours), "{site}");
        }
    }
}
