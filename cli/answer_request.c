/* Which input request is answered, and what it says; see answer.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/answer.h"
#include "cli/field.h"
#include "cli/markdown.h"
#include "common/times.h"

#define NEW_TIME    SECOND        /* so long a description may yet come */
#define SCHEMA_TIME (30 * SECOND) /* so long the schema is waited for */

/* ---- which one ------------------------------------------------------------------------------- */

static int choose(struct answer *answer, const json_t *requests, size_t *ret_index)
{
    struct field field = {.kind = FIELD_INTEGER};
    size_t count = json_array_size(requests);

    if (inbox_print(requests, true, &answer->prompt.screen, &answer->error) < 0)
        return -1;
    if (!answer->prompt.is_terminal || !answer_asks(answer))
        return error_set(&answer->error, EINVAL,
                         "several runs wait for an answer: name an input request or a run, or "
                         "answer them all alike with --all");
    for (;;) {
        buf_auto why = BUF_INIT;
        json_auto_t *number = NULL;
        char *line;
        if (prompt_read(&answer->prompt, "Which one? > ", false, &line, &answer->error) < 0)
            return -1;
        bool right = field_read(&field, NULL, line, &number, &why) &&
                     json_integer_value(number) >= 1 && (size_t)json_integer_value(number) <= count;
        free(line);
        if (right) {
            *ret_index = (size_t)json_integer_value(number) - 1;
            return 0;
        }
        prompt_complain(&answer->prompt, "must be one of the numbers in the first column");
    }
}

int answer_find(struct answer *answer)
{
    api_reply_auto reply = {0};
    size_t index = 0;

    if (inbox_get(answer->cli, &answer->filter, "DEADLINE_ASC", false, &reply, &answer->error) < 0)
        return -1;
    size_t count = json_array_size(reply.json);
    if (count == 0)
        return error_set(&answer->error, ENOENT,
                         answer->filter.run ? "this run does not wait for an answer"
                                            : "nothing waits for an answer");
    if (count > 1 && choose(answer, reply.json, &index) < 0)
        return -1;
    const char *id = member_text(json_array_get(reply.json, index), "id");
    if (!id || !id_parse(id, answer->id))
        return error_set(&answer->error, EPROTO, "the server gave no right id");
    return 0;
}

/* ---- reading it ------------------------------------------------------------------------------ */

/* Takes the request out of the list of one that the reply is. */
static int take_request(struct answer *answer, struct api_reply *reply)
{
    json_t *request = json_incref(json_array_get(reply->json, 0));

    if (!request)
        return error_set(&answer->error, ENOENT, "there is no input request %s", answer->id);
    json_decref(reply->json);
    reply->json = request;
    api_reply_release(&answer->request);
    answer->request = *reply;
    *reply = (struct api_reply){0};
    memcpy(answer->etag, answer->request.etag, sizeof(answer->etag));
    answer->schema = json_object_get(answer->request.json, "schema");
    return 0;
}

/* Reads the request as it is, or, within `wait` seconds, when it is another than the last time. */
static int fetch(struct answer *answer, int wait)
{
    const struct fm_call options = {.wait = wait, .if_none_match = wait > 0 ? answer->etag : NULL};
    api_reply_auto reply = {0};

    json_auto_t *body = json_pack("{s:{s:{s:[s]},s:{s:[]}}}", "input_requests", "id", "any_",
                                  answer->id, "state", "not_any_");
    if (!body)
        return error_set(&answer->error, ENOMEM, "out of memory");
    if (api_request(answer->cli->client, "POST", "/input_requests/filter", body, &options, &reply,
                    &answer->error) < 0 ||
        api_check(&reply, &answer->error) < 0)
        return -1;
    return reply.status == 304 ? 0 : take_request(answer, &reply);
}

static bool is_new(const json_t *request)
{
    const char *created = member_text(request, "created");
    int64_t time;

    return created && time_parse(created, &time) && time > time_now() - NEW_TIME;
}

/* A run tells that it waits, then what for, then its description, each in a request of its own.
 * The seconds to wait for the next of these; 0: all is there. */
static int more_is_to_come(const struct answer *answer)
{
    const json_t *request = answer->request.json;
    const char *state = member_text(request, "state");

    if (!state || strcmp(state, "open") != 0 ||
        !json_is_true(json_object_get(request, "wants_input")))
        return 0;
    if (!request_is_complete(request))
        return SCHEMA_TIME / SECOND;
    return is_new(request) && !member_text(request, "description") ? 1 : 0;
}

static void tell_progress(struct answer *answer)
{
    struct screen *screen = &answer->prompt.screen;

    if (!screen->is_terminal || request_is_complete(answer->request.json))
        return;
    fputs("Waiting for the run to tell what it asks.\n", screen->out);
    fflush(screen->out);
}

int answer_fetch(struct answer *answer)
{
    int64_t end = time_monotonic() + SCHEMA_TIME;
    int wait;

    if (api_connect(answer->cli, &answer->error) < 0 || fetch(answer, 0) < 0)
        return -1;
    if (more_is_to_come(answer))
        tell_progress(answer);
    while ((wait = more_is_to_come(answer)) > 0) {
        if (time_monotonic() > end)
            return error_set(&answer->error, ETIMEDOUT, "the run has not told yet what it asks");
        if (fetch(answer, wait) < 0)
            return -1;
    }
    return 0;
}

/* ---- what it says ---------------------------------------------------------------------------- */

int answer_refuse_closed(struct answer *answer)
{
    const char *state = member_text(answer->request.json, "state");
    buf_auto who = BUF_INIT;

    if (!state || strcmp(state, "open") == 0)
        return 0;
    if (strcmp(state, "answered") == 0) {
        add_who(&who, answer->request.json);
        return error_set(&answer->error, EEXIST, "this was %s", buf_string(&who));
    }
    return error_set(&answer->error, ETIMEDOUT, "it is too late for an answer: %s", state);
}

static void add_names(struct buf *to, const struct answer *answer)
{
    static const struct {
        const char *member, *before;
    } names[] = {{"flow_run_name", ""}, {"flow_name", " of "}, {"deployment_name", " / "}};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *name = member_text(answer->request.json, names[i].member);
        if (!name)
            continue;
        buf_add_string(to, names[i].before);
        text_add_style(to, answer->prompt.screen.colour, i == 0 ? STYLE_BOLD : STYLE_PLAIN);
        text_add_short(to, name, 60);
        text_add_style(to, answer->prompt.screen.colour, STYLE_PLAIN);
    }
}

int answer_show(struct answer *answer)
{
    struct screen *screen = &answer->prompt.screen;
    const char *description = member_text(answer->request.json, "description");
    buf_auto text = BUF_INIT;

    add_names(&text, answer);
    buf_add_string(&text, " waits for your input.\n");
    if (member_text(answer->request.json, "deadline")) {
        buf_add_string(&text, "Deadline: ");
        add_deadline(&text, answer->request.json);
        buf_add_char(&text, '\n');
    }
    buf_add_char(&text, '\n');
    if (description && *description) {
        if (markdown_render(&text, description, screen->width, screen->colour, &answer->error) < 0)
            return -1;
        buf_add_char(&text, '\n');
    }
    screen_flush(screen, &text);
    return 0;
}
