use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use lettre::{Address, address::AddressError};
use sekisho_model::{LetterId, Timestamp};

use crate::{Letter, MailError, Rendered};

/// Reads `mail.from`: an address, or `Name <address>`.
pub(crate) fn parse_sender(from: &str) -> Option<Mailbox> {
    if from.chars().any(char::is_control) {
        return None;
    }
    from.parse().ok()
}

/// Builds the message. Every header is ours, or the one address it goes to (OTP-20).
pub(crate) fn compose(
    letter: &Letter,
    rendered: &Rendered,
    from: &Mailbox,
    id: LetterId,
    now: Timestamp,
) -> Result<Message, MailError> {
    let to: Address = letter
        .to
        .parse()
        .map_err(|_refused: AddressError| permanent("the address cannot be sent to"))?;
    // A line break in a display name would make lettre panic.
    let name = from.name.as_deref().unwrap_or(&letter.sender.service);
    let from = Mailbox::new(Some(one_line(name)), from.email.clone());
    let sent_at = UNIX_EPOCH + Duration::from_micros(u64::try_from(now.micros()).unwrap_or(0));
    let host = host_name(&letter.sender.host);
    let mut builder = Message::builder()
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(one_line(&rendered.subject))
        .date(sent_at)
        .message_id(Some(format!("<{id}@{host}>")));
    for (name, value) in [
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("Content-Language", letter.locale.tag()),
    ] {
        let name = HeaderName::new_from_ascii_str(name);
        builder = builder.raw_header(HeaderValue::new(name, value.to_owned()));
    }
    let parts = MultiPart::alternative_plain_html(rendered.text.clone(), rendered.html.clone());
    builder
        .multipart(parts)
        .map_err(|_refused| permanent("the letter cannot be written as a message"))
}

/// The header lines we write, decoded, for the catcher.
pub(crate) fn headers(message: &Message) -> BTreeMap<String, String> {
    const NAMES: [&str; 10] = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "MIME-Version",
        "Content-Type",
        "Content-Language",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
    ];
    let value = |name| message.headers().get_raw(name).map(str::to_owned);
    NAMES
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), value(name)?)))
        .collect()
}

fn permanent(text: &str) -> MailError {
    MailError::Permanent(text.to_owned())
}

fn one_line(text: &str) -> String {
    let space = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(space).collect()
}

/// The host without its port; nothing else may stand in a message id.
fn host_name(host: &str) -> String {
    let name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    let kept = |c: &char| c.is_ascii_alphanumeric() || "-.".contains(*c);
    let name: String = name.chars().filter(kept).collect();
    if name.is_empty() {
        "localhost".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use sekisho_model::{Locale, SeededEntropy};

    use super::*;
    use crate::{LetterBody, Sender, render};

    const NOW: Timestamp = Timestamp::from_seconds(1_795_325_590);

    fn message(letter: &Letter) -> Result<Message, MailError> {
        let id = LetterId::new(NOW, &SeededEntropy::new(1));
        let from = parse_sender("no-reply@id.example").unwrap();
        compose(letter, &render(letter).unwrap(), &from, id, NOW)
    }

    fn letter(to: &str, service: &str) -> Letter {
        Letter {
            to: to.to_owned(),
            locale: Locale::Ja,
            zone: "Asia/Tokyo".to_owned(),
            sender: Sender {
                service: service.to_owned(),
                host: "id.example:8443".to_owned(),
                code_in_subject: false,
            },
            place: None,
            body: LetterBody::Test,
        }
    }

    #[test]
    fn otp_20_the_headers_say_that_nobody_need_answer() {
        let message = message(&letter("haruka@mobile.example", "関所")).unwrap();
        let headers = headers(&message);
        assert_eq!(headers["Auto-Submitted"], "auto-generated");
        assert_eq!(headers["X-Auto-Response-Suppress"], "All");
        assert_eq!(headers["Content-Language"], "ja");
        assert!(headers["Message-ID"].ends_with("@id.example>"));
        assert_eq!(headers["Date"], "Sun, 22 Nov 2026 05:33:10 +0000");
        let wire = String::from_utf8(message.formatted()).unwrap();
        let text = wire.find("text/plain").unwrap();
        let html = wire.find("text/html").unwrap();
        assert!(wire.contains("multipart/alternative") && text < html);
    }

    #[test]
    fn a_break_in_a_name_neither_panics_nor_makes_a_header() {
        let letter = letter(
            "haruka@mobile.example",
            "Seki\r\nBcc: evil@x.example\r\n\r\nsho",
        );
        let wire = String::from_utf8(message(&letter).unwrap().formatted()).unwrap();
        let head = wire.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    }

    #[test]
    fn an_address_that_would_inject_is_refused_for_good() {
        for to in [
            "a@b.example\r\nBcc: c@d.example",
            "a@b.example, c@d.example",
            "",
            "<a@b.c>",
        ] {
            let refused = message(&letter(to, "Sekisho")).unwrap_err();
            assert!(matches!(refused, MailError::Permanent(_)), "{to}");
        }
    }

    #[test]
    fn a_sender_may_have_a_name_but_no_break() {
        assert!(
            parse_sender("Sekisho <no-reply@id.example>")
                .unwrap()
                .name
                .is_some()
        );
        assert!(parse_sender("a@b.example\r\nX: y").is_none());
        assert!(parse_sender("nobody").is_none());
    }
}
