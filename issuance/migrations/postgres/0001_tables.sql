CREATE TABLE kiosk (
  kiosk TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE,
  public_key BYTEA NOT NULL,
  is_halted BIGINT NOT NULL,
  version TEXT NOT NULL,
  attested_at TEXT NOT NULL
);
CREATE TABLE session (
  transaction_id TEXT PRIMARY KEY,
  kiosk TEXT NOT NULL REFERENCES kiosk,
  state TEXT NOT NULL,
  challenge BYTEA NOT NULL,
  challenge_until TEXT NOT NULL,
  kinds TEXT NOT NULL,
  card_fingerprint TEXT NOT NULL,
  resident TEXT NOT NULL,
  expires_at TEXT NOT NULL
);
CREATE TABLE document (
  serial TEXT PRIMARY KEY,
  kiosk TEXT NOT NULL REFERENCES kiosk,
  transaction_id TEXT NOT NULL REFERENCES session,
  line TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  options TEXT NOT NULL,
  order_hash TEXT NOT NULL,
  order_signature BYTEA NOT NULL,
  resident TEXT NOT NULL,
  fee BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  pages BIGINT NOT NULL,
  state TEXT NOT NULL,
  reserved_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  reason TEXT NOT NULL
);
CREATE INDEX document_transaction ON document (transaction_id);
CREATE INDEX document_state ON document (state) WHERE state IN ('reserved', 'prepared');
CREATE TABLE link (
  certificate TEXT PRIMARY KEY,
  resident TEXT NOT NULL
);
CREATE TABLE head (
  kiosk TEXT PRIMARY KEY REFERENCES kiosk,
  seq BIGINT NOT NULL,
  head TEXT NOT NULL
);
CREATE TABLE counter (
  name TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
CREATE TABLE audit (
  seq BIGINT PRIMARY KEY,
  entry BYTEA NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL
);
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
