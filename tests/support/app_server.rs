//! A web server that plays the apps: it notes what it is asked and answers as told.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// A request that came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub target: String,
    pub content_type: String,
    /// The whole head: request line and headers.
    pub head: String,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<String> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    }

    /// The parameters of the query and the body.
    pub fn fields(&self) -> Vec<(String, String)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let text = if self.method == "POST" {
            &self.body
        } else {
            query
        };
        url::form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect()
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

/// What is answered at a path.
#[derive(Clone)]
struct Given {
    head: String,
    body: Vec<u8>,
}

#[derive(Default)]
struct Play {
    seen: Mutex<Vec<Seen>>,
    statuses: Mutex<VecDeque<u16>>,
    pages: Mutex<HashMap<String, Given>>,
    held: watch::Sender<HashSet<String>>,
}

/// The server; it goes away with this value.
pub struct AppServer {
    pub base: String,
    play: Arc<Play>,
    accepting: AbortHandle,
}

impl Drop for AppServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl AppServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let play = Arc::new(Play::default());
        let shared = Arc::clone(&play);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self {
            base,
            play,
            accepting: accepting.abort_handle(),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The next posts are answered with these statuses, later ones with 200.
    pub fn answer_posts(&self, statuses: &[u16]) {
        self.play.statuses.lock().unwrap().extend(statuses);
    }

    pub fn put_page(&self, path: &str, html: String) {
        let html_head = [
            ("content-type", "text/html; charset=utf-8"),
            ("location", "/elsewhere"),
        ];
        self.put(path, &html_head, html.into_bytes());
    }

    /// Answers requests for `path` with these headers and this body.
    pub fn put(&self, path: &str, headers: &[(&str, &str)], body: Vec<u8>) {
        let lines = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"));
        let head = lines.collect();
        let mut pages = self.play.pages.lock().unwrap();
        pages.insert(path.to_owned(), Given { head, body });
    }

    /// Requests for `path` get no answer until [`AppServer::let_go`].
    pub fn hold(&self, path: &str) {
        self.play.held.send_modify(|held| {
            held.insert(path.to_owned());
        });
    }

    pub fn let_go(&self, path: &str) {
        self.play.held.send_modify(|held| {
            held.remove(path);
        });
    }

    /// What came for `path` so far.
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        let all = self.play.seen.lock().unwrap();
        all.iter()
            .filter(|seen| seen.path() == path)
            .cloned()
            .collect()
    }
}

async fn serve(mut stream: TcpStream, play: Arc<Play>) {
    let Some(seen) = read(&mut stream).await else {
        return;
    };
    let path = seen.path().to_owned();
    let post = seen.method == "POST";
    play.seen.lock().unwrap().push(seen);
    let mut held = play.held.subscribe();
    held.wait_for(|held| !held.contains(&path)).await.unwrap();
    let status = if post {
        play.statuses.lock().unwrap().pop_front().unwrap_or(200)
    } else {
        200
    };
    let page = play.pages.lock().unwrap().get(&path).cloned();
    let given = page.unwrap_or_else(|| Given {
        head: "content-type: text/html; charset=utf-8\r\nlocation: /elsewhere\r\n".to_owned(),
        body: b"<!doctype html><title>app</title><p>app</p>".to_vec(),
    });
    let mut answer = format!(
        "HTTP/1.1 {status} X\r\n{}content-length: {}\r\nconnection: close\r\n\r\n",
        given.head,
        given.body.len()
    )
    .into_bytes();
    answer.extend(given.body);
    let _written = stream.write_all(&answer).await;
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let header = |name: &str| {
                head.lines().find_map(|line| {
                    let (key, value) = line.split_once(':')?;
                    key.eq_ignore_ascii_case(name)
                        .then(|| value.trim().to_owned())
                })
            };
            let length: usize = header("content-length").map_or(0, |text| text.parse().unwrap());
            if body.len() >= length {
                let mut first = head.split(' ');
                return Some(Seen {
                    method: first.next()?.to_owned(),
                    target: first.next()?.to_owned(),
                    content_type: header("content-type").unwrap_or_default(),
                    head: head.to_owned(),
                    body: body.to_owned(),
                });
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
