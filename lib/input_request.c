#include "lib/input_request.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "json/text.h"

/* ---- finding it ------------------------------------------------------------------------------ */

void input_request_find(struct fm_run *run, const char *pause_key, char ret_id[static ID_SIZE])
{
    const struct fm_call call = {.retries = -1};
    buf_auto body = BUF_INIT;
    json_t *requests = NULL;
    struct fm_error error;

    buf_addf(&body, "{\"input_requests\":{\"flow_run_id\":{\"any_\":[\"%s\"]}}}", run->id);
    ret_id[0] = '\0';
    if (api_call(run->client, "POST", "/input_requests/filter", &body, &call, &requests, &error) <
        0)
        return;
    const json_t *request = json_array_get(requests, 0);
    const char *id = json_string_value(json_object_get(request, "id"));
    const char *key = json_string_value(json_object_get(request, "pause_key"));
    if (id && key && strcmp(key, pause_key) == 0)
        snprintf(ret_id, ID_SIZE, "%s", id);
    json_decref(requests);
}

/* ---- what becomes of it ---------------------------------------------------------------------- */

static int take_answer(const char *body, char **ret_answer, struct fm_error *error)
{
    static const char *const member[] = {"answer", NULL};
    size_t length;
    const char *text = json_member_text(body, member, &length);
    bool none = !text || (length == 4 && strncmp(text, "null", 4) == 0);
    char *answer = none ? NULL : strndup(text, length);

    if (!none && !answer)
        return fail_without_memory(error);
    *ret_answer = answer;
    return REQUEST_ANSWERED;
}

static int read_request(const struct fm_reply *reply, char **ret_answer, struct fm_error *error)
{
    struct error parse_error;
    json_t *request = json_parse(reply->body, reply->length, &parse_error);
    const char *state;

    int r = api_string(request, "state", &state, error);
    if (r == 0 && (strcmp(state, "open") == 0 || strcmp(state, "checking") == 0))
        r = REQUEST_OPEN;
    else if (r == 0 && strcmp(state, "answered") == 0)
        r = take_answer(reply->body, ret_answer, error);
    else if (r == 0)
        r = REQUEST_OVER;
    json_decref(request);
    return r;
}

int input_request_wait(struct fm_run *run, const char *id, double seconds, char **ret_answer,
                       struct fm_error *error)
{
    struct fm_reply reply;
    char path[80];

    snprintf(path, sizeof(path), "/input_requests/%s", id);
    int r = fm_client_call(run->client, "GET", path, NULL, &reply, error, .wait = seconds,
                           .retries = -1);
    if (r < 0)
        return r;
    bool held = seconds <= 0 || reply.wait >= 0;
    r = fm_reply_check(&reply, error);
    if (r == 0)
        r = read_request(&reply, ret_answer, error);
    fm_reply_release(&reply);
    /* Also where it is not there any more. */
    bool unknown = r == FM_NOT_FOUND || (r == REQUEST_OPEN && !held);
    return unknown ? REQUEST_OVER : r;
}
