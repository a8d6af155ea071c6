use std::sync::Arc;

use sekisho_model::{LetterId, Locale, SeededEntropy};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::{Letter, LetterBody, Sender, Transport};

const NOW: Timestamp = Timestamp::from_seconds(1_795_325_590);

/// A mail server that answers as it is told, and remembers what it heard.
#[derive(Clone, Default)]
struct Sink {
    heard: Arc<std::sync::Mutex<Vec<String>>>,
    connections: Arc<std::sync::atomic::AtomicU32>,
    answers: Arc<Answers>,
}

struct Answers {
    ehlo: &'static str,
    auth: &'static str,
    recipient: &'static str,
    content: &'static str,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            ehlo: "250-sink\r\n250 AUTH PLAIN LOGIN",
            auth: "235 2.7.0 ok",
            recipient: "250 2.1.5 ok",
            content: "250 2.0.0 taken",
        }
    }
}

impl Sink {
    async fn listen(answers: Answers) -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sink = Self {
            answers: Arc::new(answers),
            ..Self::default()
        };
        let server = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                server
                    .connections
                    .fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                tokio::spawn(server.clone().converse(stream));
            }
        });
        (sink, port)
    }

    async fn converse(self, stream: TcpStream) {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 sink\r\n").await.unwrap();
        let mut content = false;
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                _ if content && line != "." => "",
                "." => self.answers.content,
                "EHLO" => self.answers.ehlo,
                "AUTH" => self.answers.auth,
                "RCPT" => self.answers.recipient,
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            content = answer.starts_with("354") || (content && line != ".");
            self.heard.lock().unwrap().push(line);
            let answer = format!("{answer}{}", if answer.is_empty() { "" } else { "\r\n" });
            if write.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn heard(&self, start: &str) -> usize {
        let heard = self.heard.lock().unwrap();
        heard.iter().filter(|line| line.starts_with(start)).count()
    }

    fn connections(&self) -> u32 {
        self.connections.load(std::sync::atomic::Ordering::SeqCst)
    }
}

fn letter() -> Letter {
    Letter {
        to: "haruka@mobile.example".to_owned(),
        locale: Locale::En,
        zone: "Asia/Tokyo".to_owned(),
        sender: Sender {
            service: "Sekisho".to_owned(),
            host: "id.example".to_owned(),
            code_in_subject: false,
        },
        place: None,
        body: LetterBody::Test,
    }
}

fn id(n: u64) -> LetterId {
    LetterId::new(NOW, &SeededEntropy::new(n))
}

fn open(url: &str) -> Result<Transport, TransportRefusal> {
    Transport::open(url, "no-reply@id.example")
}

async fn send(answers: Answers) -> (Sink, Result<(), MailError>) {
    let (sink, port) = Sink::listen(answers).await;
    let transport = open(&format!("smtp://u:p%40ss@127.0.0.1:{port}?tls=none")).unwrap();
    let sent = transport.send(&letter(), id(1), NOW).await;
    (sink, sent)
}

#[tokio::test]
async fn a_letter_is_handed_over_with_the_password_of_the_url() {
    let (sink, sent) = send(Answers::default()).await;
    assert_eq!(sent, Ok(()));
    assert_eq!(sink.heard("MAIL FROM:<no-reply@id.example>"), 1);
    assert_eq!(sink.heard("RCPT TO:<haruka@mobile.example>"), 1);
    assert_eq!(sink.heard("Subject: Sekisho: test mail"), 1);
    // base64 of NUL u NUL p@ss
    assert_eq!(sink.heard("AUTH PLAIN AHUAcEBzcw=="), 1);
}

#[tokio::test]
async fn a_4xx_answer_is_worth_another_try() {
    let (_sink, sent) = send(Answers {
        recipient: "451 4.3.0 haruka@mobile.example: try later",
        ..Answers::default()
    })
    .await;
    let text = "the mail server answered 451 4.3.0".to_owned();
    assert_eq!(
        sent,
        Err(MailError::Temporary(text)),
        "and the address is not repeated"
    );
}

