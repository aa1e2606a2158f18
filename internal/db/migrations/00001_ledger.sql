-- +goose Up

-- A log is one organisation's ledger as this node holds it: its own, or the
-- mirror of a partner's.
CREATE TABLE log (
  id              IDENTITY,
  origin          TEXT NOT NULL UNIQUE,
  own             SMALLINT NOT NULL,
  size            BIGINT NOT NULL,      -- leaves verified and stored
  checkpoint      BYTEA NOT NULL,       -- the signed note that proves them
  checkpoint_size BIGINT NOT NULL,      -- its size; a mirror may lag behind it
  frozen          TEXT NOT NULL         -- why replication stopped; empty while it runs
);

-- The journal: every entry that this node accepted, its own or a partner's, in
-- one local order without gaps. The bytes are kept exactly as first written.
CREATE TABLE entry (
  position ROWKEY,
  log      BIGINT NOT NULL REFERENCES log (id),
  idx      BIGINT NOT NULL,             -- place in its log, from 0
  kind     TEXT NOT NULL,
  ref      TEXT NOT NULL,
  content  BYTEA,                       -- SHA-256 of the content, when it has one
  bytes    BYTEA NOT NULL
);
CREATE UNIQUE INDEX entry_place ON entry (log, idx);
CREATE INDEX entry_ref ON entry (ref, position);

CREATE TABLE journal (
  id       SMALLINT PRIMARY KEY,
  position BIGINT NOT NULL
);
INSERT INTO journal (id, position) VALUES (1, 0);

-- The content that an entry commits to, in the entry's place of the journal: rows
-- are only ever added at the end, where an index by digest would be written all
-- over. Rows go (removal, retention); entries never do.
CREATE TABLE content (
  position ROWKEY,
  bytes    BYTEA NOT NULL
);

-- The hash tiles of each tree, as C2SP tlog-tiles with height 8: the rightmost
-- tile of a level is rewritten until it is full.
CREATE TABLE tile (
  log    BIGINT NOT NULL REFERENCES log (id),
  level  SMALLINT NOT NULL,
  idx    BIGINT NOT NULL,
  hashes BYTEA NOT NULL,
  PRIMARY KEY (log, level, idx)
);

-- Places of a mirrored log whose entry the partner does not show us.
CREATE TABLE withheld (
  log BIGINT NOT NULL REFERENCES log (id),
  idx BIGINT NOT NULL,
  PRIMARY KEY (log, idx)
);

-- The keys that sign a log's checkpoints, as note verifier keys. until is the
-- tree size from which the next key signs, -1 for the current one.
CREATE TABLE log_key (
  log   BIGINT NOT NULL REFERENCES log (id),
  vkey  TEXT NOT NULL,
  until BIGINT NOT NULL,
  PRIMARY KEY (log, vkey)
);

-- Checkpoints worth keeping: of each key rotation, and those witnesses cosigned.
CREATE TABLE checkpoint (
  log      BIGINT NOT NULL REFERENCES log (id),
  size     BIGINT NOT NULL,
  note     BYTEA NOT NULL,
  rotation SMALLINT NOT NULL,
  PRIMARY KEY (log, size)
);

CREATE TABLE cosignature (
  log     BIGINT NOT NULL REFERENCES log (id),
  size    BIGINT NOT NULL,
  witness TEXT NOT NULL,
  line    TEXT NOT NULL,
  PRIMARY KEY (log, size, witness)
);

-- Signed notes that contradict what we hold: proof that a log was forked or
-- rolled back. Never deleted.
CREATE TABLE evidence (
  id     IDENTITY,
  log    BIGINT NOT NULL REFERENCES log (id),
  found  BIGINT NOT NULL,
  source TEXT NOT NULL,
  reason TEXT NOT NULL,
  ours   BYTEA NOT NULL,
  theirs BYTEA NOT NULL
);

CREATE TABLE follower (
  name     TEXT PRIMARY KEY,
  position BIGINT NOT NULL
);

-- +goose Down
