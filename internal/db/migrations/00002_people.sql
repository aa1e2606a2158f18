-- +goose Up

CREATE TABLE account (
  id       TEXT PRIMARY KEY,           -- ULID
  login    TEXT NOT NULL UNIQUE,       -- folded
  name     TEXT NOT NULL,
  language TEXT NOT NULL,
  roles    TEXT NOT NULL,              -- with spaces between
  named    SMALLINT NOT NULL,          -- whether ledger entries may carry the name
  disabled SMALLINT NOT NULL,
  password TEXT NOT NULL,              -- argon2id, PHC string; empty: cannot sign in
  created  BIGINT NOT NULL
);

-- Of a cookie or a token only the SHA-256 is kept: who reads this table, or a
-- backup of it, cannot act as anyone.
CREATE TABLE session (
  id      TEXT PRIMARY KEY,
  account TEXT NOT NULL REFERENCES account (id),
  hash    BYTEA NOT NULL UNIQUE,
  created BIGINT NOT NULL,
  seen    BIGINT NOT NULL,
  address TEXT NOT NULL,
  agent   TEXT NOT NULL
);
CREATE INDEX session_account ON session (account, created);

CREATE TABLE token (
  id      TEXT PRIMARY KEY,
  account TEXT NOT NULL REFERENCES account (id),
  hash    BYTEA NOT NULL UNIQUE,
  name    TEXT NOT NULL,
  scopes  TEXT NOT NULL,               -- with spaces between
  created BIGINT NOT NULL,
  used    BIGINT NOT NULL,             -- to the minute; 0 for never
  expires BIGINT NOT NULL
);
CREATE INDEX token_account ON token (account, id);

-- Failed sign-ins by account and by address, which every process counts
-- together. The subject is a digest: people type passwords into the wrong field.
CREATE TABLE attempt (
  subject  TEXT PRIMARY KEY,
  failures BIGINT NOT NULL,
  last     BIGINT NOT NULL,
  until    BIGINT NOT NULL             -- no further attempt before this time
);
CREATE INDEX attempt_last ON attempt (last);

-- Addresses from which an account was signed in to before.
CREATE TABLE familiar (
  subject TEXT PRIMARY KEY,            -- digest of login and address
  seen    BIGINT NOT NULL
);
CREATE INDEX familiar_seen ON familiar (seen);

-- +goose Down
