-- +goose Up

-- Who gets items without running a node. Nothing here is ever deleted: what was
-- delivered keeps its names, and a kill must still find its way.
CREATE TABLE subscriber (
  id       TEXT PRIMARY KEY,           -- ULID
  name     TEXT NOT NULL,
  contact  TEXT NOT NULL,
  language TEXT NOT NULL,
  active   SMALLINT NOT NULL,
  note     TEXT NOT NULL,
  created  BIGINT NOT NULL,
  changed  BIGINT NOT NULL,
  removed  BIGINT NOT NULL             -- 0 while it is there
);

-- What can be subscribed to: a saved query.
CREATE TABLE product (
  id      TEXT PRIMARY KEY,            -- ULID
  name    TEXT NOT NULL,
  query   BYTEA NOT NULL,              -- JSON
  created BIGINT NOT NULL,
  changed BIGINT NOT NULL,
  removed BIGINT NOT NULL
);

CREATE TABLE subscription (
  subscriber TEXT NOT NULL REFERENCES subscriber (id),
  product    TEXT NOT NULL REFERENCES product (id),
  PRIMARY KEY (subscriber, product)
);
CREATE INDEX subscription_product ON subscription (product);

-- Where a subscriber gets items. One of kind callback is the subscription of a
-- WebSub subscriber to a feed.
CREATE TABLE destination (
  id         TEXT PRIMARY KEY,         -- ULID
  subscriber TEXT NOT NULL REFERENCES subscriber (id),
  name       TEXT NOT NULL,
  kind       TEXT NOT NULL,
  address    TEXT NOT NULL,
  login      TEXT NOT NULL,
  secret     TEXT NOT NULL,
  host_key   TEXT NOT NULL,
  format     TEXT NOT NULL,
  file_name  TEXT NOT NULL,
  media      SMALLINT NOT NULL,
  embargo    TEXT NOT NULL,            -- hold, deliver
  active     SMALLINT NOT NULL,
  since      BIGINT NOT NULL,          -- journal position: nothing up to it is owed
  feed       TEXT NOT NULL,            -- callback: the destination whose feed it follows
  topic      TEXT NOT NULL,            -- callback: the feed's address, as it was given
  token      TEXT NOT NULL,            -- callback: id of the token in it
  expires    BIGINT NOT NULL,          -- callback: end of the lease; 0 for none
  created    BIGINT NOT NULL,
  changed    BIGINT NOT NULL,
  removed    BIGINT NOT NULL
);
CREATE INDEX destination_subscriber ON destination (subscriber, id);
CREATE INDEX destination_feed ON destination (feed, id) WHERE feed <> '';

-- How a destination fares, and which process is at work on it.
CREATE TABLE destination_state (
  destination TEXT PRIMARY KEY REFERENCES destination (id),
  holder      TEXT NOT NULL DEFAULT '', -- process; empty for none
  until       BIGINT NOT NULL DEFAULT 0, -- end of its lease
  success     BIGINT NOT NULL DEFAULT 0, -- when it last took something
  failure     TEXT NOT NULL DEFAULT '', -- why it last did not; empty when it did
  failed      BIGINT NOT NULL DEFAULT 0, -- when that was
  failures    BIGINT NOT NULL DEFAULT 0, -- failed attempts in a row
  refusals    BIGINT NOT NULL DEFAULT 0, -- refused deliveries in a row
  refusing    BIGINT NOT NULL DEFAULT 0, -- since when it refuses everything
  resume      BIGINT NOT NULL DEFAULT 0, -- no further attempt before
  asked       SMALLINT NOT NULL DEFAULT 0, -- the other side named that time (Retry-After)
  paused      TEXT NOT NULL DEFAULT '', -- why people must look at it; empty while it works
  place       BIGINT NOT NULL DEFAULT 0 -- the newest place in the feed
);

-- Moves with every change of the tables above, so that who keeps them in memory
-- knows when to read them again.
CREATE TABLE catalogue (
  id       SMALLINT PRIMARY KEY,
  revision BIGINT NOT NULL
);
INSERT INTO catalogue (id, revision) VALUES (1, 1);

-- What opens a pull feed, as digest. A revoked one stays: the log names it.
CREATE TABLE feed_token (
  id          TEXT PRIMARY KEY,        -- ULID
  destination TEXT NOT NULL REFERENCES destination (id),
  name        TEXT NOT NULL,
  hash        BYTEA NOT NULL UNIQUE,
  created     BIGINT NOT NULL,
  used        BIGINT NOT NULL,         -- to the minute; 0 for never
  revoked     BIGINT NOT NULL          -- 0 while it opens the feed
);
CREATE INDEX feed_token_destination ON feed_token (destination, id);

-- One version of an item for one destination: the queue, and the record of what
-- was sent.
CREATE TABLE delivery (
  id          TEXT PRIMARY KEY,        -- ULID
  destination TEXT NOT NULL,
  origin      TEXT NOT NULL,
  uri         TEXT NOT NULL,
  position    BIGINT NOT NULL,         -- of the version in the journal
  idx         BIGINT NOT NULL,         -- of the version in its issuer's ledger: which is newer
  version     BIGINT NOT NULL,
  act         TEXT NOT NULL,
  state       TEXT NOT NULL,           -- waiting, sending, offered, sent, refused, failed, superseded, withheld, canceled
  priority    SMALLINT NOT NULL,       -- 1 for kill, hold and correction
  created     BIGINT NOT NULL,
  not_before  BIGINT NOT NULL,         -- end of the embargo; 0 for none
  due         BIGINT NOT NULL,         -- while waiting: the next attempt; in a feed: since when
  since       BIGINT NOT NULL,         -- from when on it could be sent: given up three days later
  attempts    BIGINT NOT NULL DEFAULT 0,
  reached     SMALLINT NOT NULL DEFAULT 0, -- the other side has it, or may have it
  answer      TEXT NOT NULL DEFAULT '', -- of the other side, the last one
  reason      TEXT NOT NULL,           -- why it is not sent
  format      TEXT NOT NULL DEFAULT '',
  name        TEXT NOT NULL DEFAULT '', -- of the file
  body        TEXT NOT NULL DEFAULT '', -- digest of the bytes that were sent
  size        BIGINT NOT NULL DEFAULT 0,
  losses      BYTEA,                   -- JSON: what the format could not carry
  entry       TEXT NOT NULL DEFAULT '', -- hash of the ledger entry
  tried       BIGINT NOT NULL DEFAULT 0, -- when it was last attempted or, once sent, taken
  place       BIGINT NOT NULL DEFAULT 0 -- in the feed; 0 when it is in none
);
CREATE INDEX delivery_item ON delivery (origin, uri, destination);
CREATE INDEX delivery_destination ON delivery (destination, id);
CREATE INDEX delivery_open ON delivery (state, destination, id)
  WHERE state IN ('waiting', 'sending', 'refused', 'failed', 'withheld');
CREATE INDEX delivery_due ON delivery (destination, priority DESC, due, id) WHERE state = 'waiting';
CREATE INDEX delivery_feed ON delivery (destination, place) WHERE place > 0;

-- The bytes that were sent, by their digest, as far as the ledger does not hold
-- the very same: one body often goes to many destinations.
CREATE TABLE delivery_body (
  digest TEXT PRIMARY KEY,
  bytes  BYTEA NOT NULL
);

-- +goose Down
