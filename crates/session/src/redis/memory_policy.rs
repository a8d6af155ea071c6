use redis::Value;

use super::connect::Wire;

/// THR-13: warns when Redis may throw values away to make room, since that forgets attempts.
pub(super) async fn warn_unless_kept(wire: &mut Wire) {
    let info = redis::cmd("INFO")
        .arg("memory")
        .query_async::<Value>(wire)
        .await;
    match info.map(|info| evicting_policy(&info)) {
        Ok(None) => {}
        Ok(Some(policy)) => tracing::warn!(
            policy,
            "redis may forget login attempts when it is full; set maxmemory-policy noeviction"
        ),
        Err(error) => tracing::warn!(%error, "redis does not tell its maxmemory-policy"),
    }
}

/// The first policy in an answer to `INFO` (a text, or one for each node) that is not `noeviction`.
pub(super) fn evicting_policy(info: &Value) -> Option<String> {
    match info {
        Value::Map(nodes) => nodes.iter().find_map(|(_, info)| evicting_policy(info)),
        Value::Array(answers) => answers.iter().find_map(evicting_policy),
        Value::BulkString(text) => evicting_line(&String::from_utf8_lossy(text)),
        Value::VerbatimString { text, .. } | Value::SimpleString(text) => evicting_line(text),
        _ => None,
    }
}

fn evicting_line(info: &str) -> Option<String> {
    let policies = info
        .lines()
        .filter_map(|line| line.strip_prefix("maxmemory_policy:"));
    let mut evicting = policies.filter(|policy| policy.trim() != "noeviction");
    evicting.next().map(|policy| policy.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thr_13_a_policy_that_forgets_is_noticed_on_any_node() {
        let info = |policy: &str| {
            let text = format!("# Memory\r\nused_memory:1\r\nmaxmemory_policy:{policy}\r\n");
            Value::BulkString(text.into_bytes())
        };
        let kept = info("noeviction");
        assert_eq!(evicting_policy(&kept), None);
        let node = |info| (Value::SimpleString("node".to_owned()), info);
        let cluster = Value::Map(vec![node(kept), node(info("allkeys-lru"))]);
        assert_eq!(evicting_policy(&cluster).as_deref(), Some("allkeys-lru"));
    }
}
