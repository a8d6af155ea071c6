use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lettre::message::Mailbox;
use sekisho_model::{LetterId, Timestamp};

use crate::catcher::{Catcher, Caught};
use crate::message::{compose, parse_sender};
use crate::smtp::SmtpServer;
use crate::{Letter, render};

/// How letters leave: SMTP, files in a directory, or the catcher of the dev mode.
#[derive(Clone)]
pub struct Transport {
    from: Mailbox,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Smtp(Arc<SmtpServer>),
    Directory(PathBuf),
    Catcher(Catcher),
}

/// Why a letter did not leave. The texts name no address and no content; they may be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Trying again later may help: the server is away, busy, or refuses us as a whole.
    #[error("{0}")]
    Temporary(String),
    /// This letter will never leave.
    #[error("{0}")]
    Permanent(String),
    /// Nor will any other to its recipient: the mail server knows no such mailbox, or it takes nothing.
    #[error("{0}")]
    Refused(String),
}

/// Why mail settings are refused. The texts do not repeat the URL: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportRefusal {
    /// The sender address cannot be used.
    #[error("mail.from is not a mail address")]
    From,
    /// The URL cannot be read.
    #[error("mail.url cannot be read: {0}")]
    Url(String),
    /// Not a way we know.
    #[error("mail.url must begin with smtp://, smtps://, file: or catch:")]
    Scheme,
    /// A setting we do not know.
    #[error("mail.url has an unknown setting \"{0}\"; known is tls=required or tls=none")]
    Setting(String),
    /// Letters would travel in the clear (NET-07).
    #[error("mail.url may say tls=none only for a loopback host")]
    TlsRequired,
    /// A name without a password, or the other way round.
    #[error("mail.url has a user name without a password")]
    Credentials,
}

impl Transport {
    /// Reads a mail URL; `from` is the sender address, with or without a name.
    ///
    /// - `smtp://user:password@host:587` insists on STARTTLS; `?tls=none` turns that off for a
    ///   loopback host only;
    /// - `smtps://user:password@host:465` is TLS from the first byte;
    /// - `file:DIR` writes `.eml` files into a directory that exists;
    /// - `catch:` keeps the letters in memory for the dev pages.
    pub fn open(url: &str, from: &str) -> Result<Self, TransportRefusal> {
        let from = parse_sender(from).ok_or(TransportRefusal::From)?;
        let way = if let Some(directory) = url.strip_prefix("file:") {
            let directory = PathBuf::from(directory);
            if !directory.is_dir() {
                return Err(TransportRefusal::Url("file: needs a directory".to_owned()));
            }
            Way::Directory(directory)
        } else if url == "catch:" {
            Way::Catcher(Catcher::default())
        } else {
            Way::Smtp(Arc::new(SmtpServer::from_url(url)?))
        };
        Ok(Self { from, way })
    }

    /// The catcher, if letters go there.
    pub const fn catcher(&self) -> Option<&Catcher> {
        match &self.way {
            Way::Catcher(catcher) => Some(catcher),
            Way::Smtp(_) | Way::Directory(_) => None,
        }
    }

    /// Writes and sends one letter. The id becomes its `Message-ID`, so that a letter sent twice
    /// after a lost answer is seen to be the same.
    pub async fn send(
        &self,
        letter: &Letter,
        id: LetterId,
        now: Timestamp,
    ) -> Result<(), MailError> {
        let rendered = render(letter)?;
        let message = compose(letter, &rendered, &self.from, id, now)?;
        match &self.way {
            Way::Smtp(server) => server.send(&message, now).await,
            Way::Directory(directory) => write_file(directory, id, &message.formatted()),
            Way::Catcher(catcher) => {
                catcher.keep(Caught::of(letter, rendered, &message, id, now));
                Ok(())
            }
        }
    }

    /// Ends idle connections politely.
    pub async fn close(&self) {
        if let Way::Smtp(server) = &self.way {
            server.close().await;
        }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.way {
            Way::Smtp(_) => "Transport(smtp)",
            Way::Directory(_) => "Transport(file)",
            Way::Catcher(_) => "Transport(catch)",
        })
    }
}

/// Writes beside and renames, so that nobody sees half a letter.
fn write_file(directory: &Path, id: LetterId, bytes: &[u8]) -> Result<(), MailError> {
    let part = directory.join(format!("{id}.part"));
    let whole = directory.join(format!("{id}.eml"));
    std::fs::write(&part, bytes)
        .and_then(|()| std::fs::rename(&part, &whole))
        .map_err(|failed| MailError::Temporary(format!("cannot write the letter: {failed}")))
}
