use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion};

use crate::SessionError;

/// Where Redis is.
#[derive(Debug, Clone)]
pub(super) enum Address {
    /// One server.
    Single(Box<ConnectionInfo>),
    /// Sentinels that know which server of `service` leads.
    Sentinel {
        sentinels: Vec<ConnectionAddr>,
        service: String,
        /// Credentials, database and TLS for the servers themselves; its address is unused.
        server: Box<ConnectionInfo>,
    },
    /// Nodes to learn a cluster from.
    Cluster(Vec<ConnectionInfo>),
}

impl Address {
    /// Understands `redis://[user:password@]host[:port][/database]`, `redis+sentinel://…@a:26379,b/service[/database]`
    /// and `redis+cluster://…@a:6379,b`; `rediss` in place of `redis` asks for TLS.
    pub(super) fn parse(url: &str) -> Result<Self, SessionError> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(refused("it has no scheme"));
        };
        let (tls, form) = match scheme.split_once('+') {
            Some((base, form)) => (base, Some(form)),
            None => (scheme, None),
        };
        if !matches!(tls, "redis" | "rediss") {
            return Err(SessionError::UrlNotSupported(format!("scheme {scheme}")));
        }
        match form {
            None => Ok(Self::Single(Box::new(server(url)?))),
            Some("sentinel") => sentinel(tls, &Parts::of(rest)),
            Some("cluster") => cluster(tls, &Parts::of(rest)),
            Some(_) => Err(SessionError::UrlNotSupported(format!("scheme {scheme}"))),
        }
    }
}

/// The parts of a URL with several hosts, which no URL parser takes.
struct Parts<'a> {
    /// `user:password@`, or nothing.
    credentials: &'a str,
    hosts: Vec<&'a str>,
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn of(rest: &'a str) -> Self {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, hosts) = match authority.rfind('@') {
            Some(at) => authority.split_at(at.saturating_add(1)),
            None => ("", authority),
        };
        Self {
            credentials,
            hosts: hosts.split(',').filter(|host| !host.is_empty()).collect(),
            path,
        }
    }
}

fn sentinel(tls: &str, parts: &Parts<'_>) -> Result<Address, SessionError> {
    let (service, database) = parts.path.split_once('/').unwrap_or((parts.path, ""));
    let Some(first) = parts.hosts.first() else {
        return Err(refused("it names no sentinel"));
    };
    if service.is_empty() {
        return Err(refused("it names no service after the sentinels"));
    }
    let sentinels = parts.hosts.iter().map(|host| {
        let port = if has_port(host) { "" } else { ":26379" };
        Ok(server(&format!("{tls}://{host}{port}"))?.addr().clone())
    });
    Ok(Address::Sentinel {
        sentinels: sentinels.collect::<Result<_, SessionError>>()?,
        service: service.to_owned(),
        server: Box::new(server(&format!(
            "{tls}://{}{first}/{database}",
            parts.credentials
        ))?),
    })
}

fn cluster(tls: &str, parts: &Parts<'_>) -> Result<Address, SessionError> {
    if parts.hosts.is_empty() {
        return Err(refused("it names no node"));
    }
    if !parts.path.is_empty() {
        return Err(refused("a cluster has no databases to choose from"));
    }
    let nodes = parts.hosts.iter();
    let nodes = nodes.map(|host| server(&format!("{tls}://{}{host}", parts.credentials)));
    Ok(Address::Cluster(nodes.collect::<Result<_, _>>()?))
}

fn has_port(host: &str) -> bool {
    let after_ipv6 = host.rsplit_once(']').map_or(host, |(_, after)| after);
    after_ipv6.contains(':')
}

/// One server. Version 3 of the protocol tells when a connection ends; without `TCP_NODELAY` an
/// answer may wait 40 ms.
fn server(url: &str) -> Result<ConnectionInfo, SessionError> {
    let info = url
        .into_connection_info()
        .map_err(|error| refused(&error.to_string()))?;
    let settings = info.redis_settings().clone();
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    Ok(info
        .set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3))
        .set_tcp_settings(tcp))
}

fn refused(reason: &str) -> SessionError {
    SessionError::UrlNotSupported(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_is_understood() {
        let Ok(Address::Single(info)) = Address::parse("redis://me:p%40ss@db.example:7000/2")
        else {
            panic!("not one server");
        };
        assert_eq!(info.addr().to_string(), "db.example:7000");
        assert_eq!(info.redis_settings().password(), Some("p@ss"));
        assert_eq!(info.redis_settings().db(), 2);
    }

    #[test]
    fn sentinels_are_understood() {
        let url = "rediss+sentinel://me:pass@a,[::1],c:999/house/3";
        let Ok(Address::Sentinel {
            sentinels,
            service,
            server,
        }) = Address::parse(url)
        else {
            panic!("no sentinels");
        };
        let sentinels: Vec<_> = sentinels.iter().map(ToString::to_string).collect();
        assert_eq!(sentinels, ["a:26379", "::1:26379", "c:999"]);
        assert_eq!(service, "house");
        assert_eq!(server.redis_settings().username(), Some("me"));
        assert_eq!(server.redis_settings().db(), 3);
        assert!(matches!(server.addr(), ConnectionAddr::TcpTls { .. }));
    }

    #[test]
    fn a_cluster_is_understood() {
        let Ok(Address::Cluster(nodes)) = Address::parse("redis+cluster://:pass@a:1,b") else {
            panic!("no cluster");
        };
        let all: Vec<_> = nodes.iter().map(|node| node.addr().to_string()).collect();
        assert_eq!(all, ["a:1", "b:6379"]);
        assert_eq!(nodes[1].redis_settings().password(), Some("pass"));
    }

    #[test]
    fn what_is_not_understood_is_refused_without_repeating_a_password() {
        for url in [
            "nothing",
            "http://me:geheim@host",
            "redis+proxy://me:geheim@host",
            "redis://me:geheim@",
            "redis://me:geheim@host/x",
            "redis+sentinel://me:geheim@host",
            "redis+sentinel://me:geheim@/house",
            "redis+cluster://me:geheim@host/1",
            "redis+cluster://",
        ] {
            let refusal = Address::parse(url).unwrap_err();
            assert!(matches!(refusal, SessionError::UrlNotSupported(_)), "{url}");
            assert!(!refusal.to_string().contains("geheim"), "{refusal}");
        }
    }
}
