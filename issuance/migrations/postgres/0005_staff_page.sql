CREATE TABLE standing (
  kiosk TEXT PRIMARY KEY REFERENCES kiosk,
  at TEXT NOT NULL,
  report TEXT NOT NULL,
  answered_by TEXT NOT NULL
);
CREATE TABLE figures (
  key TEXT PRIMARY KEY,
  kiosk TEXT NOT NULL,
  day TEXT NOT NULL,
  rows TEXT NOT NULL
);
CREATE INDEX figures_day ON figures (day);
CREATE TABLE staffuser (
  name TEXT PRIMARY KEY,
  role TEXT NOT NULL,
  secret TEXT NOT NULL,
  wrong BIGINT NOT NULL DEFAULT 0,
  locked_until TEXT NOT NULL DEFAULT ''
);
