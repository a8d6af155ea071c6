//! What follows when a rule fires.

use sekisho_guard::{Act, DetectionRule, DetectionRules, Firing, Mode, Subject};
use sekisho_model::{
    Block, Digest, Event, EventKind, Level, LevelScope, Locale, OperatorText, Timestamp,
};
use sekisho_store::{Once, RuleFiring, StoreError, Tx};

use crate::blocks::{BY_RULE, placed};
use crate::incidents::LevelOrder;
use crate::level_orders::SettledOrder;
use crate::{Failure, Provider};

/// What is done beside recording a firing.
enum Deed {
    /// Operators are told by the event; every node slows and asks by itself.
    Told,
    Block(Box<(Block, Event)>),
    Level(Box<SettledOrder>),
}

impl Provider {
    /// Records a firing and does what it says in one transaction, unless another node has done so. What only
    /// watches is recorded and does nothing.
    pub(super) async fn act_on(
        &self,
        firing: &Firing,
        rules: &DetectionRules,
    ) -> Result<(), Failure> {
        let Some(rule) = rules.get(&firing.rule) else {
            return Ok(());
        };
        let claim = self.claim(firing, rule)?;
        let event = self.fired(firing, rule);
        let mut deed = self.deed(firing, rule);
        let (at, does) = (firing.at, !matches!(deed, Deed::Told));
        let work = move |tx: &mut Tx<'_>| {
            if tx.claim_firing(&claim, at)? == Once::Again {
                return Ok(Once::Again);
            }
            tx.record(&event)?;
            deed.done(tx, &claim.mark)?;
            Ok(Once::First)
        };
        if self.store.write(work).await? == Once::Again {
            return Ok(());
        }
        metrics::counter!("sekisho_rules_fired_total", "rule" => firing.rule.clone(), "mode" => firing.mode.name())
            .increment(1);
        tracing::warn!(
            rule = firing.rule,
            mode = firing.mode.name(),
            subject = firing.subject.to_string(),
            action = firing.action.name(),
            "a detection rule fired"
        );
        if does { self.spread().await } else { Ok(()) }
    }

    /// What all nodes know a firing by: another version of the rule is another firing.
    fn claim(&self, firing: &Firing, rule: &DetectionRule) -> Result<RuleFiring, Failure> {
        let content = rule.content();
        let action = firing.action.name();
        let subject = serde_json::to_string(&firing.subject)
            .map_err(|_unwritable| Failure::Corrupt("subject of a firing"))?;
        let parts: [&[u8]; 4] = [
            firing.rule.as_bytes(),
            content.as_bytes(),
            action.as_bytes(),
            subject.as_bytes(),
        ];
        Ok(RuleFiring {
            mark: Digest::keyed(self.code_key.as_bytes(), &parts),
            rule: firing.rule.clone(),
            content,
            action: action.to_owned(),
            subject,
            until: firing.until,
            block: None,
        })
    }

    fn fired(&self, firing: &Firing, rule: &DetectionRule) -> Event {
        let mut event = self.event_of_server(EventKind::RuleFired);
        event.detail = serde_json::json!({
            "rule": firing.rule, "mode": firing.mode.name(), "action": firing.action.name(),
            "subject": firing.subject.to_string(), "figures": firing.figures, "until": firing.until,
            "reason": { "ja": rule.reason_in(Locale::Ja), "en": rule.reason_in(Locale::En) },
        });
        event
    }

    fn deed(&self, firing: &Firing, rule: &DetectionRule) -> Deed {
        let reason = rule.reason_in(Locale::En);
        match (firing.mode, firing.action, &firing.subject) {
            (Mode::On, Act::BlockSource, Subject::Source(network)) => {
                let block = self.block_by_rule(*network, (&*rule.id, reason), firing.until);
                block.map_or(Deed::Told, |block| Deed::Block(Box::new(block)))
            }
            (Mode::On, Act::RaiseLevel, _) => self.raised_level(rule, firing.until),
            _ => Deed::Told,
        }
    }

    /// INC-05: a rule raises to level 1 and no further, and never lowers.
    fn raised_level(&self, rule: &DetectionRule, until: Timestamp) -> Deed {
        if self.level_in_force().level >= Level::Watch {
            return Deed::Told;
        }
        let now = self.now();
        let order = LevelOrder {
            operator: format!("{BY_RULE}{}", rule.id),
            scope: LevelScope::Server,
            level: Level::Watch,
            reason: rule.reason_in(Locale::En).to_owned(),
            from: None,
            until: Some(until),
            text: OperatorText::default(),
            may_lower: false,
            proved: None,
        };
        if order.refused(now).is_some() {
            return Deed::Told;
        }
        let event = self.event_of_server(EventKind::LevelChanged);
        Deed::Level(Box::new(order.settled(now, event)))
    }
}

impl Deed {
    fn done(&mut self, tx: &mut Tx<'_>, mark: &Digest) -> Result<(), StoreError> {
        match self {
            Self::Told => Ok(()),
            Self::Block(made) => {
                let (block, event) = &mut **made;
                let number = placed(tx, block, event)?;
                tx.note_block_of(mark, number)
            }
            Self::Level(order) => {
                // Somebody may have raised it since this node looked.
                if !order.is_reached(tx)? {
                    let _decided = order.decide(tx)?;
                }
                Ok(())
            }
        }
    }
}
