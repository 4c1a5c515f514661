/* `fermata inbox --watch`: a waiting read after the other, each as soon as the list has changed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/answer_print.h"
#include "cli/patience.h"
#include "cli/prompt.h"
#include "cli/requests.h"
#include "lib/client.h"

#define WAIT       30  /* seconds that the server holds a request back; then times are shown anew */
#define MOST       200 /* that are known; as many as the API gives at once */
#define OTHER_ROWS 4   /* of the screen: the header, two remarks and the line of the cursor */

struct watch {
    struct cli *cli;
    struct patience patience;
    json_t *body;
    json_t *known; /* the newest first */
    json_t *told;  /* the ids of those that were printed, as members */
    char etag[128];
    bool live; /* a table that is drawn again and again, in place of lines */
    int drawn; /* its lines */
    struct error error;
};

/* ---- what is known --------------------------------------------------------------------------- */

static size_t find(const json_t *requests, const json_t *request)
{
    const char *id = member_text(request, "id");
    size_t i;
    json_t *one;

    json_array_foreach(requests, i, one) {
        const char *other = member_text(one, "id");
        if (id && other && strcmp(id, other) == 0)
            return i;
    }
    return SIZE_MAX;
}

/* Forgets the oldest that is not listed: what is listed would be told again as new. */
static void forget_one(struct watch *watch, const json_t *listed)
{
    size_t place = json_array_size(watch->known) - 1;

    while (place > 0 && find(listed, json_array_get(watch->known, place)) != SIZE_MAX)
        place--;
    const char *id = member_text(json_array_get(watch->known, place), "id");
    if (id)
        json_object_del(watch->told, id);
    json_array_remove(watch->known, place);
}

/* What is listed, its oldest first, so that the newest comes to be the first. */
static void take_listed(struct watch *watch, const json_t *listed)
{
    for (size_t i = json_array_size(listed); i > 0; i--) {
        json_t *request = json_array_get(listed, i - 1);
        size_t place = find(watch->known, request);
        if (place == SIZE_MAX)
            json_array_insert(watch->known, 0, request);
        else
            json_array_set(watch->known, place, request);
    }
    while (json_array_size(watch->known) > MOST)
        forget_one(watch, listed);
}

/* What became of one that is not listed any more. It stays, unless its run is deleted. */
static int read_end(struct watch *watch, size_t *place)
{
    const char *id = member_text(json_array_get(watch->known, *place), "id");
    api_reply_auto reply = {0};
    buf_auto path = BUF_INIT;

    buf_addf(&path, "/input_requests/%s", id ? id : "");
    if (api_request_patiently(watch->cli, &watch->patience, "GET", buf_string(&path), NULL, NULL,
                              &reply, &watch->error) < 0)
        return -1;
    if (reply.status == 404) {
        json_array_remove(watch->known, *place);
        return 0;
    }
    if (api_check(&reply, &watch->error) < 0)
        return -1;
    json_array_set(watch->known, (*place)++, reply.json);
    return 0;
}

static int take_ends(struct watch *watch, const json_t *listed)
{
    size_t i = 0;

    while (i < json_array_size(watch->known)) {
        const json_t *request = json_array_get(watch->known, i);
        if (!request_is_open(request) || find(listed, request) != SIZE_MAX)
            i++;
        else if (read_end(watch, &i) < 0)
            return -1;
    }
    return 0;
}

