//! As much HTTP/1.1 as a load generator needs: one kept connection, one request at a time.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A kept connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came back; it lives until the next request.
pub struct Answer<'a> {
    pub status: u16,
    pub head: &'a str,
    pub body: &'a [u8],
}

impl Connection {
    pub async fn open(address: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(text)?;
        stream.set_nodelay(true).map_err(text)?;
        let buffer = vec![0; 65_536];
        Ok(Self { stream, buffer })
    }

    pub async fn ask(&mut self, request: &[u8]) -> Result<Answer<'_>, String> {
        self.stream.write_all(request).await.map_err(text)?;
        let mut filled = 0;
        let mut head_and_length = None;
        loop {
            if head_and_length.is_none() {
                head_and_length = head_end(&self.buffer[..filled]);
            }
            if let Some((head, length)) = head_and_length
                && filled >= head + length
            {
                return Ok(answer(&self.buffer, head, length));
            }
            let space = &mut self.buffer[filled..];
            let read = self.stream.read(space).await.map_err(text)?;
            if read == 0 {
                return Err("the connection was closed or the answer is too long".to_owned());
            }
            filled += read;
        }
    }
}

impl Answer<'_> {
    /// The values of a header, named in lower case.
    pub fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.head.split("\r\n").skip(1);
        let pairs = lines.filter_map(|line| line.split_once(": "));
        pairs
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body).into_owned()
    }
}

/// A request as it goes over the wire.
pub fn request(method: &str, host: &str, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    with_body(method, host, path, headers, "")
}

pub fn with_body(
    method: &str,
    host: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Vec<u8> {
    let mut text = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/152.0\r\naccept-language: en\r\n"
    );
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if method == "POST" {
        text += &format!(
            "content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n",
            body.len()
        );
    }
    text += "\r\n";
    text += body;
    text.into_bytes()
}

/// Where the head ends and how long the body is.
fn head_end(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    const NAME: &[u8] = b"content-length: ";
    let lengths = bytes[..head].split(|byte| *byte == b'\n').find_map(|line| {
        line.get(..NAME.len())
            .filter(|n| n.eq_ignore_ascii_case(NAME))
            .map(|n| &line[n.len()..])
    });
    let digits = lengths.unwrap_or_default();
    let length = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    Some((head, length))
}

fn answer(bytes: &[u8], head: usize, length: usize) -> Answer<'_> {
    let number = |digits: &[u8]| digits.iter().fold(0, |n, d| n * 10 + u16::from(*d & 15));
    Answer {
        status: bytes.get(9..12).map_or(0, number),
        head: str::from_utf8(&bytes[..head]).unwrap_or_default(),
        body: &bytes[head..head + length],
    }
}

fn text(error: std::io::Error) -> String {
    error.to_string()
}
