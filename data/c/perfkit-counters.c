/* See perfkit-counters.h for what it does, and perfkit-agent/counters/LAYOUT.md for where everything lies.
 *
 * SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "perfkit-counters.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { METRICS = 250, BUCKETS = 500, STRINGS = 2 * METRICS + BUCKETS };
enum { SECTION_INDOMS = 1, SECTION_INSTANCES, SECTION_METRICS, SECTION_VALUES, SECTION_STRINGS };
enum { TYPE_U64 = 3, TYPE_DOUBLE = 5, SEMANTICS_COUNTER = 1, SEMANTICS_INSTANT = 3 };
enum { FLAG_NO_PREFIX = 1, FLAG_PROCESS = 2 };
enum { STRING_MAX = 255, SLOTS = 2048, MARK_NAME_MAX = 64, MARK_TEXT_MAX = 224, GROUP_MAX = 23 };

struct section {
    uint32_t type, count;
    uint64_t offset;
};

struct indom {
    uint32_t serial, count;
    uint64_t first, short_text, long_text;
};

struct instance {
    uint64_t indom;
    uint32_t padding, number;
    uint64_t name;
};

struct metric {
    uint64_t name;
    uint32_t item, type, semantics, unit, indom, padding;
    uint64_t short_text, long_text;
};

struct value {
    uint64_t value, extra, metric, instance;
};

/* The whole file; every part is a multiple of eight bytes, so there is no padding but what is named. */
struct file {
    char magic[4];
    uint32_t version;
    uint64_t generation1, generation2;
    uint32_t sections, flags, process, cluster;
    struct section section[5];
    uint64_t padding;
    struct indom indom[METRICS];
    struct instance instance[BUCKETS];
    struct metric metric[METRICS];
    struct value value[METRICS + BUCKETS];
    char string[STRINGS][STRING_MAX + 1];
};

struct slot {
    uint64_t done;
    int64_t begin, duration;
    uint32_t thread, lengths;
    char text[MARK_TEXT_MAX];
};

struct ring {
    char magic[8];
    uint32_t version, process;
    uint64_t slots, next, generation;
    char group[GROUP_MAX + 1];
    struct slot slot[SLOTS];
};

struct perfkit_counters {
    pthread_mutex_t lock;
    struct file *file;
    struct ring *ring; /* of the first mark; MAP_FAILED where it cannot be had */
    char name[STRING_MAX + 1];
    char path[4096];
    uint32_t strings, instances, values;
};

struct perfkit_histogram {
    perfkit_counter *sum;
    struct value *bucket;
    size_t count;
    uint64_t bound[];
};

static __thread char error[300];
/* Where those count whose file cannot be had. */
static perfkit_counter nowhere;

static void *failed(const char *what, const char *name, const char *why)
{
    snprintf(error, sizeof error, "cannot %s %.200s: %s", what, name, why);
    return NULL;
}

const char *perfkit_counters_error(void)
{
    return error;
}

static uint64_t nanoseconds(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int good_name(const char *name)
{
    size_t at;
    for (at = 0; name[at]; at++) {
        int letter = (name[at] >= 'a' && name[at] <= 'z') || (name[at] >= 'A' && name[at] <= 'Z');
        int first = at == 0 || name[at - 1] == '.';
        int later = (name[at] >= '0' && name[at] <= '9') || name[at] == '_' || (name[at] == '.' && name[at + 1]);
        if (!letter && (first || !later))
            return 0;
    }
    return at > 0;
}

/* As many bytes of a text as fit, without half a character. */
static size_t fitting(const char *text, size_t room)
{
    size_t length = strnlen(text, room + 1);
    if (length <= room)
        return length;
    for (length = room; length && ((unsigned char)text[length] & 0xc0) == 0x80; length--)
        ;
    return length;
}

/* Removes what dead processes of the same name left. */
static void clear(const char *folder, const char *name)
{
    size_t length = strlen(name);
    struct dirent *entry;
    DIR *all = opendir(folder);
    if (!all)
        return;
    while ((entry = readdir(all))) {
        char *end;
        long pid;
        if (strncmp(entry->d_name, name, length) || entry->d_name[length] != '.')
            continue;
        pid = strtol(entry->d_name + length + 1, &end, 10);
        if (pid > 0 && (!*end || !strcmp(end, ".marks")) && kill((pid_t)pid, 0) && errno == ESRCH)
            unlinkat(dirfd(all), entry->d_name, 0);
    }
    closedir(all);
}

/* Makes a file of a length under a hidden name, which `publish` replaces; NULL with the error said. */
static void *create(const char *path, char *hidden, size_t room, size_t length)
{
    const char *slash = strrchr(path, '/');
    void *map;
    int fd, status;
    if ((size_t)snprintf(hidden, room, "%.*s/.%s", (int)(slash - path), path, slash + 1) >= room)
        return failed("create", path, "the path is too long");
    unlink(hidden);
    fd = open(hidden, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return failed("create", hidden, strerror(errno));
    /* A full disk is an error here, and not a signal later. */
    status = posix_fallocate(fd, 0, (off_t)length);
    map = status ? MAP_FAILED : mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (!status && map == MAP_FAILED)
        status = errno;
    close(fd);
    return map == MAP_FAILED ? failed("map", hidden, strerror(status)) : map;
}

static int publish(const char *hidden, const char *path)
{
    if (!rename(hidden, path))
        return 1;
    failed("put in its place", path, strerror(errno));
    return 0;
}

/* Makes a folder with all above it; whether it is there shows when a file is made in it. */
static void make_folders(char *path)
{
    char *slash;
    for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0755);
        *slash = '/';
    }
    mkdir(path, 0755);
}

