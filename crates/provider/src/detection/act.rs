//! What follows when a rule fires.

use ipnet::IpNet;
use sekisho_guard::{Act, Firing, Mode, Subject};
use sekisho_model::{Digest, EventKind, Level, LevelScope, Locale, OperatorText};

use crate::incidents::LevelOrder;
use crate::{Failure, Provider};

impl Provider {
    /// Records a firing and does what it says, unless another node has done so. What only watches is recorded
    /// and does nothing.
    pub(super) async fn act_on(&self, firing: &Firing) -> Result<(), Failure> {
        let rules = self.watch.rules();
        let reason = rules.get(&firing.rule);
        let reason = |locale| reason.map_or("", |rule| rule.reason_in(locale)).to_owned();
        let subject = firing.subject.to_string();
        let parts = [&*firing.rule, firing.action.name(), &*subject].map(str::as_bytes);
        let claim = Digest::keyed(self.code_key.as_bytes(), &parts);
        let first = self
            .session
            .first_use("rule", &claim, firing.until, self.now());
        match first.await {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            // Twice is better than never.
            Err(error) => tracing::warn!(%error, "nodes may act on a rule more than once"),
        }
        let mut event = self.event_of_server(EventKind::RuleFired);
        event.detail = serde_json::json!({
            "rule": firing.rule, "mode": firing.mode.name(), "action": firing.action.name(),
            "subject": subject, "figures": firing.figures, "until": firing.until,
            "reason": { "ja": reason(Locale::Ja), "en": reason(Locale::En) },
        });
        self.store.write(move |tx| tx.record(&event)).await?;
        metrics::counter!("sekisho_rules_fired_total", "rule" => firing.rule.clone(), "mode" => firing.mode.name())
            .increment(1);
        tracing::warn!(
            rule = firing.rule,
            mode = firing.mode.name(),
            subject,
            action = firing.action.name(),
            "a detection rule fired"
        );
        if firing.mode != Mode::On {
            return Ok(());
        }
        match (firing.action, &firing.subject) {
            (Act::BlockSource, Subject::Source(network)) => {
                self.keep_out(*network, firing, &reason(Locale::En)).await
            }
            (Act::RaiseLevel, _) => self.raise_level(firing, reason(Locale::En)).await,
            // Every node slows and asks by itself; operators are told by the event.
            _ => Ok(()),
        }
    }

    /// The one place where rules block.
    async fn keep_out(&self, network: IpNet, firing: &Firing, reason: &str) -> Result<(), Failure> {
        let by = (&*firing.rule, reason);
        let _made = self.block_source(network, by, firing.until).await?;
        Ok(())
    }

    /// INC-05: a rule raises to level 1 and no further, and never lowers.
    async fn raise_level(&self, firing: &Firing, reason: String) -> Result<(), Failure> {
        if self.level_in_force().level >= Level::Watch {
            return Ok(());
        }
        let order = LevelOrder {
            operator: format!("rule:{}", firing.rule),
            scope: LevelScope::Server,
            level: Level::Watch,
            reason,
            from: None,
            until: Some(firing.until),
            text: OperatorText::default(),
            may_lower: false,
            proved: None,
        };
        let event = self.event_of_server(EventKind::LevelChanged);
        let _decided = self.order_level(order, event).await?;
        Ok(())
    }
}
