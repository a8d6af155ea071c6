//! `/csp-report`: what browsers report when a page of ours wanted to load something that its policy forbids (WEB-04).
//! Anybody can send anything here: it is counted by directive, and now and then a line in the log says what it was.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use actix_web::http::StatusCode;
use actix_web::web::{self, PayloadConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use metrics::counter;
use serde_json::Value;

use super::answer::begin;
use super::app::App;
use super::headers::Answer;

/// NET-10: a report is a few hundred bytes, a batch of them a few more.
const LARGEST: usize = 8_192;
/// How many reports of a batch are looked at.
const MOST: usize = 8;
/// Seconds between two lines in the log.
const QUIET: i64 = 60;

/// Routes of this module.
pub fn routes(config: &mut ServiceConfig) {
    config.service(
        web::resource("/csp-report")
            .app_data(PayloadConfig::new(LARGEST))
            .route(web::post().to(take)),
    );
}

/// When a line was last written, and how many reports came since.
#[derive(Debug, Default)]
pub struct ReportLog {
    written: AtomicI64,
    since: AtomicU64,
}

impl ReportLog {
    /// Whether a line is due at `now`, in seconds; with how many reports there were since the last one.
    fn due(&self, now: i64) -> Option<u64> {
        let since = self.since.fetch_add(1, Ordering::Relaxed) + 1;
        let before = self.written.load(Ordering::Relaxed);
        if before != 0 && now < before.saturating_add(QUIET) {
            return None;
        }
        let order = Ordering::Relaxed;
        let first = self.written.compare_exchange(before, now, order, order);
        first.is_ok().then(|| {
            self.since.store(0, Ordering::Relaxed);
            since
        })
    }
}

async fn take(app: web::Data<App>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    for report in reports(&body) {
        counter!("sekisho_csp_reports_total", "directive" => report.directive).increment(1);
        if let Some(reports) = app.csp_reports.due(app.provider.now().seconds()) {
            let Report { directive, blocked } = report;
            let reference = app.reference(&request);
            tracing::warn!(
                reference,
                directive,
                blocked,
                reports,
                "a browser kept a page of ours from loading something"
            );
        }
    }
    begin(StatusCode::NO_CONTENT, &Answer::Api, app.https).finish()
}

/// What is taken of a report.
#[derive(Debug, PartialEq, Eq)]
struct Report {
    directive: &'static str,
    /// An origin, a word of the standard, or "other"; never a path.
    blocked: String,
}

/// Those of `report-uri` are one object, those of the Reporting API a list.
fn reports(body: &[u8]) -> Vec<Report> {
    let Ok(sent) = serde_json::from_slice::<Value>(body) else {
        return Vec::new();
    };
    let (old, new) = (sent.get("csp-report"), sent.as_array());
    let listed = new.into_iter().flatten().filter_map(|one| one.get("body"));
    old.into_iter()
        .chain(listed)
        .take(MOST)
        .filter_map(Value::as_object)
        .map(|report| {
            let text = |names: [&str; 3]| {
                let mut found = names
                    .into_iter()
                    .filter_map(|name| report.get(name)?.as_str());
                found.next().unwrap_or_default()
            };
            let directive = text([
                "effective-directive",
                "effectiveDirective",
                "violated-directive",
            ]);
            Report {
                directive: known(directive),
                blocked: origin(text(["blocked-uri", "blockedURL", "blockedURI"])),
            }
        })
        .collect()
}

/// The directive, if there is such a one: its name becomes a label of a counter.
fn known(directive: &str) -> &'static str {
    const DIRECTIVES: [&str; 16] = [
        "default-src",
        "script-src",
        "script-src-elem",
        "script-src-attr",
        "style-src",
        "style-src-elem",
        "style-src-attr",
        "img-src",
        "font-src",
        "connect-src",
        "frame-src",
        "object-src",
        "base-uri",
        "form-action",
        "frame-ancestors",
        "worker-src",
    ];
    let name = directive.split_ascii_whitespace().next();
    let mut directives = DIRECTIVES.into_iter();
    directives
        .find(|known| Some(*known) == name)
        .unwrap_or("other")
}

fn origin(blocked: &str) -> String {
    if matches!(
        blocked,
        "inline" | "eval" | "self" | "data" | "blob" | "wasm-eval"
    ) {
        return blocked.to_owned();
    }
    let parsed = url::Url::parse(blocked).ok();
    let origin = parsed.filter(|url| matches!(url.scheme(), "http" | "https"));
    match origin.map(|url| url.origin().ascii_serialization()) {
        Some(origin) if origin.len() <= 128 => origin,
        _ => "other".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn web_04_both_kinds_of_reports_are_read_and_nothing_but_directive_and_origin_is_kept() {
        let old = r#"{"csp-report":{"document-uri":"https://id.example/login?flow=secret",
            "violated-directive":"script-src 'self'","blocked-uri":"https://evil.example/x.js?token=1"}}"#;
        let new = r#"[{"type":"csp-violation","body":{"effectiveDirective":"style-src-attr","blockedURL":"inline"}},
            {"type":"x","body":7}]"#;
        let report = |directive, blocked: &str| Report {
            directive,
            blocked: blocked.to_owned(),
        };
        assert_eq!(
            reports(old.as_bytes()),
            [report("script-src", "https://evil.example")]
        );
        assert_eq!(
            reports(new.as_bytes()),
            [report("style-src-attr", "inline")]
        );
    }

    #[test]
    fn nonsense_is_no_report_and_no_new_label() {
        for nothing in ["", "[]", "{}", "7", "{\"csp-report\":[]}", "\u{0}", "[[[[["] {
            assert_eq!(reports(nothing.as_bytes()), [], "{nothing}");
        }
        let line = r#"{"csp-report":{"effective-directive":"x\nfake line","blocked-uri":"a\nb"}}"#;
        let expected = Report {
            directive: "other",
            blocked: "other".to_owned(),
        };
        assert_eq!(reports(line.as_bytes()), [expected]);
        let many = format!("[{}]", vec![r#"{"body":{}}"#; 500].join(","));
        assert_eq!(reports(many.as_bytes()).len(), MOST);
    }

    #[test]
    fn the_log_gets_one_line_a_minute_that_says_how_many_there_were() {
        let log = ReportLog::default();
        assert_eq!(log.due(100), Some(1));
        assert_eq!([log.due(101), log.due(159)], [None, None]);
        assert_eq!(log.due(160), Some(3));
        assert_eq!(log.due(161), None);
    }
}
