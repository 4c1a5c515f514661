#include "lib/look.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/client.h"
#include "lib/errors.h"
#include "json/text.h"

int run_info_read(const json_t *record, struct fm_run_info *ret_info, struct fm_error *error)
{
    const json_t *state = json_object_get(record, "state");
    const char *id, *name, *type, *state_name;

    int r = api_string(record, "id", &id, error);
    if (r == 0)
        r = api_string(record, "name", &name, error);
    if (r == 0)
        r = api_string(state, "type", &type, error);
    if (r == 0)
        r = api_string(state, "name", &state_name, error);
    if (r == 0) {
        snprintf(ret_info->id, sizeof(ret_info->id), "%s", id);
        snprintf(ret_info->name, sizeof(ret_info->name), "%s", name);
        snprintf(ret_info->state_type, sizeof(ret_info->state_type), "%s", type);
        snprintf(ret_info->state_name, sizeof(ret_info->state_name), "%s", state_name);
    }
    return r;
}

static int read_info(const struct fm_reply *reply, struct fm_run_info *ret_info,
                     struct fm_error *error)
{
    struct error parse_error;
    json_t *record = json_parse(reply->body, reply->length, &parse_error);

    int r = run_info_read(record, ret_info, error);
    json_decref(record);
    return r;
}

/* One call. `ret_waited`: the server held the answer back, or could have. */
static int ask(struct fm_client *client, struct look *look, double wait, bool *ret_waited,
               struct fm_error *error)
{
    struct fm_reply reply;
    char path[64];

    snprintf(path, sizeof(path), "/flow_runs/%s", look->run_id);
    int r =
        fm_client_call(client, "GET", path, NULL, &reply, error, .wait = look->etag[0] ? wait : 0,
                       .if_none_match = look->etag, .lease = look->lease, .retries = look->retries);
    if (r < 0)
        return r;
    *ret_waited = reply.wait >= 0 || (reply.etag[0] && !look->etag[0]);
    r = fm_reply_check(&reply, error);
    if (r == 0 && reply.status != 304) {
        r = read_info(&reply, &look->info, error);
        memcpy(look->etag, reply.etag, sizeof(look->etag));
    }
    fm_reply_release(&reply);
    return r;
}

int look_at_run(struct fm_client *client, struct look *look, double wait, struct fm_error *error)
{
    bool first = !look->info.id[0];
    bool waited = false;

    /* A server without waiting reads is asked at the end of the sleep, not at its beginning. */
    if (!first && !look->etag[0] && client_sleep(client, fmin(look->poll_interval, wait)) < 0)
        return fail(error, FM_CANCELLED, "interrupted while waiting for a flow run");
    int r = ask(client, look, wait, &waited, error);
    bool pointless = r == FM_UNREACHABLE || (r == 0 && look->etag[0] && !waited);
    if (pointless && client_sleep(client, fmin(look->poll_interval, wait)) < 0)
        return fail(error, FM_CANCELLED, "interrupted while waiting for a flow run");
    return r;
}

bool run_info_is_final(const struct fm_run_info *info)
{
    static const char *const types[] = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"};

    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (strcmp(types[i], info->state_type) == 0)
            return true;
    }
    return false;
}
