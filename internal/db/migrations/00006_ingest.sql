-- +goose Up

-- Where news comes from, as people manage it. A removed source stays as a row:
-- what came from it keeps its name.
CREATE TABLE source (
  id       TEXT PRIMARY KEY,           -- ULID
  name     TEXT NOT NULL,
  kind     TEXT NOT NULL,
  address  TEXT NOT NULL,
  login    TEXT NOT NULL,
  secret   TEXT NOT NULL,
  host_key TEXT NOT NULL,
  pattern  TEXT NOT NULL,
  outcome  TEXT NOT NULL,              -- of a taken file at its source: leave, delete, move
  pace     BIGINT NOT NULL,            -- microseconds between looks; 0 lets the node choose
  active   SMALLINT NOT NULL,
  rules    BYTEA NOT NULL,             -- JSON
  created  BIGINT NOT NULL,
  changed  BIGINT NOT NULL,
  removed  BIGINT NOT NULL             -- 0 while it is there
);

CREATE UNIQUE INDEX source_name ON source (name) WHERE removed = 0;

-- How a source fares. The counts move in the transaction that moves an arrival.
CREATE TABLE source_state (
  source   TEXT PRIMARY KEY REFERENCES source (id),
  state    BYTEA,                      -- what the collector wants back at its next look
  pace     BIGINT NOT NULL,            -- microseconds between looks, as they adapted
  next     BIGINT NOT NULL,            -- when the next look is due
  asked    BIGINT NOT NULL,            -- when somebody last asked for a look at once
  looked   BIGINT NOT NULL,            -- when the last look began
  success  BIGINT NOT NULL,            -- the last look, or push, that brought what there was
  failure  TEXT NOT NULL,              -- why the last look failed; empty when it did not
  failures BIGINT NOT NULL,            -- looks that failed one after the other
  newest   BIGINT NOT NULL,            -- the newest time that an item gave itself
  arrived  BIGINT NOT NULL,            -- when the last file was kept
  waiting  BIGINT NOT NULL,
  done     BIGINT NOT NULL,
  failed   BIGINT NOT NULL,
  aside    BIGINT NOT NULL,
  recent   TEXT NOT NULL               -- the last hundred outcomes: a dot for each good one, an x for each other
);

CREATE INDEX source_state_next ON source_state (next);
CREATE INDEX source_state_waiting ON source_state (source) WHERE waiting > 0;

-- Files as they came, each before anything else is done with it. The bytes are
-- in the media folder under their digest.
CREATE TABLE arrival (
  id        TEXT PRIMARY KEY,          -- ULID: in the order of arrival
  source    TEXT NOT NULL REFERENCES source (id),
  key       TEXT NOT NULL,
  name      TEXT NOT NULL,
  digest    TEXT NOT NULL,             -- empty where no bytes could be kept
  size      BIGINT NOT NULL,
  received  BIGINT NOT NULL,
  state     TEXT NOT NULL,             -- waiting, done, failed, aside
  due       BIGINT NOT NULL,           -- while waiting: not before
  awaits    TEXT NOT NULL,             -- while waiting: the file that it waits for
  tries     BIGINT NOT NULL,
  broken    BIGINT NOT NULL,           -- tries in a row that came to no end: their process died
  settled   BIGINT NOT NULL,           -- when it was done with
  place     TEXT NOT NULL,             -- where in the file the fault is
  reason    TEXT NOT NULL,             -- why it failed, was set aside or waits
  format    TEXT NOT NULL,
  version   TEXT NOT NULL,             -- of the format
  unchanged BIGINT NOT NULL,           -- items in it that were here as they are
  came      BYTEA NOT NULL,            -- JSON: what came of its other items
  losses    BYTEA NOT NULL             -- JSON
);
CREATE UNIQUE INDEX arrival_key ON arrival (source, key);
CREATE INDEX arrival_name   ON arrival (source, name, id);
CREATE INDEX arrival_source ON arrival (source, state, id);
CREATE INDEX arrival_of     ON arrival (source, id);
CREATE INDEX arrival_state  ON arrival (state, id);
CREATE INDEX arrival_digest ON arrival (digest);
CREATE INDEX arrival_due    ON arrival (due, source) WHERE state = 'waiting';
CREATE INDEX arrival_settled ON arrival (settled) WHERE state = 'done';

-- What was last taken of an item from a source: an entry that a feed repeats
-- costs one comparison, and what was killed is known to be so.
CREATE TABLE taken (
  uri      TEXT NOT NULL,
  source   TEXT NOT NULL,
  digest   BYTEA NOT NULL,             -- SHA-256 of the item as it was read
  version  TEXT NOT NULL,              -- as the sender counts
  created  BIGINT NOT NULL,            -- of that version, by the sender's clock
  status   TEXT NOT NULL,              -- issued, held, killed, review; empty if none of these yet
  trouble  SMALLINT NOT NULL,          -- whether the item of this digest failed or was set aside
  draft    TEXT NOT NULL,              -- that waits for review
  revision BIGINT NOT NULL,            -- of the draft as it was left: people saved it since if it is another
  arrival  TEXT NOT NULL,
  PRIMARY KEY (uri, source)
);

CREATE INDEX taken_arrival ON taken (arrival);

-- Media that sources named by address and that were fetched, or could not be.
CREATE TABLE fetched (
  source TEXT NOT NULL,
  url    TEXT NOT NULL,
  digest TEXT NOT NULL,
  size   BIGINT NOT NULL,
  type   TEXT NOT NULL,                -- media type that the server said
  reason TEXT NOT NULL,                -- why it could not be fetched
  at     BIGINT NOT NULL,
  PRIMARY KEY (source, url)
);
CREATE INDEX fetched_at ON fetched (at);

-- Who works on what: a row is its holder's until the time runs out.
CREATE TABLE lease (
  name   TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  until  BIGINT NOT NULL
);

-- +goose Down
