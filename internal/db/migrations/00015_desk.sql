-- +goose Up

-- The desks of the house and the stages that work passes on each.
CREATE TABLE desk (
  id       TEXT PRIMARY KEY,           -- what items and drafts call it
  names    TEXT NOT NULL,              -- JSON: by language
  stages   TEXT NOT NULL,              -- JSON: ids in order
  language TEXT NOT NULL,              -- of new drafts; may be empty
  place    BIGINT NOT NULL             -- in lists
);

-- How a draft stands: where, with whom, until when, and who has it open.
CREATE TABLE task (
  draft        TEXT PRIMARY KEY REFERENCES draft (id) ON DELETE CASCADE,
  stage        TEXT NOT NULL,
  assignee     TEXT NOT NULL,          -- account id
  due          BIGINT NOT NULL,
  locked_by    TEXT NOT NULL,
  locked_until BIGINT NOT NULL
);
CREATE INDEX task_assignee ON task (assignee, due);

-- Drafts that will be issued at a time.
CREATE TABLE schedule (
  draft    TEXT PRIMARY KEY REFERENCES draft (id) ON DELETE CASCADE,
  at       BIGINT NOT NULL,
  revision BIGINT NOT NULL,            -- what the editor saw
  act      TEXT NOT NULL,
  reason   TEXT NOT NULL,
  actor    TEXT NOT NULL,              -- JSON
  account  TEXT NOT NULL,
  failed   TEXT NOT NULL               -- why it was not issued; empty while it waits
);
CREATE INDEX schedule_at ON schedule (at);

-- What colleagues say about an item or a draft, among themselves.
CREATE TABLE remark (
  id      TEXT PRIMARY KEY,            -- ULID
  subject TEXT NOT NULL,               -- "draft ID" or "item ORIGIN URI"
  author  TEXT NOT NULL,               -- account id
  at      BIGINT NOT NULL,
  body    TEXT NOT NULL
);
CREATE INDEX remark_subject ON remark (subject, id);

-- Drafts to begin from.
CREATE TABLE template (
  id   TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  desk TEXT NOT NULL,
  item BYTEA NOT NULL                  -- ninjs
);

-- The diary: what will happen and how it is covered.
CREATE TABLE plan (
  id       TEXT PRIMARY KEY,           -- ULID
  uid      TEXT NOT NULL UNIQUE,       -- of iCalendar (RFC 5545 §3.8.4.7)
  title    TEXT NOT NULL,
  note     TEXT NOT NULL,
  place    TEXT NOT NULL,
  starts   BIGINT NOT NULL,
  ends     BIGINT NOT NULL,            -- exclusive; 0 for open
  all_day  SMALLINT NOT NULL,
  status   TEXT NOT NULL,              -- planned, tentative, cancelled
  desk     TEXT NOT NULL,
  language TEXT NOT NULL,
  coverage TEXT NOT NULL,              -- JSON
  author   TEXT NOT NULL,
  changed  BIGINT NOT NULL,
  revision BIGINT NOT NULL
);
CREATE INDEX plan_starts ON plan (starts, id);

-- +goose Down
