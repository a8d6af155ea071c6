//! Incident levels and switches: how they are decided, and the one place that asks
//! whether an act may go on (INC-01 to INC-07).

use std::sync::Arc;
use std::time::Duration;

use sekisho_guard::{
    Concerned, ConfirmRefusal, EndpointClass, FileLevel, Halt, InForce, Situation, Tightening,
};
use sekisho_model::{
    Client, ClientId, ClientOrigin, Cohort, Event, Feature, Grant, GrantType, Level, LevelDecision,
    LevelScope, OperatorPermission, OperatorText, OperatorTokenId, Standing, SwitchDecision,
    Timestamp, User, UserId,
};
use sekisho_store::{StoreError, Tx};

use crate::failure::Halted;
use crate::{Failure, Features, Provider};

/// When apps and people may ask again if no end is known.
const ASK_AGAIN: Duration = Duration::from_mins(2);
/// Tokens of operators that are looked through, the newest first.
const MOST_TOKENS: u32 = 10_000;
/// The longest reason, operator's name or text that is kept.
const LONGEST: usize = 1_000;

/// A level an operator wants.
#[derive(Debug, Clone)]
pub struct LevelOrder {
    /// By whom.
    pub operator: String,
    /// For whom.
    pub scope: LevelScope,
    /// Which.
    pub level: Level,
    /// Why.
    pub reason: String,
    /// From when on; now if nothing is said.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// What people are told.
    pub text: OperatorText,
    /// Whether whoever orders it may lower a level, now or later.
    pub may_lower: bool,
    /// The token that stands for the name; without one the name is only said.
    pub proved: Option<OperatorTokenId>,
}

/// Who agrees to a lowering.
#[derive(Debug, Clone)]
pub struct Confirming {
    /// By which name.
    pub operator: String,
    /// The token that stands for it.
    pub proved: Option<OperatorTokenId>,
}

/// A feature an operator wants on or off.
#[derive(Debug, Clone)]
pub struct SwitchOrder {
    /// By whom.
    pub operator: String,
    /// What.
    pub feature: Feature,
    /// Whether it shall work.
    pub on: bool,
    /// Why.
    pub reason: String,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// What came of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// It counts, on this node now and on every node within a second.
    InForce(i64),
    /// It waits for another operator (INC-05).
    Waits(i64),
    /// It is not confirmed.
    NotConfirmed(ConfirmRefusal),
    /// It would lower a level, and who ordered it may only raise.
    WouldLower,
    /// It lowers from where it takes two, operators have tokens for that, and none was shown.
    NeedsToken,
    /// There is no such app.
    UnknownClient,
    /// No account was imported with this tag.
    UnknownTag,
    /// The end comes before the beginning, or is over.
    EndsBeforeItBegins,
    /// A name, reason or text is missing, too long, or holds control characters.
    BadText(&'static str),
}

/// Whose epoch moves.
#[derive(Debug, Clone)]
pub enum EpochScope {
    /// Everyone's.
    Server,
    /// One app's.
    Client(ClientId),
    /// One account's.
    User(UserId),
    /// Some accounts'.
    Cohort(Cohort),
}

impl Provider {
    /// What this node knows of levels and switches.
    pub fn situation(&self) -> Arc<Situation> {
        self.knowledge.situation()
    }

    /// The level that is in force for everyone, with its text.
    pub fn level_in_force(&self) -> InForce {
        self.situation().in_force(Concerned::default(), self.now())
    }

    /// Takes what the level file says; it works while the database is away.
    pub fn tell_level_file(&self, file: Option<FileLevel>) {
        self.knowledge.tell_file(file);
    }

    /// Whether an act of this class may go on for them. Asked at the beginning of each endpoint, and
    /// again right before something is issued.
    pub fn pass(&self, class: EndpointClass, whom: Concerned<'_>) -> Result<(), Failure> {
        let (situation, now) = (self.situation(), self.now());
        match situation.pass(class, whom, now) {
            Ok(()) => Ok(()),
            Err(halt) => {
                let in_force = situation.in_force(whom, now);
                Err(Failure::Halted(halted(halt, in_force, now)))
            }
        }
    }

    /// The same for an app, and a person if one is known.
    pub(crate) fn pass_app(
        &self,
        class: EndpointClass,
        client: &Client,
        user: Option<&User>,
    ) -> Result<(), Failure> {
        if client.origin == ClientOrigin::MetadataDocument {
            self.works(Feature::ClientDocuments)?;
        }
        let client = Some(&client.client_id);
        self.pass(class, Concerned { client, user })
    }

    /// The same for a person.
    pub fn pass_person(&self, class: EndpointClass, user: &User) -> Result<(), Failure> {
        let user = Some(user);
        self.pass(class, Concerned { client: None, user })
    }