perfkit_counters *perfkit_counters_open(const char *name)
{
    static const uint32_t types[] = {SECTION_METRICS, SECTION_VALUES, SECTION_STRINGS, SECTION_INDOMS,
                                     SECTION_INSTANCES};
    const char *given = getenv("PERFKIT_COUNTERS_DIR"), *runtime = getenv("XDG_RUNTIME_DIR");
    char folder[3500], hidden[4096];
    perfkit_counters *counters;
    struct file *file;
    size_t at;

    error[0] = 0;
    if (!good_name(name) || strlen(name) > 200)
        return failed("use the name", name, "words of letters, digits and _, joined by dots");
    if (given && *given)
        at = (size_t)snprintf(folder, sizeof folder, "%s", given);
    else if (runtime && *runtime)
        at = (size_t)snprintf(folder, sizeof folder, "%s/perfkit/counters", runtime);
    else
        return failed("open", name, "neither PERFKIT_COUNTERS_DIR nor XDG_RUNTIME_DIR is set: set one of them");
    if (at >= sizeof folder)
        return failed("open", name, "the folder's path is too long");
    make_folders(folder);
    clear(folder, name);
    counters = calloc(1, sizeof *counters);
    if (!counters)
        return failed("open", name, strerror(errno));
    pthread_mutex_init(&counters->lock, NULL);
    snprintf(counters->name, sizeof counters->name, "%s", name);
    snprintf(counters->path, sizeof counters->path, "%s/%s.%ld", folder, name, (long)getpid());
    file = create(counters->path, hidden, sizeof hidden, sizeof *file);
    if (!file) {
        free(counters);
        return NULL;
    }
    memcpy(file->magic, "MMV", 4);
    file->version = 2;
    file->sections = 5;
    file->flags = FLAG_NO_PREFIX | FLAG_PROCESS;
    file->process = (uint32_t)getpid();
    for (at = 0; at < 5; at++)
        file->section[at].type = types[at];
    file->section[0].offset = offsetof(struct file, metric);
    file->section[1].offset = offsetof(struct file, value);
    file->section[2].offset = offsetof(struct file, string);
    file->section[3].offset = offsetof(struct file, indom);
    file->section[4].offset = offsetof(struct file, instance);
    if (!publish(hidden, counters->path)) {
        munmap(file, sizeof *file);
        free(counters);
        return NULL;
    }
    counters->file = file;
    return counters;
}

/* Where a text lies, which is appended. */
static uint64_t string(perfkit_counters *counters, const char *text)
{
    struct file *file = counters->file;
    char *room = file->string[counters->strings++];
    memcpy(room, text, fitting(text, STRING_MAX));
    return (uint64_t)(room - (char *)file);
}

