-- +goose Up

-- Whom an OpenID Connect provider calls by which subject: the account stays the
-- same when its mail address changes there.
CREATE TABLE federated (
  issuer  TEXT NOT NULL,
  subject TEXT NOT NULL,
  account TEXT NOT NULL REFERENCES account (id),
  linked  BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX federated_account ON federated (account);

-- +goose Down
