//! Requests that no browser and no app of ours makes.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Parts of paths that scanners ask for.
const PATHS: [&str; 22] = [
    "/.env",
    "/.git",
    "/.svn",
    "/.aws",
    "/.ssh",
    "/wp-",
    "/wordpress",
    "/xmlrpc.php",
    "/phpmyadmin",
    "/phpinfo",
    "/cgi-bin/",
    "/actuator",
    "/server-status",
    "/solr/",
    "/jenkins",
    "/struts",
    "/vendor/phpunit",
    "/boaform",
    "/hnap1",
    "/etc/passwd",
    ".php",
    ".asp",
];

/// Parts of requests that try to be run by what reads them.
const INJECTIONS: [&str; 14] = [
    "../",
    "..\\",
    "${jndi:",
    "{{7*7",
    "<script",
    "union select",
    "union all select",
    "' or '1'='1",
    "or 1=1",
    "sleep(",
    "waitfor delay",
    "information_schema",
    "/bin/sh",
    "\u{0}",
];

/// What a path or query gives away, if anything: `path` or `injection`.
pub fn probe(path: &str, query: &str) -> Option<&'static str> {
    let (path, query) = (decoded(path), decoded(query));
    if PATHS.iter().any(|part| path.contains(part)) {
        return Some("path");
    }
    let both = [&path, &query];
    let injects = both
        .iter()
        .any(|text| INJECTIONS.iter().any(|part| text.contains(part)));
    injects.then_some("injection")
}

/// Decoded twice, as those who hide something write it; small letters.
fn decoded(text: &str) -> String {
    let spaced: Cow<'_, str> = text.replace('+', " ").into();
    let once = percent_decode_str(&spaced).decode_utf8_lossy().into_owned();
    let twice = percent_decode_str(&once).decode_utf8_lossy();
    twice.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thr_15_scanners_and_injections_are_told_from_what_apps_send() {
        for (path, query, found) in [
            ("/.env", "", Some("path")),
            ("/WP-login.php", "", Some("path")),
            ("/%2egit/config", "", Some("path")),
            ("/assets/..%2f..%2fetc/shadow", "", Some("injection")),
            ("/login", "x=%24%7BJNDI%3aldap", Some("injection")),
            ("/login", "x=%2524%257bjndi:", Some("injection")),
            ("/login", "id=1+UNION+SELECT+2", Some("injection")),
            ("/login", "q=%00", Some("injection")),
            (
                "/oauth2/authorize",
                "client_id=a&scope=openid+profile&state=%7B%22a%22%3A1%7D",
                None,
            ),
            ("/.well-known/openid-configuration", "", None),
            (
                "/nothing",
                "redirect=https%3A%2F%2Fapp.example%2Fcb%3Fa%3Db",
                None,
            ),
            ("/assets/site.css", "", None),
        ] {
            assert_eq!(probe(path, query), found, "{path} {query}");
        }
    }
}
