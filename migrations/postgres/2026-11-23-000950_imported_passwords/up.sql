-- A password that an import brought is held against the policy when it is first typed here (PW-29).

ALTER TABLE users ADD COLUMN password_imported BOOLEAN NOT NULL DEFAULT FALSE;
