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

/// Destinations of what pages load by themselves.
const PARTS_OF_PAGES: [&str; 14] = [
    "audio",
    "embed",
    "fencedframe",
    "font",
    "frame",
    "iframe",
    "image",
    "manifest",
    "object",
    "script",
    "style",
    "track",
    "video",
    "xslt",
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

/// Whether a browser sent a request because some other site's page told it to (Fetch Metadata): its person knows
/// nothing of it, and neither do the neighbours behind the same address.
pub fn is_sent_by_a_page(site: Option<&str>, dest: Option<&str>) -> bool {
    let elsewhere = matches!(site, Some("cross-site" | "same-site"));
    let part_of_a_page = dest.is_some_and(|dest| PARTS_OF_PAGES.contains(&dest));
    elsewhere || (site.is_some() && part_of_a_page)
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

    #[test]
    fn thr_15_what_a_page_makes_browsers_send_is_told_from_what_a_scanner_sends() {
        for (site, dest, by_page) in [
            (Some("cross-site"), Some("image"), true),
            (Some("cross-site"), Some("document"), true),
            (Some("same-site"), Some("empty"), true),
            (Some("same-origin"), Some("script"), true),
            (Some("none"), Some("document"), false),
            (Some("same-origin"), Some("document"), false),
            (Some("same-origin"), Some("empty"), false),
            (None, Some("image"), false),
            (None, None, false),
            (Some("nonsense"), None, false),
        ] {
            assert_eq!(is_sent_by_a_page(site, dest), by_page, "{site:?} {dest:?}");
        }
    }
}
