// Does a program's memory grow for ever? The growth in each tenth of its life, and whether that ever ends.
const NAME = "proc.memory.rss";
const PARTS = 10;

if (session.names(NAME).length === 0) {
  print("the session has no memory of processes; record with --with proc");
} else {
  const readings = session.counters(NAME).values;
  // A process that has ended has none.
  const lived = [...readings.values.keys()].filter((i) => readings.values[i] > 0);
  const [times, values] = [readings.times, readings.values].map((all) => lived.map((i) => all[i]));
  const begin = times[0];
  const width = (times[times.length - 1] - begin) / PARTS || 1;
  const last = new Array(PARTS).fill(null);
  times.forEach((time, i) => {
    last[Math.min(PARTS - 1, Math.floor((time - begin) / width))] = values[i];
  });
  const known = last.filter((value) => value !== null);
  const growth = known.slice(1).map((value, i) => value - known[i]);
  const grew = growth.slice(Math.floor(growth.length / 2)).filter((bytes) => bytes > 0).length;
  emit({
    first: values[0],
    last: known[known.length - 1],
    growth,
    verdict: grew > growth.length / 4 ? "it still grew in the second half" : "it settled",
  });
}
