#include <string.h>

#include "lib/client.h"
#include "lib/errors.h"
#include "json/text.h"

static int read_json(const struct fm_reply *reply, const char *path, json_t **ret_json,
                     struct fm_error *error)
{
    struct error parse_error;

    if (reply->length == 0) {
        *ret_json = json_null();
        return 0;
    }
    json_t *json = json_parse(reply->body, reply->length, &parse_error);
    if (!json)
        return fail(error, FM_FAILED, "the server's answer to %s is no JSON: %s", path,
                    parse_error.message);
    *ret_json = json;
    return 0;
}

int api_call(struct fm_client *client, const char *method, const char *path, const struct buf *body,
             const struct fm_call *call, json_t **ret_json, struct fm_error *error)
{
    struct fm_reply reply;

    if (body && body->failed)
        return fail_without_memory(error);
    int r = fm_client_call_with(client, method, path, body ? buf_string(body) : NULL, call, &reply,
                                error);
    if (r < 0)
        return r;
    r = fm_reply_check(&reply, error);
    if (r == 0 && ret_json)
        r = read_json(&reply, path, ret_json, error);
    fm_reply_release(&reply);
    return r;
}

int api_string(const json_t *object, const char *key, const char **ret_string,
               struct fm_error *error)
{
    const char *string = json_string_value(json_object_get(object, key));

    if (!string)
        return fail(error, FM_FAILED, "the server's answer has no '%s'", key);
    *ret_string = string;
    return 0;
}
