-- Names for addresses, found once where the recording was made.

-- What a module's names come from, or why it has none.
ALTER TABLE module ADD COLUMN names TEXT;
-- The functions at the address of a row of `symbol`: level 0 is the function itself, those above were inlined into the
-- one below them.
CREATE TABLE place(
    symbol INTEGER NOT NULL, level INTEGER NOT NULL, function TEXT NOT NULL, file TEXT, line INTEGER,
    PRIMARY KEY(symbol, level)) WITHOUT ROWID;
-- Callbacks by the words that they were recorded with, as module+0xoffset.
CREATE TABLE callback(
    recorded TEXT PRIMARY KEY, module INTEGER, function TEXT NOT NULL, file TEXT, line INTEGER) WITHOUT ROWID;