    /// INC-06: whether a feature is switched on.
    pub fn works(&self, feature: Feature) -> Result<(), Failure> {
        let now = self.now();
        if self.situation().works(feature, now) {
            return Ok(());
        }
        Err(switched_off(now))
    }

    /// What is configured and not switched off: what discovery says.
    pub fn features_now(&self) -> Features {
        let (situation, now) = (self.situation(), self.now());
        let features = self.settings.features;
        features.while_works(|feature| situation.works(feature, now))
    }

    /// INC-06: a way to bind tokens that is switched off makes nobody's tokens plain ones: apps that need it wait.
    pub(crate) fn binding_works(&self, client: &Client, by_key: bool) -> Result<(), Failure> {
        if by_key || client.dpop_bound_access_tokens {
            return self.works(Feature::Dpop);
        }
        if client.tls_client_certificate_bound_access_tokens {
            return self.works(Feature::MutualTls);
        }
        Ok(())
    }

    /// INC-06: each grant has its switch.
    pub(crate) fn grant_works(&self, name: &str) -> Result<(), Failure> {
        let of_grant = [
            (GrantType::AuthorizationCode, Feature::AuthorizationCode),
            (GrantType::RefreshToken, Feature::RefreshToken),
            (GrantType::ClientCredentials, Feature::ClientCredentials),
            (GrantType::DeviceCode, Feature::DeviceFlow),
            (GrantType::TokenExchange, Feature::TokenExchange),
        ];
        match of_grant.iter().find(|(grant, _)| grant.name() == name) {
            Some((_, feature)) => self.works(*feature),
            None => Ok(()),
        }
    }

    /// What is asked of a sign-in through this app, of this person.
    pub(crate) fn tightened(&self, client: Option<&ClientId>, user: Option<&User>) -> Tightening {
        let (situation, now) = (self.situation(), self.now());
        let mut tightening = situation.tightening(Concerned { client, user }, now);
        tightening.no_trusted_browsers |= !situation.works(Feature::TrustedBrowsers, now);
        tightening
    }

    /// Sets a level. Raising counts at once; lowering from [`Level::TWO_OPERATORS`] on waits for
    /// another operator (INC-05). The record and the event are one transaction.
    pub async fn order_level(&self, order: LevelOrder, event: Event) -> Result<Decided, Failure> {
        let now = self.now();
        if let Some(refused) = order.refused(now) {
            return Ok(refused);
        }
        if let LevelScope::Client(id) = &order.scope
            && self.clients.find(id.as_str()).await?.is_none()
        {
            return Ok(Decided::UnknownClient);
        }
        if let LevelScope::Cohort(cohort) = &order.scope
            && order.level > Level::Normal
            && self.is_untagged(cohort).await?
        {
            return Ok(Decided::UnknownTag);
        }
        let order = order.settled(now, event);
        let work = move |tx: &mut Tx<'_>| order.decide(tx);
        let decided = self.store.write(work).await?;
        self.spread().await?;
        Ok(decided)
    }

    /// Another operator agrees to what one asked for.
    pub async fn confirm_level(
        &self,
        number: i64,
        by: Confirming,
        mut event: Event,
    ) -> Result<Decided, Failure> {
        let (now, proved) = (self.now(), by.proved);
        let operator = by.operator.trim().to_owned();
        if let Some(fault) = fault(&operator, "confirmed", None) {
            return Ok(Decided::BadText(fault));
        }
        let decided = self
            .store
            .write(move |tx| {
                tx.lock_levels()?;
                if proved.is_none() && names_need_proof(tx, now)? {
                    return Ok(Decided::NeedsToken);
                }
                let situation = known(tx)?;
                let made = match situation.confirmable(number, &operator, now) {
                    Ok(asked) => LevelDecision {
                        at: now,
                        operator: operator.clone(),
                        from: asked.from.max(now),
                        standing: Standing::InForce,
                        confirms: Some(number),
                        ..asked.clone()
                    },
                    Err(refusal) => return Ok(Decided::NotConfirmed(refusal)),
                };
                if made.until.is_some_and(|until| until <= made.from) {
                    return Ok(Decided::EndsBeforeItBegins);
                }
                let number = tx.decide_level(&made)?;
                event.detail = detail(&made, number, proved);
                tx.record(&event)?;
                Ok(Decided::InForce(number))
            })
            .await?;
        self.spread().await?;
        Ok(decided)
    }

