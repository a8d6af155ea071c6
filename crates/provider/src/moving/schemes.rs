use std::collections::HashSet;
use std::time::Duration;

use crate::rules::legacy_hash::{Scheme, costliest};
use crate::{Failure, Provider};

impl Provider {
    /// How long each sign-in with a scheme among `templates` takes here beyond an ordinary one, and its name.
    pub async fn times_of_schemes(
        &self,
        templates: impl IntoIterator<Item = String>,
    ) -> Result<Vec<(&'static str, Duration)>, Failure> {
        let mut times = Vec::new();
        for template in templates {
            if let Ok(scheme) = serde_json::from_str::<Scheme>(&template) {
                let name = scheme.name();
                times.push((name, self.passwords.expect_foreign(scheme, 1).await?));
            }
        }
        Ok(times)
    }

    /// Measures the costliest of the foreign schemes that were imported, if they are not in `measured` yet, so that a
    /// wrong password takes as long for everybody from the first one on (PW-20).
    pub async fn measure_foreign_schemes(
        &self,
        measured: &mut HashSet<String>,
    ) -> Result<(), Failure> {
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "a path would tie the transaction to one lifetime"
        )]
        let templates = self.store.read(|tx| tx.foreign_schemes()).await?;
        for template in costliest(templates) {
            if measured.contains(&template) {
                continue;
            }
            let scheme: Option<Scheme> = serde_json::from_str(&template).ok();
            if let Some(scheme) = scheme.filter(|scheme| scheme.check_bounds().is_ok()) {
                self.measure(scheme).await?;
            }
            measured.insert(template);
        }
        Ok(())
    }

    async fn measure(&self, scheme: Scheme) -> Result<(), Failure> {
        if !self.passwords.has_memory_for(&scheme) {
            tracing::error!(
                scheme = scheme.name(),
                "nobody with such an imported password can sign in: it needs more memory than \
                 password.hash_memory_mib allows"
            );
            return Ok(());
        }
        // The better of two: a start is busy.
        self.passwords.expect_foreign(scheme, 2).await.map(drop)
    }
}
