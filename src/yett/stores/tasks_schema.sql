-- state.db, what schema 4 adds: tasks outlive the process in which they were made.

-- Whose a task is, and of which call: until its time is over, or no room is left.
CREATE TABLE task_bindings (
  seq INTEGER PRIMARY KEY,
  server_id TEXT NOT NULL,
  task TEXT NOT NULL, -- the server's own id
  grant_id TEXT NOT NULL,
  child TEXT NOT NULL, -- whose channel to the server, where each session or grant has its own
  upstream TEXT NOT NULL, -- mark of what the server was
  run TEXT NOT NULL, -- of the process that holds the channel
  tool TEXT NOT NULL,
  arguments BLOB NOT NULL, -- sealed
  covers TEXT NOT NULL, -- JSON: rules for which people approved the call
  asked TEXT NOT NULL, -- JSON: keys of what the server asked
  made_ns INTEGER NOT NULL,
  until_ns INTEGER NOT NULL,
  collected INTEGER NOT NULL,
  contested INTEGER NOT NULL,
  size INTEGER NOT NULL, -- bytes of `arguments`, `covers` and `asked`
  UNIQUE (server_id, task, grant_id, child)
) STRICT;
CREATE INDEX task_bindings_by_grant ON task_bindings (grant_id, collected DESC, made_ns, size);
CREATE INDEX task_bindings_by_end ON task_bindings (until_ns, size);
