/* Counts with perfkit-counters on four threads, says that it is ready, and ends with its input. */
#include <perfkit-counters.h>
#include <pthread.h>
#include <stdio.h>

static perfkit_counter *loops;

static void *work(void *unused)
{
    int at;
    (void)unused;
    for (at = 0; at < 10000; at++)
        perfkit_counter_add(loops, 1);
    return NULL;
}

int main(void)
{
    static const uint64_t bounds[] = {10, 100};
    perfkit_counters *counters = perfkit_counters_open("inc");
    perfkit_gauge *level = perfkit_counters_gauge(counters, "level", PERFKIT_NONE, "How high it stands");
    perfkit_histogram *wait = perfkit_counters_histogram(counters, "wait", bounds, 2, PERFKIT_MILLISECONDS, "Waits");
    perfkit_mark open = perfkit_mark_begin(counters, "open", "the doors");
    pthread_t thread[4];
    int at;

    loops = perfkit_counters_counter(counters, "loops", PERFKIT_COUNT, "Rounds of all threads");
    if (*perfkit_counters_error()) {
        fprintf(stderr, "%s\n", perfkit_counters_error());
        return 1;
    }
    for (at = 0; at < 4; at++)
        pthread_create(&thread[at], NULL, work, NULL);
    for (at = 0; at < 4; at++)
        pthread_join(thread[at], NULL);
    perfkit_gauge_set(level, 1.5);
    perfkit_gauge_add(level, -4);
    perfkit_histogram_record(wait, 5);
    perfkit_histogram_record(wait, 10);
    perfkit_histogram_record(wait, 1000);
    perfkit_mark_moment(counters, "bell", NULL);
    perfkit_mark_begin(counters, "never", NULL);
    perfkit_mark_end(counters, open);
    /* What cannot be is refused, and counts where nobody sees it. */
    perfkit_counter_add(perfkit_counters_counter(counters, "loops ", PERFKIT_COUNT, ""), 1);
    perfkit_counter_add(perfkit_counters_gauge(counters, "loops", PERFKIT_COUNT, ""), 1);
    perfkit_counter_add(perfkit_counters_counter(NULL, "x", PERFKIT_COUNT, ""), 1);
    perfkit_histogram_record(perfkit_counters_histogram(counters, "bad", bounds, 0, PERFKIT_NONE, ""), 1);
    if (!*perfkit_counters_error())
        return 1;
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}
