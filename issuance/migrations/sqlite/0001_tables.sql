CREATE TABLE kiosk (
  kiosk TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE,
  public_key BLOB NOT NULL,
  is_halted INTEGER NOT NULL,
  version TEXT NOT NULL,
  attested_at TEXT NOT NULL
) STRICT;
CREATE TABLE session (
  transaction_id TEXT PRIMARY KEY,
  kiosk TEXT NOT NULL REFERENCES kiosk,
  state TEXT NOT NULL,
  challenge BLOB NOT NULL,
  challenge_until TEXT NOT NULL,
  kinds TEXT NOT NULL,
  card_fingerprint TEXT NOT NULL,
  resident TEXT NOT NULL,
  expires_at TEXT NOT NULL
) STRICT;
CREATE TABLE document (
  serial TEXT PRIMARY KEY,
  kiosk TEXT NOT NULL REFERENCES kiosk,
  transaction_id TEXT NOT NULL REFERENCES session,
  line TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  options TEXT NOT NULL,
  order_hash TEXT NOT NULL,
  order_signature BLOB NOT NULL,
  resident TEXT NOT NULL,
  fee INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  pages INTEGER NOT NULL,
  state TEXT NOT NULL,
  reserved_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
CREATE INDEX document_transaction ON document (transaction_id);
CREATE INDEX document_state ON document (state) WHERE state IN ('reserved', 'prepared');
CREATE TABLE link (
  certificate TEXT PRIMARY KEY,
  resident TEXT NOT NULL
) STRICT;
CREATE TABLE head (
  kiosk TEXT PRIMARY KEY REFERENCES kiosk,
  seq INTEGER NOT NULL,
  head TEXT NOT NULL
) STRICT;
CREATE TABLE counter (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  entry BLOB NOT NULL,
  previous TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_keeps BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
