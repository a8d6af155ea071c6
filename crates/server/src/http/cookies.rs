//! Our cookies: names, attributes, reading (SES-02, SES-04, SES-13) and the tokens they hold.

use std::time::Duration;

use actix_web::cookie::time;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{COOKIE, HeaderMap};
use sekisho_model::{BrowserToken, Digest};

/// Longest name and value together (SES-13).
const LONGEST: usize = 4096;

/// What a cookie is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// The signed-in session; ends with the browser.
    Session,
    /// Binds pending sign-ins to this browser (SES-04).
    PreAuth,
    /// Marks the browser as known to accounts: [`BrowserMarks`].
    Browser,
    /// What the frame of Session Management compares with: the one cookie that script may read, and
    /// that goes along into pages of other sites. It opens nothing.
    State,
    /// A place in the queue before the pages that change passwords.
    Queue,
    /// What the next page says once; signed (see `http::flash`).
    Flash,
    /// The chosen language.
    Language,
    /// The chosen brightness.
    Theme,
}

impl Use {
    /// Every cookie we set.
    pub const ALL: [Self; 8] = [
        Self::Session,
        Self::PreAuth,
        Self::Browser,
        Self::State,
        Self::Queue,
        Self::Flash,
        Self::Language,
        Self::Theme,
    ];

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Session => ("__Host-sekisho_session", "sekisho_session"),
            Self::PreAuth => ("__Host-sekisho_visit", "sekisho_visit"),
            Self::Browser => ("__Host-sekisho_browser", "sekisho_browser"),
            Self::State => ("__Host-sekisho_state", "sekisho_state"),
            Self::Queue => ("__Host-sekisho_queue", "sekisho_queue"),
            Self::Flash => ("__Host-sekisho_flash", "sekisho_flash"),
            Self::Language => ("__Host-sekisho_language", "sekisho_language"),
            Self::Theme => ("__Host-sekisho_theme", "sekisho_theme"),
        }
    }

    /// How long the browser keeps it; `None` until it is closed. The server decides about validity.
    const fn life(self) -> Option<Duration> {
        match self {
            Self::Session | Self::PreAuth | Self::State | Self::Queue => None,
            Self::Flash => Some(Duration::from_mins(2)),
            Self::Browser | Self::Language | Self::Theme => Some(Duration::from_hours(365 * 24)),
        }
    }
}

/// What a request carries under one of our names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// One value.
    Value(String),
    /// Several values, or one that is too long or not plain: not guessed at (SES-13).
    Refused,
}

impl Found {
    /// The value, if there is exactly one that can be ours.
    pub fn value(self) -> Option<String> {
        match self {
            Self::Value(value) => Some(value),
            Self::Nothing | Self::Refused => None,
        }
    }
}

/// How cookies are written here: `__Host-` and Secure unless the issuer is plain http (dev mode).
///
/// All but [`Use::State`] are `HttpOnly`, for the whole host, without Domain. `SameSite` is Lax: an
/// app's redirect to us comes from another site and must find the session; Strict is for the consoles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cookies {
    secure: bool,
}

impl Cookies {
    /// For an issuer that is https (`secure`) or not.
    pub const fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// The name a cookie goes by.
    pub const fn name(self, cookie: Use) -> &'static str {
        let (prefixed, plain) = cookie.names();
        if self.secure { prefixed } else { plain }
    }

    /// A cookie to set.
    pub fn set(self, cookie: Use, value: impl Into<String>) -> Cookie<'static> {
        let mut built = self.bare(cookie, value.into());
        if let Some(life) = cookie.life() {
            let seconds = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
            built.set_max_age(time::Duration::seconds(seconds));
        }
        built
    }

    /// A cookie to take away.
    pub fn clear(self, cookie: Use) -> Cookie<'static> {
        let mut built = self.bare(cookie, String::new());
        built.make_removal();
        built
    }

    fn bare(self, cookie: Use, value: String) -> Cookie<'static> {
        let framed = cookie == Use::State;
        // Browsers take `None` with Secure only; in dev mode apps are on the same site anyway.
        let same_site = if framed && self.secure {
            SameSite::None
        } else {
            SameSite::Lax
        };
        Cookie::build(self.name(cookie), value)
            .path("/")
            .http_only(!framed)
            .secure(self.secure)
            .same_site(same_site)
            .finish()
    }

    /// Reads one of our cookies.
    pub fn read(self, cookie: Use, headers: &HeaderMap) -> Found {
        let name = self.name(cookie);
        let lines = headers.get_all(COOKIE);
        let pairs = lines.flat_map(|line| line.as_bytes().split(|b| *b == b';'));
        let mut found = Found::Nothing;
        for value in pairs.filter_map(|pair| value_of(pair, name)) {
            found = match (found, plain(value, name)) {
                (Found::Nothing, Some(value)) => Found::Value(value),
                _ => Found::Refused,
            };
        }
        found
    }
}

fn value_of<'a>(pair: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let pair = pair.trim_ascii();
    pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

fn plain(value: &[u8], name: &str) -> Option<String> {
    let fits = !value.is_empty() && value.len() + name.len() <= LONGEST;
    let ours = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (fits && value.iter().all(ours)).then(|| String::from_utf8_lossy(value).into_owned())
}

/// The marks of one browser, one for each account used from it, newest first; at most five.
#[derive(Debug, Default)]
pub struct BrowserMarks(Vec<BrowserToken>);

impl BrowserMarks {
    /// How many accounts one browser is known to.
    pub const MOST: usize = 5;

