/* `fermata flow-run logs`: a flow run's log, now and as it goes on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "cli/answer_print.h"
#include "cli/patience.h"
#include "cli/runs.h"
#include "cli/text.h"
#include "common/ids.h"
#include "common/times.h"

#define PAGE       200 /* lines a request; the most that the API gives */
#define WAIT       30  /* seconds that the server holds a request back until there is something */
#define LAST_TIME  (2 * SECOND) /* for lines that come after the run's end */
#define LAST_PAUSE 200000       /* microseconds */

struct reading {
    struct cli *cli;
    struct patience patience;
    char run_id[ID_SIZE];
    char *run_name;
    int64_t cursor; /* the greatest number of arrival that was seen */
    int level;      /* the least that is shown */
    struct error error;
};

/* ---- levels ---------------------------------------------------------------------------------- */

static const struct {
    int least;
    const char *name;
    unsigned style;
} levels[] = {
    {50, "CRITICAL", STYLE_BOLD | STYLE_RED},
    {40, "ERROR", STYLE_RED},
    {30, "WARNING", STYLE_YELLOW},
    {20, "INFO", STYLE_CYAN},
    {INT32_MIN, "DEBUG", STYLE_DIM},
};

/* The number of a level; -1 if there is none of that name. */
static int level_of(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(levels); i++)
        if (strcasecmp(name, levels[i].name) == 0)
            return levels[i].least < 0 ? 0 : levels[i].least;
    return -1;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void add_level(struct buf *to, int level, bool colour)
{
    size_t i = 0;

    while (level < levels[i].least)
        i++;
    text_add_style(to, colour, levels[i].style);
    buf_addf(to, "%-7s", levels[i].name);
    text_add_style(to, colour, STYLE_PLAIN);
}

static void add_time_of_day(struct buf *to, const char *timestamp)
{
    int64_t time = 0;
    struct tm tm;
    char text[16];

    if (!timestamp || !time_parse(timestamp, &time)) {
        buf_add_string(to, "--:--:--.---");
        return;
    }
    int64_t fraction = (time % SECOND + SECOND) % SECOND;
    time_t seconds = (time_t)((time - fraction) / SECOND);
    localtime_r(&seconds, &tm);
    strftime(text, sizeof(text), "%H:%M:%S", &tm);
    buf_addf(to, "%s.%03d", text, (int)(fraction / 1000));
}

static void print_line(struct reading *reading, const json_t *log)
{
    const char *message = member_text(log, "message");
    struct screen *screen = &reading->cli->screen;
    buf_auto line = BUF_INIT;

    if (reading->cli->json) {
        answer_add_json(&line, log);
    } else {
        add_time_of_day(&line, member_text(log, "timestamp"));
        buf_add_string(&line, " | ");
        add_level(&line, (int)json_integer_value(json_object_get(log, "level")), screen->colour);
        buf_add_string(&line, " | Flow run '");
        text_add_safe(&line, reading->run_name, strlen(reading->run_name), false);
        buf_add_string(&line, "' - ");
        if (message)
            text_add_safe(&line, message, strlen(message), true);
    }
    buf_add_char(&line, '\n');
    fputs(buf_string(&line), screen->out);
}

