/* Counters, gauges, histograms and marks of a program in shared memory, which others read while it runs.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Copy this file and perfkit-counters.c into a program; they need C99, POSIX, and gcc's or clang's __atomic builtins.
 * The values lie in the layout of PCP's MMV files, so `pminfo` reads them too; perfkit-agent/counters/LAYOUT.md has
 * it byte by byte. An increment is one atomic add. All of this may be called from every thread.
 *
 *     perfkit_counters *counters = perfkit_counters_open("shop");
 *     perfkit_counter *served = perfkit_counters_counter(counters, "served", PERFKIT_COUNT, "Customers served");
 *     perfkit_counter_add(served, 1);
 *
 * Nothing here fails so that a program must look: where a file cannot be had or a name cannot be given, what is
 * counted is counted where nobody sees it, and perfkit_counters_error() says why. */
#ifndef PERFKIT_COUNTERS_H
#define PERFKIT_COUNTERS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Units, as the 32 bits of PCP's pmUnits. */
#define PERFKIT_NONE 0x00000000u
#define PERFKIT_COUNT 0x00100000u
#define PERFKIT_BYTES 0x10000000u
#define PERFKIT_NANOSECONDS 0x01000000u
#define PERFKIT_MICROSECONDS 0x01001000u
#define PERFKIT_MILLISECONDS 0x01002000u
#define PERFKIT_SECONDS 0x01003000u
#define PERFKIT_PER_SECOND 0x0f103000u
#define PERFKIT_BYTES_PER_SECOND 0x1f003000u

/* A record of the file: its first word is the value. */
typedef struct {
    uint64_t value;
    uint64_t reserved[3];
} perfkit_counter;

/* A gauge's word has the bits of a double. */
typedef perfkit_counter perfkit_gauge;

typedef struct perfkit_counters perfkit_counters;
typedef struct perfkit_histogram perfkit_histogram;

/* A mark that has begun; it may end on another thread. */
typedef struct {
    uint64_t number;
    int64_t begin;
} perfkit_mark;

/* Opens the counters of a program, in the folder PERFKIT_COUNTERS_DIR or XDG_RUNTIME_DIR/perfkit/counters. The name
 * is of letters, digits, _ and dots; it comes before every other name. NULL where there is no file; every function
 * here takes that. Call it once; there is nothing to close. A child by fork counts into its parent's file. */
perfkit_counters *perfkit_counters_open(const char *name);

/* Why the last thing on this thread did not work, in one line; "" where all did. */
const char *perfkit_counters_error(void);

/* The value of a name: words of letters, digits and _, joined by dots. The same name gives the same value. `doc` is
 * one sentence. Never NULL. */
perfkit_counter *perfkit_counters_counter(perfkit_counters *, const char *name, uint32_t unit, const char *doc);
perfkit_gauge *perfkit_counters_gauge(perfkit_counters *, const char *name, uint32_t unit, const char *doc);

/* One count for each bucket, which ends below a bound, and one above the last; and a counter NAME_sum in `unit`.
 * The bounds rise; they are copied. NULL where it could not be made; perfkit_histogram_record takes that. */
perfkit_histogram *perfkit_counters_histogram(perfkit_counters *, const char *name, const uint64_t *bounds,
                                              size_t count, uint32_t unit, const char *doc);
void perfkit_histogram_record(perfkit_histogram *, uint64_t value);

/* Counts `n` more. */
static inline void perfkit_counter_add(perfkit_counter *counter, uint64_t n)
{
    __atomic_fetch_add(&counter->value, n, __ATOMIC_RELAXED);
}

/* Sets a gauge. */
static inline void perfkit_gauge_set(perfkit_gauge *gauge, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    __atomic_store_n(&gauge->value, bits, __ATOMIC_RELAXED);
}

/* Adds to a gauge; less than nothing takes away. */
void perfkit_gauge_add(perfkit_gauge *, double change);

/* Begins and ends a mark; name (64 bytes) and message (224 with the name) are cut, and may be NULL. */
perfkit_mark perfkit_mark_begin(perfkit_counters *, const char *name, const char *message);
void perfkit_mark_end(perfkit_counters *, perfkit_mark mark);
/* Marks a moment. */
void perfkit_mark_moment(perfkit_counters *, const char *name, const char *message);

#ifdef __cplusplus
}
#endif

#endif