#[tokio::test]
async fn a_5xx_answer_about_the_letter_is_final() {
    let (_sink, sent) = send(Answers {
        recipient: "550-5.1.1 haruka@mobile.example\r\n550 5.1.1 no such user",
        ..Answers::default()
    })
    .await;
    let text = "the mail server answered 550 5.1.1".to_owned();
    assert_eq!(sent, Err(MailError::Refused(text)));
    let (_sink, sent) = send(Answers {
        content: "554 rejected",
        ..Answers::default()
    })
    .await;
    let text = "the mail server answered 554".to_owned();
    assert_eq!(sent, Err(MailError::Permanent(text)));
}

#[tokio::test]
async fn only_what_is_about_the_mailbox_says_something_of_it() {
    for (recipient, refused) in [
        ("550 no such user", true),
        ("553 mailbox name not allowed", true),
        ("552 5.2.2 over quota", true),
        ("550 5.7.1 your server is on a list", false),
        ("554 5.3.0 not now or ever", false),
        ("554 no", false),
    ] {
        let answers = Answers {
            recipient,
            ..Answers::default()
        };
        let (_sink, sent) = send(answers).await;
        assert_eq!(
            matches!(sent, Err(MailError::Refused(_))),
            refused,
            "{recipient}"
        );
        assert_eq!(
            matches!(sent, Err(MailError::Permanent(_))),
            !refused,
            "{recipient}"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_of_ours_kills_no_letter() {
    let (sink, sent) = send(Answers {
        auth: "535 5.7.8 no",
        ..Answers::default()
    })
    .await;
    let text = "the mail server answered 535 5.7.8".to_owned();
    assert_eq!(sent, Err(MailError::Temporary(text)));
    assert_eq!(sink.heard("MAIL"), 0);
}

#[tokio::test]
async fn net_07_without_starttls_nothing_is_handed_over() {
    let (sink, port) = Sink::listen(Answers::default()).await;
    let transport = open(&format!("smtp://u:p@127.0.0.1:{port}")).unwrap();
    let sent = transport.send(&letter(), id(1), NOW).await;
    assert!(matches!(sent, Err(MailError::Temporary(_))), "{sent:?}");
    assert_eq!(sink.heard("AUTH") + sink.heard("MAIL"), 0);
}

#[tokio::test]
async fn a_server_that_is_away_is_worth_another_try() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let transport = open(&format!("smtp://127.0.0.1:{port}?tls=none")).unwrap();
    let sent = transport.send(&letter(), id(1), NOW).await;
    let text = "the mail server cannot be reached: connection refused".to_owned();
    assert_eq!(sent, Err(MailError::Temporary(text)));
}

#[tokio::test]
async fn a_silent_server_is_given_up_and_its_connection_dropped() {
    let (sink, port) = Sink::listen(Answers {
        recipient: "",
        ..Answers::default()
    })
    .await;
    let mut server = SmtpServer::from_url(&format!("smtp://127.0.0.1:{port}?tls=none")).unwrap();
    server.patience = Duration::from_secs(1);
    let from = crate::message::parse_sender("no-reply@id.example").unwrap();
    let rendered = crate::render(&letter()).unwrap();
    let message = crate::message::compose(&letter(), &rendered, &from, id(1), NOW).unwrap();
    let text = "the mail server did not answer in time".to_owned();
    assert_eq!(
        server.send(&message, NOW).await,
        Err(MailError::Temporary(text))
    );
    assert_eq!(sink.heard("RCPT"), 1);
    assert!(
        server.idle.lock().await.is_empty(),
        "half a conversation is not used again"
    );
    assert_eq!(server.slots.available_permits(), CONNECTIONS);
}

#[tokio::test]
async fn connections_are_used_again_and_never_more_than_ten() {
    let (sink, port) = Sink::listen(Answers::default()).await;
    let transport = open(&format!("smtp://127.0.0.1:{port}?tls=none")).unwrap();
    for n in 0..3 {
        transport.send(&letter(), id(n), NOW).await.unwrap();
    }
    assert_eq!(sink.connections(), 1);
    let many: Vec<_> = (0..40)
        .map(|n| {
            let transport = transport.clone();
            tokio::spawn(async move { transport.send(&letter(), id(n), NOW).await })
        })
        .collect();
    for sent in many {
        assert_eq!(sent.await.unwrap(), Ok(()));
    }
    assert_eq!(sink.heard("DATA"), 43);
    assert!(sink.connections() <= 10, "{}", sink.connections());
    let later = NOW + Duration::from_mins(2);
    let before = sink.connections();
    transport.send(&letter(), id(50), later).await.unwrap();
    assert_eq!(
        sink.connections(),
        before + 1,
        "an idle connection is not trusted for long"
    );
    transport.close().await;
}

#[tokio::test]
async fn a_refused_letter_does_not_spoil_the_next() {
    let (sink, port) = Sink::listen(Answers {
        recipient: "550 5.1.1 no",
        ..Answers::default()
    })
    .await;
    let transport = open(&format!("smtp://127.0.0.1:{port}?tls=none")).unwrap();
    for n in 0..2 {
        let sent = transport.send(&letter(), id(n), NOW).await;
        assert!(matches!(sent, Err(MailError::Refused(_))));
    }
    assert_eq!(sink.heard("DATA"), 0);
}

#[tokio::test]
async fn urls_that_would_send_in_the_clear_are_refused() {
    for (url, refusal) in [
        (
            "smtp://mail.example?tls=none",
            TransportRefusal::TlsRequired,
        ),
        ("smtp://10.0.0.1?tls=none", TransportRefusal::TlsRequired),
        (
            "smtps://localhost?tls=none",
            TransportRefusal::Setting("tls=none".to_owned()),
        ),
        (
            "smtp://h?tls=opportunistic",
            TransportRefusal::Setting("tls=opportunistic".to_owned()),
        ),
        ("smtp://user@h", TransportRefusal::Credentials),
        ("http://h", TransportRefusal::Scheme),
    ] {
        assert_eq!(open(url).unwrap_err(), refusal, "{url}");
    }
    for url in [
        "smtp://[::1]:25?tls=none",
        "smtps://u:p@mail.example",
        "smtp://mail.example:25",
    ] {
        assert!(open(url).is_ok(), "{url}");
    }
    let shown = open("smtp://u:geheim@host:x").unwrap_err().to_string();
    assert!(!shown.contains("geheim"), "{shown}");
    assert!(matches!(
        Transport::open("catch:", "nobody"),
        Err(TransportRefusal::From)
    ));
    let transport = open("smtp://u:geheim@mail.example").unwrap();
    assert!(!format!("{transport:?}").contains("geheim"));
}

#[tokio::test]
async fn a_directory_gets_whole_files() {
    let directory = tempfile::tempdir().unwrap();
    let transport = open(&format!("file:{}", directory.path().display())).unwrap();
    transport.send(&letter(), id(1), NOW).await.unwrap();
    let file = directory.path().join(format!("{}.eml", id(1)));
    let message = std::fs::read_to_string(file).unwrap();
    assert!(message.contains("To: haruka@mobile.example"), "{message}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn the_catcher_keeps_the_newest_five_hundred() {
    let transport = open("catch:").unwrap();
    for n in 0..501 {
        transport.send(&letter(), id(n), NOW).await.unwrap();
    }
    let caught = transport
        .catcher()
        .unwrap()
        .caught(Some("HARUKA@mobile.example"));
    assert_eq!(caught.len(), 500);
    assert_eq!(caught[0].id, id(500));
    assert_eq!(caught[0].subject, "Sekisho: test mail");
    assert_eq!(caught[0].from, "Sekisho <no-reply@id.example>");
    assert!(
        transport
            .catcher()
            .unwrap()
            .caught(Some("x@y.example"))
            .is_empty()
    );
    let json = serde_json::to_value(&caught[0]).unwrap();
    assert_eq!(json["kind"], "test");
    assert!(json.get("code").is_none());
}
