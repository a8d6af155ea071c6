//! Style sheets, script and logo, compiled in. Their address carries the hash of them all, so they
//! may be kept for ever.

use std::sync::LazyLock;

use sekisho_model::Digest;

struct Asset {
    name: &'static str,
    kind: &'static str,
    body: &'static [u8],
}

macro_rules! assets {
    ($($name:literal $kind:literal;)+) => {
        const ASSETS: &[Asset] = &[$(Asset {
            name: $name,
            kind: $kind,
            body: include_bytes!(concat!("../../assets/", $name)),
        }),+];
    };
}

assets! {
    "tokens.css" "text/css; charset=utf-8";
    "style.css" "text/css; charset=utf-8";
    "check_session.js" "text/javascript; charset=utf-8";
    "signed_out.js" "text/javascript; charset=utf-8";
    "passkey.js" "text/javascript; charset=utf-8";
    "enhance.js" "text/javascript; charset=utf-8";
    "logo.svg" "image/svg+xml";
    "logo-dark.svg" "image/svg+xml";
}

/// Sixteen characters of the hash over all files: style sheets name each other's neighbours.
static EDITION: LazyLock<String> = LazyLock::new(|| {
    let parts: Vec<&[u8]> = ASSETS
        .iter()
        .flat_map(|a| [a.name.as_bytes(), a.body])
        .collect();
    Digest::of_parts(&parts)
        .to_base64url()
        .chars()
        .take(16)
        .collect()
});

static ETAG: LazyLock<String> = LazyLock::new(|| format!("\"{}\"", *EDITION));

/// The address of an asset: `/assets/<hash>/<name>`.
pub fn href(name: &str) -> String {
    format!("/assets/{}/{name}", *EDITION)
}

/// The text of an asset.
#[cfg(test)]
pub(crate) fn text(name: &str) -> Option<&'static str> {
    let found = ASSETS.iter().find(|asset| asset.name == name)?;
    std::str::from_utf8(found.body).ok()
}

/// The answer to a request for an asset.
#[derive(Debug, PartialEq, Eq)]
pub enum Served {
    /// 200 with this body.
    Body(Served200),
    /// 304: the browser has it.
    NotModified {
        /// `ETag`.
        etag: &'static str,
        /// `Cache-Control`.
        caching: &'static str,
    },
    /// 404.
    Unknown,
}

/// A body and what describes it. Send `X-Content-Type-Options: nosniff` along.
#[derive(Debug, PartialEq, Eq)]
pub struct Served200 {
    /// The bytes.
    pub body: &'static [u8],
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `ETag`.
    pub etag: &'static str,
    /// `Cache-Control`.
    pub caching: &'static str,
}

/// Answers `GET /assets/{edition}/{name}`.
///
/// Under the hash of another edition (a page from a node that runs another version) the present
/// file is served, but not to be kept.
pub fn serve(edition: &str, name: &str, if_none_match: Option<&str>) -> Served {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return Served::Unknown;
    };
    let caching = if edition == *EDITION {
        "public, max-age=31536000, immutable"
    } else {
        "public, no-cache"
    };
    let etag = ETAG.as_str();
    let known = |tags: &str| tags.split(',').any(|tag| is_same(tag.trim(), etag));
    if if_none_match.is_some_and(known) {
        return Served::NotModified { etag, caching };
    }
    Served::Body(Served200 {
        body: asset.body,
        content_type: asset.kind,
        etag,
        caching,
    })
}

/// Weak comparison (RFC 9110 §13.1.2): a compressing proxy makes our tag weak.
fn is_same(tag: &str, etag: &str) -> bool {
    tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(edition: &str, name: &str) -> Served200 {
        match serve(edition, name, None) {
            Served::Body(body) => body,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_asset_is_found_under_its_address_and_kept_for_ever() {
        for asset in ASSETS {
            let href = href(asset.name);
            let mut parts = href.split('/').skip(2);
            let served = body(parts.next().unwrap(), parts.next().unwrap());
            assert!(served.caching.contains("immutable"));
            assert!(!served.body.is_empty());
        }
        assert_eq!(
            body(&EDITION, "style.css").content_type,
            "text/css; charset=utf-8"
        );
    }

    #[test]
    fn another_edition_is_served_but_not_kept() {
        assert_eq!(body("older", "style.css").caching, "public, no-cache");
    }

    #[test]
    fn what_the_browser_has_is_not_sent_again() {
        let weak = format!("\"x\", W/{}", *ETAG);
        for tag in [ETAG.as_str(), weak.as_str(), "*"] {
            let served = serve(&EDITION, "style.css", Some(tag));
            assert!(matches!(served, Served::NotModified { .. }), "{tag}");
        }
        assert!(matches!(
            serve(&EDITION, "style.css", Some("\"x\"")),
            Served::Body(_)
        ));
    }

    #[test]
    fn nothing_else_can_be_reached() {
        for name in [
            "",
            "../Cargo.toml",
            "style.css/",
            "STYLE.CSS",
            "tokens.css\0",
        ] {
            assert_eq!(serve(&EDITION, name, None), Served::Unknown, "{name}");
        }
    }

    #[test]
    fn web_13_nothing_comes_from_elsewhere_and_nothing_is_inline() {
        for asset in ASSETS {
            let text = std::str::from_utf8(asset.body).unwrap();
            let elsewhere = text.replace("http://www.w3.org/2000/svg", "");
            assert!(!elsewhere.contains("http://") && !elsewhere.contains("https://"));
            assert!(
                !text.contains("@import") && !text.contains("<script") && !text.contains("<style")
            );
        }
    }
}
