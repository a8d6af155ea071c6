//! Security headers of every answer (WEB-04 to WEB-08): pure functions from the kind of answer.

use std::borrow::Cow;

/// What kind of answer headers are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A page of ours whose forms stay here.
    Page,
    /// A page within an authorization: its forms end in a redirect to this source (see
    /// [`form_target`]). Chromium and Safari apply `form-action` to the whole chain (WEB-05).
    FlowPage(FormTarget),
    /// The page that posts an answer to an app: its form leads to this source and nowhere else.
    FormPost(FormTarget),
    /// The page that says a sign-out is done: the browser forgets what it kept of us (SES-14). It may
    /// show frames of these sources, and only these, to tell apps of it (LO-05).
    SignedOut(Vec<FormTarget>),
    /// The frame by which apps watch the session: any page may embed it (Session Management 1.0 §3.3).
    SessionFrame,
    /// JSON with tokens, claims or decisions.
    Api,
    /// JSON that is the same for everybody, such as discovery and keys; kept for so many seconds.
    PublicJson(u32),
    /// A redirect.
    Redirect,
    /// A page that shows caught mails in a frame of our own (dev mode only).
    MailPage,
    /// The HTML part of one caught mail, inside that frame: styles inline, nothing else allowed.
    MailPreview,
}

/// A source that may stand in `form-action` or `frame-src`: an origin or a private scheme, nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormTarget(String);

impl FormTarget {
    /// The source as it stands in the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The `form-action` source of a redirect URI that was validated before: the origin, or the scheme
/// of a native app. `None` for what no form may lead to.
pub fn form_target(redirect_uri: &str) -> Option<FormTarget> {
    let uri = url::Url::parse(redirect_uri).ok()?;
    let source = match uri.scheme() {
        "https" | "http" => uri.origin().ascii_serialization(),
        scheme if is_safe_scheme(scheme) => format!("{scheme}:"),
        _ => return None,
    };
    let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b';' | b',' | b'\'' | b'"' | b'*');
    source.bytes().all(plain).then_some(FormTarget(source))
}

/// Whether a URI of this scheme may be followed: never one that runs script or shows data as ours.
pub fn is_safe_scheme(scheme: &str) -> bool {
    !matches!(
        scheme.to_ascii_lowercase().as_str(),
        "javascript"
            | "data"
            | "vbscript"
            | "blob"
            | "file"
            | "filesystem"
            | "about"
            | "view-source"
    )
}

/// One header: name and value.
pub type Header = (&'static str, Cow<'static, str>);

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; \
    report-uri /csp-report; form-action 'self'";
const SESSION_FRAME_POLICY: &str = "default-src 'none'; script-src 'self'; base-uri 'none'; \
    object-src 'none'; report-uri /csp-report; form-action 'none'; frame-ancestors *";
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";
const PREVIEW_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
    object-src 'none'; form-action 'none'; frame-ancestors 'self'; sandbox";
/// SES-14: what the browser kept of us goes; cookies are taken away by name.
pub const FORGET: &str = "\"cache\", \"storage\"";
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), \
    gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=(), \
    browsing-topics=()";

/// The security headers of an answer. `https` says whether the issuer is an https URL: without it
/// there is no HSTS.
///
/// `Referrer-Policy: no-referrer` makes browsers send `Origin: null` with a form, which WEB-01
/// refuses (seen in Chromium); pages therefore carry `<meta name="referrer" content="same-origin">`,
/// which wins inside the page and still tells no other site where somebody came from.
pub fn security_headers(answer: &Answer, https: bool) -> Vec<Header> {
    let embedders = if *answer == Answer::SessionFrame {
        "cross-origin"
    } else {
        "same-origin"
    };
    let mut headers: Vec<Header> = vec![
        ("content-security-policy", policy(answer)),
        ("cache-control", caching(answer)),
        ("referrer-policy", Cow::Borrowed("no-referrer")),
        ("x-content-type-options", Cow::Borrowed("nosniff")),
        ("cross-origin-opener-policy", Cow::Borrowed("same-origin")),
        ("cross-origin-resource-policy", Cow::Borrowed(embedders)),
        ("permissions-policy", Cow::Borrowed(PERMISSIONS)),
    ];
    if https {
        let year = Cow::Borrowed("max-age=63072000; includeSubDomains");
        headers.push(("strict-transport-security", year));
    }
    if matches!(answer, Answer::SignedOut(_)) {
        headers.push(("clear-site-data", Cow::Borrowed(FORGET)));
    }
    headers
}

