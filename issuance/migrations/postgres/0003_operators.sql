CREATE TABLE operator (
  operator TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE
);
