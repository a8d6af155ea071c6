-- What the protocols beside plain OpenID Connect keep of grants, codes, tokens and secrets.

ALTER TABLE grants ADD COLUMN terms TEXT NOT NULL DEFAULT '{}';
ALTER TABLE codes ADD COLUMN dpop_jkt TEXT;
ALTER TABLE refresh_tokens ADD COLUMN bound_to TEXT;
ALTER TABLE access_tokens ADD COLUMN confirmation TEXT;
ALTER TABLE client_secrets ADD COLUMN sealed BLOB;
ALTER TABLE consents ADD COLUMN claims TEXT NOT NULL DEFAULT '';
ALTER TABLE consents ADD COLUMN resources TEXT NOT NULL DEFAULT '';
