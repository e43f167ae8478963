ALTER TABLE document ADD COLUMN assisted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX document_resident ON document (resident);
CREATE INDEX document_reserved ON document (reserved_at);
CREATE TABLE rate (
  key TEXT PRIMARY KEY,
  minute TEXT NOT NULL,
  used INTEGER NOT NULL
) STRICT;
