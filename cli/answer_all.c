/* `fermata answer --all`: the same answer for all that ask the same. */
#include <errno.h>
#include <string.h>

#include "cli/answer.h"
#include "cli/text.h"

struct several {
    struct answer *answer;
    json_t *ids;
    json_t *schema; /* of the first; the others are alike if theirs is the same */
    json_t *value;
    size_t taken, refused, different;
};

/* All that are open now: those that come later are not meant. */
static int gather(struct several *several)
{
    struct answer *answer = several->answer;
    api_reply_auto reply = {0};
    size_t i;
    json_t *request;

    if (inbox_get(answer->cli, &answer->filter, "CREATED_ASC", true, &reply, &answer->error) < 0)
        return -1;
    json_array_foreach(reply.json, i, request)
        json_array_append(several->ids, json_object_get(request, "id"));
    return 0;
}

/* One that cannot be answered; the others can. -1: no server is there, so they cannot. */
static int pass_over(struct several *several)
{
    struct answer *answer = several->answer;

    if (answer->error.code == EHOSTUNREACH)
        return -1;
    several->refused++;
    complain("%s: %s", answer->id, answer->error.message);
    return 0;
}

/* Reads the request at `index`. 0: it is not open any more, or cannot be read. */
static int fetch(struct several *several, size_t index)
{
    struct answer *answer = several->answer;
    const char *id = json_string_value(json_array_get(several->ids, index));

    if (!id || !id_parse(id, answer->id))
        return error_set(&answer->error, EPROTO, "the server gave no right id");
    if (answer_fetch(answer) < 0)
        return pass_over(several);
    const char *state = member_text(answer->request.json, "state");
    return state && strcmp(state, "open") == 0;
}

/* The value for all, by what the first one asks. 1; 0 if the person does not approve. */
static int decide(struct several *several)
{
    struct answer *answer = several->answer;
    struct screen *screen = &answer->prompt.screen;

    several->schema = json_deep_copy(answer->schema);
    if (answer_asks(answer)) {
        fprintf(screen->out, "The answer is for all that ask the same, of %zu.\n",
                json_array_size(several->ids));
        if (answer_show(answer) < 0)
            return -1;
    }
    return answer_get_value(answer, &several->value);
}

static bool is_alike(const struct several *several)
{
    const json_t *schema = several->answer->schema;

    return schema && several->schema ? json_equal(schema, several->schema)
                                     : !schema && !several->schema;
}

/* ---- each of them ---------------------------------------------------------------------------- */

static void add_errors(struct buf *to, const json_t *errors)
{
    size_t i;
    json_t *one;

    json_array_foreach(errors, i, one) {
        const char *path = member_text(one, "path");
        const char *message = member_text(one, "message");
        buf_addf(to, "%s%s%s%s", i > 0 ? "; " : "", path ? path : "", path && *path ? ": " : "",
                 message ? message : "");
    }
}

static void refuse(struct several *several, const struct api_reply *reply)
{
    struct answer *answer = several->answer;
    const char *name = member_text(answer->request.json, "flow_run_name");
    buf_auto why = BUF_INIT;

    several->refused++;
    if (reply->status == 200)
        add_errors(&why, json_object_get(reply->json, "errors"));
    else if (answer_errors(reply))
        add_errors(&why, answer_errors(reply));
    else if (api_check(reply, &answer->error) < 0)
        buf_add_string(&why, answer->error.message);
    complain("%s: %s", name ? name : answer->id, buf_string(&why));
}

static int send_one(struct several *several)
{
    struct answer *answer = several->answer;
    api_reply_auto reply = {0};

    if (answer_send(answer, several->value, &reply) < 0)
        return pass_over(several);
    bool taken = answer->check ? json_is_true(json_object_get(reply.json, "valid"))
                               : reply.status / 100 == 2;
    if (!taken) {
        refuse(several, &reply);
        return 0;
    }
    several->taken++;
    if (answer->cli->json)
        print_json(answer->cli, &reply);
    else if (answer->cli->quiet)
        fprintf(answer->cli->screen.out, "%s\n", answer->id);
    return 0;
}

static int send_to_all(struct several *several)
{
    for (size_t i = 0; i < json_array_size(several->ids); i++) {
        int open = i > 0 ? fetch(several, i) : 1;
        if (open < 0 || (open > 0 && is_alike(several) && send_one(several) < 0))
            return -1;
        several->different += open > 0 && !is_alike(several);
    }
    return 0;
}

static void report(const struct several *several)
{
    struct cli *cli = several->answer->cli;

    if (cli->json || cli->quiet)
        return;
    fprintf(cli->screen.out,
            several->answer->check ? "%zu would be answered.\n" : "%zu answered.\n",
            several->taken);
    if (several->different > 0)
        fprintf(cli->screen.out, "%zu more ask for something else, and wait on.\n",
                several->different);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* The first that is open still becomes the first of the list. */
static int find_first(struct several *several)
{
    while (json_array_size(several->ids) > 0) {
        int open = fetch(several, 0);
        if (open != 0)
            return open;
        json_array_remove(several->ids, 0);
    }
    return error_set(&several->answer->error, ENOENT, "nothing%s waits for such an answer",
                     several->refused > 0 ? " else" : "");
}

static int answer_them(struct several *several)
{
    struct answer *answer = several->answer;

    if (gather(several) < 0 || find_first(several) < 0)
        return fail_with(&answer->error);
    int r = decide(several);
    if (r < 0)
        return fail_with(&answer->error);
    if (r == 0) {
        fputs("Not approved; the runs go on waiting.\n", answer->prompt.screen.out);
        return STATUS_FAILED;
    }
    prompt_on_interrupt(NULL);
    r = send_to_all(several);
    report(several);
    if (r < 0)
        return fail_with(&answer->error);
    return several->refused > 0 ? STATUS_FAILED : STATUS_DONE;
}

int answer_all(struct answer *answer)
{
    struct several several = {.answer = answer, .ids = json_array()};
    int status = answer_them(&several);

    json_decref(several.ids);
    json_decref(several.schema);
    json_decref(several.value);
    return status;
}
