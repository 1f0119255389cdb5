"""Counters, gauges, histograms and marks of a program in shared memory, which others read while it runs.

SPDX-License-Identifier: MIT OR Apache-2.0

Copy this file into a program; it needs Python 3.8 and nothing else. The values lie in the layout of PCP's MMV files,
so `pminfo` reads them too; perfkit-agent/counters/LAYOUT.md has it byte by byte. No increment is a system call.

    counters = Counters("shop")
    served = counters.counter("served", COUNT, "Customers that left with something")
    served.inc()
    with counters.mark("open", "the doors"):
        ...

A program that must go on without a file catches OSError and takes Counters("shop", folder=PRIVATE). After a fork the
child counts into its parent's file.
"""

import bisect
import mmap
import os
import re
import struct
import threading
import time
from contextlib import contextmanager

NONE = 0x00000000
COUNT = 0x00100000
BYTES = 0x10000000
NANOSECONDS = 0x01000000
MICROSECONDS = 0x01001000
MILLISECONDS = 0x01002000
SECONDS = 0x01003000
PER_SECOND = 0x0F103000
BYTES_PER_SECOND = 0x1F003000

PRIVATE = object()

_HEADER, _SECTION, _INDOM, _INSTANCE, _METRIC, _VALUE, _STRING = 40, 16, 32, 24, 48, 32, 256
_INDOMS, _INSTANCES, _METRICS, _VALUES, _STRINGS = 1, 2, 3, 4, 5
_U64, _DOUBLE, _COUNTER, _INSTANT = 3, 5, 1, 3
_NO_PREFIX, _PROCESS = 1, 2
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
_SLOTS, _SLOT, _RING, _TEXT, _TEXT_MAX, _NAME_MAX, _GROUP_MAX = 2048, 256, 64, 32, 224, 64, 23


class Counter:
    """A number that only rises."""

    __slots__ = ("_words", "_at", "_lock")

    def __init__(self, words, at, lock):
        self._words, self._at, self._lock = words, at, lock

    def inc(self):
        """Counts one more."""
        with self._lock:
            self._words[self._at] += 1

    def add(self, n):
        """Counts `n` more."""
        with self._lock:
            self._words[self._at] = (self._words[self._at] + n) & 0xFFFFFFFFFFFFFFFF

    def get(self):
        """What it stands at."""
        return self._words[self._at]


class Gauge:
    """A number that goes up and down."""

    __slots__ = ("_words", "_at", "_lock")

    def __init__(self, words, at, lock):
        self._words, self._at, self._lock = words, at, lock

    def set(self, value):
        """Sets it."""
        self._words[self._at] = value

    def add(self, change):
        """Adds to it; less than nothing takes away."""
        with self._lock:
            self._words[self._at] += change

    def get(self):
        """What it stands at."""
        return self._words[self._at]


class Histogram:
    """How often a whole number fell between which bounds."""

    def __init__(self, bounds, buckets, total):
        self._bounds, self._buckets, self._total = bounds, buckets, total

    def record(self, value):
        """Counts a number into its bucket."""
        self._buckets[bisect.bisect_right(self._bounds, value)].inc()
        self._total.add(value)

    def get(self, bucket):
        """How many numbers fell into a bucket, counted from 0."""
        return self._buckets[bucket].get()


