// What a tracer may see: threads with names, a pipe, a child, another program, a signal, library calls that nest.
//
// `lively` does each once and exits with 3; `lively loop` goes on in three threads, and `lively alone` in one, until a
// line comes on its standard input, and then exits with 5.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int going = 1;

static void on_signal(int number) { (void)number; }

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void *work(void *rounds) {
    prctl(PR_SET_NAME, "lively-worker");
    for (long left = (long)rounds; going && left != 0; left--) {
        int zero = open("/dev/zero", O_RDONLY);
        char bytes[16];
        if (read(zero, bytes, sizeof bytes) != sizeof bytes) abort();
        close(zero);
        usleep(1000);
    }
    return NULL;
}

static int loop(void) {
    pthread_t threads[2];
    for (int at = 0; at < 2; at++) pthread_create(&threads[at], NULL, work, (void *)-1L);
    puts("ready");
    fflush(stdout);
    char line[8];
    if (read(0, line, sizeof line) < 0) abort();
    going = 0;
    for (int at = 0; at < 2; at++) pthread_join(threads[at], NULL);
    return 5;
}

static int alone(void) {
    fcntl(0, F_SETFL, O_NONBLOCK);
    puts("ready");
    fflush(stdout);
    char line[8];
    while (read(0, line, sizeof line) <= 0) work((void *)1L);
    return 5;
}

int main(int count, char **words) {
    if (count > 1 && strcmp(words[1], "loop") == 0) return loop();
    if (count > 1 && strcmp(words[1], "alone") == 0) return alone();
    signal(SIGUSR1, on_signal);

    pthread_t thread;
    pthread_create(&thread, NULL, work, (void *)10L);
    pthread_join(thread, NULL);

    int ends[2];
    if (pipe(ends) != 0) abort();
    pid_t child = fork();
    if (child == 0) {
        if (write(ends[1], "hello", 5) != 5) abort();
        execl("/bin/sh", "sh", "-c", "exit 7", NULL);
        _exit(127);
    }
    char bytes[16];
    if (read(ends[0], bytes, sizeof bytes) != 5) abort();
    waitpid(child, NULL, 0);

    if (fork() == 0) raise(SIGKILL);
    wait(NULL);
    raise(SIGUSR1);

    char *names[] = {"b", "c", "a"};
    qsort(names, 3, sizeof *names, compare);
    puts(names[0]);
    if (open("/nonexistent/file", O_RDONLY) >= 0) abort();
    return 3;
}
