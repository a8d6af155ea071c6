//! What only Redis must do: come and go, and keep nothing for ever.

use std::net::SocketAddr;
use std::time::Duration;

use sekisho_model::ChallengeId;
use sekisho_session::{
    Attempt, CounterKey, Limit, NewChallenge, ParkedKind, QueuePlace, QueueSource, Session,
    SessionError, Verdict,
};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::queue::rules;
use crate::support::{self, at, digest, random_prefix, redis_url, seconds};

/// The longest a caller may have to wait for an answer.
const PROMISED: Duration = Duration::from_millis(1500);

fn limit() -> Limit {
    let key = CounterKey {
        name: "t",
        digest: digest("a"),
    };
    Limit {
        key,
        max: 1,
        window: seconds(60),
    }
}

fn is_unavailable<T: std::fmt::Debug>(answer: &Result<T, SessionError>) -> bool {
    matches!(answer, Err(SessionError::Unavailable(_)))
}

/// A local address that leads to the test Redis until it is cut.
struct Road {
    address: SocketAddr,
    carrying: JoinHandle<()>,
}

impl Road {
    async fn build(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_, server) = credentials_and_server();
        let carrying = tokio::spawn(async move {
            let mut travellers = tokio::task::JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(&server).await.unwrap();
                travellers.spawn(carry(near, far));
            }
        });
        Self { address, carrying }
    }

    /// Where the road begins, with the credentials of the server at its end.
    fn url(address: &str) -> String {
        let (credentials, _) = credentials_and_server();
        format!("redis://{credentials}{address}")
    }

    async fn cut(self) {
        self.carrying.abort();
        let _ended = self.carrying.await;
    }
}

/// Of `redis://USER:PASSWORD@HOST:PORT/…`: what ends with `@`, if anything, and `HOST:PORT`.
fn credentials_and_server() -> (String, String) {
    let url = redis_url();
    let rest = url.strip_prefix("redis://").unwrap();
    let authority = rest.split('/').next().unwrap();
    match authority.rsplit_once('@') {
        Some((credentials, server)) => (format!("{credentials}@"), server.to_owned()),
        None => (String::new(), authority.to_owned()),
    }
}