/* The first value of a metric, which has `count` instances or none; NULL with the error said. */
static struct value *metric(perfkit_counters *counters, const char *name, uint32_t type, uint32_t semantics,
                            uint32_t unit, const char *doc, const uint64_t *bounds, size_t count)
{
    struct file *file = counters->file;
    struct metric *made = NULL;
    struct value *first;
    char full[600];
    size_t at;
    uint32_t known;

    if (!good_name(name) || (size_t)snprintf(full, sizeof full, "%s.%s", counters->name, name) > STRING_MAX)
        return failed("use the name", name, "words of letters, digits and _, joined by dots, 255 bytes in all");
    for (known = 0; known < file->section[0].count && !made; known++)
        if (!strcmp((char *)file + file->metric[known].name, full))
            made = &file->metric[known];
    if (made) {
        uint32_t has = made->indom ? file->indom[made->indom - 1].count : 0;
        first = file->value;
        while (first->metric != (uint64_t)((char *)made - (char *)file))
            first++;
        if (made->type != type || made->semantics != semantics || has != count)
            return failed("use the name", full, "it is there already, as something else");
        return first;
    }
    if (file->section[0].count == METRICS || counters->instances + count > BUCKETS)
        return failed("add", full, "no room is left");

    /* Readers see by the generation that the file is in flux. */
    __atomic_store_n(&file->generation2, 0, __ATOMIC_SEQ_CST);
    made = &file->metric[file->section[0].count];
    first = &file->value[counters->values];
    made->name = string(counters, full);
    made->item = file->section[0].count;
    made->type = type;
    made->semantics = semantics;
    made->unit = unit;
    made->short_text = made->long_text = string(counters, doc ? doc : "");
    if (count) {
        struct indom *indom = &file->indom[file->section[3].count];
        struct instance *instance = &file->instance[counters->instances];
        indom->serial = made->indom = file->section[3].count + 1;
        indom->count = (uint32_t)count;
        indom->first = (uint64_t)((char *)instance - (char *)file);
        for (at = 0; at < count; at++) {
            unsigned long long below = at ? bounds[at - 1] : 0;
            char text[64];
            if (at + 1 < count)
                snprintf(text, sizeof text, "%llu-%llu", below, (unsigned long long)bounds[at]);
            else
                snprintf(text, sizeof text, "%llu-inf", below);
            instance[at].indom = (uint64_t)((char *)indom - (char *)file);
            instance[at].number = (uint32_t)at;
            instance[at].name = string(counters, text);
            first[at].instance = (uint64_t)((char *)&instance[at] - (char *)file);
        }
        counters->instances += (uint32_t)count;
        file->section[3].count++;
    }
    for (at = 0; at < (count ? count : 1); at++)
        first[at].metric = (uint64_t)((char *)made - (char *)file);
    counters->values += (uint32_t)(count ? count : 1);
    file->section[0].count++;
    file->section[1].count = counters->values;
    file->section[2].count = counters->strings;
    file->section[4].count = counters->instances;
    {
        uint64_t before = file->generation1, now = nanoseconds(CLOCK_REALTIME);
        if (now <= before)
            now = before + 1;
        __atomic_store_n(&file->generation1, now, __ATOMIC_SEQ_CST);
        __atomic_store_n(&file->generation2, now, __ATOMIC_SEQ_CST);
    }
    return first;
}

static struct value *locked(perfkit_counters *counters, const char *name, uint32_t type, uint32_t semantics,
                            uint32_t unit, const char *doc, const uint64_t *bounds, size_t count)
{
    struct value *first;
    if (!counters)
        return NULL;
    error[0] = 0;
    pthread_mutex_lock(&counters->lock);
    first = metric(counters, name, type, semantics, unit, doc, bounds, count);
    pthread_mutex_unlock(&counters->lock);
    return first;
}

perfkit_counter *perfkit_counters_counter(perfkit_counters *counters, const char *name, uint32_t unit, const char *doc)
{
    struct value *value = locked(counters, name, TYPE_U64, SEMANTICS_COUNTER, unit, doc, NULL, 0);
    return value ? (perfkit_counter *)value : &nowhere;
}

perfkit_gauge *perfkit_counters_gauge(perfkit_counters *counters, const char *name, uint32_t unit, const char *doc)
{
    struct value *value = locked(counters, name, TYPE_DOUBLE, SEMANTICS_INSTANT, unit, doc, NULL, 0);
    return value ? (perfkit_gauge *)value : &nowhere;
}

