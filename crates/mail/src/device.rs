//! Devices in human words, from the browser's own description.
//!
//! The description is untrusted: only names from our own lists come out of here (TD-09).

use sekisho_model::Locale;
use serde::{Deserialize, Serialize};
use woothee::parser::Parser;

use crate::words::Words;

const LONGEST: usize = 512;

/// What somebody signed in with, classified by us.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Device {
    /// A web browser; the system is missing if it was not recognised.
    Browser {
        /// Such as `Chrome`.
        browser: String,
        /// Such as `Windows`.
        system: Option<String>,
    },
    /// The browser inside another app.
    InApp {
        /// Such as `iPhone`.
        system: String,
    },
    /// A script or library.
    Program {
        /// Such as `curl`, if it is one we know.
        program: Option<String>,
    },
    /// Nothing we recognise.
    Unknown,
}

impl Device {
    /// Classifies a `User-Agent` header.
    pub fn of(user_agent: &str) -> Self {
        let agent: String = user_agent.chars().take(LONGEST).collect();
        if let Some(program) = known_program(&agent) {
            let program = Some(program.to_owned());
            return Self::Program { program };
        }
        let Some(found) = Parser::new().parse(&agent) else {
            return Self::Unknown;
        };
        let system = system_name(found.os).map(str::to_owned);
        match (found.category, browser_name(found.name), system) {
            ("crawler" | "misc", _, _) => Self::Program { program: None },
            (_, _, Some(system)) if is_in_app(&agent, found.name, &system) => {
                Self::InApp { system }
            }
            (_, Some(browser), system) => Self::Browser {
                browser: browser.to_owned(),
                system,
            },
            _ => Self::Unknown,
        }
    }

    /// `Windows の Chrome`, `Chrome on Windows`.
    pub fn words(&self, locale: Locale) -> String {
        let words = Words::of(locale);
        let said = match self {
            Self::Browser {
                browser,
                system: Some(system),
            } => words
                .with("browser", browser)
                .with("system", system)
                .say("device-browser"),
            Self::Browser { browser, .. } => return browser.clone(),
            Self::InApp { system } => words.with("system", system).say("device-in-app"),
            Self::Program {
                program: Some(program),
            } => words.with("program", program).say("device-program"),
            Self::Program { program: None } => words.say("device-some-program"),
            Self::Unknown => words.say("device-unknown"),
        };
        said.unwrap_or_default()
    }
}

fn known_program(agent: &str) -> Option<&'static str> {
    const PROGRAMS: [(&str, &str); 19] = [
        ("curl/", "curl"),
        ("Wget/", "Wget"),
        ("python-requests/", "Python"),
        ("Python-urllib/", "Python"),
        ("python-httpx/", "Python"),
        ("aiohttp/", "Python"),
        ("Python/", "Python"),
        ("okhttp/", "OkHttp"),
        ("Go-http-client/", "Go"),
        ("Java/", "Java"),
        ("Apache-HttpClient/", "Java"),
        ("PHP/", "PHP"),
        ("GuzzleHttp/", "PHP"),
        ("Ruby", "Ruby"),
        ("axios/", "Node.js"),
        ("node", "Node.js"),
        ("PostmanRuntime/", "Postman"),
        ("insomnia/", "Insomnia"),
        ("HTTPie/", "HTTPie"),
    ];
    PROGRAMS
        .into_iter()
        .find_map(|(start, name)| agent.starts_with(start).then_some(name))
}

fn browser_name(found: &str) -> Option<&'static str> {
    const BROWSERS: [(&str, &str); 11] = [
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
        ("Firefox", "Firefox"),
        ("Edge", "Edge"),
        ("Opera", "Opera"),
        ("Vivaldi", "Vivaldi"),
        ("Sleipnir", "Sleipnir"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Yandex Browser", "Yandex"),
        ("Internet Explorer", "Internet Explorer"),
        ("Google Search App", "Google"),
    ];
    BROWSERS
        .into_iter()
        .find_map(|(theirs, ours)| (theirs == found).then_some(ours))
}

fn system_name(found: &str) -> Option<&'static str> {
    match found {
        "Mac OSX" => Some("Mac"),
        "Linux" => Some("Linux"),
        "Android" => Some("Android"),
        "iPhone" => Some("iPhone"),
        "iPad" => Some("iPad"),
        "iPod" => Some("iPod"),
        "ChromeOS" => Some("Chromebook"),
        "BSD" => Some("BSD"),
        other if other.starts_with("Windows") => Some("Windows"),
        _ => None,
    }
}

fn is_in_app(agent: &str, found: &str, system: &str) -> bool {
    let phone = ["iPhone", "iPad", "iPod", "Android"].contains(&system);
    let marks = [
        "; wv)",
        " Line/",
        "FBAN/",
        "FBAV/",
        "Instagram ",
        " GSA/",
        "MicroMessenger/",
    ];
    phone && (found == "Webview" || marks.iter().any(|mark| agent.contains(mark)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";

    fn words(agent: &str) -> (String, String) {
        let device = Device::of(agent);
        (device.words(Locale::Ja), device.words(Locale::En))
    }

    #[test]
    fn each_case_has_words_in_both_languages() {
        let safari = format!("{IPHONE} Version/19.1 Mobile/15E148 Safari/604.1");
        let line = format!("{IPHONE} Mobile/15E148 Safari Line/15.0.0");
        let view = format!("{IPHONE} Mobile/15E148");
        let cases = [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
                "Windows の Chrome",
                "Chrome on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0",
                "Windows の Edge",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0",
                "Linux の Firefox",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36",
                "Android の Chrome",
                "Chrome on Android",
            ),
            (&safari, "iPhone の Safari", "Safari on iPhone"),
            (
                &line,
                "iPhone のアプリ内ブラウザー",
                "In-app browser on iPhone",
            ),
            (
                &view,
                "iPhone のアプリ内ブラウザー",
                "In-app browser on iPhone",
            ),
            ("curl/8.11.0", "プログラム（curl）", "Program (curl)"),
            ("Googlebot/2.1", "プログラム", "Program"),
            ("", "不明な端末", "Unknown device"),
            ("-", "不明な端末", "Unknown device"),
            ("\u{202e}evil <b>", "不明な端末", "Unknown device"),
        ];
        for (agent, ja, en) in cases {
            assert_eq!(words(agent), (ja.to_owned(), en.to_owned()), "{agent}");
        }
    }

    #[test]
    fn td_09_nothing_of_the_header_itself_comes_out() {
        let mark = "https://spam.example <script>";
        for agent in [
            format!("curl/{mark}"),
            format!("Mozilla/5.0 ({mark}) Firefox/150.0"),
            format!("Mozilla/5.0 (Windows NT 10.0; {mark}) Chrome/156.0 Safari/537.36"),
            format!("{mark}/1.0"),
        ] {
            let (ja, en) = words(&agent);
            assert!(!ja.contains("spam") && !en.contains("spam"), "{ja} {en}");
            assert!(!ja.contains('<') && !en.contains('<'), "{ja} {en}");
        }
    }

    #[test]
    fn a_huge_header_is_cut_before_it_is_parsed() {
        let device = Device::of(&"Mozilla/5.0 (;".repeat(100_000));
        assert_eq!(device, Device::Unknown);
    }
}