fn policy(answer: &Answer) -> Cow<'static, str> {
    match answer {
        Answer::Page => Cow::Borrowed(POLICY),
        Answer::SignedOut(frames) => signed_out_policy(frames),
        Answer::SessionFrame => Cow::Borrowed(SESSION_FRAME_POLICY),
        Answer::FlowPage(target) => Cow::Owned(format!("{POLICY} {}", target.as_str())),
        Answer::FormPost(target) => Cow::Owned(POLICY.replace(
            "form-action 'self'",
            &format!("form-action {}", target.as_str()),
        )),
        Answer::MailPage => Cow::Owned(format!("{POLICY}; frame-src 'self'")),
        Answer::MailPreview => Cow::Borrowed(PREVIEW_POLICY),
        Answer::Api | Answer::PublicJson(_) | Answer::Redirect => Cow::Borrowed(API_POLICY),
    }
}

fn signed_out_policy(frames: &[FormTarget]) -> Cow<'static, str> {
    if frames.is_empty() {
        return Cow::Borrowed(POLICY);
    }
    let mut sources: Vec<&str> = frames.iter().map(FormTarget::as_str).collect();
    sources.sort_unstable();
    sources.dedup();
    Cow::Owned(format!("{POLICY}; frame-src {}", sources.join(" ")))
}

