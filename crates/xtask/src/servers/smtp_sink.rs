//! A mail server that accepts everything and files it: one `NNNNNN.eml` a letter, envelope on top as
//! `X-Envelope-From` and `X-Envelope-To`. No TLS, no authentication, loopback only.
//!
//! Two kinds of recipients let tests see refusals: `defer-…@` is answered 451, `bounce-…@` 550.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

const LONGEST_LINE: u64 = 64 * 1024;
const LARGEST_LETTER: usize = 16 * 1024 * 1024;
const IDLE: Duration = Duration::from_secs(300);

static NUMBER: AtomicU32 = AtomicU32::new(1);

/// Listens until this process ends and files letters in `folder`; answers with the port.
pub fn start(folder: PathBuf) -> Result<u16, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| format!("mail sink: {e}"))?;
    let address = listener
        .local_addr()
        .map_err(|e| format!("mail sink: {e}"))?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let folder = folder.clone();
            thread::spawn(move || report(converse(&stream, &folder)));
        }
    });
    Ok(address.port())
}

fn report(conversation: io::Result<()>) {
    if let Err(e) = conversation {
        eprintln!("mail sink: {e}");
    }
}

#[derive(Default)]
struct Envelope {
    from: Option<String>,
    to: Vec<String>,
}

fn converse(stream: &TcpStream, folder: &Path) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(IDLE))?;
    let mut input = BufReader::new(stream);
    let mut output = stream;
    let mut envelope = Envelope::default();
    output.write_all(b"220 sink ESMTP\r\n")?;
    while let Some(line) = read_line(&mut input)? {
        let line = String::from_utf8_lossy(&line).into_owned();
        let verb = line.get(..4).unwrap_or(&line).to_ascii_uppercase();
        let reply = match verb.as_str() {
            "EHLO" => "250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8",
            "HELO" | "NOOP" => "250 fine",
            "RSET" => {
                envelope = Envelope::default();
                "250 forgotten"
            }
            "MAIL" => {
                envelope = Envelope {
                    from: address(&line),
                    to: Vec::new(),
                };
                "250 noted"
            }
            "RCPT" => recipient(&mut envelope, &line),
            "DATA" if envelope.to.is_empty() => "503 RCPT first",
            "DATA" => {
                output.write_all(b"354 end with a dot\r\n")?;
                let letter = read_letter(&mut input)?;
                file(folder, &std::mem::take(&mut envelope), &letter)?;
                "250 filed"
            }
            "QUIT" => {
                output.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            _ => "502 not here",
        };
        output.write_all(format!("{reply}\r\n").as_bytes())?;
    }
    Ok(())
}

fn recipient(envelope: &mut Envelope, line: &str) -> &'static str {
    match (&envelope.from, address(line)) {
        (None, _) => "503 MAIL first",
        (_, None) => "501 no address",
        (_, Some(to)) if to.starts_with("defer-") => "451 try again later",
        (_, Some(to)) if to.starts_with("bounce-") => "550 no such mailbox",
        (_, Some(to)) => {
            envelope.to.push(to);
            "250 noted"
        }
    }
}

/// What stands between `<` and `>`.
fn address(line: &str) -> Option<String> {
    let (_, rest) = line.split_once('<')?;
    rest.split_once('>').map(|(address, _)| address.to_owned())
}

/// A line without its end; `None` when the other side hung up.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    input.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Ok(None);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(line))
}

/// Everything up to the lone dot, dots unstuffed (RFC 5321 §4.5.2).
fn read_letter(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut letter = Vec::new();
    loop {
        let line = read_line(input)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        match line.as_slice() {
            b"." => return Ok(letter),
            [b'.', rest @ ..] => letter.extend_from_slice(rest),
            rest => letter.extend_from_slice(rest),
        }
        letter.extend_from_slice(b"\r\n");
        if letter.len() > LARGEST_LETTER {
            return Err(io::Error::other("letter too large"));
        }
    }
}

/// A reader of the folder sees a letter whole or not at all.
fn file(folder: &Path, envelope: &Envelope, letter: &[u8]) -> io::Result<()> {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let from = envelope.from.as_deref().unwrap_or_default();
    let mut text = format!("X-Envelope-From: {from}\r\n").into_bytes();
    for to in &envelope.to {
        text.extend_from_slice(format!("X-Envelope-To: {to}\r\n").as_bytes());
    }
    text.extend_from_slice(letter);
    let unfinished = folder.join(format!("{number:06}.part"));
    fs::write(&unfinished, text)?;
    fs::rename(&unfinished, folder.join(format!("{number:06}.eml")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(port: u16, said: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(said.as_bytes()).unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        heard
    }

    fn codes(heard: &str) -> Vec<&str> {
        heard
            .lines()
            .filter(|l| l.as_bytes()[3] == b' ')
            .map(|l| &l[..3])
            .collect()
    }

    #[test]
    fn a_letter_is_filed_with_its_envelope() {
        let folder = crate::servers::scratch::folder("sink").unwrap();
        let port = start(folder.clone()).unwrap();
        let heard = talk(
            port,
            "EHLO a\r\nMAIL FROM:<a@example.org> BODY=8BITMIME\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\n\
             DATA\r\nSubject: x\r\n\r\n..dot\r\n関所\r\n.\r\nQUIT\r\n",
        );
        assert_eq!(
            codes(&heard),
            ["220", "250", "250", "250", "250", "354", "250", "221"]
        );
        let filed = fs::read_dir(&folder)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        let text = fs::read_to_string(filed).unwrap();
        assert_eq!(
            text,
            "X-Envelope-From: a@example.org\r\nX-Envelope-To: b@example.org\r\nX-Envelope-To: c@example.org\r\n\
             Subject: x\r\n\r\n.dot\r\n関所\r\n"
        );
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn refusals_can_be_asked_for() {
        let folder = crate::servers::scratch::folder("sink").unwrap();
        let port = start(folder.clone()).unwrap();
        let heard = talk(
            port,
            "RCPT TO:<x@y>\r\nMAIL FROM:<>\r\nRCPT TO:<defer-1@y>\r\nRCPT TO:<bounce-1@y>\r\nDATA\r\nRSET\r\nAUTH x\r\nQUIT\r\n",
        );
        assert_eq!(
            codes(&heard),
            [
                "220", "503", "250", "451", "550", "503", "250", "502", "221"
            ]
        );
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir_all(folder).unwrap();
    }
}