    /// Switches a feature off or on (INC-06).
    pub async fn order_switch(
        &self,
        order: SwitchOrder,
        mut event: Event,
    ) -> Result<Decided, Failure> {
        let now = self.now();
        if order.until.is_some_and(|until| until <= now) {
            return Ok(Decided::EndsBeforeItBegins);
        }
        if let Some(fault) = fault(&order.operator, &order.reason, None) {
            return Ok(Decided::BadText(fault));
        }
        let made = SwitchDecision {
            number: 0,
            at: now,
            operator: order.operator.trim().to_owned(),
            feature: order.feature,
            on: order.on,
            reason: order.reason.trim().to_owned(),
            until: order.until,
        };
        let number = self
            .store
            .write(move |tx| {
                let number = tx.decide_switch(&made)?;
                event.detail = serde_json::json!({
                    "number": number, "operator": made.operator, "feature": made.feature.name(),
                    "on": made.on, "reason": made.reason, "until": made.until,
                });
                tx.record(&event)?;
                Ok(number)
            })
            .await?;
        self.spread().await?;
        Ok(Decided::InForce(number))
    }
}

/// What is told of a feature that is switched off.
pub(crate) fn switched_off(now: Timestamp) -> Failure {
    let normal = InForce {
        level: Level::Normal,
        text: OperatorText::default(),
        until: None,
    };
    Failure::Halted(halted(Halt::Paused, normal, now))
}

#[expect(
    clippy::unnecessary_box_returns,
    reason = "as a failure holds it, so that others stay small"
)]
fn halted(halt: Halt, in_force: InForce, now: Timestamp) -> Box<Halted> {
    let wait = in_force.until.map_or(ASK_AGAIN, |until| {
        until
            .since(now)
            .clamp(Duration::from_secs(1), Duration::from_hours(1))
    });
    Box::new(Halted {
        halt,
        text: in_force.text,
        wait,
    })
}

pub(crate) fn known(tx: &mut Tx<'_>) -> Result<Situation, StoreError> {
    Ok(Situation {
        levels: tx.level_decisions()?,
        ..Situation::default()
    })
}

/// INC-05: once somebody has a token for lowering, two names typed into one shell are not two operators. The
/// same token has the same name, so it cannot confirm itself.
pub(crate) fn names_need_proof(tx: &mut Tx<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let tokens = tx.operator_tokens(None, MOST_TOKENS)?;
    let may = OperatorPermission::IncidentLower;
    Ok(tokens.iter().any(|token| {
        token.ended_at.is_none() && now < token.expires_at && token.permissions.contains(&may)
    }))
}

pub(crate) fn detail(
    made: &LevelDecision,
    number: i64,
    proved: Option<OperatorTokenId>,
) -> serde_json::Value {
    serde_json::json!({
        "number": number, "operator": made.operator, "level": made.level, "scope": made.scope,
        "reason": made.reason, "from": made.from, "until": made.until,
        "standing": made.standing, "confirms": made.confirms, "token": proved,
    })
}

pub(crate) fn fault(
    operator: &str,
    reason: &str,
    text: Option<&OperatorText>,
) -> Option<&'static str> {
    let bad = |value: &str| {
        let control = |c: char| c.is_control() && c != '\n';
        value.chars().count() > LONGEST || value.chars().any(control)
    };
    if operator.trim().is_empty() || bad(operator) || operator.contains('\n') {
        return Some("operator");
    }
    if reason.trim().is_empty() || bad(reason) {
        return Some("reason");
    }
    text.filter(|text| bad(&text.ja) || bad(&text.en))
        .map(|_text| "text")
}

/// The question of [`Provider::pass`] for work within a transaction, where the person becomes known.
#[derive(Debug)]
pub(crate) struct Gate {
    situation: Arc<Situation>,
    now: Timestamp,
}

impl Gate {
    /// Why no tokens may be issued on this grant. Asked before anything is written, so that the app can
    /// come again with the same code or token. Reads the account only if a cohort has a level.
    pub(crate) fn halt(
        &self,
        tx: &mut Tx<'_>,
        grant: &Grant,
    ) -> Result<Option<Box<Halted>>, StoreError> {
        let user = if self.situation.tells_people_apart(self.now) {
            tx.account(grant.user_id)?.map(|account| account.user)
        } else {
            None
        };
        let whom = Concerned {
            client: Some(&grant.client_id),
            user: user.as_ref(),
        };
        let passed = self.situation.pass(EndpointClass::Token, whom, self.now);
        let told = |halt| halted(halt, self.situation.in_force(whom, self.now), self.now);
        Ok(passed.err().map(told))
    }
}

impl Provider {
    /// A gate for tokens, as things are now.
    pub(crate) fn token_gate(&self) -> Gate {
        Gate {
            situation: self.situation(),
            now: self.now(),
        }
    }
}