class Counters:
    """The counters and marks of this program; `name` and a dot come before every name.

    The folder is PERFKIT_COUNTERS_DIR or XDG_RUNTIME_DIR/perfkit/counters unless another is given. There is room for
    `metrics` metrics (at most 1,000) and `buckets` buckets of all histograms together.
    """

    def __init__(self, name, folder=None, metrics=250, buckets=500):
        if not _NAME.fullmatch(name):
            raise ValueError(f"`{name}` cannot be a name: words of letters, digits and _, joined by dots")
        metrics = min(metrics, 1000)
        self._name, self._room = name, (metrics, buckets)
        self._lock, self._known, self._ring = threading.Lock(), {}, None
        self._folder = folder if folder is PRIVATE else _folder(folder)
        at = 128
        places = {}
        for section, length in (
            (_INDOMS, metrics * _INDOM),
            (_INSTANCES, buckets * _INSTANCE),
            (_METRICS, metrics * _METRIC),
            (_VALUES, (metrics + buckets) * _VALUE),
            (_STRINGS, (2 * metrics + buckets) * _STRING),
        ):
            if section == _VALUES:
                at = (at + 63) // 64 * 64
            places[section], at = at, at + length
        self._places, self._counts = places, dict.fromkeys(places, 0)
        if self._folder is not PRIVATE:
            os.makedirs(self._folder, exist_ok=True)
            _clear(self._folder, name)
        self._map, publish = _create(self._path(""), at)
        struct.pack_into("=4sI", self._map, 0, b"MMV\0", 2)
        struct.pack_into("=IIII", self._map, 24, 5, _NO_PREFIX | _PROCESS, os.getpid(), 0)
        self._write_sections()
        self._words = memoryview(self._map).cast("Q")
        self._reals = memoryview(self._map).cast("d")
        publish()

    def counter(self, name, unit=NONE, doc=""):
        """A counter; `doc` is one sentence."""
        at, _ = self._metric(name, _U64, _COUNTER, unit, doc, ())
        return Counter(self._words, at // 8, self._lock)

    def gauge(self, name, unit=NONE, doc=""):
        """A gauge."""
        at, _ = self._metric(name, _DOUBLE, _INSTANT, unit, doc, ())
        return Gauge(self._reals, at // 8, self._lock)

    def histogram(self, name, bounds, unit=NONE, doc=""):
        """One count for each bucket, which ends below a bound, and one above the last; and a counter NAME_sum."""
        bounds = list(bounds)
        if not bounds or any(a >= b for a, b in zip(bounds, bounds[1:])):
            raise ValueError(f"the bounds of `{name}` must rise, and there must be one")
        total = self.counter(name + "_sum", unit, doc)
        edges = [0, *bounds, "inf"]
        names = tuple(f"{low}-{high}" for low, high in zip(edges, edges[1:]))
        at, _ = self._metric(name, _U64, _COUNTER, COUNT, doc, names)
        buckets = [Counter(self._words, (at + i * _VALUE) // 8, self._lock) for i in range(len(names))]
        return Histogram(bounds, buckets, total)

    def begin(self, name, message=""):
        """Begins a mark, which `end` ends, on whichever thread."""
        return self._put(name, message, True)

    def end(self, mark):
        """Ends a mark. One that has long been overwritten is forgotten."""
        number, begin = mark
        at = (_RING + number % _SLOTS * _SLOT + 16) // 8
        with self._lock:
            if self._marks[at] == -(number + 1):
                self._marks[at] = max(time.monotonic_ns() - begin, 0)

    @contextmanager
    def mark(self, name, message=""):
        """A mark around what is done in a `with`."""
        mark = self.begin(name, message)
        try:
            yield
        finally:
            self.end(mark)

    def moment(self, name, message=""):
        """Marks a moment."""
        self._put(name, message, False)

    def _path(self, suffix):
        return None if self._folder is PRIVATE else os.path.join(self._folder, f"{self._name}.{os.getpid()}{suffix}")

    def _write_sections(self):
        for at, section in enumerate((_METRICS, _VALUES, _STRINGS, _INDOMS, _INSTANCES)):
            fields = (section, self._counts[section], self._places[section])
            struct.pack_into("=IIQ", self._map, _HEADER + at * _SECTION, *fields)

    def _take(self, section, size, count=1):
        at = self._places[section] + self._counts[section] * size
        self._counts[section] += count
        return at

    def _string(self, text):
        at = self._take(_STRINGS, _STRING)
        text = _cut(text, _STRING - 1)
        self._map[at : at + len(text)] = text
        return at

    def _metric(self, name, of, semantics, unit, doc, instances):
        full = f"{self._name}.{name}"
        if not _NAME.fullmatch(name) or len(full) >= _STRING:
            raise ValueError(f"`{name}` cannot be a name: words of letters, digits and _, joined by dots")
        with self._lock:
            if full in self._known:
                at, kind = self._known[full]
                if kind != (of, semantics, instances):
                    raise ValueError(f"`{full}` is there already, as something else")
                return at, len(instances)
            counts, (metrics, buckets) = self._counts, self._room
            if counts[_METRICS] >= metrics or counts[_INSTANCES] + len(instances) > buckets:
                raise MemoryError(f"no room is left for `{full}`: ask for more metrics or buckets")
            # Readers see by the generation that the file is in flux.
            self._words[2] = 0
            at = self._append(full, of, semantics, unit, doc, instances)
            self._write_sections()
            self._words[1] = max(time.time_ns(), self._words[1] + 1)
            self._words[2] = self._words[1]
            self._known[full] = at, (of, semantics, instances)
            return at, len(instances)

    def _append(self, full, of, semantics, unit, doc, instances):
        item, serial = self._counts[_METRICS], 0
        name, doc = self._string(full), self._string(doc)
        places = []
        if instances:
            indom = self._take(_INDOMS, _INDOM)
            serial = self._counts[_INDOMS]
            first = self._take(_INSTANCES, _INSTANCE, len(instances))
            struct.pack_into("=IIQQQ", self._map, indom, serial, len(instances), first, 0, 0)
            for number, text in enumerate(instances):
                places.append(first + number * _INSTANCE)
                struct.pack_into("=QIIQ", self._map, places[-1], indom, 0, number, self._string(text))
        metric = self._take(_METRICS, _METRIC)
        struct.pack_into("=QIIIIIIQQ", self._map, metric, name, item, of, semantics, unit, serial, 0, doc, doc)
        places = places or [0]
        values = self._take(_VALUES, _VALUE, len(places))
        for number, instance in enumerate(places):
            struct.pack_into("=QQ", self._map, values + number * _VALUE + 16, metric, instance)
        return values

    def _put(self, name, message, is_open):
        begin = time.monotonic_ns()
        name = _cut(name, _NAME_MAX)
        message = _cut(message, _TEXT_MAX - len(name))
        with self._lock:
            if self._ring is None:
                self._open_ring()
            # Words are written through a view, which writes them whole; struct would write byte after byte.
            number = self._marks[3]
            self._marks[3] = number + 1
            at = _RING + number % _SLOTS * _SLOT
            self._marks[at // 8] = 0
            self._marks[at // 8 + 1] = begin
            self._marks[at // 8 + 2] = -(number + 1) if is_open else 0
            struct.pack_into("=II", self._ring, at + 24, threading.get_native_id(), len(name) | len(message) << 16)
            text = name + message
            self._ring[at + _TEXT : at + _TEXT + len(text)] = text
            self._marks[at // 8] = number + 1
        return number, begin

    def _open_ring(self):
        ring, publish = _create(self._path(".marks"), _RING + _SLOTS * _SLOT)
        fields = (b"PKMARKS", 1, os.getpid(), _SLOTS, 0, time.time_ns(), _cut(self._name, _GROUP_MAX))
        struct.pack_into("=8sIIQQQ24s", ring, 0, *fields)
        publish()
        self._ring, self._marks = ring, memoryview(ring).cast("q")


def _cut(text, room):
    """The bytes of a text that fit, without half a character."""
    return text.encode()[:room].decode(errors="ignore").encode()


def _folder(given):
    folder = given or os.environ.get("PERFKIT_COUNTERS_DIR")
    if folder:
        return os.fspath(folder)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if not runtime:
        raise FileNotFoundError("neither PERFKIT_COUNTERS_DIR nor XDG_RUNTIME_DIR is set: set one of them")
    return os.path.join(runtime, "perfkit", "counters")


def _clear(folder, name):
    """Removes what dead processes of the same name left."""
    for file in os.listdir(folder):
        match = re.fullmatch(re.escape(name) + r"\.(\d+)(\.marks)?", file)
        try:
            if match:
                os.kill(int(match[1]), 0)
        except ProcessLookupError:
            try:
                os.unlink(os.path.join(folder, file))
            except OSError:
                pass
        except (OSError, OverflowError):
            pass


def _create(path, length):
    """A mapping of a new hidden file, and what puts it in its place; of no file where there is no path."""
    if path is None:
        return mmap.mmap(-1, length), lambda: None
    hidden = os.path.join(os.path.dirname(path), "." + os.path.basename(path))
    try:
        os.unlink(hidden)
    except FileNotFoundError:
        pass
    file = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        os.posix_fallocate(file, 0, length)
        return mmap.mmap(file, length), lambda: os.rename(hidden, path)
    finally:
        os.close(file)
