/* `fermata logs`: a flow run's log, now and as it goes on. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/field.h"
#include "cli/text.h"
#include "common/ids.h"
#include "common/times.h"

#define PAGE        200 /* lines a request; the most that the API gives */
#define WAIT        30  /* seconds that the server holds a request back until there is something */
#define LAST_WAIT   2   /* seconds for lines that come after the run's end */
#define RETRY_PAUSE 1   /* seconds, where the server does not hold requests back */

struct reading {
    struct cli *cli;
    char run_id[ID_SIZE];
    char *run_name;
    int64_t cursor; /* the greatest number of arrival that was seen */
    struct error error;
};

/* Watches the run in a thread of its own, so that its end ends a wait for lines. */
struct watch {
    pthread_t thread;
    struct fm_client *client; /* the watch's own */
    struct fm_client *reader; /* interrupted at the end */
    const char *run_id;
    struct error error;
    bool failed;
    bool completed;
};

/* ---- lines ----------------------------------------------------------------------------------- */

static void add_level(struct buf *to, int level, bool colour)
{
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
        field_add_json(&line, log);
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

/* All that is there, by the time of the lines. */
static int print_all(struct reading *reading)
{
    size_t offset = 0;
    size_t count;

    do {
        api_reply_auto reply = {0};
        if (api_post(reading->cli, "/logs/filter",
                     json_pack("{s:{s:{s:[s]}},s:s,s:i,s:I}", "logs", "flow_run_id", "any_",
                               reading->run_id, "sort", "TIMESTAMP_ASC", "limit", PAGE, "offset",
                               (json_int_t)offset),
                     &reply, &reading->error) < 0)
            return -1;
        print_lines(reading, reply.json);
        count = json_array_size(reply.json);
        offset += count;
    } while (count == PAGE);
    return 0;
}

/* What arrived after the cursor, waiting for it. The number of lines, or -1 (ECANCELED if the
 * watch ended the wait). */
static int print_next(struct reading *reading, int wait)
{
    api_reply_auto reply = {0};
    struct fm_call options = {.wait = wait};

    json_auto_t *body = json_pack("{s:{s:{s:[s]},s:{s:I}},s:s,s:i}", "logs", "flow_run_id", "any_",
                                  reading->run_id, "seq", "after_", (json_int_t)reading->cursor,
                                  "sort", "TIMESTAMP_ASC", "limit", PAGE);
    if (!body)
        return error_set(&reading->error, ENOMEM, "out of memory");
    if (api_call(reading->cli->client, "POST", "/logs/filter", body, &options, &reply,
                 &reading->error) < 0 ||
        api_check(&reply, &reading->error) < 0)
        return -1;
    print_lines(reading, reply.json);
    if (json_array_size(reply.json) == 0 && reply.wait < 0)
        sleep(RETRY_PAUSE);
    return (int)json_array_size(reply.json);
}

/* ---- the run's end --------------------------------------------------------------------------- */

static bool is_terminal(const char *type)
{
    static const char *const types[] = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"};

    for (size_t i = 0; type && i < COUNT_OF(types); i++)
        if (strcmp(type, types[i]) == 0)
            return true;
    return false;
}

/* 1 if the run has ended, 0 if not, -1 error. */
static int look_at_run(struct watch *watch, char etag[static 128])
{
    api_reply_auto reply = {0};
    buf_auto path = BUF_INIT;
    struct fm_call options = {.wait = *etag ? WAIT : 0, .if_none_match = etag};

    buf_addf(&path, "/flow_runs/%s", watch->run_id);
    if (api_call(watch->client, "GET", buf_string(&path), NULL, &options, &reply, &watch->error) <
            0 ||
        api_check(&reply, &watch->error) < 0)
        return -1;
    if (*etag && reply.wait < 0)
        sleep(RETRY_PAUSE);
    if (reply.status == 304)
        return 0;
    memcpy(etag, reply.etag, sizeof(reply.etag));
    if (!*etag)
        sleep(RETRY_PAUSE);
    const char *type = member_text(reply.json, "state_type");
    watch->completed = type && strcmp(type, "COMPLETED") == 0;
    return is_terminal(type);
}

static void *watch_run(void *context)
{
    struct watch *watch = context;
    char etag[128] = "";
    int ended = 0;

    while (ended == 0)
        ended = look_at_run(watch, etag);
    watch->failed = ended < 0;
    fm_client_interrupt(watch->reader);
    return NULL;
}

static int watch_begin(struct watch *watch, struct cli *cli, const char *run_id,
                       struct error *error)
{
    struct fm_error theirs;

    *watch = (struct watch){.reader = cli->client, .run_id = run_id};
    if (fm_client_create(cli->url, &watch->client, &theirs) < 0)
        return error_set(error, EIO, "%.500s", theirs.message);
    errno = pthread_create(&watch->thread, NULL, watch_run, watch);
    if (errno == 0)
        return 0;
    error_errno(error, "starting a thread");
    fm_client_destroy(watch->client);
    return -1;
}

static void watch_end(struct watch *watch)
{
    fm_client_interrupt(watch->client);
    pthread_join(watch->thread, NULL);
    fm_client_destroy(watch->client);
}

/* ---- following ------------------------------------------------------------------------------- */

/* The last lines: a flow sends them after it has told its end. */
static int print_last(struct reading *reading)
{
    int count;

    fm_client_destroy(reading->cli->client); /* it was interrupted for good */
    reading->cli->client = NULL;
    if (api_connect(reading->cli, &reading->error) < 0)
        return -1;
    do
        count = print_next(reading, LAST_WAIT);
    while (count > 0);
    return count;
}

static int follow(struct reading *reading)
{
    struct watch watch;

    if (watch_begin(&watch, reading->cli, reading->run_id, &reading->error) < 0)
        return fail_with(&reading->error);
    while (print_next(reading, WAIT) >= 0)
        ;
    bool by_watch = reading->error.code == ECANCELED;
    watch_end(&watch);
    if (!by_watch)
        return fail_with(&reading->error);
    if (watch.failed)
        return fail_with(&watch.error);
    if (print_last(reading) < 0)
        return fail_with(&reading->error);
    return watch.completed ? STATUS_DONE : STATUS_FAILED;
}

static int begin(struct reading *reading, const char *text)
{
    api_reply_auto reply = {0};
    buf_auto path = BUF_INIT;

    if (api_find_run(reading->cli, text, reading->run_id, &reading->error) < 0)
        return -1;
    buf_addf(&path, "/flow_runs/%s", reading->run_id);
    if (api_get(reading->cli, buf_string(&path), &reply, &reading->error) < 0)
        return -1;
    const char *name = member_text(reply.json, "name");
    reading->run_name = strdup(name ? name : reading->run_id);
    return reading->run_name ? 0 : error_set(&reading->error, ENOMEM, "out of memory");
}

int run_logs(struct cli *cli, const struct command *command, int argc, char **argv)
{
    struct reading reading = {.cli = cli};
    bool follows = false;
    const struct option_row rows[] = {
        {"follow", 'f', NULL, "go on until the run ends", .flag = &follows},
        {0},
    };
    int first;

    int status = options_read(cli, command, rows, argc, argv, 1, 1, &first);
    if (status >= 0)
        return status;
    if (begin(&reading, argv[first]) < 0)
        status = fail_with(&reading.error);
    else if (follows)
        status = follow(&reading);
    else
        status = print_all(&reading) < 0 ? fail_with(&reading.error) : STATUS_DONE;
    free(reading.run_name);
    return status;
}
