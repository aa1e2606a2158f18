-- +goose Up

-- What can be found: the newest version of every item known here. A view of the
-- journal. The words themselves stand in search_text, under the same position;
-- that table is the engine's own (FTS5, tsvector), so package search makes it.
CREATE TABLE search_doc (
  position  ROWKEY,                    -- of the newest version, in the journal
  origin    TEXT NOT NULL,
  uri       TEXT NOT NULL,
  idx       BIGINT NOT NULL,           -- its place in the origin's log: which version is newer
  version   BIGINT NOT NULL,
  status    TEXT NOT NULL,
  type      TEXT NOT NULL,
  language  TEXT NOT NULL,
  issued    BIGINT NOT NULL,
  embargoed BIGINT NOT NULL,
  UNIQUE (uri, origin)
);

-- By which rules the words were made. Other rules mean a new index.
CREATE TABLE search_state (
  id       SMALLINT PRIMARY KEY,
  analysis BIGINT NOT NULL
);
INSERT INTO search_state (id, analysis) VALUES (1, 0);

-- +goose Down
