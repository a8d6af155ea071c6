//! PW-20: which of many foreign schemes a wrong password has to be as slow as.

use std::collections::{BTreeMap, BTreeSet};

use super::Scheme;

/// Of each family of schemes among `templates` the costliest; what cannot be read stays as it is, because a newer
/// version may have written it.
pub fn costliest(templates: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    let mut kept = BTreeSet::new();
    let mut families: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for template in templates {
        let Ok(scheme) = serde_json::from_str::<Scheme>(&template) else {
            kept.insert(template);
            continue;
        };
        // Of two that cost the same every caller keeps the same one.
        let one = (scheme.cost(), template);
        let best = families
            .entry(scheme.family())
            .or_insert_with(|| one.clone());
        if *best < one {
            *best = one;
        }
    }
    kept.extend(families.into_values().map(|(_, template)| template));
    kept
}

impl Scheme {
    /// Schemes of one family differ in their cost alone.
    fn family(&self) -> String {
        let of = match self {
            Self::Pbkdf2 { function, .. } | Self::ShaCrypt { function, .. } => function.name(),
            Self::Bcrypt { .. }
            | Self::Argon2 { .. }
            | Self::Scrypt { .. }
            | Self::FirebaseScrypt { .. }
            | Self::Plain { .. }
            | Self::Hmac { .. }
            | Self::Md5Crypt { .. } => "",
        };
        format!("{} {of}", self.name())
    }

    /// What one takes, beside others of its family.
    fn cost(&self) -> u64 {
        let doubled = |log: u32| 1_u64.checked_shl(log).unwrap_or(u64::MAX);
        match self {
            Self::Bcrypt { cost, .. } => doubled(*cost),
            Self::Argon2 {
                memory_kib, passes, ..
            } => u64::from(*memory_kib) * u64::from(*passes),
            Self::Scrypt { log_n, r, p, .. } => doubled(u32::from(*log_n))
                .saturating_mul(u64::from(*r))
                .saturating_mul(u64::from(*p)),
            Self::FirebaseScrypt { log_n, r, .. } => {
                doubled(u32::from(*log_n)).saturating_mul(u64::from(*r))
            }
            Self::Pbkdf2 {
                function,
                iterations,
                length,
                ..
            } => {
                let blocks = length.div_ceil(function.length().max(1));
                u64::from(*iterations).saturating_mul(u64::try_from(blocks).unwrap_or(u64::MAX))
            }
            Self::ShaCrypt { rounds, .. } => u64::from(*rounds),
            Self::Plain { .. } | Self::Hmac { .. } | Self::Md5Crypt { .. } => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::HashFunction;
    use super::*;

    fn pbkdf2(function: HashFunction, iterations: u32) -> String {
        let scheme = Scheme::Pbkdf2 {
            function,
            iterations,
            salt: "0123456789abcdef".into(),
            length: 32,
        };
        scheme.template().unwrap()
    }

    #[test]
    fn pw_20_of_any_number_of_costs_the_slowest_of_each_family_is_kept() {
        let bcrypt = |cost| {
            let salt = "0123456789abcdef".into();
            let over = None;
            Scheme::Bcrypt { cost, salt, over }.template().unwrap()
        };
        let mut all: Vec<String> = (1..500)
            .map(|n| pbkdf2(HashFunction::Sha256, n * 1000))
            .collect();
        all.push(pbkdf2(HashFunction::Sha512, 10));
        all.extend([bcrypt(12), bcrypt(9), "of a newer version".to_owned()]);
        let kept = costliest(all);
        let slowest = [
            pbkdf2(HashFunction::Sha256, 499_000),
            pbkdf2(HashFunction::Sha512, 10),
            bcrypt(12),
            "of a newer version".to_owned(),
        ];
        assert_eq!(kept, slowest.into());
        assert_eq!(costliest(kept.clone()), kept);
    }
}
