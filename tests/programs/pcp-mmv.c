/* Writes files of PCP's library: `pcp-mmv FOLDER` leaves pcp1 (version 1), pcp2 (long names, version 2) and pcp3
 * (labels, version 3) in FOLDER/mmv. PCP_TMP_DIR must be FOLDER too. */
#include <pcp/pmapi.h>
#include <pcp/mmv_stats.h>
#include <pcp/mmv_dev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG "a.long.name.that.is.more.than.sixty.three.bytes.which.is.all.that.version.one.has.room.for"

static const pmUnits COUNT = MMV_UNITS(0, 0, 1, 0, 0, PM_COUNT_ONE);
static const pmUnits BYTES = MMV_UNITS(1, 0, 0, PM_SPACE_KBYTE, 0, 0);
static const pmUnits TIME = MMV_UNITS(0, 1, 0, 0, PM_TIME_MSEC, 0);
static const pmUnits NONE = MMV_UNITS(0, 0, 0, 0, 0, 0);

static void fill(void *map, const char *first)
{
    mmv_stats_set(map, first, "", 7);
    mmv_stats_set(map, "temperature", "", -1.5);
    mmv_stats_set(map, "memory", "", 123456789012.0);
    mmv_stats_add(map, "served", "anvils", 3);
    mmv_stats_add(map, "served", "rockets", 4);
    mmv_stats_set_string(map, "motto", "", "all you need");
}

static mmv_registry_t *registry(const char *file, const char *first)
{
    mmv_registry_t *made = mmv_stats_registry(file, 321, MMV_FLAG_PROCESS);
    mmv_stats_add_indom(made, 1, "products", "What is made");
    mmv_stats_add_instance(made, 1, 10, "anvils");
    mmv_stats_add_instance(made, 1, 20, "rockets");
    mmv_stats_add_metric(made, first, 1, MMV_TYPE_U32, MMV_SEM_COUNTER, COUNT, 0, "short", "long help");
    mmv_stats_add_metric(made, "temperature", 2, MMV_TYPE_DOUBLE, MMV_SEM_INSTANT, NONE, 0, "how hot", "");
    mmv_stats_add_metric(made, "memory", 3, MMV_TYPE_U64, MMV_SEM_INSTANT, BYTES, 0, "in use", "");
    mmv_stats_add_metric(made, "served", 4, MMV_TYPE_I64, MMV_SEM_COUNTER, COUNT, 1, "products", "");
    mmv_stats_add_metric(made, "motto", 5, MMV_TYPE_STRING, MMV_SEM_DISCRETE, NONE, 0, "words", "");
    mmv_stats_add_metric(made, "busy", 6, MMV_TYPE_ELAPSED, MMV_SEM_COUNTER, TIME, 0, "time at work", "");
    return made;
}

static void version1(void)
{
    static mmv_instances_t products[] = {{10, "anvils"}, {20, "rockets"}};
    static mmv_indom_t indoms[] = {{1, 2, products, "products", "What is made"}};
    static mmv_metric_t metrics[] = {
        {"requests", 1, MMV_TYPE_U32, MMV_SEM_COUNTER, MMV_UNITS(0, 0, 1, 0, 0, PM_COUNT_ONE), 0, "short", "long help"},
        {"temperature", 2, MMV_TYPE_DOUBLE, MMV_SEM_INSTANT, MMV_UNITS(0, 0, 0, 0, 0, 0), 0, "how hot", ""},
        {"memory", 3, MMV_TYPE_U64, MMV_SEM_INSTANT, MMV_UNITS(1, 0, 0, PM_SPACE_KBYTE, 0, 0), 0, "in use", ""},
        {"served", 4, MMV_TYPE_I64, MMV_SEM_COUNTER, MMV_UNITS(0, 0, 1, 0, 0, PM_COUNT_ONE), 1, "products", ""},
        {"motto", 5, MMV_TYPE_STRING, MMV_SEM_DISCRETE, MMV_UNITS(0, 0, 0, 0, 0, 0), 0, "words", ""},
    };
    void *map = mmv_stats_init("pcp1", 321, 0, metrics, 5, indoms, 1);
    if (!map)
        exit(1);
    fill(map, "requests");
}

int main(int argc, char **argv)
{
    void *map;
    mmv_registry_t *labelled;

    if (argc != 2)
        return 2;
    setenv("PCP_TMP_DIR", argv[1], 1);
    version1();
    map = mmv_stats_start(registry("pcp2", LONG));
    if (!map)
        return 1;
    fill(map, LONG);
    labelled = registry("pcp3", "requests");
    mmv_stats_add_registry_label(labelled, "region", "\"north\"", MMV_STRING_TYPE, 0);
    map = mmv_stats_start(labelled);
    if (!map)
        return 1;
    fill(map, "requests");
    puts("ready");
    fflush(stdout);
    getchar();
    return 0;
}
