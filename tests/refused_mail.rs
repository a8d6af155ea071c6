//! A code address whose mail is refused for good: its owner and operators are told, nobody before the sign-in
//! (OTP-27, ux 7.2).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::StatusCode;
use sekisho_server::config::SecretText;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::authorization::request;
use crate::support::browser::{Browser, Page};
use crate::support::house::TestHouse;
use crate::support::processes::Process;
use crate::support::wait;

/// A mail server that knows no mailbox any more while it refuses, and keeps what it takes.
#[derive(Clone, Default)]
struct Post {
    refuses: Arc<AtomicBool>,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Post {
    async fn open() -> (Self, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let post = Self::default();
        let office = post.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(office.clone().converse(stream));
            }
        });
        (post, port)
    }

    async fn converse(self, stream: TcpStream) {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut letter: Option<String> = None;
        let mut answer = "220 post\r\n";
        loop {
            if !answer.is_empty() && write.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
            let Ok(Some(line)) = lines.next_line().await else {
                return;
            };
            answer = match (&mut letter, line.as_str()) {
                (Some(text), ".") => {
                    self.taken.lock().unwrap().push(std::mem::take(text));
                    letter = None;
                    "250 taken\r\n"
                }
                (Some(text), line) => {
                    text.push_str(line);
                    text.push_str("\r\n");
                    ""
                }
                (None, "DATA") => {
                    letter = Some(String::new());
                    "354 go on\r\n"
                }
                (None, line) if line.starts_with("RCPT") && self.refuses.load(Ordering::SeqCst) => {
                    "550 5.1.1 no such mailbox\r\n"
                }
                (None, _) => "250 ok\r\n",
            };
        }
    }

    async fn code(&self, before: usize) -> String {
        wait::until("the code mail", async || {
            let taken = self.taken.lock().unwrap();
            let code = |text: &String| Some(text.split("Your code: ").nth(1)?.get(..8)?.to_owned());
            taken.iter().filter_map(code).nth(before)
        })
        .await
    }
}

/// The words of a page but for what differs from code to code.
fn told(page: &Page) -> String {
    let tally = page.tally().unwrap();
    let words = page.words().replace(&tally, "T");
    let plain = |word: &str| !word.contains(':') || word.ends_with(':');
    words
        .split(' ')
        .filter(|word| plain(word))
        .collect::<Vec<_>>()
        .join(" ")
}

async fn enter(browser: &Browser, page: &Page, code: &str) -> Page {
    let form = [("csrf", &*page.hidden("csrf")), ("code", code)];
    browser.post("/login/code", &form).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otp_27_a_refused_code_address_is_told_to_its_owner_and_operators_and_to_nobody_else() {
    const WARNING: &str = "Mail to this address is not arriving";
    let (post, port) = Post::open().await;
    let house = TestHouse::open_with(|config| {
        config.mail.url = SecretText::new(format!("smtp://127.0.0.1:{port}?tls=none"));
    })
    .await;
    let wants = json!({"skip_consent": true, "require_second_step": true});
    let (client, _) = house.client(wants).await;
    let start = request(client.client_id.as_str(), &[]);
    let owner = Browser::new(&house);
    let fine = owner.password(&house, &start).await;
    let done = enter(&owner, &fine, &post.code(0).await).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    for path in ["/account", "/account/security"] {
        assert!(!owner.get(path).await.words().contains(WARNING), "{path}");
    }

    // Its mailbox is gone. The page is the same as ever, and says what may be the matter.
    post.refuses.store(true, Ordering::SeqCst);
    let other = Browser::new(&house);
    let refused = other.password(&house, &start).await;
    assert_eq!(refused.status, StatusCode::OK);
    assert_eq!(told(&refused), told(&fine));
    assert!(
        refused.words().contains("may be refusing our mail"),
        "{}",
        refused.words()
    );
    wait::until("the owner to be told", async || {
        let page = owner.get("/account/security").await;
        page.words().contains(WARNING).then_some(())
    })
    .await;
    // Somebody who knew the password and did not finish comes first as the next step; the row says it in any case.
    let overview = owner.get("/account").await;
    assert!(overview.words().contains(WARNING), "{}", overview.words());
    let again = Browser::new(&house).password(&house, &start).await;
    assert_eq!(
        told(&again),
        told(&fine),
        "known by now, and still not told"
    );
    let login = Browser::new(&house);
    let page = login.get(login.get(&start).await.location()).await;
    let form = [
        ("csrf", &*page.hidden("csrf")),
        ("email", &*house.login_address),
        ("password", "wrong-password"),
    ];
    let wrong = login.post("/login", &form).await;
    assert!(!wrong.words().contains("arriving"));

    let file = house.folder.path().join("config.toml");
    house.write_config(&file, "127.0.0.1:0");
    let show = [
        "user",
        "show",
        &house.login_address,
        "--output",
        "json",
        "--config",
    ];
    let shown = Process::run(&[&show[..], &[file.to_str().unwrap()]].concat(), "");
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert!(shown["code_address_refused_at"].is_string(), "{shown}");

    // A letter that is taken ends it: the next one, not one that is still on its way.
    wait::until("the last letter to be refused", async || {
        (!house.letters_on_their_way().await).then_some(())
    })
    .await;
    post.refuses.store(false, Ordering::SeqCst);
    let later = Browser::new(&house);
    let page = later.password(&house, &start).await;
    let done = enter(&later, &page, &post.code(1).await).await;
    assert!(done.answer("code").is_some(), "{}", done.words());
    wait::until("the warning to go", async || {
        let page = owner.get("/account").await;
        (!page.words().contains(WARNING)).then_some(())
    })
    .await;
    house.close().await;
}
