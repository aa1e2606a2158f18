-- +goose Up

-- Controlled vocabularies. Nothing here is ever deleted: an item may name it.
CREATE TABLE vocab_scheme (
  id          ROWKEY,
  uri         TEXT NOT NULL UNIQUE,
  alias       TEXT NOT NULL UNIQUE,    -- what stands before the colon of its QCodes
  names       TEXT NOT NULL,           -- JSON, by language
  definitions TEXT NOT NULL,           -- JSON, by language
  edition     BIGINT NOT NULL,         -- when its authority released it
  authority   TEXT NOT NULL,
  embedded    SMALLINT NOT NULL,       -- 1 until a file of its authority was loaded
  concepts    BIGINT NOT NULL          -- how many are not retired
);

CREATE TABLE vocab_concept (
  id          ROWKEY,
  uri         TEXT NOT NULL UNIQUE,
  scheme      BIGINT NOT NULL,         -- vocab_scheme.id
  place       BIGINT NOT NULL,         -- in the order of the scheme's file
  code        TEXT NOT NULL,
  names       TEXT NOT NULL,           -- JSON, by language
  labels      TEXT NOT NULL,           -- JSON, lists by language: other names
  definitions TEXT NOT NULL,           -- JSON, by language
  broader     TEXT NOT NULL,           -- JSON, list of URIs
  matches     TEXT NOT NULL,           -- JSON, list of URIs in other schemes
  retired     BIGINT NOT NULL,
  replaced    TEXT NOT NULL            -- URI of the concept to use instead
);
CREATE UNIQUE INDEX vocab_concept_code ON vocab_concept (scheme, code);

-- The tree. Concepts without a broader one stand under their scheme.
CREATE TABLE vocab_tree (
  parent  TEXT NOT NULL,               -- URI of a concept or a scheme
  place   BIGINT NOT NULL,
  concept BIGINT NOT NULL,
  PRIMARY KEY (parent, place, concept)
);
CREATE INDEX vocab_tree_concept ON vocab_tree (concept);

-- The words of all names and labels, folded. As bytes, because then a range of
-- them is a prefix on both engines, whatever the database's collation.
CREATE TABLE vocab_word (
  word    BYTEA NOT NULL,
  concept BIGINT NOT NULL,
  scheme  BIGINT NOT NULL,
  weight  BIGINT NOT NULL              -- lower is better
);
CREATE INDEX vocab_word_find    ON vocab_word (word, scheme, weight, concept);
CREATE INDEX vocab_word_concept ON vocab_word (concept, word);

-- One row: who loads locks it and takes ids from it.
CREATE TABLE vocab_state (
  id       SMALLINT PRIMARY KEY,
  next     BIGINT NOT NULL,
  embedded TEXT NOT NULL,              -- digest of the embedded set that was loaded
  words    BIGINT NOT NULL             -- rules by which the words were made
);
INSERT INTO vocab_state (id, next, embedded, words) VALUES (1, 1, '', 0);

-- +goose Down
