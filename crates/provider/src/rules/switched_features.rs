//! What is offered while operators have switched something off (INC-06).

use sekisho_model::Feature;

use crate::Features;

impl Features {
    /// What is configured, without what is switched off. Apps read it in discovery; what is used nevertheless is
    /// refused where it is used.
    #[must_use]
    pub fn while_works(self, works: impl Fn(Feature) -> bool) -> Self {
        let dynamic = works(Feature::DynamicRegistration);
        Self {
            pushed_requests: self.pushed_requests && works(Feature::PushedRequests),
            request_objects: self.request_objects && works(Feature::RequestObjects),
            signed_answers: self.signed_answers && works(Feature::SignedAnswers),
            form_post: self.form_post && works(Feature::FormPost),
            dpop: self.dpop && works(Feature::Dpop),
            mutual_tls: self.mutual_tls && works(Feature::MutualTls),
            device: self.device && works(Feature::DeviceFlow),
            token_exchange: self.token_exchange && works(Feature::TokenExchange),
            signed_introspection: self.signed_introspection && works(Feature::SignedIntrospection),
            registration: self.registration && dynamic,
            open_registration: self.open_registration && dynamic,
            client_documents: self.client_documents && works(Feature::ClientDocuments),
            // Apps are told later, so it is still there.
            backchannel_logout: self.backchannel_logout,
            frontchannel_logout: self.frontchannel_logout && works(Feature::FrontchannelLogout),
            session_management: self.session_management && works(Feature::SessionManagement),
            dpop_nonce_required: self.dpop_nonce_required,
            client_secret_jwt: self.client_secret_jwt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inc_06_what_is_switched_off_is_not_offered_and_all_else_is() {
        let all = Features {
            mutual_tls: true,
            registration: true,
            open_registration: true,
            client_documents: true,
            ..Features::default()
        };
        assert_eq!(all.while_works(|_| true), all);
        let off = all.while_works(|feature| feature != Feature::Dpop);
        assert_eq!(off, Features { dpop: false, ..all });
        let off = all.while_works(|feature| feature != Feature::DynamicRegistration);
        assert!(!off.registration && !off.open_registration && off.client_documents);
        let none = all.while_works(|_| false);
        assert!(!none.mutual_tls && !none.frontchannel_logout && !none.session_management);
        assert!(none.backchannel_logout, "what is to be told waits");
    }
}
