#include "lib/states.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/ids.h"
#include "common/times.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/utf8.h"
#include "json/text.h"
#include "json/writer.h"

static void write_keyset(struct json_writer *writer, const char *keyset)
{
    static const char *const roles[] = {"schema", "description", "response"};
    char key[128];

    json_key(writer, "run_input_keyset");
    json_begin_object(writer);
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        snprintf(key, sizeof(key), "%s-%s", keyset, roles[i]);
        json_key(writer, roles[i]);
        json_add_string(writer, key);
    }
    json_end_object(writer);
}

static void write_details(struct json_writer *writer, const struct proposal *proposal,
                          const char *transition_id)
{
    json_begin_object(writer);
    json_key(writer, "transition_id");
    json_add_string(writer, transition_id);
    if (proposal->pause_key) {
        json_key(writer, "pause_key");
        json_add_string(writer, proposal->pause_key);
        json_key(writer, "pause_reschedule");
        json_add_bool(writer, proposal->reschedule);
        json_key(writer, "pause_timeout");
        if (proposal->pause_timeout == TIME_NEVER)
            json_add_null(writer);
        else
            json_add_time(writer, proposal->pause_timeout);
    }
    if (proposal->keyset)
        write_keyset(writer, proposal->keyset);
    json_end_object(writer);
}

static void write_proposal(struct buf *body, const struct proposal *proposal,
                           const char *transition_id)
{
    struct json_writer writer;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_key(&writer, "state");
    json_begin_object(&writer);
    json_key(&writer, "type");
    json_add_string(&writer, proposal->type);
    if (proposal->name) {
        json_key(&writer, "name");
        json_add_string(&writer, proposal->name);
    }
    if (proposal->message) {
        json_key(&writer, "message");
        json_add_utf8(&writer, proposal->message); /* may be cut in the middle of a character */
    }
    if (proposal->result) {
        json_key(&writer, "data");
        json_begin_object(&writer);
        json_key(&writer, RESULT_MEMBER);
        json_add_text(&writer, proposal->result);
        json_end_object(&writer);
    }
    json_key(&writer, "state_details");
    write_details(&writer, proposal, transition_id);
    json_end_object(&writer);
    json_key(&writer, "force");
    json_add_bool(&writer, proposal->force);
    json_end_object(&writer);
}

static void copy_text(char *to, size_t size, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    snprintf(to, size, "%s", text ? text : "");
}

static int read_outcome(const json_t *reply, const char *transition_id, struct outcome *ret_outcome,
                        struct fm_error *error)
{
    static const char *const words[] = {
        [ACCEPTED] = "ACCEPT", [REJECTED] = "REJECT", [ABORTED] = "ABORT", [WAIT] = "WAIT"};
    const json_t *state = json_object_get(reply, "state");
    const json_t *details = json_object_get(reply, "details");
    const json_t *applied =
        json_object_get(json_object_get(state, "state_details"), "transition_id");
    struct outcome outcome = {0};
    const char *status;
    size_t verdict = 0;

    int r = api_string(reply, "status", &status, error);
    if (r < 0)
        return r;
    while (verdict < COUNT_OF(words) && strcmp(words[verdict], status) != 0)
        verdict++;
    if (verdict == COUNT_OF(words))
        return fail(error, FM_FAILED, "the server's verdict '%s' is unknown", status);
    outcome.verdict = (enum verdict)verdict;
    copy_text(outcome.type, sizeof(outcome.type), state, "type");
    copy_text(outcome.name, sizeof(outcome.name), state, "name");
    copy_text(outcome.message, sizeof(outcome.message), state, "message");
    copy_text(outcome.reason, sizeof(outcome.reason), details, "reason");
    outcome.delay = json_number_value(json_object_get(details, "delay_seconds"));
    /* A repeat of what was accepted already, after its answer was lost. */
    if (outcome.verdict == REJECTED && json_is_string(applied) &&
        strcmp(json_string_value(applied), transition_id) == 0)
        outcome.verdict = ACCEPTED;
    *ret_outcome = outcome;
    return 0;
}

static int read_result(const char *body, char **ret_result, struct fm_error *error)
{
    static const char *const member[] = {"state", "data", RESULT_MEMBER, NULL};
    size_t length;
    const char *text = json_member_text(body, member, &length);
    char *result = text ? strndup(text, length) : NULL;

    if (text && !result)
        return fail_without_memory(error);
    *ret_result = result;
    return 0;
}

/* `ret_result` may be NULL. */
static int read_reply(const struct fm_reply *reply, const char *transition_id,
                      struct outcome *ret_outcome, char **ret_result, struct fm_error *error)
{
    struct error parse_error;

    int r = fm_reply_check(reply, error);
    if (r < 0)
        return r;
    json_t *json = json_parse(reply->body, reply->length, &parse_error);
    if (!json)
        return fail(error, FM_FAILED, "the server's verdict is no JSON: %s", parse_error.message);
    r = read_outcome(json, transition_id, ret_outcome, error);
    if (r == 0 && ret_result)
        r = read_result(reply->body, ret_result, error);
    json_decref(json);
    return r;
}

int propose_for_result(struct fm_client *client, const char *run_id,
                       const struct proposal *proposal, struct outcome *ret_outcome,
                       char **ret_result, struct fm_error *error)
{
    char transition_id[ID_SIZE];
    char path[96];
    buf_auto body = BUF_INIT;
    struct fm_reply reply;

    id_random(transition_id);
    write_proposal(&body, proposal, transition_id);
    if (body.failed)
        return fail_without_memory(error);
    snprintf(path, sizeof(path), "/%s/%s/set_state", proposal->of_task ? "task_runs" : "flow_runs",
             run_id);
    int r = fm_client_call(client, "POST", path, buf_string(&body), &reply, error,
                           .idempotency_key = transition_id, .lease = proposal->lease);
    if (r < 0)
        return r;
    r = read_reply(&reply, transition_id, ret_outcome, ret_result, error);
    fm_reply_release(&reply);
    return r;
}

int propose_state(struct fm_client *client, const char *run_id, const struct proposal *proposal,
                  struct outcome *ret_outcome, struct fm_error *error)
{
    return propose_for_result(client, run_id, proposal, ret_outcome, NULL, error);
}

int propose_until_due(struct fm_client *client, const char *run_id, const struct proposal *proposal,
                      struct outcome *ret_outcome, char **ret_result, struct fm_error *error)
{
    for (;;) {
        char *result = NULL;
        int r = propose_for_result(client, run_id, proposal, ret_outcome, &result, error);
        if (r == 0 && ret_outcome->verdict != WAIT && ret_result) {
            *ret_result = result;
            return 0;
        }
        free(result);
        if (r < 0 || ret_outcome->verdict != WAIT)
            return r;
        if (client_sleep(client, ret_outcome->delay) < 0)
            return fail(error, FM_CANCELLED, "interrupted while waiting for the scheduled time");
    }
}

bool outcome_is(const struct outcome *outcome, const char *type)
{
    return strcmp(outcome->type, type) == 0;
}
