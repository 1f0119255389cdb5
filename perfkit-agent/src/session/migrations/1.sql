-- The first schema of a session. SESSION.md says what the tables mean.

-- Facts about the file itself: created, agent, closed.
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
-- Moments on both clocks, in nanoseconds.
CREATE TABLE clock(monotonic INTEGER PRIMARY KEY, realtime INTEGER NOT NULL) WITHOUT ROWID;
-- What collected; `error` is the line with which it ended early.
CREATE TABLE source(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, spec TEXT NOT NULL, begun INTEGER NOT NULL, ended INTEGER,
    error TEXT);

CREATE TABLE series(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, doc TEXT NOT NULL, shape TEXT NOT NULL);
CREATE TABLE series_column(
    series INTEGER NOT NULL, place INTEGER NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, unit TEXT NOT NULL,
    doc TEXT NOT NULL, PRIMARY KEY(series, place)) WITHOUT ROWID;
-- The rows, so many at a time, column by column. One that is not sealed is replaced when more have come.
CREATE TABLE chunk(
    id INTEGER PRIMARY KEY, series INTEGER NOT NULL, sealed INTEGER NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL, until INTEGER NOT NULL, rows INTEGER NOT NULL, sum REAL NOT NULL, max REAL NOT NULL,
    data BLOB NOT NULL);
-- All but the data, so that choosing chunks reads none of them.
CREATE INDEX chunk_time ON chunk(series, first, last, until, rows, sum, max, sealed);

-- The texts of columns of the type name.
CREATE TABLE string(id INTEGER PRIMARY KEY, text TEXT NOT NULL);
-- What rows lie on.
CREATE TABLE track(
    id INTEGER PRIMARY KEY, series INTEGER NOT NULL, pid INTEGER NOT NULL, tid INTEGER NOT NULL, label TEXT NOT NULL);
CREATE INDEX track_series ON track(series, label);
-- Files with code, and where processes had them.
CREATE TABLE module(id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, build_id TEXT);
CREATE TABLE mapping(
    pid INTEGER NOT NULL, base INTEGER NOT NULL, length INTEGER NOT NULL, module INTEGER NOT NULL,
    PRIMARY KEY(pid, base)) WITHOUT ROWID;
CREATE TABLE symbol(id INTEGER PRIMARY KEY, function TEXT NOT NULL, module INTEGER, address INTEGER NOT NULL);
CREATE TABLE stack(id INTEGER PRIMARY KEY, parent INTEGER, symbol INTEGER NOT NULL);

-- Dotted names; the depth is the number of dots, so that completion is one range of the index.
CREATE TABLE name(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, depth INTEGER NOT NULL, semantics TEXT, unit TEXT, doc TEXT);
CREATE INDEX name_depth ON name(depth, name);

CREATE TABLE process(
    pid INTEGER PRIMARY KEY, parent INTEGER, name TEXT, command TEXT, start INTEGER, "end" INTEGER, status INTEGER);
CREATE TABLE thread(tid INTEGER PRIMARY KEY, pid INTEGER NOT NULL, name TEXT, start INTEGER, "end" INTEGER);
CREATE TABLE fact(source INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(source, name))
    WITHOUT ROWID;
CREATE TABLE note(id INTEGER PRIMARY KEY, time INTEGER NOT NULL, source INTEGER, text TEXT NOT NULL);
CREATE TABLE dropped(
    source INTEGER NOT NULL, kind TEXT NOT NULL, count INTEGER NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL, PRIMARY KEY(source, kind)) WITHOUT ROWID;
CREATE TABLE bookmark(id INTEGER PRIMARY KEY, time INTEGER NOT NULL, duration INTEGER, text TEXT NOT NULL);
