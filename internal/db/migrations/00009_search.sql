-- +goose Up

-- What can be found, by other rules than before: the index is built anew, so its
-- view of the journal is made anew as well.
DROP TABLE search_doc;
CREATE TABLE search_doc (
  position  ROWKEY,                    -- of the newest version, in the journal
  origin    TEXT NOT NULL,
  uri       TEXT NOT NULL,
  idx       BIGINT NOT NULL,           -- its place in the origin's log: which version is newer
  version   BIGINT NOT NULL,
  status    TEXT NOT NULL,
  type      TEXT NOT NULL,
  language  TEXT NOT NULL,
  desk      TEXT NOT NULL,
  issued    BIGINT NOT NULL,
  embargoed BIGINT NOT NULL,
  about     TEXT NOT NULL,             -- its subjects and places, for counting
  born      BIGINT NOT NULL,           -- position of its first version here
  print     BYTEA NOT NULL,            -- what duplicates are known by; empty for none
  bundle    BIGINT NOT NULL,           -- shared by items that are linked as one story; 0 for one alone
  UNIQUE (uri, origin)
);
-- Most items are alone, and an index over all would be written all over.
CREATE INDEX search_doc_bundle ON search_doc (bundle, position) WHERE bundle <> 0;

-- Words that titles and names are made of, for completing and correcting what is
-- typed, and for finding a name in another script. The counts are rough: a word
-- is written when its count reaches the next power of two.
CREATE TABLE search_word (
  key    BYTEA PRIMARY KEY,            -- the word as it is looked up, in bytes so that both engines order it alike
  back   BYTEA NOT NULL,               -- the key from its end to its beginning
  word   TEXT NOT NULL,                -- as it is shown
  level  SMALLINT NOT NULL,            -- the power of two
  sound  TEXT NOT NULL                 -- the consonants that scripts have in common; empty where there are too few
);
CREATE INDEX search_word_back  ON search_word (back);
CREATE INDEX search_word_sound ON search_word (sound, level) WHERE sound <> '';

-- How often the index was begun anew: what an indexer remembers is of one building.
ALTER TABLE search_state ADD COLUMN built BIGINT NOT NULL DEFAULT 0;
UPDATE search_state SET analysis = 0;

-- +goose Down
