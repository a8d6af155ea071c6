//! What tests run against: a private PostgreSQL, a private Redis, a mail sink and a browser.
//!
//! All listen on free ports of the loopback, keep nothing, and end with this process (`keeper`).

mod account;
mod node;
mod packages;
mod postgres;
mod redis;
mod scratch;
mod smtp_sink;

use std::path::Path;

use crate::command::find;
use crate::keeper::Kept;

pub use packages::provide as provide_packages;

/// Running servers; dropping it stops them.
pub struct Servers {
    environment: Vec<(&'static str, String)>,
    running: Vec<Kept>,
}

impl Servers {
    /// Starts what the environment does not already name.
    pub fn start(root: &Path) -> Result<Self, String> {
        let mut servers = Self {
            environment: Vec::new(),
            running: Vec::new(),
        };
        servers.use_or_start("TEST_DATABASE_URL", postgres::start)?;
        servers.use_or_start("TEST_REDIS_URL", redis::start)?;
        servers.collect_mail()?;
        servers.name_program("TEST_CHROMIUM", &packages::BROWSERS)?;
        servers.name_program("TEST_CHROMEDRIVER", &["chromedriver"])?;
        servers.name_program("TEST_NODE", &["node"])?;
        let modules = node::provide(root)?.to_string_lossy().into_owned();
        servers.environment.push(("TEST_NODE_MODULES", modules));
        for (name, value) in &servers.environment {
            println!("{name}={}", without_password(value));
        }
        Ok(servers)
    }

    /// The `TEST_…` variables that tell tests where everything is.
    pub fn environment(&self) -> impl Iterator<Item = (&str, &str)> {
        self.environment.iter().map(|(n, v)| (*n, v.as_str()))
    }

    fn use_or_start(
        &mut self,
        name: &'static str,
        start: fn() -> Result<(Kept, String), String>,
    ) -> Result<(), String> {
        let url = match std::env::var(name) {
            Ok(url) if !url.is_empty() => url,
            _ => {
                let (kept, url) = start()?;
                self.running.push(kept);
                url
            }
        };
        self.environment.push((name, url));
        Ok(())
    }

    fn collect_mail(&mut self) -> Result<(), String> {
        let (janitor, folder) = scratch::swept("mail")?;
        let port = smtp_sink::start(folder.clone())?;
        self.running.push(janitor);
        let url = format!("smtp://127.0.0.1:{port}?tls=none");
        self.environment.push(("TEST_SMTP_URL", url));
        let folder = folder.to_string_lossy().into_owned();
        self.environment.push(("TEST_SMTP_DIR", folder));
        Ok(())
    }

    fn name_program(&mut self, name: &'static str, programs: &[&str]) -> Result<(), String> {
        let path = match std::env::var(name) {
            Ok(path) if !path.is_empty() => path,
            _ => programs
                .iter()
                .find_map(|program| find(program))
                .map(|path| path.to_string_lossy().into_owned())
                .ok_or_else(|| format!("{} is not on the path", programs.join(" or ")))?,
        };
        self.environment.push((name, path));
        Ok(())
    }
}

fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    match rest.rsplit_once('@') {
        Some((who, place)) => {
            let user = who.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:…@{place}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_address_has_no_password() {
        assert_eq!(
            without_password("postgres://a:b@h:1/d"),
            "postgres://a:…@h:1/d"
        );
        assert_eq!(without_password("/usr/bin/chromium"), "/usr/bin/chromium");
    }
}