    /// Reads the value of the browser cookie: tokens joined by dots.
    pub fn read(value: &str) -> Self {
        let tokens = value.split('.').filter_map(BrowserToken::presented);
        Self(tokens.take(Self::MOST).collect())
    }

    /// The marks.
    pub fn into_tokens(self) -> Vec<BrowserToken> {
        self.0
    }

    /// The cookie's new value once `mark` is given and the one with digest `replaces` is gone.
    pub fn with(mut self, mark: BrowserToken, replaces: Option<&Digest>) -> String {
        self.0.retain(|kept| Some(&kept.digest()) != replaces);
        self.0.insert(0, mark);
        self.0.truncate(Self::MOST);
        let texts: Vec<&str> = self.0.iter().map(BrowserToken::reveal).collect();
        texts.join(".")
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use sekisho_model::SeededEntropy;

    use super::*;

    const OVER_TLS: Cookies = Cookies::new(true);

    fn read(lines: &[&str]) -> Found {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        OVER_TLS.read(Use::Session, &headers)
    }

    #[test]
    fn ses_02_cookies_are_bound_to_the_host_and_hidden_from_script() {
        for cookie in Use::ALL.into_iter().filter(|used| *used != Use::State) {
            let text = OVER_TLS.set(cookie, "abc").to_string();
            assert!(text.starts_with("__Host-sekisho_"), "{text}");
            for part in ["; HttpOnly", "; SameSite=Lax", "; Secure", "; Path=/"] {
                assert!(text.contains(part), "{text}");
            }
            assert!(!text.contains("Domain"), "{text}");
            let dev = Cookies::new(false).set(cookie, "abc").to_string();
            assert!(
                dev.starts_with("sekisho_") && !dev.contains("Secure"),
                "{dev}"
            );
        }
    }

    #[test]
    fn the_state_for_frames_can_be_read_by_script_and_goes_along_into_other_sites() {
        let text = OVER_TLS.set(Use::State, "abc").to_string();
        assert!(text.starts_with("__Host-sekisho_state=abc"), "{text}");
        for part in ["; SameSite=None", "; Secure", "; Path=/"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("HttpOnly") && !text.contains("Max-Age"));
        let dev = Cookies::new(false).set(Use::State, "abc").to_string();
        assert!(dev.contains("SameSite=Lax") && !dev.contains("Secure"));
    }

    #[test]
    fn the_session_ends_with_the_browser_and_the_theme_stays_a_year() {
        assert!(
            !OVER_TLS
                .set(Use::Session, "a")
                .to_string()
                .contains("Max-Age")
        );
        let theme = OVER_TLS.set(Use::Theme, "dark").to_string();
        assert!(theme.contains("Max-Age=31536000"), "{theme}");
        let cleared = OVER_TLS.clear(Use::Session).to_string();
        assert!(
            cleared.contains("=; ") && cleared.contains("Max-Age=0"),
            "{cleared}"
        );
        assert!(cleared.contains("; Secure"), "{cleared}");
    }

    #[test]
    fn one_cookie_is_read_among_others() {
        let line = "a=b; __Host-sekisho_session=abc-_1; sekisho_session=no";
        assert_eq!(read(&[line]), Found::Value("abc-_1".to_owned()));
        assert_eq!(read(&["a=b"]), Found::Nothing);
        assert_eq!(read(&["x__Host-sekisho_session=abc"]), Found::Nothing);
        assert_eq!(read(&["__Host-sekisho_sessions=abc"]), Found::Nothing);
    }

    #[test]
    fn ses_13_duplicates_and_junk_are_refused() {
        let name = "__Host-sekisho_session";
        let twice = format!("{name}=a; {name}=b");
        let same = format!("{name}=a; {name}=a");
        let (one, two) = (format!("{name}=a"), format!("{name}=b"));
        let long = format!("{name}={}", "a".repeat(4096));
        for lines in [
            vec![twice.as_str()],
            vec![same.as_str()],
            vec![one.as_str(), two.as_str()],
            vec![long.as_str()],
        ] {
            assert_eq!(read(&lines), Found::Refused);
        }
        for junk in ["", "a b", "a\u{e9}", "\"a\"", "a%00", "<script>"] {
            assert_eq!(read(&[&format!("{name}={junk}")]), Found::Refused, "{junk}");
        }
    }

    #[test]
    fn a_browser_is_known_to_five_accounts_at_most() {
        let entropy = SeededEntropy::new(1);
        let mut value = String::new();
        for _ in 0..7 {
            value = BrowserMarks::read(&value).with(BrowserToken::generate(&entropy), None);
        }
        assert_eq!(value.split('.').count(), 5);
        assert!(value.len() < 300);
        let marks = BrowserMarks::read(&value).into_tokens();
        let third = marks[2].digest();
        let next = BrowserMarks::read(&value).with(BrowserToken::generate(&entropy), Some(&third));
        let after = BrowserMarks::read(&next).into_tokens();
        assert_eq!(after.len(), 5);
        assert!(after.iter().all(|mark| mark.digest() != third));
        assert_eq!(after[1].digest(), marks[0].digest());
    }

    #[test]
    fn an_empty_or_overlong_browser_cookie_is_harmless() {
        assert!(BrowserMarks::read("").into_tokens().is_empty());
        assert!(BrowserMarks::read("...").into_tokens().is_empty());
        assert_eq!(BrowserMarks::read(&"a.".repeat(100)).into_tokens().len(), 5);
    }
}
