-- What an operator asks, and what ends with an account or an app, is found by an index however many there are.

CREATE INDEX user_addresses_code ON user_addresses (blind_index) WHERE kind = 'code';
DROP INDEX address_changes_former;
CREATE INDEX address_changes_former ON address_changes (former_index) WHERE former_index IS NOT NULL;
CREATE INDEX consents_client ON consents (client_id);
CREATE INDEX logout_deliveries_user ON logout_deliveries (user_id);
CREATE INDEX logout_deliveries_client ON logout_deliveries (client_id, created_at, id);
CREATE INDEX outbox_age ON outbox (created_at, id) WHERE state <> 'sent';
CREATE INDEX operator_alerts_age ON operator_alerts (at);
CREATE INDEX operator_alerts_old ON operator_alerts (told_at) WHERE told_at IS NOT NULL;
DROP INDEX users_cohort_tag;
CREATE INDEX users_cohort_tag ON users (cohort_tag, id) WHERE cohort_tag <> '';
