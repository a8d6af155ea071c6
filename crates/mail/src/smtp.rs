use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use lettre::Message;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::{Error, extension::ClientId};
use percent_encoding::percent_decode_str;
use sekisho_model::Timestamp;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;
use url::Url;

use crate::{MailError, TransportRefusal};

const CONNECTIONS: usize = 10;
const CONNECT_TIME: Duration = Duration::from_secs(10);
const LETTER_TIME: Duration = Duration::from_secs(30);
const IDLE_TIME: Duration = Duration::from_mins(1);

/// An SMTP server and the connections to it.
///
/// The pool is ours, because lettre's waits for answers without a limit and takes a connection back
/// in the middle of a conversation; here whoever gives up drops the connection.
pub(crate) struct SmtpServer {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    patience: Duration,
    slots: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

enum Security {
    None,
    StartTls(TlsParameters),
    Tls(TlsParameters),
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Timestamp,
}

impl SmtpServer {
    pub(crate) fn from_url(text: &str) -> Result<Self, TransportRefusal> {
        let url = Url::parse(text).map_err(|refused| TransportRefusal::Url(refused.to_string()))?;
        let implicit = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            _ => return Err(TransportRefusal::Scheme),
        };
        let host = url.host_str().unwrap_or_default();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        if host.is_empty() {
            return Err(TransportRefusal::Url("the host is missing".to_owned()));
        }
        Ok(Self {
            port: url.port().unwrap_or(if implicit { 465 } else { 587 }),
            security: security(&url, &host, implicit)?,
            credentials: credentials(&url)?,
            host,
            patience: LETTER_TIME,
            slots: Semaphore::new(CONNECTIONS),
            idle: Mutex::new(Vec::new()),
        })
    }

    pub(crate) async fn send(&self, message: &Message, now: Timestamp) -> Result<(), MailError> {
        timeout(self.patience, self.deliver(message, now))
            .await
            .map_err(|_late| temporary("the mail server did not answer in time"))?
    }

    pub(crate) async fn close(&self) {
        for mut idle in std::mem::take(&mut *self.idle.lock().await) {
            let farewell = timeout(Duration::from_secs(1), idle.connection.abort()).await;
            tracing::debug!(in_time = farewell.is_ok(), "mail connection closed");
        }
    }

    async fn deliver(&self, message: &Message, now: Timestamp) -> Result<(), MailError> {
        let slot = self.slots.acquire().await;
        let _slot = slot.map_err(|_closed| temporary("the transport is closed"))?;
        let mut connection = self.connection(now).await?;
        let sent = connection
            .send(message.envelope(), &message.formatted())
            .await;
        if !connection.has_broken() {
            let since = now;
            self.idle.lock().await.push(Idle { connection, since });
        }
        sent.map(drop)
            .map_err(|failed| sort(&failed, Stage::Letter))
    }

