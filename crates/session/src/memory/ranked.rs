use std::cmp::Ordering;
use std::hash::{BuildHasher as _, Hash, RandomState};

type Link<K> = Option<Box<Node<K>>>;

/// A set in order that also tells how many of its keys come before one (a treap). Each act takes
/// `O(log n)` steps, whatever keys come in whatever order: chance shapes the tree.
pub(super) struct Ranked<K> {
    root: Link<K>,
    chance: RandomState,
}

struct Node<K> {
    key: K,
    /// No node weighs more than the one above it.
    weight: u64,
    /// Of the whole branch.
    size: usize,
    left: Link<K>,
    right: Link<K>,
}

impl<K> Default for Ranked<K> {
    fn default() -> Self {
        Self {
            root: None,
            chance: RandomState::new(),
        }
    }
}

impl<K: Copy + Ord + Hash> Ranked<K> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        size(self.root.as_deref())
    }

    /// The first one.
    pub(super) fn first(&self) -> Option<K> {
        let mut node = self.root.as_deref()?;
        while let Some(left) = node.left.as_deref() {
            node = left;
        }
        Some(node.key)
    }

    /// How many come before `key`.
    pub(super) fn before(&self, key: &K) -> usize {
        let (mut branch, mut passed) = (self.root.as_deref(), 0);
        while let Some(node) = branch {
            branch = if node.key < *key {
                passed += size(node.left.as_deref()) + 1;
                node.right.as_deref()
            } else {
                node.left.as_deref()
            };
        }
        passed
    }

    /// Adds a key that is not there yet.
    pub(super) fn insert(&mut self, key: K) {
        let (before, after) = split(self.root.take(), &key);
        let node = Node {
            key,
            weight: self.chance.hash_one(key),
            size: 1,
            left: None,
            right: None,
        };
        self.root = join(join(before, Some(Box::new(node))), after);
    }

    /// Removes a key, if it is there.
    pub(super) fn remove(&mut self, key: &K) {
        self.root = without(self.root.take(), key);
    }
}

impl<K> Node<K> {
    fn measure(&mut self) {
        self.size = size(self.left.as_deref()) + size(self.right.as_deref()) + 1;
    }
}

fn size<K>(branch: Option<&Node<K>>) -> usize {
    branch.map_or(0, |node| node.size)
}

/// What comes before `key`, and the rest.
fn split<K: Ord>(branch: Link<K>, key: &K) -> (Link<K>, Link<K>) {
    let Some(mut node) = branch else {
        return (None, None);
    };
    if node.key < *key {
        let (before, after) = split(node.right.take(), key);
        node.right = before;
        node.measure();
        (Some(node), after)
    } else {
        let (before, after) = split(node.left.take(), key);
        node.left = after;
        node.measure();
        (before, Some(node))
    }
}

/// One branch of two, all of `before` coming before all of `after`.
fn join<K>(before: Link<K>, after: Link<K>) -> Link<K> {
    match (before, after) {
        (None, one) | (one, None) => one,
        (Some(mut left), Some(mut right)) => Some(if left.weight >= right.weight {
            left.right = join(left.right.take(), Some(right));
            left.measure();
            left
        } else {
            right.left = join(Some(left), right.left.take());
            right.measure();
            right
        }),
    }
}

fn without<K: Ord>(branch: Link<K>, key: &K) -> Link<K> {
    let mut node = branch?;
    match key.cmp(&node.key) {
        Ordering::Less => node.left = without(node.left.take(), key),
        Ordering::Greater => node.right = without(node.right.take(), key),
        Ordering::Equal => return join(node.left.take(), node.right.take()),
    }
    node.measure();
    Some(node)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sekisho_model::{Entropy, SeededEntropy};

    use super::*;

    fn depth<K>(branch: Option<&Node<K>>) -> usize {
        let below =
            |node: &Node<K>| depth(node.left.as_deref()).max(depth(node.right.as_deref())) + 1;
        branch.map_or(0, below)
    }

    #[test]
    fn it_counts_as_an_ordinary_set_does() {
        let entropy: &dyn Entropy = &SeededEntropy::new(1);
        let (mut ranked, mut plain) = (Ranked::default(), BTreeSet::new());
        for step in 0..3_000 {
            let key = entropy.below(500);
            // More come than go at first, then more go.
            if entropy.below(3_000) < step {
                ranked.remove(&key);
                plain.remove(&key);
            } else if plain.insert(key) {
                ranked.insert(key);
            }
            let probe = entropy.below(501);
            assert_eq!(ranked.before(&probe), plain.range(..probe).count());
            assert_eq!(ranked.first(), plain.first().copied());
            assert_eq!(ranked.len(), plain.len());
        }
    }

    #[test]
    fn keys_that_come_in_order_make_no_long_branch() {
        let mut ranked = Ranked::default();
        for key in 0..20_000 {
            ranked.insert(key);
        }
        let depth = depth(ranked.root.as_deref());
        assert!(depth < 80, "{depth}");
        for key in 0..19_990 {
            ranked.remove(&key);
        }
        assert_eq!((ranked.len(), ranked.first()), (10, Some(19_990)));
    }
}
