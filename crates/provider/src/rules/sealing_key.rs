//! Which key-encryption key a node may seal with: one that every running node can open with (PW-16).

use sekisho_model::KeyId;

/// What another running node says of itself.
#[derive(Debug, Clone, Copy)]
pub struct OtherNode<'a> {
    /// The keys it can open with.
    pub keys: &'a [KeyId],
    /// The key it seals with.
    pub current: &'a KeyId,
}

/// The keys of the node that asks.
#[derive(Debug, Clone, Copy)]
pub struct OwnKeys<'a> {
    /// Those it can open with.
    pub keys: &'a [KeyId],
    /// The one it seals with.
    pub current: &'a KeyId,
    /// The one that its key file says to seal with.
    pub wanted: &'a KeyId,
}

/// What the node is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealingKey {
    /// Seal with this key.
    Use(KeyId),
    /// Others seal with a key that this node cannot open with: its keys are out of date.
    Lacks(KeyId),
}

/// Decides, given the other running nodes, oldest first.
pub fn sealing_key(own: OwnKeys<'_>, others: &[OtherNode<'_>]) -> SealingKey {
    let lacking = others
        .iter()
        .find(|other| !own.keys.contains(other.current));
    if let Some(other) = lacking {
        return SealingKey::Lacks(other.current.clone());
    }
    let oldest = others.first().map_or(own.current, |other| other.current);
    let everybody = |key: &KeyId| others.iter().all(|other| other.keys.contains(key));
    let mut candidates = [own.wanted, own.current, oldest].into_iter();
    let key = candidates.find(|key| everybody(key)).unwrap_or(oldest);
    SealingKey::Use(key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(names: &[&str]) -> Vec<KeyId> {
        names.iter().map(|name| KeyId::new(*name)).collect()
    }

    /// Each node as the keys it holds, the one it seals with first.
    fn decided(own: &[&str], current: &str, wanted: &str, others: &[&[&str]]) -> SealingKey {
        let (own, others) = (
            ids(own),
            others.iter().map(|keys| ids(keys)).collect::<Vec<_>>(),
        );
        let others: Vec<OtherNode<'_>> = others
            .iter()
            .map(|keys| OtherNode {
                keys,
                current: &keys[0],
            })
            .collect();
        let (current, wanted) = (KeyId::new(current), KeyId::new(wanted));
        let own = OwnKeys {
            keys: &own,
            current: &current,
            wanted: &wanted,
        };
        sealing_key(own, &others)
    }

    fn used(name: &str) -> SealingKey {
        SealingKey::Use(KeyId::new(name))
    }

    #[test]
    fn pw_16_a_node_alone_seals_with_what_its_file_says() {
        assert_eq!(decided(&["a", "b"], "a", "b", &[]), used("b"));
    }

    #[test]
    fn pw_16_a_new_key_waits_for_the_last_node() {
        let two = ["a", "b"];
        assert_eq!(decided(&two, "a", "b", &[&two, &["a"]]), used("a"));
        assert_eq!(decided(&two, "a", "b", &[&two, &two]), used("b"));
    }

    #[test]
    fn pw_16_a_node_that_starts_with_a_newer_file_seals_with_what_the_others_know() {
        assert_eq!(decided(&["a", "b"], "b", "b", &[&["a"]]), used("a"));
        let third = decided(&["a", "b", "c"], "c", "c", &[&["b", "a"], &["b", "a"]]);
        assert_eq!(third, used("b"));
    }

    #[test]
    fn pw_16_a_node_with_an_outdated_file_is_told_so() {
        let told = decided(&["a"], "a", "a", &[&["b", "a"]]);
        assert_eq!(told, SealingKey::Lacks(KeyId::new("b")));
    }

    #[test]
    fn pw_16_a_newer_choice_is_not_taken_back_while_another_is_on_its_way() {
        // Everybody seals with b; c is in two files out of three.
        let three = ["b", "a", "c"];
        assert_eq!(decided(&three, "b", "c", &[&three, &["b", "a"]]), used("b"));
    }
}
