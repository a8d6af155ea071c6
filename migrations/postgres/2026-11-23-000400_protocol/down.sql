ALTER TABLE consents DROP COLUMN resources;
ALTER TABLE consents DROP COLUMN claims;
ALTER TABLE client_secrets DROP COLUMN sealed;
ALTER TABLE access_tokens DROP COLUMN confirmation;
ALTER TABLE refresh_tokens DROP COLUMN bound_to;
ALTER TABLE codes DROP COLUMN dpop_jkt;
ALTER TABLE grants DROP COLUMN terms;
