/* Works for some seconds in hot_leaf, called from hot_mid, called from main, with a short sleep now and then; with a
   second argument a child does the same without sleeping. */
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

__attribute__((noinline)) long hot_leaf(long turns) {
    volatile long sum = 0;
    for (long i = 0; i < turns; i++)
        sum += i * i;
    return sum;
}

__attribute__((noinline)) long hot_mid(long turns) {
    return hot_leaf(turns) + 1;
}

int main(int count, char **words) {
    double end = now() + (count > 1 ? atof(words[1]) : 1);
    long sum = 0;
    if (count > 2 && fork() == 0) {
        while (now() < end)
            sum += hot_mid(1000000);
        _exit(0);
    }
    while (now() < end) {
        sum += hot_mid(1000000);
        usleep(1000);
    }
    while (wait(NULL) > 0)
        ;
    return sum == 42;
}
