-- A process or thread is known by its number and its begin: the kernel gives numbers again.

ALTER TABLE process RENAME TO process_3;
CREATE TABLE process(
    id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, parent INTEGER, name TEXT, command TEXT, start INTEGER,
    "end" INTEGER, status INTEGER);
INSERT INTO process(pid, parent, name, command, start, "end", status)
    SELECT pid, parent, name, command, start, "end", status FROM process_3 ORDER BY pid;
DROP TABLE process_3;
CREATE INDEX process_pid ON process(pid, start);

ALTER TABLE thread RENAME TO thread_3;
CREATE TABLE thread(
    id INTEGER PRIMARY KEY, tid INTEGER NOT NULL, pid INTEGER NOT NULL, name TEXT, start INTEGER, "end" INTEGER);
INSERT INTO thread(tid, pid, name, start, "end") SELECT tid, pid, name, start, "end" FROM thread_3 ORDER BY tid;
DROP TABLE thread_3;
CREATE INDEX thread_tid ON thread(tid, start);
