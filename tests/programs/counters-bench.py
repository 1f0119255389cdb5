"""As counters-bench.c, in Python: `counters-bench.py PORT`."""

import socket
import statistics
import sys
import time
import timeit

import perfkit_counters

counters = perfkit_counters.Counters("benchpy")
counter = counters.counter("counter", perfkit_counters.COUNT)
gauge = counters.gauge("gauge")
histogram = counters.histogram("histogram", [10, 100, 1000, 10000])
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect(("127.0.0.1", int(sys.argv[1])))

for name, times, what in (
    ("plain add", 100_000, "x[0] += 1"),
    ("counter", 100_000, "counter.inc()"),
    ("gauge", 100_000, "gauge.set(1.0)"),
    ("histogram", 20_000, "histogram.record(500)"),
    ("mark", 5_000, "counters.end(counters.begin('name', 'message'))"),
    ("statsd", 5_000, "udp.send(b'bench.counter:1|c')"),
):
    timer = timeit.Timer(what, timer=time.thread_time, globals={**globals(), "x": [0]})
    rounds = timer.repeat(11, times)
    print(f"{name}\t{statistics.median(rounds) / times * 1e9:.1f}")
