//! From a file and the environment to a configuration that can be used, or to the list of everything
//! that is wrong with it (CFG-01).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::given::{Gift, Given, PREFIX, everyone_reads};
use super::{Config, SecretText, reference};

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {cause}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Everything that is wrong: each names `section.key` and where it was given.
    #[error("{}", .0.join("\n"))]
    Problems(Vec<String>),
}

/// Reads the file, lays the environment over it, and refuses what cannot be used.
pub fn load(file: &Path) -> Result<Config, ConfigError> {
    read(file, &environment(), Config::problems)
}

/// Like [`load`], and refuses what cannot be used on this machine: the key file, the mail transport.
pub fn load_to_serve(file: &Path) -> Result<Config, ConfigError> {
    read(file, &environment(), |config| {
        let mut problems = config.problems();
        let mut here = config.problems_here();
        // What is missing or malformed is told once.
        here.retain(|problem| {
            !problems
                .iter()
                .any(|known| key_of(known) == key_of(problem))
        });
        problems.append(&mut here);
        problems
    })
}

/// The one place that reads the environment.
fn environment() -> Vec<(OsString, OsString)> {
    std::env::vars_os().collect()
}

/// The names of the variables that may hold settings, and so secrets: no child process inherits them.
pub(crate) fn settings_of_environment() -> Vec<OsString> {
    let names = environment().into_iter().map(|(name, _)| name);
    names
        .filter(|name| name.to_string_lossy().starts_with(PREFIX))
        .collect()
}

fn read(
    file: &Path,
    environment: &[(OsString, OsString)],
    check: impl Fn(&Config) -> Vec<String>,
) -> Result<Config, ConfigError> {
    let unreadable = |cause| ConfigError::Unreadable {
        path: file.to_owned(),
        cause,
    };
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let mut gift = Gift::new();
    let broken = |problem| ConfigError::Problems(vec![problem]);
    gift.take_file(file, &text).map_err(broken)?;
    gift.problems.extend(open_secret(&gift, file));
    gift.take_environment(environment);
    config(gift, check)
}

/// CFG-01: a file with a password in it is not for everyone.
fn open_secret(gift: &Gift, file: &Path) -> Option<String> {
    let passwords = gift.values.iter().filter(|(name, given)| {
        let value = given.forms.first().and_then(Value::as_str);
        reference::is_secret(name)
            && value.is_some_and(|value| SecretText::new(value).holds_password())
    });
    let names: Vec<&str> = passwords.map(|(name, _)| name.as_str()).collect();
    (!names.is_empty() && everyone_reads(file)).then(|| {
        format!(
            "{} can be read by everyone and holds a password ({}); run chmod o-r on it",
            file.display(),
            names.join(", ")
        )
    })
}

fn config(gift: Gift, check: impl Fn(&Config) -> Vec<String>) -> Result<Config, ConfigError> {
    let mut problems = gift.problems;
    let mut whole = Table::new();
    for (name, given) in &gift.values {
        match fitting(name, given) {
            Ok(value) => put(&mut whole, name, value),
            Err(problem) => problems.push(problem),
        }
    }
    let refused = |error: toml::de::Error| ConfigError::Problems(vec![error.message().to_owned()]);
    let config: Config = whole.try_into().map_err(refused)?;
    problems.extend(check(&config).into_iter().map(
        |problem| match gift.values.get(key_of(&problem)) {
            Some(given) => format!("{problem}   [{}]", given.place),
            None => problem,
        },
    ));
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(ConfigError::Problems(problems))
    }
}

/// The key that a problem begins with.
fn key_of(problem: &str) -> &str {
    problem.split([' ', ':']).next().unwrap_or_default()
}

/// The form of a value that its key can take.
fn fitting(name: &str, given: &Given) -> Result<Value, String> {
    let mut told = None;
    for form in &given.forms {
        let mut alone = Table::new();
        put(&mut alone, name, form.clone());
        match alone.try_into::<Config>() {
            Ok(_) => return Ok(form.clone()),
            Err(error) => told = told.or(Some((form, error))),
        }
    }
    let why = match told {
        Some((form, error)) if !reference::is_secret(name) => {
            format!("{name} = {form}: {}", error.message())
        }
        _ => format!("{name}: use text"),
    };
    Err(format!("{why}   [{}]", given.place))
}

