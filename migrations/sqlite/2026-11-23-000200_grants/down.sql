DROP TABLE revoked_tokens;
DROP TABLE access_tokens;
DROP TABLE refresh_tokens;
DROP TABLE codes;
DROP TABLE grants;
DROP TABLE consents;
