-- The index of a catalogue. Written once, whole, and then only read; a newer one takes its place.
PRAGMA application_id = 1497715779;

CREATE TABLE servers (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  slug TEXT NOT NULL UNIQUE,
  -- Its tools have these ids, one after another.
  first INTEGER,
  tools INTEGER
) STRICT;

-- A definition stands here once, however many servers list it: its JSON text without the server's name.
CREATE TABLE definitions (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;

CREATE TABLE tools (
  id INTEGER PRIMARY KEY,
  server INTEGER NOT NULL,
  definition INTEGER NOT NULL,
  name TEXT NOT NULL,
  -- Its words as one.
  joined TEXT NOT NULL,
  title TEXT NOT NULL,
  risk INTEGER NOT NULL,
  severity INTEGER NOT NULL,
  -- The codes of its signals, with blanks between.
  codes TEXT NOT NULL
) STRICT;

-- What the lines of the file said, in their order, until the tools are judged server by server.
CREATE TABLE listed (server INTEGER, line INTEGER, definition INTEGER NOT NULL, PRIMARY KEY (server, line)) STRICT, WITHOUT ROWID;

-- `facet` holds one character for the class and one for the severity, none of which a word can hold.
CREATE VIRTUAL TABLE words USING fts5(
  name, about, text, facet,
  content = '', columnsize = 0, detail = 'column', prefix = '1 2 3', tokenize = "unicode61 remove_diacritics 0"
);

-- The names alone: what fits by its name is found without a look at what else has such words.
CREATE VIRTUAL TABLE names USING fts5(
  name, facet,
  content = '', columnsize = 0, detail = 'none', prefix = '1 2 3', tokenize = "unicode61 remove_diacritics 0"
);
