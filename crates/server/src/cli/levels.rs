//! `sekisho incident level`, `confirm`, `status`, `switch`: closing and opening (INC-01 to INC-06).

use std::io::Read as _;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use sekisho_guard::CONFIRM_WITHIN;
use sekisho_model::{
    ClientId, Cohort, EventKind, Feature, Level, LevelScope, OperatorPermission, OperatorText,
    Origin, Timestamp,
};
use sekisho_provider::Provider;
use sekisho_provider::detection::{Reading, ReadingWay};
use sekisho_provider::incidents::{Confirming, Decided, LevelOrder, SwitchOrder};
use sekisho_provider::operator_tokens::Operator;

use super::cohort::{moment, must_be_tagged};
use super::tree::{Form, Where};
use super::{CliError, event, output, services_at};
use crate::incident_overview::{Overview, refusal};

/// Who reads.
#[derive(Debug, Clone, Args)]
pub(crate) struct Reader {
    /// Who you are, for the record of whose data was read.
    #[arg(
        long,
        env = "SEKISHO_OPERATOR",
        hide_env_values = true,
        default_value = "operator"
    )]
    pub(super) operator: String,
    /// Reads on though the budget of the day is used up, and why. It is recorded, and operators are told.
    #[arg(long, value_name = "REASON", value_parser = NonEmptyStringValueParser::new())]
    pub(super) beyond_budget: Option<String>,
}

impl Reader {
    /// Who reads in this way.
    pub(super) fn reading(&self, way: ReadingWay) -> Reading<'_> {
        Reading {
            way,
            reader: &self.operator,
            beyond: self.beyond_budget.as_deref(),
        }
    }
}

/// Who does it, and why.
#[derive(Debug, Clone, Args)]
pub(crate) struct By {
    /// Who you are, for the record; opening again from level 3 takes two.
    #[arg(
        long,
        env = "SEKISHO_OPERATOR",
        hide_env_values = true,
        default_value = "operator"
    )]
    pub(super) operator: String,
    /// Why, for the record.
    #[arg(long)]
    pub(super) reason: String,
}

/// Which level, for whom, how long.
#[derive(Debug, Clone, Args)]
pub(crate) struct SetLevel {
    #[command(flatten)]
    at: Where,
    /// 0 normal, 1 watch, 2 credentials frozen, 3 no new sign-ins, 4 nothing is issued, 5 sealed.
    #[arg(value_parser = level)]
    level: Level,
    #[command(flatten)]
    by: By,
    #[command(flatten)]
    proof: Proof,
    /// Only for whoever comes through this app.
    #[arg(long, conflicts_with = "cohort")]
    client: Option<String>,
    /// Only for accounts imported with this tag.
    #[arg(long)]
    cohort: Option<String>,
    /// From when on: a date, or a moment as in 2026-11-24T09:00:00+09:00. Otherwise at once.
    #[arg(long, value_parser = moment)]
    from: Option<Timestamp>,
    /// Until when; then what was decided before counts again.
    #[arg(long, value_parser = moment)]
    until: Option<Timestamp>,
    /// What people are told in Japanese.
    #[arg(long, default_value = "")]
    text_ja: String,
    /// What people are told in English.
    #[arg(long, default_value = "")]
    text_en: String,
}

/// Which lowering.
#[derive(Debug, Clone, Args)]
pub(crate) struct Confirm {
    #[command(flatten)]
    at: Where,
    /// Its number; `incident status` shows it.
    number: i64,
    /// Who you are; somebody else than who asked.
    #[arg(
        long,
        env = "SEKISHO_OPERATOR",
        hide_env_values = true,
        default_value = "operator"
    )]
    operator: String,
    #[command(flatten)]
    proof: Proof,
}

/// What stands for a name.
#[derive(Debug, Clone, Args)]
pub(crate) struct Proof {
    /// A file with your token; `-` reads it from standard input. Your name is then the token's. Needed to open from level 3 as soon as any operator has a token with `incident:lower`.
    #[arg(long)]
    token_file: Option<PathBuf>,
}

