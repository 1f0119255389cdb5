-- The pyramid: what each track's rows measure, at every width of time.

-- Up to which chunk the pyramid of a series has all rows of the sealed ones.
ALTER TABLE series ADD COLUMN covered INTEGER NOT NULL DEFAULT 0;
-- `shift` is the binary logarithm of the width of the buckets in nanoseconds.
CREATE TABLE pyramid(
    track INTEGER NOT NULL, lane INTEGER NOT NULL, level INTEGER NOT NULL, seq INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, until INTEGER NOT NULL, shift INTEGER NOT NULL, max REAL NOT NULL,
    data BLOB NOT NULL, PRIMARY KEY(track, lane, level, seq));
-- Any session that has chunks has to be covered anew.
DELETE FROM meta WHERE key = 'closed';