static void print_lines(struct reading *reading, const json_t *logs)
{
    size_t i;
    json_t *log;

    json_array_foreach(logs, i, log) {
        int64_t number = json_integer_value(json_object_get(log, "seq"));
        if (number > reading->cursor)
            reading->cursor = number;
        print_line(reading, log);
    }
    fflush(reading->cli->screen.out);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The body for the lines of the run, before what is particular to a request. */
static json_t *filter_of(const struct reading *reading, int64_t after, const char *sort,
                         int64_t limit)
{
    return json_pack("{s:{s:{s:[s]},s:{s:i},s:{s:I}},s:s,s:I}", "logs", "flow_run_id", "any_",
                     reading->run_id, "level", "ge_", reading->level, "seq", "gt_",
                     (json_int_t)after, "sort", sort, "limit", (json_int_t)limit);
}

/* A page of what is there, by the time of the lines. */
static int read_page(struct reading *reading, const char *sort, int64_t limit, size_t offset,
                     struct api_reply *ret_reply)
{
    json_t *body = filter_of(reading, 0, sort, limit);

    if (body)
        json_object_set_new(body, "offset", json_integer((json_int_t)offset));
    return api_post(reading->cli, "/logs/filter", body, ret_reply, &reading->error);
}

static int print_all(struct reading *reading)
{
    size_t offset = 0;
    size_t count;

    do {
        api_reply_auto reply = {0};
        if (read_page(reading, "TIMESTAMP_ASC", PAGE, offset, &reply) < 0)
            return -1;
        print_lines(reading, reply.json);
        count = json_array_size(reply.json);
        offset += count;
    } while (count == PAGE);
    return 0;
}

/* The last `count` lines; of none at least the place is taken. */
static int print_tail(struct reading *reading, int64_t count)
{
    json_auto_t *lines = json_array();
    size_t wanted = count > 0 ? (size_t)count : 1;
    size_t got = PAGE;

    while (got == PAGE && json_array_size(lines) < wanted) {
        api_reply_auto reply = {0};
        size_t left = wanted - json_array_size(lines);
        if (read_page(reading, "TIMESTAMP_DESC", left < PAGE ? (int64_t)left : PAGE,
                      json_array_size(lines), &reply) < 0)
            return -1;
        got = json_array_size(reply.json);
        for (size_t i = 0; i < got; i++) /* the latest at the end */
            json_array_insert(lines, 0, json_array_get(reply.json, i));
    }
    if (count > 0)
        print_lines(reading, lines);
    else
        reading->cursor = json_integer_value(json_object_get(json_array_get(lines, 0), "seq"));
    return 0;
}

/* What arrived after the cursor. The server holds its answer back for at most `wait` seconds, as
 * long as there is nothing and the run goes on. The number of lines, or -1. */
static int print_next(struct reading *reading, int wait)
{
    api_reply_auto reply = {0};
    struct fm_call options = {.wait = wait};

    json_auto_t *body = filter_of(reading, reading->cursor, "SEQ_ASC", PAGE);
    if (!body)
        return error_set(&reading->error, ENOMEM, "out of memory");
    if (api_request_patiently(reading->cli, &reading->patience, "POST", "/logs/filter", body,
                              &options, &reply, &reading->error) < 0 ||
        api_check(&reply, &reading->error) < 0)
        return -1;
    print_lines(reading, reply.json);
    if (wait > 0 && reply.wait < 0 && json_array_size(reply.json) == 0)
        patience_pause(
            &reading
                 ->patience); /* it did not hold it back: it is not to be asked without a pause */
    return (int)json_array_size(reply.json);
}

/* ---- following ------------------------------------------------------------------------------- */

struct ending {
    int64_t time;
    bool completed;
};

/* 1 if the run has ended, 0 if not, -1 error. */
static int has_ended(struct reading *reading, struct ending *ret_ending)
{
    api_reply_auto reply = {0};
    buf_auto path = BUF_INIT;

    buf_addf(&path, "/flow_runs/%s", reading->run_id);
    if (api_get_patiently(reading->cli, &reading->patience, buf_string(&path), &reply,
                          &reading->error) < 0)
        return -1;
    const char *type = member_text(reply.json, "state_type");
    const char *end_time = member_text(reply.json, "end_time");
    ret_ending->completed = type && strcmp(type, "COMPLETED") == 0;
    if (!end_time || !time_parse(end_time, &ret_ending->time))
        ret_ending->time = time_now();
    return is_terminal_type(type);
}

/* The last lines: a flow sends them after it has told its end. Of a run that ended long ago they
 * are there. */
static int print_last(struct reading *reading, const struct ending *ending)
{
    int64_t start = time_monotonic();
    int64_t age = time_now() - ending->time;
    int64_t time = age > LAST_TIME ? 0 : LAST_TIME;

    for (;;) {
        int count = print_next(reading, 0);
        if (count < 0 || (count == 0 && time_monotonic() - start >= time))
            return count;
        if (count == 0)
            usleep(LAST_PAUSE);
    }
}

static int follow(struct reading *reading)
{
    struct ending ending = {0};
    int ended = 0;

    while (ended == 0) {
        int count = print_next(reading, WAIT);
        if (count < 0)
            return fail_with(&reading->error);
        if (count == 0)
            ended = has_ended(reading, &ending);
    }
    if (ended < 0 || print_last(reading, &ending) < 0)
        return fail_with(&reading->error);
    return ending.completed ? STATUS_DONE : STATUS_FAILED;
}

static int begin(struct reading *reading, const char *text)
{
    api_reply_auto reply = {0};
    buf_auto path = BUF_INIT;

    if (api_connect(reading->cli, &reading->error) < 0 ||
        api_find_run(reading->cli, text, reading->run_id, &reading->error) < 0)
        return -1;
    buf_addf(&path, "/flow_runs/%s", reading->run_id);
    if (api_get_patiently(reading->cli, &reading->patience, buf_string(&path), &reply,
                          &reading->error) < 0)
        return -1;
    const char *name = member_text(reply.json, "name");
    reading->run_name = strdup(name ? name : reading->run_id);
    return reading->run_name ? 0 : error_set(&reading->error, ENOMEM, "out of memory");
}

static int show(struct reading *reading, const struct log_settings *log, const char *run)
{
    bool all = log->tail < 0;

    if (begin(reading, run) < 0 || (!all && print_tail(reading, log->tail) < 0))
        return fail_with(&reading->error);
    if (log->follow)
        return follow(reading);
    return all && print_all(reading) < 0 ? fail_with(&reading->error) : STATUS_DONE;
}

static int show_log(struct cli *cli, const struct log_settings *log, int level, const char *run)
{
    struct reading reading = {.cli = cli, .level = level};
    int status = show(&reading, log, run);

    free(reading.run_name);
    return status;
}

int logs_follow(struct cli *cli, const char *run)
{
    const struct log_settings log = {.follow = true, .tail = -1};

    return show_log(cli, &log, 0, run);
}

int run_logs(struct cli *cli, void *settings, int argc, char **argv)
{
    const struct log_settings *log = settings;
    int level = log->level ? level_of(log->level) : 0;

    (void)argc;
    if (level < 0) {
        complain("--level must be debug, info, warning, error or critical, not '%.50s'",
                 log->level);
        return STATUS_USAGE;
    }
    return show_log(cli, log, level, argv[0]);
}