    async fn connection(&self, now: Timestamp) -> Result<AsyncSmtpConnection, MailError> {
        loop {
            let Some(mut idle) = self.idle.lock().await.pop() else {
                return self.connect().await;
            };
            if now.since(idle.since) < IDLE_TIME && idle.connection.test_connected().await {
                return Ok(idle.connection);
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        let at_greeting = |failed: Error| sort(&failed, Stage::Greeting);
        let hello = ClientId::default();
        let server = (self.host.as_str(), self.port);
        let mut connection = if let Security::Tls(tls) = &self.security {
            let (limit, tls) = (Some(CONNECT_TIME), Some(tls.clone()));
            AsyncSmtpConnection::connect_tokio1(server, limit, &hello, tls, None).await
        } else {
            let stream = Box::new(quick_stream(server).await?);
            AsyncSmtpConnection::connect_with_transport(stream, &hello).await
        }
        .map_err(at_greeting)?;
        if let Security::StartTls(tls) = &self.security {
            let upgraded = connection.starttls(tls.clone(), &hello).await;
            upgraded.map_err(at_greeting)?;
        }
        if let Some(credentials) = &self.credentials {
            let known = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            known.map_err(at_greeting)?;
        }
        Ok(connection)
    }
}

/// A connection without Nagle's delay, which costs lettre 40 ms a letter.
async fn quick_stream(server: (&str, u16)) -> Result<TcpStream, MailError> {
    let unreachable = |failed: std::io::Error| {
        let kind = failed.kind();
        MailError::Temporary(format!("the mail server cannot be reached: {kind}"))
    };
    let stream = timeout(CONNECT_TIME, TcpStream::connect(server))
        .await
        .map_err(|_late| temporary("the mail server did not answer in time"))?
        .map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    Ok(stream)
}

fn security(url: &Url, host: &str, implicit: bool) -> Result<Security, TransportRefusal> {
    let mut required = true;
    for (name, value) in url.query_pairs() {
        required = match (name.as_ref(), value.as_ref()) {
            ("tls", "required") => true,
            ("tls", "none") if !implicit => false,
            _ => return Err(TransportRefusal::Setting(format!("{name}={value}"))),
        };
    }
    if !required {
        return if is_loopback(host) {
            Ok(Security::None)
        } else {
            Err(TransportRefusal::TlsRequired)
        };
    }
    let tls = TlsParameters::new(host.to_owned())
        .map_err(|refused| TransportRefusal::Url(refused.to_string()))?;
    Ok(if implicit {
        Security::Tls(tls)
    } else {
        Security::StartTls(tls)
    })
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn credentials(url: &Url) -> Result<Option<Credentials>, TransportRefusal> {
    let plain = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded
            .map(Into::into)
            .map_err(|_bytes| TransportRefusal::Credentials)
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(TransportRefusal::Credentials),
        (name, Some(password)) => Ok(Some(Credentials::new(plain(name)?, plain(password)?))),
    }
}

/// Where in the conversation an answer came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Connecting, TLS, authentication: trouble between the server and us.
    Greeting,
    /// Sender, recipient, content: the answer is about this letter.
    Letter,
}

/// Tells what waiting may mend from what it cannot. The server's own words are left out: they tend
/// to repeat the address.
fn sort(failed: &Error, stage: Stage) -> MailError {
    let Some(code) = failed.status() else {
        return if stage == Stage::Letter && failed.is_client() {
            MailError::Permanent("the mail server cannot take this address".to_owned())
        } else {
            MailError::Temporary(trouble(failed))
        };
    };
    let code = code.to_string();
    let text = match enhanced_code(failed) {
        Some(enhanced) => format!("the mail server answered {code} {enhanced}"),
        None => format!("the mail server answered {code}"),
    };
    let about_us = ["530", "534", "535", "538"].contains(&code.as_str());
    if failed.is_permanent() && stage == Stage::Letter && !about_us {
        if is_about_mailbox(&code, enhanced_code(failed).as_deref()) {
            MailError::Refused(text)
        } else {
            MailError::Permanent(text)
        }
    } else {
        MailError::Temporary(text)
    }
}

/// RFC 3463 §3.2 and §3.3: whether the address or its mailbox is what is refused, and not our server or the content.
fn is_about_mailbox(code: &str, enhanced: Option<&str>) -> bool {
    match enhanced {
        Some(enhanced) => enhanced.starts_with("5.1.") || enhanced.starts_with("5.2."),
        None => ["550", "551", "553"].contains(&code),
    }
}

/// The RFC 3463 code, such as `5.1.1`, at the start of the server's text.
fn enhanced_code(failed: &Error) -> Option<String> {
    let text = std::error::Error::source(failed)?.to_string();
    let first = text.split_whitespace().next()?;
    let digits =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let looks = first.split('.').count() == 3 && first.split('.').all(digits);
    looks.then(|| first.to_owned())
}

fn trouble(failed: &Error) -> String {
    let mut source = std::error::Error::source(failed);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return match io.kind() {
                // What rustls answers for a certificate it does not trust.
                ErrorKind::InvalidData => "TLS with the mail server failed".to_owned(),
                kind => format!("the connection to the mail server failed: {kind}"),
            };
        }
        source = cause.source();
    }
    if failed.is_tls() {
        "the mail server offers no TLS we accept".to_owned()
    } else if failed.is_client() {
        "the mail server lacks STARTTLS or a way to authenticate".to_owned()
    } else {
        "the mail server cannot be understood".to_owned()
    }
}

fn temporary(text: &str) -> MailError {
    MailError::Temporary(text.to_owned())
}

#[cfg(test)]
mod tests;
