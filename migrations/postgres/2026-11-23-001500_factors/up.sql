-- Second steps that are stronger than a mailed code (OTP-26). `sealed` holds the name and what the step is
-- checked with, under the data key of the account; `credential` is a keyed digest of a passkey's id. `mark`
-- is the time step or signature counter that was last accepted: it only ever grows. `made_in` is the session it was added in.

CREATE TABLE factors (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    credential BYTEA,
    made_in TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    last_used_at BIGINT,
    mark BIGINT NOT NULL
);
CREATE INDEX factors_user ON factors (user_id);
CREATE UNIQUE INDEX factors_credential ON factors (credential);
CREATE UNIQUE INDEX factors_one_totp ON factors (user_id) WHERE kind = 'totp';

-- A reported loss: a mailed code counts from `due_at` to `ends_at`. The digest stands for the link that stops
-- it, which only mails hold; nothing here is sealed.

CREATE TABLE factor_losses (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    digest BYTEA NOT NULL,
    asked_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX factor_losses_digest ON factor_losses (digest);
