use askama::Template;
use sekisho_model::IncidentFacts;

use super::Page;

/// `/notice`: what was said in mails about incidents, so that a false one can be told from it.
#[derive(Debug, Template)]
#[template(path = "incident_notices.html")]
pub struct IncidentNoticesPage {
    /// Frame.
    pub page: Page,
    /// Host people should type themselves.
    pub host: String,
    /// Newest first.
    pub notices: Vec<ToldIncident>,
}

/// What people were told about an incident.
#[derive(Debug, Clone)]
pub struct ToldIncident {
    /// The day of it.
    pub day: String,
    /// The day people were told.
    pub told_on: String,
    /// What they were told.
    pub facts: IncidentFacts,
}

impl ToldIncident {
    /// Keys of the labels, and what stands beside them.
    fn rows(&self) -> [(&'static str, &str); 5] {
        let facts = &self.facts;
        [
            ("incident-what", &facts.what),
            ("incident-items", &facts.items),
            ("incident-cause", &facts.cause),
            ("incident-harm", &facts.harm),
            ("incident-done", &facts.done),
        ]
    }
}
