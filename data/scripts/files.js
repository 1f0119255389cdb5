// What a program's first thread waited for in system calls: the files and sockets that cost it most.
const MS = 1e6;
const calls = session.table("syscalls");
const first = session.sql("SELECT pid FROM processes WHERE pid IN (SELECT DISTINCT pid FROM syscalls) ORDER BY pid LIMIT 1");

if (first.length === 0) {
  print("the session has no system calls; record with --with strace or perf:syscalls");
} else {
  const waited = calls.where({ tid: first[0].pid, path: { ne: null }, name: { ne: "poll" } });
  for (const { key, count, sum, max } of waited.groupBy("path", "duration").slice(0, 15)) {
    emit({ path: key, calls: count, ms: sum / MS, longest: max / MS });
  }
}
