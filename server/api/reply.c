#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/api/api.h"

#define ECHO_LIMIT 16384 /* bytes of a wrong body that are given back with what is wrong */

int reply_nothing(struct http_reply *reply, int status)
{
    buf_clear(&reply->body);
    reply->status = status;
    return HANDLER_DONE;
}

int reply_json(struct http_reply *reply, int status, const char *json)
{
    buf_clear(&reply->body);
    reply->status = status;
    buf_add_string(&reply->body, json);
    return HANDLER_DONE;
}

void reply_begin(struct http_reply *reply, int status, struct json_writer *ret_writer)
{
    buf_clear(&reply->body);
    reply->status = status;
    json_writer_init(ret_writer, &reply->body);
}

static int reply_message(struct http_reply *reply, int status, const char *key, const char *format,
                         va_list args) PRINTF_LIKE(4, 0);
static int reply_message(struct http_reply *reply, int status, const char *key, const char *format,
                         va_list args)
{
    struct json_writer writer;
    char message[ERROR_MESSAGE_SIZE];

    message_format(message, format, args);
    reply_begin(reply, status, &writer);
    json_begin_object(&writer);
    json_key(&writer, key);
    json_add_string(&writer, message);
    json_end_object(&writer);
    return HANDLER_DONE;
}

int reply_detail(struct http_reply *reply, int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int r = reply_message(reply, status, "detail", format, args);
    va_end(args);
    return r;
}

int reply_exception(struct http_reply *reply, int status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    int r = reply_message(reply, status, "exception_message", format, args);
    va_end(args);
    return r;
}

/* What was sent may be secret: it is told where something is wrong, and not what is there. */
static void leave_out_inputs(const struct problems *problems)
{
    size_t i;
    json_t *problem;

    json_array_foreach(problems->list, i, problem)
        json_object_set_new(problem, "input", json_null());
}

int reply_problems(struct http_reply *reply, const struct request *request,
                   const struct problems *problems)
{
    bool secret = request->route && (request->route->flags & ROUTE_SECRET);
    struct json_writer writer;
    json_auto_t *for_person = problems_for_person(problems);

    if (secret)
        leave_out_inputs(problems);

    reply_begin(reply, 422, &writer);
    json_begin_object(&writer);
    json_key(&writer, "exception_message");
    json_add_string(&writer, "Invalid request received.");
    json_key(&writer, "exception_detail");
    json_add_value(&writer, problems->list);
    json_key(&writer, "request_body");
    if (secret || !*request->body_text || strlen(request->body_text) > ECHO_LIMIT)
        json_add_null(&writer);
    else if (request->body)
        json_add_text(&writer, request->body_text);
    else
        json_add_string(&writer, request->body_text);
    json_key(&writer, "errors");
    json_add_value(&writer, for_person);
    json_end_object(&writer);
    return HANDLER_DONE;
}

int reply_problem(struct http_reply *reply, const struct request *request, const char *member,
                  const char *type, const char *format, ...)
{
    problems_auto problems = {0};
    char message[ERROR_MESSAGE_SIZE];
    va_list args;

    va_start(args, format);
    message_format(message, format, args);
    va_end(args);
    problems_init(&problems, "body");
    problems_add_at(&problems, member, type, json_object_get(request->body, member), "%s", message);
    return reply_problems(reply, request, &problems);
}

void reply_header(struct http_reply *reply, const char *name, const char *value)
{
    for (int i = 0; i < HTTP_REPLY_HEADERS; i++) {
        if (!reply->headers[i].name) {
            reply->headers[i].name = name;
            reply->headers[i].value = value;
            return;
        }
    }
    BUG("no room for the header %s", name);
}
