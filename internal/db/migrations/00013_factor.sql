-- +goose Up

-- The second factor of an account: a shared secret for time-based codes. Whoever
-- reads it still needs the password.
CREATE TABLE factor (
  account   TEXT PRIMARY KEY REFERENCES account (id),
  secret    TEXT NOT NULL,             -- base32
  confirmed BIGINT NOT NULL,           -- 0 until the first code was entered
  step      BIGINT NOT NULL            -- of the last code that was accepted: none is taken twice
);

-- Codes for who lost the device, as digests; each opens once.
CREATE TABLE recovery (
  account TEXT NOT NULL REFERENCES account (id),
  hash    BYTEA NOT NULL,
  PRIMARY KEY (account, hash)
);

-- What someone holds between two steps of signing in, as digest.
CREATE TABLE ticket (
  hash    BYTEA PRIMARY KEY,
  account TEXT NOT NULL,               -- empty where the account is not known yet
  kind    TEXT NOT NULL,               -- code, passkey, provider
  data    TEXT NOT NULL,
  tries   BIGINT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX ticket_expires ON ticket (expires);

-- Passkeys (WebAuthn credentials).
CREATE TABLE passkey (
  id         TEXT PRIMARY KEY,         -- credential id, base64url
  account    TEXT NOT NULL REFERENCES account (id),
  name       TEXT NOT NULL,
  credential TEXT NOT NULL,            -- JSON: public key, counter, flags
  created    BIGINT NOT NULL,
  used       BIGINT NOT NULL
);
CREATE INDEX passkey_account ON passkey (account, created);

-- +goose Down