/// Which feature, on or off.
#[derive(Debug, Clone, Args)]
pub(crate) struct SetSwitch {
    #[command(flatten)]
    at: Where,
    /// What; `incident status` lists the names.
    #[arg(value_parser = feature)]
    feature: Feature,
    /// Whether it shall work.
    position: Position,
    #[command(flatten)]
    by: By,
    /// Until when; then what was decided before counts again.
    #[arg(long, value_parser = moment)]
    until: Option<Timestamp>,
}

/// Where a switch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Position {
    /// It works.
    On,
    /// It answers that it is paused.
    Off,
}

fn level(text: &str) -> Result<Level, String> {
    let by_number = text.parse().ok().and_then(Level::from_number);
    by_number
        .or_else(|| Level::ALL.into_iter().find(|level| level.name() == text))
        .ok_or_else(|| "use 0 to 5".to_owned())
}

fn feature(text: &str) -> Result<Feature, String> {
    Feature::from_name(text).ok_or_else(|| format!("use one of {}", names().join(", ")))
}

fn names() -> Vec<&'static str> {
    Feature::ALL.iter().map(|feature| feature.name()).collect()
}

pub(super) async fn set(asked: SetLevel) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let provider = &services.provider;
    let kind = EventKind::LevelChanged;
    let event = event(provider, &services, kind, "incident level");
    let shown = asked.proof.operator(provider).await?;
    let proved = shown.as_ref().map(|operator| operator.token);
    let scope = scope(asked.client, asked.cohort);
    if let LevelScope::Cohort(cohort) = &scope
        && asked.level > Level::Normal
    {
        must_be_tagged(provider, cohort).await?;
    }
    let order = LevelOrder {
        operator: shown.map_or(asked.by.operator, |operator| operator.name),
        proved,
        scope,
        level: asked.level,
        reason: asked.by.reason,
        from: asked.from,
        until: asked.until,
        text: OperatorText {
            ja: asked.text_ja,
            en: asked.text_en,
        },
        may_lower: true,
    };
    say(provider.order_level(order, event).await?)
}

pub(super) async fn confirm(asked: Confirm) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let provider = &services.provider;
    let kind = EventKind::LevelChanged;
    let event = event(provider, &services, kind, "incident confirm");
    let shown = asked.proof.operator(provider).await?;
    let by = Confirming {
        proved: shown.as_ref().map(|operator| operator.token),
        operator: shown.map_or(asked.operator, |operator| operator.name),
    };
    say(provider.confirm_level(asked.number, by, event).await?)
}

pub(super) async fn switch(asked: SetSwitch) -> Result<(), CliError> {
    let (_, services) = services_at(&asked.at).await?;
    let provider = &services.provider;
    let kind = EventKind::FeatureSwitched;
    let event = event(provider, &services, kind, "incident switch");
    let order = SwitchOrder {
        operator: asked.by.operator,
        feature: asked.feature,
        on: asked.position == Position::On,
        reason: asked.by.reason,
        until: asked.until,
    };
    say(provider.order_switch(order, event).await?)
}

impl Proof {
    /// Whose the token is, if one is shown.
    async fn operator(&self, provider: &Provider) -> Result<Option<Operator>, CliError> {
        let Some(file) = &self.token_file else {
            return Ok(None);
        };
        let read = if file.as_os_str() == "-" {
            std::io::read_to_string(std::io::stdin().take(LONGEST_TOKEN))
        } else {
            std::fs::read_to_string(file)
        };
        let text = read.map_err(|error| CliError::usage(format!("{}: {error}", file.display())))?;
        let found = provider
            .operator_of(text.trim(), &Origin::default())
            .await?;
        let may = |operator: &Operator| operator.may(OperatorPermission::IncidentLower);
        match found {
            Some(operator) if may(&operator) => Ok(Some(operator)),
            Some(_) => Err(CliError::refused(
                "The token does not allow incident:lower.",
            )),
            None => Err(CliError::refused(
                "The token does not count: it is unknown, over, ended, or bound to networks.",
            )),
        }
    }
}

