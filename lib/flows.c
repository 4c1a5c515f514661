#include "lib/flows.h"

#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/times.h"
#include "lib/client.h"
#include "lib/errors.h"
#include "lib/model.h"
#include "json/writer.h"

static int post_for_id(struct fm_client *client, const char *path, const struct buf *body,
                       char ret_id[static ID_SIZE], struct fm_error *error)
{
    const struct fm_call call = {0}; /* the server takes these twice: by their names */
    json_t *reply = NULL;
    const char *id;

    int r = api_call(client, "POST", path, body, &call, &reply, error);
    if (r == 0)
        r = api_string(reply, "id", &id, error);
    if (r == 0)
        snprintf(ret_id, ID_SIZE, "%s", id);
    json_decref(reply);
    return r;
}

int flow_register(struct fm_client *client, const char *name, char ret_id[static ID_SIZE],
                  struct fm_error *error)
{
    struct json_writer writer;
    buf_auto body = BUF_INIT;

    json_writer_init(&writer, &body);
    json_begin_object(&writer);
    json_key(&writer, "name");
    json_add_string(&writer, name);
    json_end_object(&writer);
    return post_for_id(client, "/flows/", &body, ret_id, error);
}

/* ---- deployments ----------------------------------------------------------------------------- */

static void begin_schedule(struct json_writer *writer)
{
    json_begin_object(writer);
    json_key(writer, "active");
    json_add_bool(writer, true);
    json_key(writer, "schedule");
    json_begin_object(writer);
}

static void end_schedule(struct json_writer *writer, const struct fm_deployment *deployment)
{
    json_key(writer, "timezone");
    json_add_string(writer, deployment->timezone ? deployment->timezone : "UTC");
    json_end_object(writer);
    json_end_object(writer);
}

static void write_schedules(struct json_writer *writer, const struct fm_deployment *deployment)
{
    json_begin_array(writer);
    if (deployment->cron) {
        begin_schedule(writer);
        json_key(writer, "cron");
        json_add_string(writer, deployment->cron);
        end_schedule(writer, deployment);
    }
    if (deployment->interval > 0) {
        begin_schedule(writer);
        json_key(writer, "interval");
        json_add_number(writer, deployment->interval);
        json_key(writer, "anchor_date");
        json_add_time(writer, time_now());
        end_schedule(writer, deployment);
    }
    if (deployment->rrule) {
        begin_schedule(writer);
        json_key(writer, "rrule");
        json_add_string(writer, deployment->rrule);
        end_schedule(writer, deployment);
    }
    json_end_array(writer);
}

static void write_deployment(struct buf *body, const struct fm_deployment *deployment,
                             const char *flow_id, const char *schema)
{
    struct json_writer writer;

    json_writer_init(&writer, body);
    json_begin_object(&writer);
    json_key(&writer, "name");
    json_add_string(&writer, deployment->name);
    json_key(&writer, "flow_id");
    json_add_string(&writer, flow_id);
    json_key(&writer, "description");
    json_add_string(&writer, deployment->description);
    json_key(&writer, "paused");
    json_add_bool(&writer, false);
    json_key(&writer, "tags");
    json_begin_array(&writer);
    for (const char *const *tag = deployment->tags; tag && *tag; tag++)
        json_add_string(&writer, *tag);
    json_end_array(&writer);
    json_key(&writer, "enforce_parameter_schema");
    json_add_bool(&writer, true);
    json_key(&writer, "parameter_openapi_schema");
    json_add_text(&writer, schema);
    json_key(&writer, "schedules");
    write_schedules(&writer, deployment);
    json_end_object(&writer);
}

int deployment_register(struct fm_client *client, const struct fm_deployment *deployment,
                        const char *flow_name, char ret_id[static ID_SIZE], struct fm_error *error)
{
    buf_auto body = BUF_INIT;
    buf_auto schema = BUF_INIT;
    char flow_id[ID_SIZE];
    int r = 0;

    if (deployment->flow->parameters)
        r = model_schema(deployment->flow->parameters, NULL, &schema, error);
    else
        buf_add_string(&schema, "{\"title\":\"Parameters\",\"type\":\"object\",\"properties\":{}}");
    if (r == 0)
        r = flow_register(client, flow_name, flow_id, error);
    if (r < 0)
        return r;
    write_deployment(&body, deployment, flow_id, buf_string(&schema));
    return post_for_id(client, "/deployments/", &body, ret_id, error);
}

int deployment_pause(struct fm_client *client, const char *id, struct fm_error *error)
{
    const struct fm_call call = {.retries = -1, .timeout = 5};
    buf_auto body = BUF_INIT;
    char path[64];

    buf_add_string(&body, "{\"paused\":true}");
    snprintf(path, sizeof(path), "/deployments/%s", id);
    return api_call(client, "PATCH", path, &body, &call, NULL, error);
}
