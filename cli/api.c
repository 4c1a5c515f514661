/* Calls of the API; see api.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/answer_print.h"
#include "cli/api.h"
#include "cli/field.h"
#include "common/ids.h"
#include "lib/client.h"
#include "json/text.h"

void api_reply_release(struct api_reply *reply)
{
    free(reply->text);
    json_decref(reply->json);
    *reply = (struct api_reply){0};
}

static int from_library(const struct fm_error *theirs, struct error *error)
{
    int code = theirs->code == FM_CANCELLED     ? ECANCELED
               : theirs->code == FM_UNREACHABLE ? EHOSTUNREACH
                                                : EIO;

    return error_set(error, code, "%.500s", theirs->message);
}

int api_connect(struct cli *cli, struct error *error)
{
    struct fm_error theirs;

    if (!cli->client && fm_client_create(cli->url, &cli->client, &theirs) < 0)
        return from_library(&theirs, error);
    return 0;
}

int api_request(struct fm_client *client, const char *method, const char *path, const json_t *body,
                const struct fm_call *options, struct api_reply *ret_reply, struct error *error)
{
    struct fm_call call = options ? *options : (struct fm_call){0};
    char key[FM_ID_SIZE];
    struct fm_error theirs;
    struct fm_reply reply;
    buf_auto text = BUF_INIT;

    fm_new_id(key);
    if (strcmp(method, "POST") == 0 && !call.idempotency_key)
        call.idempotency_key = key; /* it may be sent again, when only its reply was lost */
    if (body)
        field_add_json(&text, body);
    if (text.failed)
        return error_set(error, ENOMEM, "the request is too long");
    if (fm_client_call_with(client, method, path, body ? buf_string(&text) : NULL, &call, &reply,
                            &theirs) < 0)
        return from_library(&theirs, error);
    *ret_reply = (struct api_reply){.status = reply.status,
                                    .text = reply.body,
                                    .length = reply.length,
                                    .json = json_parse(reply.body, reply.length, NULL),
                                    .wait = reply.wait};
    memcpy(ret_reply->etag, reply.etag, sizeof(reply.etag));
    return 0;
}

int api_check(const struct api_reply *reply, struct error *error)
{
    const struct fm_reply theirs = {
        .status = reply->status, .body = reply->text, .length = reply->length};
    struct fm_error their_error;

    if (fm_reply_check(&theirs, &their_error) < 0)
        return from_library(&their_error, error);
    return 0;
}

static int call_for_json(struct cli *cli, const char *method, const char *path, const json_t *body,
                         struct api_reply *ret_reply, struct error *error)
{
    api_reply_auto reply = {0};

    if (api_connect(cli, error) < 0 ||
        api_request(cli->client, method, path, body, NULL, &reply, error) < 0 ||
        api_check(&reply, error) < 0)
        return -1;
    if (!reply.json)
        return error_set(error, EPROTO, "what answers at %s is no API of Fermata's",
                         client_shown_url(cli->client));
    *ret_reply = reply;
    reply = (struct api_reply){0};
    return 0;
}

int api_get(struct cli *cli, const char *path, struct api_reply *ret_reply, struct error *error)
{
    return call_for_json(cli, "GET", path, NULL, ret_reply, error);
}

int api_post(struct cli *cli, const char *path, json_t *body, struct api_reply *ret_reply,
             struct error *error)
{
    if (!body)
        return error_set(error, ENOMEM, "out of memory");
    int r = call_for_json(cli, "POST", path, body, ret_reply, error);
    json_decref(body);
    return r;
}

int api_send(struct cli *cli, const char *method, const char *path, json_t *body,
             struct api_reply *ret_reply, struct error *error)
{
    int r = api_connect(cli, error);

    if (r == 0)
        r = api_request(cli->client, method, path, body, NULL, ret_reply, error);
    if (r == 0)
        r = api_check(ret_reply, error);
    json_decref(body);
    return r;
}

/* Whether an id may begin so. */
static bool begins_id(const char *text)
{
    return strlen(text) < FM_ID_SIZE && text[strspn(text, "0123456789abcdefABCDEF-")] == '\0';
}

static int find_by_beginning(struct cli *cli, const char *text, struct api_reply *ret_reply,
                             struct error *error)
{
    return api_post(
        cli, "/flow_runs/filter",
        json_pack("{s:{s:{s:s}},s:i}", "flow_runs", "id", "starts_with_", text, "limit", 2),
        ret_reply, error);
}

int api_find_run(struct cli *cli, const char *text, char ret_id[static FM_ID_SIZE],
                 struct error *error)
{
    api_reply_auto reply = {0};

    if (id_parse(text, ret_id))
        return 0;
    if (api_post(cli, "/flow_runs/filter",
                 json_pack("{s:{s:{s:[s]}},s:i}", "flow_runs", "name", "any_", text, "limit", 2),
                 &reply, error) < 0)
        return -1;
    if (json_array_size(reply.json) == 0 && begins_id(text)) {
        api_reply_release(&reply);
        if (find_by_beginning(cli, text, &reply, error) < 0)
            return -1;
    }
    const char *id = member_text(json_array_get(reply.json, 0), "id");
    if (!id)
        return error_set(error, ENOENT, "there is no flow run with the id or name '%s'", text);
    if (json_array_size(reply.json) > 1)
        return error_set(error, EEXIST, "several flow runs are meant by '%s': use an id", text);
    return id_parse(id, ret_id) ? 0 : error_set(error, EPROTO, "the server gave no right id");
}

const char *member_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

void print_json(struct cli *cli, const struct api_reply *reply)
{
    buf_auto text = BUF_INIT;

    if (cli->screen.is_terminal)
        answer_add_json_text(&text, reply->text, reply->length);
    else
        buf_add(&text, reply->text, reply->length);
    buf_add_char(&text, '\n');
    screen_flush(&cli->screen, &text);
}

void print_members(struct cli *cli, const json_t *rows, const char *key)
{
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row) {
        const char *text = member_text(row, key);
        buf_auto line = BUF_INIT;
        if (!text)
            continue;
        text_add_safe(&line, text, strlen(text), false);
        buf_add_char(&line, '\n');
        fputs(buf_string(&line), cli->screen.out);
    }
}

int fail_with(const struct error *error)
{
    complain("%s", error->message);
    if (error->code == EHOSTUNREACH)
        fputs("Start a server with 'fermata server', or say where one is with --api or "
              "FERMATA_API_URL.\n",
              stderr);
    return STATUS_FAILED;
}
