-- +goose Up

-- What this organisation has issued: the head of each of its items, read and
-- replaced in the transaction that issues the next version.
CREATE TABLE issued (
  uri     TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  status  TEXT NOT NULL,
  desk    TEXT NOT NULL,
  hash    TEXT NOT NULL,               -- of the entry, the next one's prev
  content BYTEA NOT NULL               -- digest
);

-- The wire: the newest version of every item known here. A view of the journal.
CREATE TABLE item (
  origin    TEXT NOT NULL,
  uri       TEXT NOT NULL,
  position  BIGINT NOT NULL,           -- of the newest version
  idx       BIGINT NOT NULL,
  own       SMALLINT NOT NULL,
  version   BIGINT NOT NULL,
  act       TEXT NOT NULL,
  status    TEXT NOT NULL,
  blocked   TEXT NOT NULL,             -- status of a source that stops this one's use
  type      TEXT NOT NULL,
  language  TEXT NOT NULL,
  headline  TEXT NOT NULL,
  slugline  TEXT NOT NULL,
  summary   TEXT NOT NULL,
  desk      TEXT NOT NULL,
  urgency   SMALLINT NOT NULL,
  machine   SMALLINT NOT NULL,
  issued    BIGINT NOT NULL,
  embargoed BIGINT NOT NULL,
  expires   BIGINT NOT NULL,
  PRIMARY KEY (origin, uri)
);
CREATE UNIQUE INDEX item_position ON item (position);
CREATE INDEX item_origin   ON item (origin, position);
CREATE INDEX item_language ON item (language, position);
CREATE INDEX item_type     ON item (type, position);
CREATE INDEX item_desk     ON item (desk, position);
CREATE INDEX item_embargo  ON item (embargoed) WHERE embargoed > 0;

-- Which items were made from which: the way that kills and holds travel.
CREATE TABLE derived (
  source_uri    TEXT NOT NULL,
  source_origin TEXT NOT NULL,
  origin        TEXT NOT NULL,
  uri           TEXT NOT NULL,
  relation      TEXT NOT NULL,
  PRIMARY KEY (source_uri, source_origin, origin, uri)
);
CREATE INDEX derived_item ON derived (origin, uri);

-- Kills and holds by others. Those whose item was used here wait for an editor.
CREATE TABLE notice (
  position     BIGINT PRIMARY KEY,     -- of the kill or hold
  origin       TEXT NOT NULL,
  uri          TEXT NOT NULL,
  act          TEXT NOT NULL,
  reason       TEXT NOT NULL,
  headline     TEXT NOT NULL,
  received     BIGINT NOT NULL,
  used         SMALLINT NOT NULL,
  confirmed    BIGINT NOT NULL,
  confirmed_by TEXT NOT NULL
);
CREATE INDEX notice_open ON notice (confirmed, used, position);

-- What the newsroom owes to its ledger because of what others did: done by the
-- node itself, at most once each.
CREATE TABLE duty (
  id       IDENTITY,
  kind     TEXT NOT NULL,              -- apply, hold
  origin   TEXT NOT NULL,
  uri      TEXT NOT NULL,
  version  BIGINT NOT NULL,
  entry    TEXT NOT NULL,              -- hash of the entry that caused it
  reason   TEXT NOT NULL,
  UNIQUE (kind, origin, uri, entry)
);

CREATE TABLE draft (
  id           TEXT PRIMARY KEY,
  item         BYTEA NOT NULL,         -- ninjs
  headline     TEXT NOT NULL,
  language     TEXT NOT NULL,
  desk         TEXT NOT NULL,
  author       TEXT NOT NULL,
  revision     BIGINT NOT NULL,
  updated      BIGINT NOT NULL,
  base_uri     TEXT NOT NULL,
  base_version BIGINT NOT NULL
);
CREATE INDEX draft_updated ON draft (updated, id);

-- +goose Down
