use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, Pipeline, ProtocolVersion,
    PushInfo, PushKind, RedisFuture, RedisResult, TlsMode, Value,
};

use super::address::Address;

/// How long one connection attempt may take.
const CONNECT: Duration = Duration::from_secs(1);
/// How many commands may wait to be written.
const WAITING_COMMANDS: usize = 512;

/// An open connection, shared by all callers.
#[derive(Clone)]
pub(super) enum Wire {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// What Redis says without being asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// The connection ends. A cluster does not say so: it mends its connections itself.
    Farewell,
    /// Another node has news.
    News,
}

/// Connects to `address` and listens on `channel`; `on_push` is told what is said there, and of the end.
pub(super) async fn connect(
    address: &Address,
    answer: Duration,
    channel: &str,
    on_push: impl Fn(Said) + Send + Sync + 'static,
) -> RedisResult<Wire> {
    let listener = move |push: PushInfo| -> Result<(), ()> {
        match push.kind {
            PushKind::Disconnection => on_push(Said::Farewell),
            PushKind::Message | PushKind::SMessage => on_push(Said::News),
            _ => {}
        }
        Ok(())
    };
    let mut wire = open(address, answer, listener).await?;
    wire.subscribe(channel).await?;
    Ok(wire)
}

async fn open(
    address: &Address,
    answer: Duration,
    listener: impl Fn(PushInfo) -> Result<(), ()> + Send + Sync + 'static,
) -> RedisResult<Wire> {
    match address {
        Address::Single(server) => {
            let client = Client::open(server.as_ref().clone())?;
            let config = patient(answer).set_push_sender(listener);
            let wire = client.get_multiplexed_async_connection_with_config(&config);
            Ok(Wire::Server(wire.await?))
        }
        Address::Sentinel {
            sentinels,
            service,
            server,
        } => {
            let mut client = leader_of(sentinels, service, server)?.build()?;
            let config = patient(answer).set_push_sender(listener);
            let wire = client.get_async_connection_with_config(&config);
            Ok(Wire::Server(wire.await?))
        }
        Address::Cluster(nodes) => {
            let client = ClusterClient::builder(nodes.clone())
                .use_protocol(ProtocolVersion::RESP3)
                .connection_timeout(CONNECT)
                .response_timeout(answer)
                .retries(2)
                .push_sender(listener)
                .build()?;
            Ok(Wire::Cluster(client.get_async_connection().await?))
        }
    }
}

/// What is common to connections to one server.
fn patient(answer: Duration) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(answer))
        .set_pipeline_buffer_size(WAITING_COMMANDS)
}

impl Wire {
    async fn subscribe(&mut self, channel: &str) -> RedisResult<()> {
        match self {
            Self::Server(wire) => wire.subscribe(channel).await,
            Self::Cluster(wire) => wire.subscribe(channel).await,
        }
    }
}

fn leader_of(
    sentinels: &[ConnectionAddr],
    service: &str,
    server: &ConnectionInfo,
) -> RedisResult<SentinelClientBuilder> {
    let settings = server.redis_settings();
    let tcp = server.tcp_settings();
    let mut client =
        SentinelClientBuilder::new(sentinels.to_vec(), service, SentinelServerType::Master)?
            .set_client_to_redis_db(settings.db())
            .set_client_to_redis_protocol(settings.protocol())
            .set_client_to_redis_tcp_settings(tcp.clone())
            .set_client_to_sentinel_tcp_settings(tcp.clone());
    if let Some(username) = settings.username() {
        client = client.set_client_to_redis_username(username);
    }
    if let Some(password) = settings.password() {
        client = client.set_client_to_redis_password(password);
    }
    if matches!(server.addr(), ConnectionAddr::TcpTls { .. }) {
        client = client
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_sentinel_tls_mode(TlsMode::Secure);
    }
    Ok(client)
}

impl ConnectionLike for Wire {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Server(wire) => wire.req_packed_command(cmd),
            Self::Cluster(wire) => wire.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Server(wire) => wire.req_packed_commands(pipeline, offset, count),
            Self::Cluster(wire) => wire.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Server(wire) => wire.get_db(),
            Self::Cluster(wire) => wire.get_db(),
        }
    }
}