fn caching(answer: &Answer) -> Cow<'static, str> {
    match answer {
        Answer::SessionFrame => Cow::Borrowed("public, max-age=300"),
        Answer::PublicJson(seconds) => Cow::Owned(format!("public, max-age={seconds}")),
        Answer::Page
        | Answer::FlowPage(_)
        | Answer::FormPost(_)
        | Answer::SignedOut(_)
        | Answer::Api
        | Answer::Redirect
        | Answer::MailPage
        | Answer::MailPreview => Cow::Borrowed("no-store"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(answer: &Answer, https: bool, name: &str) -> Option<String> {
        let headers = security_headers(answer, https);
        headers
            .into_iter()
            .find_map(|(found, value)| (found == name).then(|| value.into_owned()))
    }

    fn policy_of(answer: &Answer) -> String {
        value(answer, true, "content-security-policy").unwrap()
    }

    #[test]
    fn web_04_every_answer_forbids_what_it_does_not_name() {
        let flow = Answer::FlowPage(form_target("https://app.example/cb").unwrap());
        for answer in [
            Answer::Page,
            flow,
            Answer::SignedOut(Vec::new()),
            Answer::Api,
            Answer::PublicJson(300),
            Answer::Redirect,
            Answer::MailPage,
            Answer::MailPreview,
        ] {
            let policy = policy_of(&answer);
            assert!(policy.starts_with("default-src 'none'"), "{policy}");
            assert!(policy.contains("frame-ancestors '"), "{policy}");
            let inline = policy.contains("unsafe-inline");
            assert_eq!(inline, answer == Answer::MailPreview, "{policy}");
            assert!(!policy.contains("unsafe-eval"));
        }
        for part in [
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy_of(&Answer::Page).contains(part), "{part}");
        }
    }

    #[test]
    fn web_05_form_action_is_widened_by_the_origin_of_the_redirect_and_nothing_more() {
        let of = |uri: &str| form_target(uri).map(|target| target.0);
        let https = of("https://mail.aozora.example/cb?x=1").unwrap();
        assert_eq!(https, "https://mail.aozora.example");
        assert_eq!(
            of("http://127.0.0.1:4711/cb").unwrap(),
            "http://127.0.0.1:4711"
        );
        assert_eq!(of("com.example.app:/cb").unwrap(), "com.example.app:");
        let policy = policy_of(&Answer::FlowPage(FormTarget(https)));
        assert!(policy.ends_with("form-action 'self' https://mail.aozora.example"));
        for bad in [
            "javascript:alert(1)",
            "DATA:text/html,x",
            "blob:https://a/b",
            "not a uri",
            "",
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }

    #[test]
    fn web_10_the_page_that_posts_an_answer_posts_to_the_app_only() {
        let policy = policy_of(&Answer::FormPost(
            form_target("https://a.example/cb").unwrap(),
        ));
        assert!(policy.contains("form-action https://a.example"), "{policy}");
        assert!(!policy.contains("form-action 'self'"), "{policy}");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'"));
    }

    #[test]
    fn lo_05_the_page_after_a_sign_out_may_frame_the_apps_it_tells_and_nothing_else() {
        let apps = [
            "https://b.example/out?x=1",
            "https://a.example/",
            "https://b.example/",
        ];
        let sources = apps.map(|app| form_target(app).unwrap()).to_vec();
        let policy = policy_of(&Answer::SignedOut(sources));
        assert!(policy.ends_with("; frame-src https://a.example https://b.example"));
        let none = policy_of(&Answer::SignedOut(Vec::new()));
        assert!(!none.contains("frame-src"), "{none}");
    }

    #[test]
    fn the_session_frame_may_be_embedded_anywhere_and_can_do_nothing_but_run_our_script() {
        let policy = policy_of(&Answer::SessionFrame);
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
        assert!(policy.ends_with("frame-ancestors *"), "{policy}");
        let get = |name| value(&Answer::SessionFrame, true, name);
        assert_eq!(get("x-frame-options"), None);
        assert_eq!(
            get("cross-origin-resource-policy").as_deref(),
            Some("cross-origin")
        );
        assert_eq!(get("cache-control").as_deref(), Some("public, max-age=300"));
    }

    #[test]
    fn web_06_the_fixed_headers_are_always_there_and_hsts_only_with_https() {
        for https in [true, false] {
            let get = |name| value(&Answer::Page, https, name);
            assert_eq!(get("referrer-policy").as_deref(), Some("no-referrer"));
            assert_eq!(get("x-content-type-options").as_deref(), Some("nosniff"));
            assert_eq!(
                get("cross-origin-opener-policy").as_deref(),
                Some("same-origin")
            );
            assert_eq!(
                get("cross-origin-resource-policy").as_deref(),
                Some("same-origin")
            );
            assert!(get("permissions-policy").is_some());
            assert_eq!(get("strict-transport-security").is_some(), https);
        }
        let hsts = value(&Answer::Api, true, "strict-transport-security").unwrap();
        assert!(hsts.contains("includeSubDomains"));
    }

    #[test]
    fn web_08_only_public_documents_may_be_kept() {
        for answer in [
            Answer::Page,
            Answer::Api,
            Answer::Redirect,
            Answer::SignedOut(Vec::new()),
        ] {
            assert_eq!(value(&answer, true, "cache-control").unwrap(), "no-store");
        }
        let public = value(&Answer::PublicJson(300), true, "cache-control").unwrap();
        assert_eq!(public, "public, max-age=300");
    }

    #[test]
    fn ses_14_signing_out_tells_the_browser_to_forget() {
        let forget = value(&Answer::SignedOut(Vec::new()), true, "clear-site-data").unwrap();
        assert_eq!(forget, "\"cache\", \"storage\"");
        assert_eq!(value(&Answer::Page, true, "clear-site-data"), None);
    }
}
