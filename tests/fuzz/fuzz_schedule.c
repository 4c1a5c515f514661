/* Lines: a time, a time zone, the kind (cron, or, interval, rrule), and then the schedule. It fires
 * at times that rise, and each of them is the first after any moment before it. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/times.h"
#include "server/schedules/schedule.h"

#define FIRINGS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int parse_cron(const char *text, const char *zone, struct schedule **schedule,
                      struct error *error)
{
    return schedule_parse_cron(text, zone, false, schedule, error);
}

static int parse_cron_or(const char *text, const char *zone, struct schedule **schedule,
                         struct error *error)
{
    return schedule_parse_cron(text, zone, true, schedule, error);
}

/* Two numbers: the interval, and the anchor. */
static int parse_interval(const char *text, const char *zone, struct schedule **schedule,
                          struct error *error)
{
    char *end;
    int64_t interval = strtoll(text, &end, 10);
    int64_t anchor = strtoll(end, NULL, 10);

    return schedule_parse_interval(interval, anchor, zone, schedule, error);
}

static const struct {
    const char *name;
    int (*parse)(const char *text, const char *zone, struct schedule **schedule,
                 struct error *error);
} kinds[] = {
    {"cron", parse_cron},
    {"or", parse_cron_or},
    {"interval", parse_interval},
    {"rrule", schedule_parse_rrule},
};

static void check_error(const struct error *error)
{
    static const char *const properties[] = {"cron: ", "interval: ", "rrule: ", "timezone: "};

    for (size_t i = 0; i < COUNT_OF(properties); i++)
        if (strncmp(error->message, properties[i], strlen(properties[i])) == 0)
            return;
    if (error->code != ENOMEM)
        abort();
}

static void fire(const struct schedule *schedule, int64_t after)
{
    for (int i = 0; i < FIRINGS; i++) {
        int64_t next = schedule_next(schedule, after);
        if (next <= after)
            abort();
        if (next == TIME_NEVER)
            return;
        if (schedule_next(schedule, next - 1) != next ||
            schedule_next(schedule, after + (next - 1 - after) / 2) != next)
            abort();
        after = next;
    }
}

/* Cuts the next line off `rest`; NULL if there is none. */
static char *next_line(char **rest)
{
    return *rest ? strsep(rest, "\n") : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf_auto text = BUF_INIT;
    struct error error;
    int64_t after;

    buf_add(&text, data, size);
    buf_add_char(&text, '\0');
    char *rest = text.data;
    const char *time = next_line(&rest);
    const char *zone = next_line(&rest);
    const char *kind = next_line(&rest);
    if (!rest || !time_parse(time, &after))
        return 0;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        schedule_auto schedule = NULL;
        if (strcmp(kind, kinds[i].name) != 0)
            continue;
        if (kinds[i].parse(rest, zone, &schedule, &error) < 0)
            check_error(&error);
        else
            fire(schedule, after);
    }
    return 0;
}
