"""Counts with perfkit_counters on four threads, says that it is ready, and ends with its input."""

import sys
import threading

import perfkit_counters as perfkit

counters = perfkit.Counters("inpython")
level = counters.gauge("level", perfkit.NONE, "How high it stands")
wait = counters.histogram("wait", [10, 100], perfkit.MILLISECONDS, "Waits")
loops = counters.counter("loops", perfkit.COUNT, "Rounds of all threads")


def work():
    for _ in range(10_000):
        loops.inc()


with counters.mark("open", "the doors"):
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
level.set(1.5)
level.add(-4)
for value in (5, 10, 1000):
    wait.record(value)
counters.moment("bell")
counters.begin("never")
for bad in ("loops ", "1", ""):
    try:
        counters.counter(bad)
    except ValueError:
        continue
    sys.exit("a bad name was taken")
assert perfkit.Counters("private", folder=perfkit.PRIVATE).counter("n").get() == 0
print("ready", flush=True)
sys.stdin.read()