void perfkit_gauge_add(perfkit_gauge *gauge, double change)
{
    uint64_t before = __atomic_load_n(&gauge->value, __ATOMIC_RELAXED), after;
    double value;
    do {
        memcpy(&value, &before, sizeof value);
        value += change;
        memcpy(&after, &value, sizeof after);
    } while (!__atomic_compare_exchange_n(&gauge->value, &before, after, 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

perfkit_histogram *perfkit_counters_histogram(perfkit_counters *counters, const char *name, const uint64_t *bounds,
                                              size_t count, uint32_t unit, const char *doc)
{
    perfkit_histogram *made;
    char sum[300];
    size_t at;

    if (!counters)
        return NULL;
    for (at = 1; at < count && bounds[at - 1] < bounds[at]; at++)
        ;
    if (!count || at < count)
        return failed("add", name, "its bounds must rise, and there must be one");
    snprintf(sum, sizeof sum, "%.290s_sum", name);
    made = malloc(sizeof *made + count * sizeof *bounds);
    if (!made)
        return failed("add", name, strerror(errno));
    made->sum = perfkit_counters_counter(counters, sum, unit, doc);
    made->count = count;
    memcpy(made->bound, bounds, count * sizeof *bounds);
    made->bucket =
        locked(counters, name, TYPE_U64, SEMANTICS_COUNTER, PERFKIT_COUNT, doc, bounds, count + 1);
    if (!made->bucket) {
        free(made);
        return NULL;
    }
    return made;
}

void perfkit_histogram_record(perfkit_histogram *histogram, uint64_t value)
{
    size_t low = 0, high;
    if (!histogram)
        return;
    for (high = histogram->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (histogram->bound[middle] <= value)
            low = middle + 1;
        else
            high = middle;
    }
    __atomic_fetch_add(&histogram->bucket[low].value, 1, __ATOMIC_RELAXED);
    perfkit_counter_add(histogram->sum, value);
}

/* The ring, made at the first mark; NULL where it cannot be had. */
static struct ring *ring_of(perfkit_counters *counters)
{
    struct ring *ring = counters ? __atomic_load_n(&counters->ring, __ATOMIC_ACQUIRE) : NULL;
    char path[4200], hidden[4200];
    if (ring || !counters)
        return ring == MAP_FAILED ? NULL : ring;
    pthread_mutex_lock(&counters->lock);
    ring = counters->ring;
    if (!ring) {
        snprintf(path, sizeof path, "%s.marks", counters->path);
        ring = create(path, hidden, sizeof hidden, sizeof *ring);
        if (ring) {
            memcpy(ring->magic, "PKMARKS", 8);
            ring->version = 1;
            ring->process = (uint32_t)getpid();
            ring->slots = SLOTS;
            ring->generation = nanoseconds(CLOCK_REALTIME);
            memcpy(ring->group, counters->name, fitting(counters->name, GROUP_MAX));
        }
        if (!ring || !publish(hidden, path))
            ring = MAP_FAILED;
        __atomic_store_n(&counters->ring, ring, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&counters->lock);
    return ring == MAP_FAILED ? NULL : ring;
}

static perfkit_mark put(perfkit_counters *counters, const char *name, const char *message, int open)
{
    static __thread uint32_t thread;
    perfkit_mark mark = {0, (int64_t)nanoseconds(CLOCK_MONOTONIC)};
    struct ring *ring = ring_of(counters);
    struct slot *slot;
    size_t names, messages;
    if (!ring)
        return mark;
    if (!thread)
        thread = (uint32_t)syscall(SYS_gettid);
    mark.number = __atomic_fetch_add(&ring->next, 1, __ATOMIC_ACQ_REL);
    slot = &ring->slot[mark.number % SLOTS];
    __atomic_store_n(&slot->done, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(&slot->begin, mark.begin, __ATOMIC_RELAXED);
    /* A negative number that no other mark has stands for the duration of one that is open. */
    __atomic_store_n(&slot->duration, open ? -(int64_t)(mark.number + 1) : 0, __ATOMIC_RELAXED);
    names = fitting(name ? name : "", MARK_NAME_MAX);
    messages = fitting(message ? message : "", MARK_TEXT_MAX - names);
    slot->thread = thread;
    slot->lengths = (uint32_t)(names | messages << 16);
    memcpy(slot->text, name ? name : "", names);
    memcpy(slot->text + names, message ? message : "", messages);
    __atomic_store_n(&slot->done, mark.number + 1, __ATOMIC_RELEASE);
    return mark;
}

perfkit_mark perfkit_mark_begin(perfkit_counters *counters, const char *name, const char *message)
{
    return put(counters, name, message, 1);
}

void perfkit_mark_moment(perfkit_counters *counters, const char *name, const char *message)
{
    put(counters, name, message, 0);
}

void perfkit_mark_end(perfkit_counters *counters, perfkit_mark mark)
{
    struct ring *ring = ring_of(counters);
    int64_t open = -(int64_t)(mark.number + 1);
    if (ring)
        __atomic_compare_exchange_n(&ring->slot[mark.number % SLOTS].duration, &open,
                                    (int64_t)nanoseconds(CLOCK_MONOTONIC) - mark.begin, 0, __ATOMIC_RELEASE,
                                    __ATOMIC_RELAXED);
}
