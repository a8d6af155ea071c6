use std::sync::atomic::{AtomicU32, Ordering};

use sekisho_mail::{Catcher, Device, Letter, LetterBody, Sender};
use sekisho_model::{LetterId, Locale, ManualClock, SeededEntropy, UserId};
use sekisho_store::{Gathering, LetterState, StoreOptions};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::outbox;

pub(crate) const AT: Timestamp = Timestamp::from_seconds(1_795_325_590);

/// A store of its own, and all the dispatcher needs.
pub(crate) struct House {
    pub(crate) store: Store,
    clock: Arc<ManualClock>,
    entropy: Arc<SeededEntropy>,
    keyring: Arc<KeyRing>,
    _directory: TempDir,
}

impl House {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("sekisho.db").display());
        let store = Store::open(&url, StoreOptions::default()).await.unwrap();
        store.migrate().await.unwrap();
        let entropy = Arc::new(SeededEntropy::new(11));
        Self {
            store,
            clock: Arc::new(ManualClock::starting_at(AT)),
            keyring: Arc::new(KeyRing::ephemeral(&*entropy)),
            entropy,
            _directory: directory,
        }
    }

    fn start(&self, transport: Transport) -> Dispatcher {
        Dispatcher::start(
            self.store.clone(),
            Arc::clone(&self.keyring),
            (transport, Lanes::default()),
            Arc::<ManualClock>::clone(&self.clock),
            Arc::<SeededEntropy>::clone(&self.entropy),
        )
    }

    fn desk(&self, transport: Transport) -> Arc<Desk> {
        Arc::new(Desk {
            store: self.store.clone(),
            keyring: Arc::clone(&self.keyring),
            transport,
            lanes: Lanes::default(),
            clock: Arc::<ManualClock>::clone(&self.clock),
            entropy: Arc::<SeededEntropy>::clone(&self.entropy),
        })
    }

    async fn post(&self, letter: &Letter) -> LetterId {
        self.post_in("", letter).await
    }

    async fn post_in(&self, lane: &str, letter: &Letter) -> LetterId {
        let now = self.clock.now();
        let posted = OutboxLetter {
            lane: lane.to_owned(),
            ..outbox::prepare(letter, now, &self.keyring, &*self.entropy)
        };
        let id = posted.id;
        self.store.write(move |tx| tx.post(&posted)).await.unwrap();
        id
    }

    /// What did not leave, newest first.
    async fn queue(&self) -> Vec<OutboxLetter> {
        self.store.read(|tx| tx.list_letters(100)).await.unwrap()
    }

    /// One round of the loop, waited for.
    async fn round(&self, desk: &Arc<Desk>) -> usize {
        let letters = desk
            .claim(HANDS, &mut Pace::new(&desk.lanes))
            .await
            .unwrap();
        let claimed = letters.len();
        for letter in letters {
            Arc::clone(desk).deliver(letter).await;
        }
        claimed
    }
}

pub(crate) fn code_letter(code: &str) -> Letter {
    letter(LetterBody::SignInCode {
        code: code.to_owned(),
        tally_word: 0,
        tally_number: 47,
        app: None,
        expires_at: AT + Duration::from_mins(10),
        device: Device::Unknown,
        ip: "203.0.113.24".to_owned(),
        account_mask: "h•••@e•••.jp".to_owned(),
    })
}

fn letter(body: LetterBody) -> Letter {
    Letter {
        to: "haruka@mobile.example".to_owned(),
        locale: Locale::Ja,
        zone: "Asia/Tokyo".to_owned(),
        sender: Sender {
            service: "Sekisho".to_owned(),
            host: "id.example".to_owned(),
            code_in_subject: false,
        },
        place: None,
        body,
    }
}

fn catching() -> (Transport, Catcher) {
    let transport = Transport::open("catch:", "no-reply@id.example").unwrap();
    let catcher = transport.catcher().unwrap().clone();
    (transport, catcher)
}

