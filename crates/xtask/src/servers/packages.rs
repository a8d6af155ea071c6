use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::account::is_root;
use crate::command::{find, output, run};

/// Names under which a Redis-compatible server is installed.
pub const REDIS_SERVERS: [&str; 2] = ["redis-server", "valkey-server"];
/// Names under which Chromium is installed.
pub const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A Debian package and how to see that what it brings is there.
struct Need {
    package: &'static str,
    present: fn() -> bool,
}

const NEEDS: [Need; 9] = [
    Need {
        package: "postgresql",
        present: || named("TEST_DATABASE_URL") || postgres_programs().is_some(),
    },
    Need {
        package: "redis-server",
        present: || named("TEST_REDIS_URL") || REDIS_SERVERS.iter().any(|p| find(p).is_some()),
    },
    Need {
        package: "sqlite3",
        present: || find("sqlite3").is_some(),
    },
    Need {
        package: "libpq-dev",
        present: has_libpq,
    },
    Need {
        package: "chromium",
        present: || named("TEST_CHROMIUM") || BROWSERS.iter().any(|p| find(p).is_some()),
    },
    Need {
        package: "chromium-driver",
        present: || named("TEST_CHROMEDRIVER") || find("chromedriver").is_some(),
    },
    Need {
        package: "nodejs",
        present: || named("TEST_NODE") || find("node").is_some(),
    },
    Need {
        package: "npm",
        present: || find("npm").is_some(),
    },
    Need {
        package: "fonts-noto-cjk",
        present: has_japanese_font,
    },
];

/// Sees to it that builds and tests find what they need: installs it as root, otherwise says what is missing.
pub fn provide() -> Result<(), String> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let advice = format!(
        "missing: {0}. On Debian: apt-get install {0}; TEST_DATABASE_URL, TEST_REDIS_URL, TEST_CHROMIUM and \
         TEST_CHROMEDRIVER may name what is elsewhere",
        missing.join(" ")
    );
    if !is_root()? || find("apt-get").is_none() {
        return Err(advice);
    }
    install(&missing)?;
    if self::missing().is_empty() {
        Ok(())
    } else {
        Err(advice)
    }
}

fn missing() -> Vec<&'static str> {
    NEEDS
        .iter()
        .filter(|need| !(need.present)())
        .map(|need| need.package)
        .collect()
}

/// Installs without starting any of the services.
fn install(packages: &[&str]) -> Result<(), String> {
    let _quiet = QuietServices::begin()?;
    for arguments in [
        vec!["update"],
        [&["install", "-y", "--no-install-recommends"], packages].concat(),
    ] {
        let mut command = Command::new("apt-get");
        command
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("RUNLEVEL", "1");
        run(&command)?;
    }
    Ok(())
}

/// While it lives, packages that are installed do not start their services.
struct QuietServices {
    ours: bool,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl QuietServices {
    fn begin() -> Result<Self, String> {
        let ours = !Path::new(POLICY).exists();
        if ours {
            use std::os::unix::fs::PermissionsExt;
            fs::write(POLICY, "#!/bin/sh\nexit 101\n")
                .and_then(|()| fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755)))
                .map_err(|e| format!("{POLICY}: {e}"))?;
        }
        Ok(Self { ours })
    }
}

impl Drop for QuietServices {
    fn drop(&mut self) {
        if self.ours {
            drop(fs::remove_file(POLICY));
        }
    }
}

fn named(variable: &str) -> bool {
    std::env::var(variable).is_ok_and(|value| !value.is_empty())
}

/// The folder with `initdb`, `postgres` and `pg_isready`; Debian keeps it off the path.
pub fn postgres_programs() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| {
        ["initdb", "postgres", "pg_isready"]
            .iter()
            .all(|program| folder.join(program).is_file())
    };
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<PathBuf> = versions
        .map(|v| v.path().join("bin"))
        .filter(complete)
        .collect();
    folders.sort();
    let on_path = find("initdb").and_then(|p| p.parent().map(PathBuf::from));
    folders.pop().or_else(|| on_path.filter(complete))
}

fn has_libpq() -> bool {
    let mut ask = Command::new("pg_config");
    ask.arg("--libdir");
    let told = output(ask).ok().map(|text| PathBuf::from(text.trim()));
    let usual = [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib64",
        "/usr/local/lib",
    ];
    named("PQ_LIB_DIR")
        || told
            .into_iter()
            .chain(usual.map(PathBuf::from))
            .any(|folder| {
                ["libpq.so", "libpq.dylib"]
                    .iter()
                    .any(|f| folder.join(f).exists())
            })
}

fn has_japanese_font() -> bool {
    let mut list = Command::new("fc-list");
    list.arg(":lang=ja");
    match output(list) {
        Ok(fonts) => !fonts.trim().is_empty(),
        Err(_) => Path::new("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").exists(),
    }
}
