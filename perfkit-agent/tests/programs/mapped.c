/* Maps so many pieces of its own file as code, says so, and works for some seconds. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

int main(int count, char **words) {
    int pieces = count > 1 ? atoi(words[1]) : 0, seconds = count > 2 ? atoi(words[2]) : 0;
    int file = open("/proc/self/exe", O_RDONLY);
    for (int at = 0; at < pieces; at++)
        if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0) == MAP_FAILED)
            return 1;
    puts("mapped");
    fflush(stdout);
    volatile long sum = 0;
    for (time_t end = time(NULL) + seconds; time(NULL) < end;)
        sum += 1;
    return 0;
}