/// A mail server that answers every recipient alike, and counts them.
async fn answering(recipient: &'static str) -> (Transport, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(converse(stream, recipient, Arc::clone(&count)));
        }
    });
    let url = format!("smtp://127.0.0.1:{port}?tls=none");
    let transport = Transport::open(&url, "no-reply@id.example").unwrap();
    (transport, asked)
}

async fn converse(stream: TcpStream, recipient: &'static str, count: Arc<AtomicU32>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut answer = "220 sink\r\n";
    while write.write_all(answer.as_bytes()).await.is_ok() {
        let Ok(Some(line)) = lines.next_line().await else {
            return;
        };
        let is_recipient = line.starts_with("RCPT");
        count.fetch_add(u32::from(is_recipient), Ordering::SeqCst);
        answer = if is_recipient {
            recipient
        } else {
            "250 ok\r\n"
        };
    }
}

/// A clock that panics once, at the call of that number.
#[derive(Debug)]
struct Bomb {
    calls: AtomicU32,
    at: u32,
}

impl Clock for Bomb {
    fn now(&self) -> Timestamp {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        assert_ne!(call, self.at, "boom");
        AT
    }
}

async fn until(mut reached: impl FnMut() -> bool) {
    while !reached() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_posted_letter_leaves_when_the_bell_rings() {
    let house = House::new().await;
    let (transport, catcher) = catching();
    let dispatcher = house.start(transport);
    let id = house.post(&code_letter("48291537")).await;
    dispatcher.notify();
    until(|| !catcher.caught(None).is_empty()).await;
    dispatcher.stop(Duration::from_secs(10)).await;
    let caught = catcher.caught(Some("haruka@mobile.example"));
    assert_eq!(caught.len(), 1);
    assert_eq!(
        (caught[0].id, caught[0].code.as_deref()),
        (id, Some("48291537"))
    );
    assert!(house.queue().await.is_empty());
}

#[tokio::test]
async fn what_waits_is_sent_before_a_stop() {
    let house = House::new().await;
    for _ in 0..25 {
        house.post(&letter(LetterBody::Test)).await;
    }
    let (transport, catcher) = catching();
    house.start(transport).stop(Duration::from_secs(30)).await;
    assert_eq!(catcher.caught(None).len(), 25);
}

#[tokio::test]
async fn otp_15_a_code_that_would_come_too_late_is_not_sent() {
    let house = House::new().await;
    let (transport, catcher) = catching();
    let desk = house.desk(transport);
    house.post(&code_letter("48291537")).await;
    house
        .clock
        .advance(Duration::from_mins(10) + Duration::from_micros(1));
    assert_eq!(house.round(&desk).await, 1);
    assert!(catcher.caught(None).is_empty());
    let queue = house.queue().await;
    assert_eq!(queue[0].state, LetterState::Dead);
    assert_eq!(
        queue[0].last_error.as_deref(),
        Some("it came too late to be of use")
    );
    assert_eq!(house.round(&desk).await, 0);
}

#[tokio::test]
async fn a_letter_is_tried_eight_times_with_growing_pauses() {
    let house = House::new().await;
    let (transport, asked) = answering("451 4.3.0 later\r\n").await;
    let desk = house.desk(transport);
    house.post(&letter(LetterBody::Test)).await;
    for (tried, delay) in RETRIES.into_iter().enumerate() {
        assert_eq!(house.round(&desk).await, 1, "try {tried}");
        let queue = house.queue().await;
        let wait = queue[0].next_attempt_at.since(house.clock.now());
        assert!(
            wait >= delay && wait <= delay + delay / 10,
            "{wait:?} after try {tried}"
        );
        assert_eq!(
            queue[0].last_error.as_deref(),
            Some("the mail server answered 451 4.3.0")
        );
        house
            .clock
            .advance(delay.saturating_sub(Duration::from_secs(1)));
        assert_eq!(house.round(&desk).await, 0, "not before its time");
        house.clock.advance(delay / 10 + Duration::from_secs(2));
    }
    assert_eq!(house.round(&desk).await, 1);
    let queue = house.queue().await;
    assert_eq!((queue[0].state, queue[0].attempts), (LetterState::Dead, 8));
    assert_eq!(asked.load(Ordering::SeqCst), 8);
}

#[tokio::test]
async fn a_code_is_not_kept_for_a_try_after_its_end() {
    let house = House::new().await;
    let (transport, asked) = answering("451 later\r\n").await;
    let desk = house.desk(transport);
    house.post(&code_letter("48291537")).await;
    house
        .clock
        .advance(Duration::from_mins(10) - Duration::from_secs(5));
    assert_eq!(house.round(&desk).await, 1);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(house.queue().await[0].state, LetterState::Dead);
}

#[tokio::test]
async fn a_final_refusal_ends_the_letter_at_once() {
    let house = House::new().await;
    let (transport, _asked) = answering("550 5.1.1 nobody\r\n").await;
    let desk = house.desk(transport);
    house.post(&letter(LetterBody::Test)).await;
    house.round(&desk).await;
    let queue = house.queue().await;
    assert_eq!(queue[0].state, LetterState::Dead);
    assert_eq!(
        queue[0].last_error.as_deref(),
        Some("the mail server answered 550 5.1.1")
    );
}

#[tokio::test]
async fn a_letter_under_a_foreign_key_stops_nobody_else() {
    let house = House::new().await;
    let (transport, catcher) = catching();
    let desk = house.desk(transport);
    let foreign = KeyRing::ephemeral(&*house.entropy);
    let now = house.clock.now();
    let posted = outbox::prepare(&letter(LetterBody::Test), now, &foreign, &*house.entropy);
    house.store.write(move |tx| tx.post(&posted)).await.unwrap();
    house.post(&letter(LetterBody::Test)).await;
    assert_eq!(house.round(&desk).await, 2);
    assert_eq!(catcher.caught(None).len(), 1);
    assert_eq!(
        house.queue().await[0].last_error.as_deref(),
        Some("it cannot be opened")
    );
}

#[tokio::test]
async fn two_dispatchers_send_each_letter_once() {
    let house = House::new().await;
    let (transport, catcher) = catching();
    for _ in 0..40 {
        house.post(&letter(LetterBody::Test)).await;
    }
    let (one, two) = (house.start(transport.clone()), house.start(transport));
    one.stop(Duration::from_secs(30)).await;
    two.stop(Duration::from_secs(30)).await;
    assert_eq!(catcher.caught(None).len(), 40);
}

#[tokio::test]
async fn a_letter_whose_server_died_with_us_comes_again_after_its_lease() {
    let house = House::new().await;
    let (transport, catcher) = catching();
    let desk = house.desk(transport);
    house.post(&letter(LetterBody::Test)).await;
    let forgotten = desk.claim(1, &mut Pace::new(&desk.lanes)).await.unwrap();
    assert_eq!(forgotten.len(), 1);
    assert_eq!(house.round(&desk).await, 0);
    house.clock.advance(LEASE);
    assert_eq!(house.round(&desk).await, 1);
    assert_eq!(catcher.caught(None)[0].id, forgotten[0].id);
}

#[tokio::test]
async fn a_stop_keeps_what_it_cannot_send() {
    let house = House::new().await;
    let (transport, _asked) = answering("").await;
    house.post(&letter(LetterBody::Test)).await;
    let dispatcher = house.start(transport);
    dispatcher.stop(Duration::from_millis(100)).await;
    let queue = house.queue().await;
    assert_eq!(queue[0].state, LetterState::Waiting);
}

#[tokio::test]
async fn a_panic_while_sending_is_a_failed_try() {
    let house = House::new().await;
    let (transport, catcher) = catching();
    house.post(&letter(LetterBody::Test)).await;
    let desk = Arc::new(Desk {
        store: house.store.clone(),
        keyring: Arc::clone(&house.keyring),
        transport,
        lanes: Lanes::default(),
        clock: Arc::new(Bomb {
            calls: AtomicU32::new(0),
            at: 2,
        }),
        entropy: Arc::<SeededEntropy>::clone(&house.entropy),
    });
    assert_eq!(house.round(&desk).await, 1);
    assert!(catcher.caught(None).is_empty());
    let queue = house.queue().await;
    assert_eq!(queue[0].state, LetterState::Waiting);
    assert_eq!(queue[0].last_error.as_deref(), Some("sending it panicked"));
}

#[tokio::test]
async fn a_domain_that_takes_few_letters_holds_up_nobody_else() {
    let house = House::new().await;
    let (transport, catcher) = catching();
    let rates = ["isp.example 60"].map(|rate| rate.parse().unwrap());
    let desk = Arc::new(Desk {
        store: house.store.clone(),
        keyring: Arc::clone(&house.keyring),
        transport,
        lanes: Lanes::new(rates),
        clock: Arc::<ManualClock>::clone(&house.clock),
        entropy: Arc::<SeededEntropy>::clone(&house.entropy),
    });
    let mut pace = Pace::new(&desk.lanes);
    for _ in 0..30 {
        house
            .post_in("isp.example", &letter(LetterBody::Test))
            .await;
    }
    house.post(&code_letter("48291537")).await;
    let mut left = Vec::new();
    for _second in 0..30 {
        let claimed = desk.claim(HANDS, &mut pace).await.unwrap();
        left.push(claimed.len());
        for letter in claimed {
            Arc::clone(&desk).deliver(letter).await;
        }
        assert!(desk.claim(HANDS, &mut pace).await.unwrap().is_empty());
        house.clock.advance(Duration::from_secs(1));
    }
    let one_a_second: Vec<_> = std::iter::once(2).chain([1; 29]).collect();
    assert_eq!(left, one_a_second);
    assert_eq!(catcher.caught(None).len(), 31);
}

#[tokio::test]
async fn td_07_letters_that_were_gathered_leave_as_one() {
    let house = House::new().await;
    let (transport, catcher) = catching();
    let desk = house.desk(transport);
    let gathering = Gathering {
        user: UserId::new(AT, &*house.entropy),
        key: Digest::of(b"login"),
        every: Duration::from_mins(10),
    };
    for minute in 0..4_u8 {
        let alert = letter(LetterBody::SignInAlert(sekisho_mail::SignIn {
            at: house.clock.now(),
            proof: sekisho_mail::Proof::Password,
            device: Device::Unknown,
            ip: format!("203.0.113.{minute}"),
            app: None,
            name: None,
            failures_before: 0,
            not_me: Some(format!("https://id.example/not-me/{minute}")),
            more: Vec::new(),
            and_others: false,
        }));
        let posted = outbox::prepare(&alert, house.clock.now(), &house.keyring, &*house.entropy);
        let post = move |tx: &mut Tx<'_>| tx.gather(&gathering, &posted);
        house.store.write(post).await.unwrap();
        house.round(&desk).await;
        house.clock.advance(Duration::from_mins(1));
    }
    let first = catcher.caught(None);
    assert_eq!(first.len(), 1, "the first at once, the others not yet");
    assert!(first[0].text.contains("/not-me/0"), "{}", first[0].text);
    house.clock.advance(Duration::from_mins(6));
    assert_eq!(house.round(&desk).await, 1);
    let caught = catcher.caught(None);
    assert_eq!(caught.len(), 2);
    let text = &caught[0].text;
    for told in ["203.0.113.1", "203.0.113.2", "203.0.113.3", "/not-me/3"] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(caught[0].subject.contains("3件"), "{}", caught[0].subject);
    assert!(house.queue().await.is_empty(), "the parts are gone with it");
}

#[test]
fn otp_27_every_fate_of_a_letter_is_counted_under_a_name_of_its_own() {
    let dead = || Fate::Dead("no such mailbox".to_owned());
    let again = Fate::Again(AT, "later".to_owned());
    let all = [
        (Fate::Sent(AT), false, "sent"),
        (again, false, "deferred"),
        (dead(), false, "refused"),
        (dead(), true, "late"),
    ];
    for (fate, late, expected) in all {
        assert_eq!(fate.outcome(late), expected);
    }
}