/// More than any token has.
const LONGEST_TOKEN: u64 = 1_000;

fn scope(client: Option<String>, cohort: Option<String>) -> LevelScope {
    match (client, cohort) {
        (Some(client), _) => LevelScope::Client(ClientId::new(client)),
        (None, Some(tag)) => LevelScope::Cohort(Cohort {
            tag: Some(tag),
            ..Cohort::default()
        }),
        (None, None) => LevelScope::Server,
    }
}

fn say(decided: Decided) -> Result<(), CliError> {
    match decided {
        Decided::InForce(number) => {
            output::done(&format!(
                "Decision {number} counts on every node within a second."
            ));
            Ok(())
        }
        Decided::Waits(number) => {
            output::done(&format!(
                "Decision {number} waits: within {} minutes another operator runs `sekisho incident confirm {number}`. Nothing has changed yet.",
                CONFIRM_WITHIN.as_secs() / 60
            ));
            Ok(())
        }
        other => Err(CliError::refused(refusal(&other))),
    }
}

pub(super) async fn status(at: &Where, form: Form) -> Result<(), CliError> {
    let (_, services) = services_at(at).await?;
    let provider = &services.provider;
    let shown = Overview::of(provider);
    if form == Form::Json {
        output::one(form, &shown);
        return Ok(());
    }
    output::text(&format!(
        "Level {} ({}) for everyone.\n",
        shown.level, shown.name
    ));
    let heads = [
        "number", "state", "level", "for", "from", "until", "by", "reason",
    ];
    output::list(form, &heads, &shown.decisions, |made| {
        vec![
            made.number.to_string(),
            made.state.to_owned(),
            made.level.to_string(),
            made.scope.clone(),
            made.from.clone(),
            made.until.clone().unwrap_or_default(),
            made.operator.clone(),
            made.reason.clone(),
        ]
    });
    let heads = ["feature", "works", "until", "by", "reason"];
    output::list(form, &heads, &shown.switches, |made| {
        vec![
            made.feature.to_owned(),
            if made.on { "on" } else { "off" }.to_owned(),
            made.until.clone().unwrap_or_default(),
            made.operator.clone(),
            made.reason.clone(),
        ]
    });
    output::text(&format!("Features: {}\n", shown.features.join(", ")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use sekisho_model::Standing;
    use sekisho_provider::operator_tokens::OperatorTokenOrder;

    use super::*;
    use crate::cli::tests::Place;
    use crate::config::Config;
    use crate::wiring::{Surroundings, command_services};

    async fn done(place: &Place, words: &str) {
        if let Err(error) = place.run(words).await {
            panic!("{words}: {error:?}");
        }
    }

    async fn kept(place: &Place) -> Vec<(u8, Standing)> {
        let all = place
            .store
            .read(|tx: &mut sekisho_store::Tx<'_>| tx.level_decisions())
            .await
            .unwrap();
        all.iter()
            .map(|made| (made.level.number(), made.standing))
            .collect()
    }

    #[tokio::test]
    async fn inc_05_one_operator_closes_and_two_open() {
        let place = Place::new().await;
        done(
            &place,
            "incident level 4 --operator haruka --reason stolen-backup",
        )
        .await;
        done(&place, "incident level 0 --operator haruka --reason over").await;
        let raised = [(4, Standing::InForce), (0, Standing::Asked)];
        assert_eq!(kept(&place).await, raised);
        for words in [
            "incident confirm 2 --operator Haruka",
            "incident confirm 1 --operator minoru",
            "incident confirm 7 --operator minoru",
        ] {
            assert!(place.run(words).await.is_err(), "{words}");
        }
        assert_eq!(kept(&place).await, raised);
        done(&place, "incident confirm 2 --operator minoru").await;
        assert!(
            place
                .run("incident confirm 2 --operator minoru")
                .await
                .is_err()
        );
        assert_eq!(kept(&place).await[2], (0, Standing::InForce));
        done(&place, "incident status").await;
    }

    #[tokio::test]
    async fn inc_03_a_level_for_an_app_that_is_none_or_for_no_time_is_refused() {
        let place = Place::new().await;
        for words in [
            "incident level 4 --client nobody --reason test",
            "incident level 4 --until 2020-01-01 --reason test",
            "incident level 4 --operator \u{7} --reason test",
        ] {
            assert!(place.run(words).await.is_err(), "{words}");
        }
        assert_eq!(kept(&place).await, []);
    }

    #[tokio::test]
    async fn inc_06_a_switch_is_thrown_at_run_time_and_on_the_record() {
        let place = Place::new().await;
        done(&place, "incident switch device_flow off --reason guessing").await;
        done(&place, "incident switch device_flow on --reason over").await;
        let all = place
            .store
            .read(|tx: &mut sekisho_store::Tx<'_>| tx.switch_decisions())
            .await
            .unwrap();
        let on: Vec<bool> = all.iter().map(|made| made.on).collect();
        assert_eq!(on, [false, true]);
    }

    #[test]
    fn inc_02_levels_and_features_that_are_none_are_refused() {
        assert_eq!(level("3"), Ok(Level::Closed));
        assert_eq!(level("sealed"), Ok(Level::Sealed));
        for text in ["", "6", "-1", "closedd"] {
            assert!(level(text).is_err(), "{text}");
        }
        assert!(feature("everything").is_err());
    }

    #[tokio::test]
    async fn inc_05_once_operators_have_tokens_two_names_from_one_shell_are_not_two_operators() {
        let place = Place::new().await;
        let config = Config::dev(place.folder.path(), "127.0.0.1:8080");
        let services = command_services(&config, Surroundings::default()).await;
        let provider = &services.unwrap().provider;
        let mut files = Vec::new();
        for (name, may) in [
            ("haruka", OperatorPermission::IncidentLower),
            ("minoru", OperatorPermission::IncidentLower),
            ("sora", OperatorPermission::IncidentRaise),
        ] {
            let order = OperatorTokenOrder {
                operator: name.to_owned(),
                permissions: vec![may],
                networks: Vec::new(),
                life: std::time::Duration::from_hours(1),
            };
            let made = provider.make_operator_token(order).await.unwrap().unwrap();
            let file = place.folder.path().join(name);
            std::fs::write(&file, made.token.reveal()).unwrap();
            files.push(file.display().to_string());
        }
        let refused = async |words: String| {
            let before = kept(&place).await;
            assert!(place.run(&words).await.is_err(), "{words}");
            assert_eq!(kept(&place).await, before, "{words}");
        };
        done(&place, "incident level 3 --operator haruka --reason test").await;
        let lower = "incident level 0 --operator haruka --reason over";
        refused(lower.to_owned()).await;
        refused(format!("{lower} --token-file {}", files[2])).await;
        refused(format!(
            "{lower} --token-file {}/nobody",
            place.folder.path().display()
        ))
        .await;
        done(&place, &format!("{lower} --token-file {}", files[0])).await;
        let confirm = "incident confirm 2 --operator minoru";
        refused(confirm.to_owned()).await;
        refused(format!("{confirm} --token-file {}", files[0])).await;
        done(&place, &format!("{confirm} --token-file {}", files[1])).await;
        assert_eq!(kept(&place).await.last(), Some(&(0, Standing::InForce)));
        // Below three one operator is enough, whatever the name.
        done(&place, "incident level 2 --reason test").await;
        done(&place, "incident level 1 --reason test").await;
    }
}
