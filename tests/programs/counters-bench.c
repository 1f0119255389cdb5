/* Times what perfkit-counters does, beside an atomic add of one's own and a datagram of statsd: `counters-bench PORT`
 * prints for each of them its name and the median nanoseconds of its rounds. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <perfkit-counters.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { ROUNDS = 51 };

static uint64_t plain;

/* The thread's own processor time, since others share the machine's. */
static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int order(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

#define TIME(name, times, what)                                                                                        \
    do {                                                                                                               \
        double round[ROUNDS];                                                                                          \
        for (int at = 0; at < ROUNDS; at++) {                                                                          \
            double begin = now();                                                                                      \
            for (uint64_t i = 0; i < (times); i++) {                                                                   \
                what;                                                                                                  \
            }                                                                                                          \
            round[at] = (now() - begin) / (times);                                                                     \
        }                                                                                                              \
        qsort(round, ROUNDS, sizeof *round, order);                                                                    \
        printf("%s\t%.2f\n", name, round[ROUNDS / 2]);                                                                 \
    } while (0)

int main(int argc, char **argv)
{
    static const uint64_t bounds[] = {10, 100, 1000, 10000};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    perfkit_counters *counters = perfkit_counters_open("bench");
    perfkit_counter *counter = perfkit_counters_counter(counters, "counter", PERFKIT_COUNT, "");
    perfkit_gauge *gauge = perfkit_counters_gauge(counters, "gauge", PERFKIT_NONE, "");
    perfkit_histogram *histogram = perfkit_counters_histogram(counters, "histogram", bounds, 4, PERFKIT_NONE, "");
    int udp = socket(AF_INET, SOCK_DGRAM, 0);

    to.sin_port = htons((uint16_t)atoi(argc == 2 ? argv[1] : "9"));
    if (*perfkit_counters_error() || connect(udp, (struct sockaddr *)&to, sizeof to))
        return 1;
    TIME("atomic add", 200000, __atomic_fetch_add(&plain, 1, __ATOMIC_RELAXED));
    TIME("counter", 200000, perfkit_counter_add(counter, 1));
    TIME("gauge", 200000, perfkit_gauge_set(gauge, (double)i));
    TIME("histogram", 200000, perfkit_histogram_record(histogram, i % 20000));
    TIME("mark", 100000, perfkit_mark_end(counters, perfkit_mark_begin(counters, "name", "message")));
    TIME("statsd", 10000, send(udp, "bench.counter:1|c", 17, 0));
    return 0;
}
