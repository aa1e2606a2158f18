-- +goose Up

-- How this organisation presents itself: one row.
CREATE TABLE profile (
  id   SMALLINT PRIMARY KEY,
  body BYTEA NOT NULL
);

CREATE TABLE partner (
  origin       TEXT PRIMARY KEY,
  url          TEXT NOT NULL,
  state        TEXT NOT NULL,          -- asked, added, confirmed, blocked
  profile      BYTEA NOT NULL,         -- as the partner signed it
  vkey         TEXT NOT NULL,
  added        BIGINT NOT NULL,
  contact      BIGINT NOT NULL,        -- last successful
  failure      TEXT NOT NULL,          -- why the last one failed; empty when it did not
  seen_size    BIGINT NOT NULL,        -- of the partner's ledger at the last contact
  epoch        TEXT NOT NULL           -- of what the partner offers us, exchange.md "Backfill"
);

-- Hosts that an operator typed when adding a partner: they may be called even
-- inside a private network.
CREATE TABLE typed_host (
  host TEXT PRIMARY KEY
);

-- Agreements, as the entries of both sides make them. A view of the journal.
CREATE TABLE agreement (
  id          TEXT PRIMARY KEY,
  partner     TEXT NOT NULL,
  state       TEXT NOT NULL,           -- offered, active, ended
  terms       BYTEA,                   -- in force; NULL while only offered
  since       BIGINT NOT NULL,
  proposed    BYTEA,                   -- offered or amended, waiting for the other side
  proposed_by TEXT NOT NULL,
  digest      TEXT NOT NULL,           -- of the proposed terms
  ended       BIGINT NOT NULL,
  reason      TEXT NOT NULL,
  changed     BIGINT NOT NULL          -- journal position of the last change
);
CREATE INDEX agreement_partner ON agreement (partner);

-- The periods during which terms were in force: a kill follows what they gave.
-- They are places in the journal, not times: a partner may write any time into
-- its entries.
CREATE TABLE agreed (
  id    TEXT NOT NULL,
  since BIGINT NOT NULL,               -- journal position of the acceptance
  until BIGINT NOT NULL,               -- of the entry that ended them; 0 while in force
  terms BYTEA NOT NULL,
  PRIMARY KEY (id, since)
);

-- Which entries commit to which media. A view of the journal.
CREATE TABLE media_use (
  digest   TEXT NOT NULL,
  position BIGINT NOT NULL,
  origin   TEXT NOT NULL,
  PRIMARY KEY (digest, position)
);

-- When embargoes of own items end: what was held back is offered then. A view
-- of the journal.
CREATE TABLE own_embargo (
  position BIGINT PRIMARY KEY,
  until    BIGINT NOT NULL
);
CREATE INDEX own_embargo_until ON own_embargo (until);

-- Nonces of signed requests, where several processes must share them.
CREATE TABLE nonce (
  value   TEXT PRIMARY KEY,
  expires BIGINT NOT NULL
);
CREATE INDEX nonce_expires ON nonce (expires);

-- +goose Down
