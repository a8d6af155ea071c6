//! What programs of operators may do (AD-10).

use serde::{Deserialize, Serialize};

/// One thing that a token of an operator allows. Names are stored: add, never rename.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum OperatorPermission {
    /// See levels, decisions, switches and blocks.
    #[serde(rename = "incident:read")]
    IncidentRead,
    /// Close: raise levels, switch features off, keep somebody out, void what was issued.
    #[serde(rename = "incident:raise")]
    IncidentRaise,
    /// Open: lower levels, confirm what another operator asked for, switch features on, end blocks.
    #[serde(rename = "incident:lower")]
    IncidentLower,
}

impl OperatorPermission {
    /// Every permission.
    pub const ALL: [Self; 3] = [Self::IncidentRead, Self::IncidentRaise, Self::IncidentLower];

    /// Its name in commands, answers and storage.
    pub const fn name(self) -> &'static str {
        match self {
            Self::IncidentRead => "incident:read",
            Self::IncidentRaise => "incident:raise",
            Self::IncidentLower => "incident:lower",
        }
    }

    /// The permission of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ad_10_permissions_are_stored_by_their_names() {
        for one in OperatorPermission::ALL {
            assert_eq!(OperatorPermission::from_name(one.name()), Some(one));
            let stored = serde_json::to_string(&one).unwrap();
            assert_eq!(stored, format!("\"{}\"", one.name()));
        }
        assert_eq!(OperatorPermission::from_name("everything"), None);
    }
}
