// What the recorder is compared with: the same number of records, each with the time of its begin and its end,
// written by libsysprof-capture as marks, by one write() each, or not at all.
//
// usage: recorder-peers sysprof|write|clock COUNT FILE. Prints for each batch the nanoseconds of one record.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysprof-capture.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 1000 };

static inline int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    long batches = atol(argv[2]) / BATCH;
    char kind = argv[1][0];
    int pid = getpid(), fd = -1;
    volatile int64_t sink = 0;
    SysprofCaptureWriter *writer = NULL;
    unlink(argv[3]);
    if (kind == 's')
        writer = sysprof_capture_writer_new(argv[3], 0);
    else if (kind == 'w')
        fd = open(argv[3], O_CREAT | O_WRONLY | O_TRUNC | O_APPEND, 0600);
    if ((kind == 's' && writer == NULL) || (kind == 'w' && fd < 0)) {
        perror(argv[3]);
        return 1;
    }
    int64_t *took = calloc(batches, sizeof *took);
    // As many bytes as a dispatch takes in a recording.
    struct { int64_t begin, end; char rest[20]; } record;
    memset(&record, 0, sizeof record);
    for (long batch = 0; batch < batches; batch++) {
        int64_t start = now();
        for (int i = 0; i < BATCH; i++) {
            int64_t begin = now();
            int64_t end = now();
            switch (kind) {
            case 's':
                sysprof_capture_writer_add_mark(writer, begin, -1, pid, end - begin, "dispatch", "timeout", "callback");
                break;
            case 'w':
                record.begin = begin;
                record.end = end;
                if (write(fd, &record, 36) != 36)
                    return 1;
                break;
            default:
                sink += end - begin;
            }
        }
        took[batch] = now() - start;
    }
    if (writer != NULL)
        sysprof_capture_writer_flush(writer);
    for (long batch = 0; batch < batches; batch++)
        printf("%.2f\n", (double)took[batch] / BATCH);
    return 0;
}
