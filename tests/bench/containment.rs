//! From an operator's decision to its effect: an incident level, on two nodes, with Redis there and with
//! Redis gone (INC-01). `docs/contributing/benchmarks.md` says how to read it.

use std::time::{Duration, Instant};

use sekisho_audit::NewEvent;
use sekisho_model::{EventKind, Level, LevelScope, OperatorText, Origin, OsEntropy, Outcome};
use sekisho_provider::incidents::LevelOrder;
use sekisho_server::wiring::{Services, Surroundings, command_services};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::seed;
use crate::server::{Cost, Place};
use crate::wire::{Connection, request};

const CHANGES: u32 = 100;
/// A page that the frozen level stops.
const PATH: &str = "/device";
/// How often the nodes are asked; no figure is finer.
const ASK_EVERY: Duration = Duration::from_millis(1);
/// INC-01: in force on every node within a second.
const BOUND: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(10);

/// Measures and prints. Needs the servers: there are no two nodes without them.
pub async fn measure() -> Result<(), String> {
    let redis = std::env::var("TEST_REDIS_URL")
        .map_err(|_unset| "two nodes need PostgreSQL and Redis: use --on-servers".to_owned())?;
    let road = Road::to(&redis).await?;
    let place = Place::new_with_redis(Cost::Real, &road.url)?;
    seed::sow(&place, 1).await?;
    let (first, _) = place.start().await?;
    let (second, _) = place.start_another().await?;
    let nodes = [first.address.clone(), second.address.clone()];
    println!(
        "\n{CHANGES} changes of the incident level, until it is in force, from the order on:\n"
    );
    println!("| Redis | node | median | p99 | slowest |");
    println!("| --- | --- | --- | --- | --- |");
    let services = command_services(&place.config, Surroundings::default())
        .await
        .map_err(|error| error.to_string())?;
    let there = changes(&services, &place, &nodes).await?;
    let mut worst = slowest(&there);
    print("there", there);
    road.cut().await;
    let gone = changes(&services, &place, &nodes).await?;
    worst = worst.max(slowest(&gone));
    print("gone", gone);
    services.store.close().await;
    if worst > BOUND {
        return Err(format!(
            "a node followed after {worst:?}; INC-01 allows {BOUND:?}"
        ));
    }
    Ok(())
}

fn slowest(nodes: &[Vec<Duration>; 2]) -> Duration {
    nodes.iter().flatten().copied().max().unwrap_or_default()
}

fn print(redis: &str, nodes: [Vec<Duration>; 2]) {
    for (mut times, name) in nodes.into_iter().zip(["first", "second"]) {
        times.sort();
        let at = |part: f64| {
            let index = (part * f64::from(CHANGES)).ceil() as usize;
            times[index.clamp(1, times.len()) - 1].as_secs_f64() * 1e3
        };
        println!(
            "| {redis} | {name} | {:.0} ms | {:.0} ms | {:.0} ms |",
            at(0.5),
            at(0.99),
            at(1.0)
        );
    }
}

async fn changes(
    services: &Services,
    place: &Place,
    nodes: &[String; 2],
) -> Result<[Vec<Duration>; 2], String> {
    let mut times = [Vec::new(), Vec::new()];
    for change in 0..CHANGES {
        let level = if change % 2 == 0 {
            Level::Frozen
        } else {
            Level::Normal
        };
        // Anywhere between two beats of the nodes.
        tokio::time::sleep(Duration::from_millis(u64::from(change * 37 % 500))).await;
        let began = Instant::now();
        let closed = level == Level::Frozen;
        let (ordered, first, second) = tokio::join!(
            order(services, level),
            in_force(&nodes[0], place.host(), closed, began),
            in_force(&nodes[1], place.host(), closed, began),
        );
        ordered?;
        times[0].push(first?);
        times[1].push(second?);
    }
    Ok(times)
}

async fn order(services: &Services, level: Level) -> Result<(), String> {
    let provider = &services.provider;
    let event = NewEvent::new(EventKind::LevelChanged, Outcome::Passed);
    let event = event.happened(provider.now(), &Origin::default(), &OsEntropy::new());
    let order = LevelOrder {
        operator: "bench".to_owned(),
        scope: LevelScope::Server,
        level,
        reason: "a drill".to_owned(),
        from: None,
        until: None,
        text: OperatorText::default(),
        may_lower: true,
        proved: None,
    };
    let decided = provider.order_level(order, event).await;
    decided.map(drop).map_err(|failure| failure.to_string())
}

/// How long until the node answers so.
async fn in_force(
    node: &str,
    host: &str,
    closed: bool,
    began: Instant,
) -> Result<Duration, String> {
    let mut connection = Connection::open(node).await?;
    let ask = request("GET", host, PATH, &[]);
    let mut beat = tokio::time::interval(ASK_EVERY);
    while began.elapsed() < LONGEST {
        beat.tick().await;
        let status = connection.ask(&ask).await?.status;
        if (status == 503) == closed {
            return Ok(began.elapsed());
        }
    }
    Err(format!("{node} did not follow within {LONGEST:?}"))
}

/// A way to Redis that can be cut.
struct Road {
    url: String,
    carrying: JoinHandle<()>,
}

impl Road {
    async fn to(redis: &str) -> Result<Self, String> {
        let mut url = url::Url::parse(redis).map_err(|error| error.to_string())?;
        let host = url.host_str().unwrap_or("127.0.0.1").to_owned();
        let server = (host, url.port().unwrap_or(6379));
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(text)?;
        let port = listener.local_addr().map_err(text)?.port();
        url.set_host(Some("127.0.0.1"))
            .map_err(|error| error.to_string())?;
        url.set_port(Some(port))
            .map_err(|()| "no port".to_owned())?;
        let carrying = tokio::spawn(async move {
            let mut travellers = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                if let Ok(mut far) = TcpStream::connect(&server).await {
                    travellers.spawn(async move {
                        drop(copy_bidirectional(&mut near, &mut far).await);
                    });
                }
            }
        });
        let url = url.to_string();
        Ok(Self { url, carrying })
    }

    async fn cut(self) {
        self.carrying.abort();
        drop(self.carrying.await);
    }
}

fn text(error: std::io::Error) -> String {
    error.to_string()
}