/* Waits until the list is another one, for WAIT at the most. */
static int read_next(struct watch *watch)
{
    const struct fm_call options = {.wait = *watch->etag ? WAIT : 0,
                                    .if_none_match = *watch->etag ? watch->etag : NULL};
    api_reply_auto reply = {0};

    if (api_request_patiently(watch->cli, &watch->patience, "POST", "/input_requests/filter",
                              watch->body, &options, &reply, &watch->error) < 0 ||
        api_check(&reply, &watch->error) < 0)
        return -1;
    if (reply.status == 304) {
        if (reply.wait < 0) /* it did not hold it back */
            patience_pause(&watch->patience);
        return 0;
    }
    if (!json_is_array(reply.json) || !*reply.etag)
        return error_set(&watch->error, EPROTO,
                         "the server at %s cannot tell when its inbox changes: it is none of "
                         "Fermata's, or an older one",
                         client_shown_url(watch->cli->client));
    memcpy(watch->etag, reply.etag, sizeof(watch->etag));
    take_listed(watch, reply.json);
    return take_ends(watch, reply.json);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static void add_line(const struct watch *watch, struct buf *line, const json_t *request)
{
    static const char *const members[] = {"id", "flow_name", "flow_run_name", "pause_key"};

    if (watch->cli->json) {
        answer_add_json(line, request);
        return;
    }
    for (size_t i = 0; i < (watch->cli->quiet ? 1 : COUNT_OF(members)); i++) {
        const char *text = member_text(request, members[i]);
        buf_add_string(line, i > 0 ? "  " : "");
        text_add_short(line, text ? text : "-", 60);
    }
    if (!watch->cli->quiet) {
        buf_add_string(line, "  ");
        add_deadline(line, request);
    }
}

/* Those that were not printed yet, the oldest first; only what its run has told of. */
static void print_new(struct watch *watch)
{
    for (size_t i = json_array_size(watch->known); i > 0; i--) {
        const json_t *request = json_array_get(watch->known, i - 1);
        const char *id = member_text(request, "id");
        buf_auto line = BUF_INIT;
        if (!id || json_object_get(watch->told, id) || !request_is_open(request) ||
            !request_is_complete(request))
            continue;
        json_object_set_new(watch->told, id, json_true());
        add_line(watch, &line, request);
        buf_add_char(&line, '\n');
        screen_flush(&watch->cli->screen, &line);
    }
}

/* ---- the live table -------------------------------------------------------------------------- */

static void add_state(struct buf *to, const json_t *request)
{
    const char *state = member_text(request, "state");
    const char *by = member_text(request, "answered_by");

    if (state && strcmp(state, "answered") == 0 && by)
        buf_addf(to, "answered by %s", by);
    else
        buf_add_string(to, state ? state : "");
}

static void add_cells(struct table *table, const json_t *request)
{
    bool open = request_is_open(request);
    buf_auto state = BUF_INIT;
    buf_auto deadline = BUF_INIT;

    add_state(&state, request);
    if (open)
        add_deadline(&deadline, request);
    table_add(table, buf_string(&state));
    table_add(table, member_text(request, "flow_name"));
    table_add(table, member_text(request, "flow_run_name"));
    table_add(table, member_text(request, "pause_key"));
    table_add(table, buf_string(&deadline));
    table_add(table, open ? member_text(request, "id") : "");
}

static int add_table(struct watch *watch, struct buf *to, size_t rows)
{
    static const char *const headers[] = {"STATE", "FLOW", "RUN", "KEY", "DEADLINE", "ID"};
    table_auto table = {.headers = headers, .columns = COUNT_OF(headers)};

    for (size_t i = 0; i < rows; i++)
        add_cells(&table, json_array_get(watch->known, i));
    return table_add_to(&table, &watch->cli->screen, to, &watch->error);
}

static int count_lines(const struct buf *text)
{
    int count = 0;

    for (const char *p = buf_string(text); *p; p++)
        count += *p == '\n';
    return count;
}

/* Over what was drawn before. It must not be higher than the screen: what has gone off its top
 * could not be drawn over. */
static int draw(struct watch *watch)
{
    size_t count = json_array_size(watch->known);
    int room = screen_height(&watch->cli->screen) - OTHER_ROWS;
    size_t rows = room < 1 ? 1 : (size_t)room;
    buf_auto table = BUF_INIT;
    buf_auto text = BUF_INIT;

    if (count == 0)
        buf_add_string(&table, "Nothing waits for an answer.\n");
    else if (add_table(watch, &table, count < rows ? count : rows) < 0)
        return -1;
    if (count > rows)
        buf_addf(&table, "and %zu more\n", count - rows);
    if (watch->patience.away)
        buf_add_string(&table, "The server is away; waiting for it.\n");
    if (watch->drawn > 0)
        buf_addf(&text, "\x1b[%dA", watch->drawn);
    buf_add_string(&text, "\r\x1b[J");
    buf_add(&text, table.data, table.length);
    watch->drawn = count_lines(&table);
    screen_flush(&watch->cli->screen, &text);
    return 0;
}

static void draw_absence(void *context, bool away)
{
    (void)away; /* patience says it */
    draw(context);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int watch_on(struct watch *watch)
{
    for (;;) {
        if (read_next(watch) < 0)
            return fail_with(&watch->error);
        if (!watch->live)
            print_new(watch);
        else if (draw(watch) < 0)
            return fail_with(&watch->error);
    }
}

int inbox_watch(struct cli *cli, const struct inbox_filter *filter)
{
    struct watch watch = {.cli = cli, .known = json_array(), .told = json_object()};
    int status = STATUS_FAILED;

    watch.live = screen_can_be_drawn_over(&cli->screen) && !cli->json && !cli->quiet;
    if (watch.live)
        watch.patience = (struct patience){.tell = draw_absence, .context = &watch};
    prompt_on_interrupt(watch.live ? "\n" : "");
    if (inbox_body(cli, filter, "CREATED_DESC", &watch.body, &watch.error) < 0 ||
        api_connect(cli, &watch.error) < 0)
        fail_with(&watch.error);
    else
        status = watch_on(&watch);
    json_decref(watch.body);
    json_decref(watch.known);
    json_decref(watch.told);
    return status;
}
