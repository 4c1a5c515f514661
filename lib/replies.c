/* What a server says when it refuses, as an error for a person. */
#include <jansson.h>
#include <string.h>

#include "common/buf.h"
#include "lib/errors.h"
#include "json/writer.h"

/* A server that has no time, or is away behind a gateway that answers, is waited for like one that
 * cannot be reached. */
static enum fm_code code_of_status(int status)
{
    static const struct {
        int status;
        enum fm_code code;
    } codes[] = {
        {400, FM_INVALID},     {404, FM_NOT_FOUND},   {408, FM_UNREACHABLE}, {409, FM_CONFLICT},
        {410, FM_TIMED_OUT},   {413, FM_INVALID},     {422, FM_INVALID},     {429, FM_UNREACHABLE},
        {502, FM_UNREACHABLE}, {503, FM_UNREACHABLE}, {504, FM_UNREACHABLE},
    };

    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        if (codes[i].status == status)
            return codes[i].code;
    }
    return status >= 500 ? FM_FAILED : FM_REFUSED;
}

static void begin_item(struct buf *text)
{
    if (text->length)
        buf_add_string(text, "; ");
}

/* "age: must be at least 0" for each of `errors`, a list of {path, message}. */
static void add_errors(struct buf *text, const json_t *errors)
{
    const json_t *item;
    size_t i;

    json_array_foreach(errors, i, item) {
        const char *path = json_string_value(json_object_get(item, "path"));
        const char *message = json_string_value(json_object_get(item, "message"));
        if (!message)
            continue;
        begin_item(text);
        if (path && *path)
            buf_addf(text, "%s: ", path);
        buf_add_string(text, message);
    }
}

/* The same for pydantic's list of {loc, msg}. */
static void add_details(struct buf *text, const json_t *details)
{
    const json_t *item;
    const json_t *part;
    size_t i;
    size_t k;

    json_array_foreach(details, i, item) {
        const char *message = json_string_value(json_object_get(item, "msg"));
        if (!message)
            continue;
        begin_item(text);
        json_array_foreach(json_object_get(item, "loc"), k, part) {
            if (json_is_string(part) && k > 0)
                buf_addf(text, "%s%s", k > 1 ? "." : "", json_string_value(part));
            else if (json_is_integer(part))
                buf_addf(text, "[%lld]", (long long)json_integer_value(part));
        }
        if (json_array_size(json_object_get(item, "loc")) > 1)
            buf_add_string(text, ": ");
        buf_add_string(text, message);
    }
}

static void add_what_was_wrong(struct buf *text, const json_t *body)
{
    const json_t *detail = json_object_get(body, "detail");
    const char *exception = json_string_value(json_object_get(body, "exception_message"));

    add_errors(text, json_object_get(body, "errors"));
    if (!text->length)
        add_details(text, json_object_get(body, "exception_detail"));
    if (!text->length && json_is_array(detail))
        add_details(text, detail);
    if (!text->length && json_is_string(detail))
        buf_add_string(text, json_string_value(detail));
    if (!text->length && exception)
        buf_add_string(text, exception);
}

/* What servers say of a path that is none of theirs; of a thing that is not there they say more. */
static bool is_unknown_path(const struct fm_reply *reply, const struct buf *text)
{
    return reply->status == 404 && strcmp(buf_string(text), "Not Found") == 0;
}

int fm_reply_check(const struct fm_reply *reply, struct fm_error *error)
{
    buf_auto text = BUF_INIT;

    if ((reply->status >= 200 && reply->status < 300) || reply->status == 304)
        return 0;
    json_t *body = json_loadb(reply->body, reply->length, 0, NULL);
    add_what_was_wrong(&text, body);
    json_decref(body);
    if (!text.length)
        buf_addf(&text, "the server answered with status %d", reply->status);
    if (is_unknown_path(reply, &text))
        buf_add_string(&text, ": the server has no API at this address, which mostly ends with "
                              "/api");
    return fail(error, code_of_status(reply->status), "%s", buf_string(&text));
}
