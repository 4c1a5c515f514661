#include "lib/states.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/ids.h"
#include "common/times.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/utf8.h"
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
    buf_auto message = BUF_INIT; /* may be cut in the middle of a character */

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
        buf_add_utf8(&message, proposal->message);
        json_key(&writer, "message");
        json_add_string(&writer, buf_string(&message));
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
    copy_text(outcome.reason, sizeof(outcome.reason), details, "reason");
    outcome.delay = json_number_value(json_object_get(details, "delay_seconds"));
    /* A repeat of what was accepted already, after its answer was lost. */
    if (outcome.verdict == REJECTED && json_is_string(applied) &&
        strcmp(json_string_value(applied), transition_id) == 0)
        outcome.verdict = ACCEPTED;
    *ret_outcome = outcome;
    return 0;
}

int propose_state(struct fm_client *client, const char *run_id, const struct proposal *proposal,
                  struct outcome *ret_outcome, struct fm_error *error)
{
    char transition_id[ID_SIZE];
    char path[96];
    buf_auto body = BUF_INIT;
    json_t *reply = NULL;

    id_random(transition_id);
    write_proposal(&body, proposal, transition_id);
    snprintf(path, sizeof(path), "/flow_runs/%s/set_state", run_id);
    const struct fm_call call = {.idempotency_key = transition_id, .lease = proposal->lease};
    int r = api_call(client, "POST", path, &body, &call, &reply, error);
    if (r == 0)
        r = read_outcome(reply, transition_id, ret_outcome, error);
    json_decref(reply);
    return r;
}

int propose_until_due(struct fm_client *client, const char *run_id, const struct proposal *proposal,
                      struct outcome *ret_outcome, struct fm_error *error)
{
    for (;;) {
        int r = propose_state(client, run_id, proposal, ret_outcome, error);
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