/// Puts a value where its dotted name says.
fn put(table: &mut Table, name: &str, value: Value) {
    match name.split_once('.') {
        None => drop(table.insert(name.to_owned(), value)),
        Some((section, rest)) => {
            let inner = table
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    struct Case(tempfile::TempDir);

    impl Case {
        fn new(text: &str) -> Self {
            let case = Self(tempfile::tempdir().unwrap());
            case.file("config.toml", text, 0o600);
            case
        }

        fn file(&self, name: &str, text: &str, mode: u32) -> PathBuf {
            let path = self.0.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            path
        }

        fn read(&self, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
            let variables: Vec<_> = variables
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect();
            let path = self.0.path().join("config.toml");
            read(&path, &variables, Config::problems)
        }

        fn refusal(&self, variables: &[(&str, &str)]) -> String {
            self.read(variables).unwrap_err().to_string()
        }
    }

    const GOOD: &str = r#"
        [server]
        issuer = "https://id.example"
        [database]
        url = "sqlite://x.db"
        [mail]
        url = "smtps://mail.example"
        from = "no-reply@id.example"
        [keys]
        file = "keys.toml"
    "#;

    #[test]
    fn a_small_file_is_enough() {
        let config = Case::new(GOOD).read(&[("PATH", "/bin")]).unwrap();
        assert_eq!(config.server.issuer, "https://id.example");
        assert_eq!(config.otp.digits, 8);
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let config = Case::new(GOOD)
            .read(&[
                ("SEKISHO__SERVER__ISSUER", "https://b.example"),
                ("SEKISHO__SERVER__SERVICE_NAME", "42"),
                ("SEKISHO__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8"),
                ("SEKISHO__OTP__DIGITS", "9"),
                ("SEKISHO__OTP__REQUIRE_FOR_EVERYONE", "true"),
                (
                    "SEKISHO__LIMITS__CODE_MAIL__ACCOUNT",
                    "{ max = 3, seconds = 60 }",
                ),
            ])
            .unwrap();
        assert_eq!(config.server.issuer, "https://b.example");
        assert_eq!(config.server.service_name, "42");
        assert_eq!(config.server.trusted_proxies.len(), 2);
        assert_eq!(config.otp.digits, 9);
        assert!(config.otp.require_for_everyone);
        assert_eq!(config.limits.code_mail.account.max, 3);
    }

    #[test]
    fn cfg_01_everything_that_is_wrong_is_told_at_once_with_its_place() {
        let case = Case::new(
            "[server]\nisuer = \"https://id.example\"\nworkers = 0\n[otp]\ndigits = \"eight\"\n\
             tries = 9\n[sesion]\nurl = \"memory:\"\n[limits.code]\nnew_browser = 1\n",
        );
        let told = case.refusal(&[("SEKISHO__TOKENS__ACESS_MINUTES", "5")]);
        let lines: Vec<&str> = told.lines().collect();
        for (start, place) in [
            (
                "server.isuer is not known; did you mean server.issuer?",
                "line 2",
            ),
            ("server.workers: use at least 1", "line 3"),
            ("otp.digits = \"eight\": ", "line 5"),
            ("otp.tries: use 1 to 5", "line 6"),
            ("sesion is not known; did you mean session?", "line 7"),
            (
                "limits.code.new_browser is not known; did you mean limits.code.new_browsers?",
                "line 10",
            ),
            (
                "SEKISHO__TOKENS__ACESS_MINUTES is not known; did you mean SEKISHO__TOKENS__ACCESS_MINUTES?",
                "",
            ),
            ("server.issuer is missing", ""),
            ("keys.file is missing", ""),
        ] {
            let line = lines.iter().find(|line| line.starts_with(start));
            let line = line.unwrap_or_else(|| panic!("{start} not in\n{told}"));
            assert!(line.contains(place), "{line}");
        }
    }

    #[test]
    fn cfg_01_no_refusal_repeats_a_secret() {
        let broken = "[database]\nurl = \"postgres://u:geheim@db.example/x\n";
        let told = Case::new(broken).refusal(&[]);
        assert!(
            told.contains("line 2") && !told.contains("geheim"),
            "{told}"
        );
        let typed = "[database]\nurl = [\"postgres://u:geheim@db.example/x\"]\n";
        let told = Case::new(typed).refusal(&[]);
        assert!(told.contains("database.url: use text"), "{told}");
        assert!(!told.contains("geheim"), "{told}");
    }

    #[test]
    fn cfg_01_secrets_come_from_files_that_not_everyone_reads() {
        let case = Case::new(GOOD);
        let url = "rediss://u:p@r.example";
        let good = case.file("good", &format!("{url}\n"), 0o440);
        let variables = [("SEKISHO__MAIL__URL_FILE", good.to_str().unwrap())];
        assert_eq!(
            case.read(&variables)
                .unwrap_err()
                .to_string()
                .lines()
                .count(),
            1
        );
        let mail = case.file("mail", "smtps://u:p@mail.example\n", 0o400);
        let variables = [("SEKISHO__MAIL__URL_FILE", mail.to_str().unwrap())];
        let config = case.read(&variables).unwrap();
        assert_eq!(config.mail.url.expose(), "smtps://u:p@mail.example");
        let open = case.file("open", url, 0o644);
        let told = case.refusal(&[("SEKISHO__MAIL__URL_FILE", open.to_str().unwrap())]);
        assert!(told.contains("everyone can read it"), "{told}");
        let twice = [variables[0], ("SEKISHO__MAIL__URL", "smtps://m.example")];
        assert!(case.refusal(&twice).contains("mail.url is given twice"));
        let not_secret = [("SEKISHO__MAIL__FROM_FILE", "x")];
        assert!(case.refusal(&not_secret).contains("FROM_FILE is not known"));
    }

    #[test]
    fn cfg_01_a_file_with_a_password_is_not_for_everyone() {
        let text = GOOD.replace("smtps://", "smtps://me:geheim@");
        let case = Case::new(&text);
        assert!(case.read(&[]).is_ok());
        case.file("config.toml", &text, 0o644);
        let told = case.refusal(&[]);
        assert!(told.contains("holds a password (mail.url)"), "{told}");
        case.file("config.toml", GOOD, 0o644);
        assert!(case.read(&[]).is_ok());
    }

    #[test]
    fn a_variable_that_is_not_text_stops_nothing_unless_it_is_ours() {
        let case = Case::new(GOOD);
        let path = case.0.path().join("config.toml");
        let junk = OsString::from_vec(vec![0xff]);
        let strangers = [("JUNK".into(), junk.clone())];
        assert!(read(&path, &strangers, Config::problems).is_ok());
        let ours = [("SEKISHO__MAIL__FROM".into(), junk)];
        let told = read(&path, &ours, Config::problems).unwrap_err();
        let told = told.to_string();
        assert!(told.contains("SEKISHO__MAIL__FROM is not text"), "{told}");
    }

    #[test]
    fn the_example_for_production_can_be_used_and_shows_the_defaults() {
        let example = include_str!("../../../../examples/production.toml");
        let shown = |line: &str| {
            let key = line.strip_prefix("# ")?;
            let (name, _) = key.split_once(" = ")?;
            let plain = name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b"_0123456789".contains(&b));
            plain.then(|| key.to_owned())
        };
        let lines = example.lines();
        let all: Vec<String> = lines
            .map(|line| shown(line).unwrap_or_else(|| line.to_owned()))
            .collect();
        for text in [example, &all.join("\n")] {
            let case = Case::new(text);
            let path = case.0.path().join("config.toml");
            // Which databases are in is the build's affair.
            let config = read(&path, &[], |config| {
                let problems = config.problems().into_iter();
                problems
                    .filter(|problem| !problem.contains("this build has no"))
                    .collect()
            });
            let (config, defaults) = (config.unwrap(), Config::default());
            assert_eq!(config.limits, defaults.limits);
            assert_eq!(config.tokens, defaults.tokens);
            assert_eq!(config.otp.digits, defaults.otp.digits);
            assert_eq!(
                config.password.argon2_memory_kib,
                defaults.password.argon2_memory_kib
            );
        }
    }

    #[test]
    fn cfg_01_whatever_is_in_the_file_is_a_sound_configuration_or_a_list_of_problems() {
        let target = sekisho_fuzz::Target {
            manifest_dir: env!("CARGO_MANIFEST_DIR"),
            name: "config",
            words: &[
                "[server]",
                "[otp]",
                "issuer = ",
                "\"https://id.example\"",
                "= -1",
                "= 1e400",
                "\"\"\"",
                "[[x]]",
                "tries = ",
            ],
        };
        let case = Case::new("");
        target.run_one_in(20, |input| {
            let path = case.0.path().join("config.toml");
            std::fs::write(&path, input).unwrap();
            match read(&path, &[], Config::problems) {
                Ok(config) => {
                    assert_eq!(config.problems(), Vec::<String>::new());
                    assert_eq!(config.provider_settings().issuer, config.server.issuer);
                    true
                }
                Err(refusal) => {
                    assert!(!refusal.to_string().is_empty());
                    false
                }
            }
        });
    }
}
