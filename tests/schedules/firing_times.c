/*
 * Prints when schedules fire. Each line of standard input holds, with tabs between them:
 *
 *   cron TIMEZONE AFTER COUNT DAY_OR(0 or 1) EXPRESSION
 *   interval TIMEZONE AFTER COUNT LENGTH ANCHOR
 *   rrule TIMEZONE AFTER COUNT TEXT (with "\n" for a new line)
 *
 * TIMEZONE may be empty; AFTER, LENGTH and ANCHOR are microseconds. Each is answered by one line:
 * the first COUNT times after AFTER in microseconds, or "error: " and why.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/times.h"
#include "server/schedules/schedule.h"

static char *field(char **line)
{
    char *text = strsep(line, "\t");

    if (!text) {
        fprintf(stderr, "a line with too few fields\n");
        exit(2);
    }
    return text;
}

static void unescape_newlines(char *text)
{
    for (char *p; (p = strstr(text, "\\n"));) {
        *p = '\n';
        memmove(p + 1, p + 2, strlen(p + 2) + 1);
    }
}

static int parse(const char *kind, const char *timezone, char *rest, struct schedule **ret_schedule,
                 struct error *error)
{
    if (strcmp(kind, "cron") == 0) {
        bool day_or = atoi(field(&rest));
        return schedule_parse_cron(field(&rest), timezone, day_or, ret_schedule, error);
    }
    if (strcmp(kind, "interval") == 0) {
        int64_t length = strtoll(field(&rest), NULL, 10);
        return schedule_parse_interval(length, strtoll(field(&rest), NULL, 10), timezone,
                                       ret_schedule, error);
    }
    unescape_newlines(rest);
    return schedule_parse_rrule(rest, timezone, ret_schedule, error);
}

static void answer(char *line)
{
    schedule_auto schedule = NULL;
    struct error error;

    const char *kind = field(&line);
    const char *timezone = field(&line);
    int64_t time = strtoll(field(&line), NULL, 10);
    int count = atoi(field(&line));
    if (parse(kind, timezone, line, &schedule, &error) < 0) {
        printf("error: %s\n", error.message);
        return;
    }
    for (int i = 0; i < count; i++) {
        time = schedule_next(schedule, time);
        if (time == TIME_NEVER)
            break;
        printf("%s%" PRId64, i ? " " : "", time);
    }
    printf("\n");
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    while ((length = getline(&line, &size, stdin)) > 0) {
        line[strcspn(line, "\n")] = '\0';
        answer(line);
        fflush(stdout);
    }
    free(line);
    return 0;
}
