-- +goose Up

-- Files on their way in, and for some days what became of them.
CREATE TABLE media_upload (
  id       TEXT PRIMARY KEY,
  owner    TEXT NOT NULL,              -- account: nobody else may go on with it or look at it
  filename TEXT NOT NULL,              -- as its sender names it
  size     BIGINT NOT NULL,            -- bytes that were announced
  digest   TEXT NOT NULL,              -- once it is whole
  refused  TEXT NOT NULL,              -- why it was not taken
  created  BIGINT NOT NULL,
  updated  BIGINT NOT NULL
);
CREATE INDEX media_upload_owner   ON media_upload (owner, digest, refused);
CREATE INDEX media_upload_updated ON media_upload (updated);

-- What is known of a file in the media folder.
CREATE TABLE media_file (
  digest   TEXT PRIMARY KEY,
  type     TEXT NOT NULL,              -- media type that its bytes show
  size     BIGINT NOT NULL,
  state    TEXT NOT NULL,              -- pending, ready, failed
  notices  TEXT NOT NULL,              -- codes, with spaces between
  width    BIGINT NOT NULL,            -- pixels as shown, 0 if it has none
  height   BIGINT NOT NULL,
  duration BIGINT NOT NULL,            -- milliseconds
  streams  TEXT NOT NULL,              -- JSON
  updated  BIGINT NOT NULL
);
CREATE INDEX media_file_state ON media_file (state, updated);

-- What was made of it for pages.
CREATE TABLE media_rendition (
  source   TEXT NOT NULL,              -- digest
  role     TEXT NOT NULL,              -- thumbnail, preview, poster, waveform
  digest   TEXT NOT NULL,
  type     TEXT NOT NULL,
  size     BIGINT NOT NULL,
  width    BIGINT NOT NULL,
  height   BIGINT NOT NULL,
  PRIMARY KEY (source, role)
);
CREATE INDEX media_rendition_digest ON media_rendition (digest);

-- +goose Down
