//! What is asked of the addresses of the database, the session store and the mail server (NET-07).

use std::net::IpAddr;

use sekisho_model::EmailAddress;

use super::Config;
use super::check::Problems;

/// Every form of address the session store knows; `rediss` is with TLS.
const REDIS: [&str; 6] = [
    "redis://",
    "rediss://",
    "redis+sentinel://",
    "rediss+sentinel://",
    "redis+cluster://",
    "rediss+cluster://",
];

pub(super) fn check(config: &Config, found: &mut Problems) {
    database(config, found);
    session(config, found);
    mail(config, found);
    let (file, command) = (&config.keys.file, &config.keys.command);
    found.unless(
        !file.as_os_str().is_empty() || !command.is_empty(),
        "keys.file is missing: make one with `sekisho keys init`, or set keys.command",
    );
    found.unless(
        file.as_os_str().is_empty() || command.is_empty(),
        "keys.command: take keys.file out; the keys come from one place",
    );
    found.unless(
        command
            .first()
            .is_none_or(|program| program.starts_with('/')),
        "keys.command: begin with the full path of a program",
    );
}

fn database(config: &Config, found: &mut Problems) {
    let url = config.database.url.expose();
    let postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
    found.unless(
        (1..=512).contains(&config.database.max_connections),
        "database.max_connections: use 1 to 512",
    );
    if url.is_empty() {
        found.unless(
            false,
            "database.url is missing: sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME",
        );
        return;
    }
    found.unless(
        postgres || url.len() > "sqlite://".len() && url.starts_with("sqlite://"),
        "database.url: use sqlite://PATH or postgres://USER:PASSWORD@HOST/NAME",
    );
    found.unless(
        !postgres || cfg!(feature = "postgres"),
        "database.url: this build has no PostgreSQL (cargo feature `postgres`)",
    );
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    let modes = parameters
        .split('&')
        .filter_map(|p| p.strip_prefix("sslmode="));
    let verified = modes.fold(None, |_, mode| Some(mode == "verify-full")) == Some(true);
    found.unless(
        !postgres || verified || config.database.insecure_plaintext || is_local(url),
        "database.url: add sslmode=verify-full (or set database.insecure_plaintext)",
    );
}

fn session(config: &Config, found: &mut Problems) {
    let url = config.session.url.expose();
    let redis = REDIS.iter().any(|scheme| url.starts_with(scheme));
    found.unless(
        url == "memory:" || redis,
        "session.url: use memory:, redis:// or rediss:// (also redis+sentinel:// and redis+cluster://)",
    );
    found.unless(
        !redis || cfg!(feature = "redis"),
        "session.url: this build has no Redis (cargo feature `redis`)",
    );
    found.unless(
        !redis || url.starts_with("rediss") || config.session.insecure_plaintext || is_local(url),
        "session.url: use rediss:// (or set session.insecure_plaintext)",
    );
    found.unless(
        url != "memory:" || !config.database.url.expose().starts_with("postgres"),
        "session.url = \"memory:\" cannot be shared by several nodes: use redis:// with PostgreSQL",
    );
}

fn mail(config: &Config, found: &mut Problems) {
    let (url, from) = (config.mail.url.expose(), &config.mail.from);
    let sends = ["smtp://", "smtps://", "file:"];
    let caught = url == "catch:";
    found.unless(
        !url.is_empty(),
        "mail.url is missing: smtp://, smtps:// or file:DIR",
    );
    found.unless(
        url.is_empty() || caught || sends.iter().any(|way| url.starts_with(way)),
        "mail.url: use smtp://, smtps:// or file:DIR",
    );
    found.unless(
        !caught || config.server.insecure_loopback,
        "mail.url = \"catch:\" sends nothing: it is only for server.insecure_loopback",
    );
    let address = match from.split_once('<') {
        Some((_, address)) => address.trim_end().trim_end_matches('>'),
        None => from,
    };
    if from.is_empty() {
        found.unless(false, "mail.from is missing: the address mails come from");
    } else {
        found.unless(
            EmailAddress::parse(address).is_ok(),
            format!("mail.from = {from:?}: use ADDRESS or NAME <ADDRESS>"),
        );
    }
}

/// Whether every host of an address is this machine: a loopback address, `localhost`, or a socket.
fn is_local(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, hosts)| hosts);
    let hosts = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let elsewhere = rest.split(['?', '&']).any(|p| p.starts_with("host="));
    !elsewhere && hosts.split(',').all(is_local_host)
}

fn is_local_host(host: &str) -> bool {
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let loopback = host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    host.is_empty() || host == "localhost" || loopback
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::SecretText;
    use super::*;

    fn problems(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::dev(Path::new("/tmp/x"), "127.0.0.1:8080");
        change(&mut config);
        config.problems().join("\n")
    }

    #[test]
    fn several_nodes_cannot_share_memory() {
        let told = problems(|c| c.database.url = SecretText::new("postgres://h/db"));
        assert!(told.contains("session.url = \"memory:\""), "{told}");
    }

    #[test]
    fn net_07_a_database_elsewhere_needs_verified_tls() {
        let missing =
            |url: &str| problems(|c| c.database.url = SecretText::new(url)).contains("verify-full");
        for open in [
            "postgres://u:p@db.example/x",
            "postgres://u:p@db.example/x?sslmode=require",
            "postgres://u:p@db.example/x?sslmode=verify-full&sslmode=disable",
            "postgres://127.0.0.1,db.example/x",
            "postgres:///x?host=db.example",
        ] {
            assert!(missing(open), "{open}");
        }
        for fine in [
            "postgres://u:p@db.example/x?sslmode=verify-full",
            "postgres://u:p@127.0.0.1:5432/x",
            "postgres://[::1]/x",
            "postgres://localhost/x",
        ] {
            assert!(!missing(fine), "{fine}");
        }
    }

    #[test]
    fn net_07_a_session_store_elsewhere_needs_tls() {
        let plain = "session.url: use rediss://";
        let with = |url: &str, flag: bool| {
            problems(|c| {
                c.session.url = SecretText::new(url);
                c.session.insecure_plaintext = flag;
            })
        };
        assert!(with("redis://r.example", false).contains(plain));
        assert!(with("redis+cluster://127.0.0.1:7000,r.example:7001", false).contains(plain));
        assert!(!with("redis://r.example", true).contains(plain));
        assert!(!with("rediss+sentinel://a,b/main", false).contains(plain));
        assert!(!with("redis://:p@127.0.0.1:6379/0", false).contains(plain));
        assert!(with("redis-of-mine", false).contains("session.url: use memory:"));
    }

    #[test]
    fn mails_that_nobody_gets_are_only_for_trying_out() {
        let told = problems(|c| {
            "https://id.example".clone_into(&mut c.server.issuer);
            c.server.insecure_loopback = false;
        });
        assert!(told.contains("sends nothing"), "{told}");
        for (from, fine) in [
            ("no-reply@id.example", true),
            ("Sekisho <no-reply@id.example>", true),
            ("@", false),
            ("Sekisho <nobody>", false),
        ] {
            let told = problems(|c| from.clone_into(&mut c.mail.from));
            assert_eq!(told.is_empty(), fine, "{from}: {told}");
        }
    }
}
