-- +goose Up

-- Subscriptions to feeds at WebSub hubs, one a source.
CREATE TABLE websub (
  id     TEXT PRIMARY KEY,             -- random: the address that only the hub was told ends with it
  source TEXT NOT NULL,
  hub    TEXT NOT NULL,
  topic  TEXT NOT NULL,
  secret TEXT NOT NULL,                -- by which the hub signs
  asked  BIGINT NOT NULL,              -- when the hub was last asked
  tries  BIGINT NOT NULL,              -- requests since it last agreed
  lease  BIGINT NOT NULL,              -- microseconds that it gave
  until  BIGINT NOT NULL,              -- when they end; 0 if it did not agree
  weak   SMALLINT NOT NULL,            -- it signs in a way that can be forged
  pushed BIGINT NOT NULL,              -- when it last pushed something that was kept
  reason TEXT NOT NULL                 -- why it does not push
);
CREATE UNIQUE INDEX websub_source ON websub (source);

-- +goose Down
