/*
 * The server hands a flow that waits here each answer that fits the schema, and tells the verdict
 * to whoever answered. A verdict that comes too late (409) or for a request that is over (404)
 * changes nothing: the run's state says what became of it.
 */
#include "lib/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/client.h"
#include "lib/errors.h"
#include "lib/model.h"
#include "lib/stored.h"
#include "lib/utf8.h"
#include "json/text.h"
#include "json/writer.h"

struct candidate {
    char id[FM_ID_SIZE];
    json_t *answer; /* the server's whole reply */
    const json_t *value;
};

/* Such an answer says nothing of what the server can do. */
static bool is_trouble(int status)
{
    return status == 408 || status == 429 || status >= 500;
}

/* 1 and a candidate, or 0 and what to do without one. */
static int get_candidate(struct fm_run *run, double seconds, struct candidate *ret_candidate,
                         enum verdict_need *ret_need, struct fm_error *error)
{
    struct fm_reply reply;
    struct error parse_error;
    char path[80];

    snprintf(path, sizeof(path), "/flow_runs/%s/candidate", run->id);
    int r = fm_client_call(run->client, "GET", path, NULL, &reply, error, .wait = seconds,
                           .retries = -1);
    if (r < 0)
        return r;
    *ret_need = reply.status == 410 ? VERDICT_LOOK
                : reply.wait >= 0   ? VERDICT_WAIT_ON
                                    : VERDICT_NOT_ASKED;
    if (is_trouble(reply.status)) {
        r = fm_reply_check(&reply, error);
    } else if (reply.status == 200) {
        json_t *answer = json_parse(reply.body, reply.length, &parse_error);
        const char *id;
        r = api_string(answer, "id", &id, error);
        if (r < 0) {
            json_decref(answer);
        } else {
            snprintf(ret_candidate->id, sizeof(ret_candidate->id), "%s", id);
            ret_candidate->answer = answer;
            ret_candidate->value = json_object_get(answer, "value");
            r = 1;
        }
    }
    fm_reply_release(&reply);
    return r;
}

/* What the flow's check says may be no UTF-8, and is cut where it is long. */
static void write_verdict(struct json_writer *writer, const struct fm_problems *problems,
                          const struct fm_error *refusal)
{
    json_begin_object(writer);
    json_key(writer, "accepted");
    json_add_bool(writer, refusal->code == 0);
    if (refusal->code) {
        json_key(writer, "reason");
        json_add_utf8(writer, refusal->message);
        json_key(writer, "errors");
        json_begin_array(writer);
        for (const struct problem *problem = problems->first; problem; problem = problem->next) {
            json_begin_object(writer);
            json_key(writer, "path");
            json_add_utf8(writer, problem->path);
            json_key(writer, "message");
            json_add_utf8(writer, problem->message);
            json_end_object(writer);
        }
        json_end_array(writer);
    }
    json_end_object(writer);
}

/* Decodes the answer into memory of its own, which goes at once: it may be refused many times. What
 * a model loads itself is the run's. */
static int judge(struct fm_run *run, const struct fm_model *model, const struct fm_setting *initial,
                 const json_t *value, struct fm_problems *problems, struct fm_error *ret_refusal,
                 struct fm_error *error)
{
    arena_auto arena = {0};
    void *decoded = arena_alloc(&arena, model->size);
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    int r = FM_NO_MEMORY;

    if (decoded && text && model->load)
        r = value_from_stored(run, model, initial, text, decoded, problems, ret_refusal);
    else if (decoded && text)
        r = model_decode(model, initial, text, strlen(text), &arena, decoded, problems,
                         ret_refusal);
    free(text);
    if (r == FM_NO_MEMORY)
        return fail_without_memory(error);
    return 0; /* of any other failure the refusal tells */
}

static int send_verdict(struct fm_run *run, const char *id, const struct buf *body,
                        struct fm_error *error)
{
    struct fm_reply reply;
    char path[80];
    char key[FM_ID_SIZE];

    if (body->failed)
        return fail_without_memory(error);
    fm_new_id(key);
    snprintf(path, sizeof(path), "/input_candidates/%s/verdict", id);
    int r = fm_client_call(run->client, "POST", path, buf_string(body), &reply, error,
                           .idempotency_key = key);
    if (r < 0)
        return r;
    r = reply.status == 409 || reply.status == 404 ? 0 : fm_reply_check(&reply, error);
    fm_reply_release(&reply);
    return r;
}

int verdict_wait(struct fm_run *run, const struct fm_model *model, const struct fm_setting *initial,
                 double seconds, struct fm_error *error)
{
    problem_list_auto problems = {0};
    buf_auto body = BUF_INIT;
    struct candidate candidate = {.answer = NULL};
    struct fm_error refusal = {.code = 0};
    struct json_writer writer;
    enum verdict_need need;

    int r = get_candidate(run, seconds, &candidate, &need, error);
    if (r <= 0)
        return r < 0 ? r : (int)need;
    r = judge(run, model, initial, candidate.value, &problems, &refusal, error);
    json_decref(candidate.answer);
    if (r < 0)
        return r;
    if (refusal.code)
        fm_info(run, "An answer was refused: %s", refusal.message);
    json_writer_init(&writer, &body);
    write_verdict(&writer, &problems, &refusal);
    r = send_verdict(run, candidate.id, &body, error);
    return r < 0 ? r : refusal.code ? VERDICT_WAIT_ON : VERDICT_LOOK;
}