async fn carry(mut near: TcpStream, mut far: TcpStream) {
    let _ended = copy_bidirectional(&mut near, &mut far).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_01_a_closed_door_is_answered_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    drop(listener);
    let session = timeout(PROMISED, Session::open(&url))
        .await
        .unwrap()
        .unwrap();
    let answer = timeout(PROMISED, session.count(&[limit()], at(0))).await;
    assert!(is_unavailable(&answer.unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_01_a_silent_server_is_answered_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let session = timeout(PROMISED, Session::open(&url))
        .await
        .unwrap()
        .unwrap();
    let answer = timeout(PROMISED, session.ping()).await.unwrap();
    assert!(is_unavailable(&answer));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fail_01_a_lost_connection_is_answered_in_time_and_comes_back_by_itself() {
    let road = Road::build("127.0.0.1:0").await;
    let address = road.address.to_string();
    let session = Session::open_with_prefix(&Road::url(&address), &random_prefix())
        .await
        .unwrap();
    assert_eq!(session.count(&[limit()], at(0)).await, Ok(Verdict::Within));

    road.cut().await;
    let answer = timeout(PROMISED, session.count(&[limit()], at(0))).await;
    assert!(is_unavailable(&answer.unwrap()));

    let _road = Road::build(&address).await;
    timeout(Duration::from_secs(5), async {
        while session.ping().await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the session reaches redis again");
    let verdict = session.count(&[limit()], at(1)).await.unwrap();
    assert_ne!(verdict, Verdict::Within, "what was counted still counts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_opened_while_redis_is_away_works_once_it_is_there() {
    let road = Road::build("127.0.0.1:0").await;
    let address = road.address.to_string();
    road.cut().await;
    let session = Session::open(&Road::url(&address)).await.unwrap();
    assert!(is_unavailable(&session.ping().await));
    let _road = Road::build(&address).await;
    timeout(Duration::from_secs(5), async {
        while session.ping().await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the session reaches redis");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_share_what_they_count() {
    let prefix = random_prefix();
    let one = Session::open_with_prefix(&redis_url(), &prefix)
        .await
        .unwrap();
    let other = Session::open_with_prefix(&redis_url(), &prefix)
        .await
        .unwrap();
    assert_eq!(one.count(&[limit()], at(0)).await, Ok(Verdict::Within));
    assert_ne!(other.count(&[limit()], at(0)).await, Ok(Verdict::Within));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inc_01_a_node_hears_of_another_one_s_news_also_after_the_line_was_cut() {
    let prefix = random_prefix();
    let road = Road::build("127.0.0.1:0").await;
    let address = road.address.to_string();
    let listener = Session::open_with_prefix(&Road::url(&address), &prefix)
        .await
        .unwrap();
    let other = Session::open_with_prefix(&redis_url(), &prefix)
        .await
        .unwrap();
    let stranger = Session::open_with_prefix(&redis_url(), &random_prefix())
        .await
        .unwrap();
    let quiet = Duration::from_millis(60);
    let _opened = timeout(quiet, listener.news()).await;
    stranger.announce().await.unwrap();
    assert!(
        timeout(quiet, listener.news()).await.is_err(),
        "another house's news"
    );
    other.announce().await.unwrap();
    timeout(PROMISED, listener.news()).await.unwrap();

    road.cut().await;
    other.announce().await.unwrap();
    let _road = Road::build(&address).await;
    let reached = timeout(Duration::from_secs(5), listener.news()).await;
    reached.expect("what was missed is news once the line is there again");
    other.announce().await.unwrap();
    timeout(PROMISED, listener.news()).await.unwrap();
}

async fn raw() -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(redis_url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scripts_are_loaded_again_when_redis_forgot_them() {
    let session = support::redis().await;
    assert_eq!(session.count(&[limit()], at(0)).await, Ok(Verdict::Within));
    redis::cmd("SCRIPT")
        .arg("FLUSH")
        .exec_async(&mut raw().await)
        .await
        .unwrap();
    assert_ne!(session.count(&[limit()], at(0)).await, Ok(Verdict::Within));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_keeps_nothing_for_ever_and_is_told_the_rest_of_its_life() {
    let prefix = random_prefix();
    let session = Session::open_with_prefix(&redis_url(), &prefix)
        .await
        .unwrap();
    let value = b"v".to_vec();
    session
        .park(ParkedKind::SignIn, "a", value, seconds(60), at(0))
        .await
        .unwrap();
    let challenge = NewChallenge {
        id: ChallengeId::new("c"),
        mac: digest("m"),
        binding: digest("b"),
        max_tries: 5,
        expires_at: at(10),
        closes_at: at(60),
        resend_after: at(30),
        max_sends: 4,
    };
    session.open_challenge(&challenge, at(0)).await.unwrap();
    let wrong = session
        .try_code(&challenge.id, &digest("x"), &digest("b"), at(0))
        .await;
    assert_eq!(wrong, Ok(Attempt::Wrong { left: 4 }));
    let (next, browser) = (digest("y"), digest("b"));
    session
        .renew_challenge(&challenge.id, &next, &browser, at(50), at(50), at(30))
        .await
        .unwrap();
    let wide = Limit { max: 9, ..limit() };
    session.count(&[wide], at(0)).await.unwrap();
    session.count(&[wide], at(20)).await.unwrap();
    session.give_back(&[wide.key], at(20)).await.unwrap();
    session
        .first_use("jti", &digest("i"), at(60), at(0))
        .await
        .unwrap();

    let mut raw = raw().await;
    let pattern = format!("*{prefix}*");
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg(pattern)
        .query_async(&mut raw)
        .await
        .unwrap();
    assert_eq!(keys.len(), 4, "{keys:?}");
    for key in keys {
        let left = redis::cmd("PTTL")
            .arg(&key)
            .query_async::<i64>(&mut raw)
            .await
            .unwrap();
        assert!((55_000..=60_000).contains(&left), "{key} lives {left} ms");
    }
}

/// As many come with each wave as are let in, so that the queue never ends. Answers how many turns are kept.
async fn turns_after_many_waves(home: impl Fn(usize) -> String) -> usize {
    let prefix = random_prefix();
    let session = Session::open_with_prefix(&redis_url(), &prefix)
        .await
        .unwrap();
    let (rules, mut came) = (rules(), 0);
    let mut here: Vec<usize> = Vec::new();
    for wave in 0..80 {
        let coming = if wave == 0 { 12 } else { 2 };
        here.extend(came..came + coming);
        came += coming;
        let mut left = Vec::new();
        for n in here {
            let sources = [(home(n), 1), ("street".to_owned(), 4)];
            let sources = sources.map(|(name, turns)| QueueSource {
                name: digest(&name),
                turns,
            });
            let ticket = digest(&n.to_string());
            let place = session.queue_up(&ticket, &sources, &rules, at(wave * 10));
            if place.await.unwrap() != QueuePlace::Inside {
                left.push(n);
            }
        }
        here = left;
    }
    assert_eq!(here.len(), 10, "the queue never ended");
    let mut raw = raw().await;
    let mut members = Vec::new();
    for part in ["waiting", "seen", "turns"] {
        let mut count = redis::cmd("ZCARD");
        count.arg(format!("{{{prefix}:queue}}:{part}"));
        members.push(count.query_async::<usize>(&mut raw).await.unwrap());
    }
    assert_eq!(members[..2], [10, 10]);
    members[2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thr_14_rounds_that_are_over_are_forgotten() {
    let turns = turns_after_many_waves(|_| "home".to_owned()).await;
    assert!(turns <= 2 * 12, "{turns}");
    let turns = turns_after_many_waves(|n| n.to_string()).await;
    assert!(turns <= 2 * 50, "{turns}");
}
