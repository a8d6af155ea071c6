use std::collections::HashSet;

use crate::rules::legacy_hash::Scheme;
use crate::{Failure, Provider};

impl Provider {
    /// Measures the foreign schemes that were imported and are not in `measured` yet, so that a wrong
    /// password takes as long for everybody from the first one on (PW-20).
    pub async fn measure_foreign_schemes(
        &self,
        measured: &mut HashSet<String>,
    ) -> Result<(), Failure> {
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "a path would tie the transaction to one lifetime"
        )]
        let templates = self.store.read(|tx| tx.foreign_schemes()).await?;
        for template in templates {
            if measured.contains(&template) {
                continue;
            }
            let scheme: Option<Scheme> = serde_json::from_str(&template).ok();
            if let Some(scheme) = scheme.filter(|scheme| scheme.check_bounds().is_ok()) {
                self.passwords.expect_foreign(scheme).await?;
            }
            measured.insert(template);
        }
        Ok(())
    }
}
