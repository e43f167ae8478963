CREATE TABLE enrolment (
  fingerprint TEXT PRIMARY KEY,
  kiosk TEXT NOT NULL,
  csr TEXT NOT NULL,
  state TEXT NOT NULL,
  certificate TEXT NOT NULL,
  asked_at TEXT NOT NULL
) STRICT;
ALTER TABLE kiosk ADD COLUMN next_fingerprint TEXT NOT NULL DEFAULT '';
ALTER TABLE kiosk ADD COLUMN next_public_key BLOB NOT NULL DEFAULT x'';
