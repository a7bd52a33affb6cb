-- state.db, as far as schema 2 (`approvals_schema.sql` has the rest): counters and the decision log. One sequence numbers the rows of calls, security and events.

-- One row for each judged call, written before anything is forwarded.
CREATE TABLE calls (
  seq INTEGER PRIMARY KEY,
  at_ns INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  grant_label TEXT NOT NULL,
  session TEXT,
  server_id TEXT NOT NULL,
  server_name TEXT NOT NULL,
  method TEXT NOT NULL,
  target TEXT NOT NULL,
  policy TEXT,
  policy_revision TEXT,
  decision TEXT NOT NULL,
  code TEXT,
  rule TEXT,
  message TEXT,
  retry_after_s INTEGER,
  argument_keys TEXT NOT NULL,
  arguments_digest TEXT NOT NULL,
  client_ip TEXT,
  reservations TEXT NOT NULL -- JSON: [[counter id, counter name, bucket, amount], ...]
) STRICT;

-- What became of a forwarded call. A forwarded call without a row here is unknown: never sent, or sent and its answer lost.
CREATE TABLE outcomes (
  seq INTEGER PRIMARY KEY,
  at_ns INTEGER NOT NULL,
  result TEXT NOT NULL,
  http_status INTEGER,
  rpc_code INTEGER,
  latency_us INTEGER NOT NULL,
  request_bytes INTEGER NOT NULL,
  response_bytes INTEGER NOT NULL,
  given_back INTEGER NOT NULL
) STRICT;

-- The task that a call made, or is about, by the server's own id.
CREATE TABLE tasks (
  seq INTEGER PRIMARY KEY,
  task TEXT NOT NULL
) STRICT;

-- Requests that never became a call.
CREATE TABLE security (
  seq INTEGER PRIMARY KEY,
  at_ns INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  reason TEXT NOT NULL,
  server TEXT,
  grant_id TEXT,
  client_ip TEXT,
  body_digest TEXT,
  body_bytes INTEGER NOT NULL
) STRICT;

-- What people and the store itself did to this file.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  at_ns INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  detail TEXT NOT NULL -- JSON object
) STRICT;

-- Ids are never used twice: records name them. maximum, rule and the names are what was last seen, for people.
CREATE TABLE counters (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  maximum TEXT NOT NULL,
  rule TEXT NOT NULL,
  server_name TEXT NOT NULL,
  grant_label TEXT NOT NULL,
  counts_until_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX counters_by_end ON counters (counts_until_ns);

-- Exact decimals as text.
CREATE TABLE buckets (
  counter INTEGER NOT NULL,
  bucket INTEGER NOT NULL,
  amount TEXT NOT NULL,
  PRIMARY KEY (counter, bucket)
) STRICT, WITHOUT ROWID;
