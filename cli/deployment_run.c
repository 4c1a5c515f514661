/* `fermata deployment run`: what its parameters are, and following the run. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/deployments.h"
#include "cli/form.h"
#include "cli/runs.h"
#include "cli/text.h"
#include "json/text.h"

struct order {
    struct cli *cli;
    const char *name; /* FLOW/DEPLOYMENT */
    const char *run_name;
    const char *all; /* the parameters as JSON, or NULL */
    const struct text_list *settings;
    struct api_reply deployment;
    struct error error;
};

/* ---- with what ------------------------------------------------------------------------------- */

static int set_parameter(struct order *order, const json_t *schema, json_t *parameters,
                         const char *setting)
{
    const char *equals = strchr(setting, '=');

    if (!equals || equals == setting)
        return error_set(&order->error, EINVAL, "--param %.100s: it has to be NAME=VALUE", setting);
    char *path = strndup(setting, (size_t)(equals - setting));
    if (!path)
        return error_set(&order->error, ENOMEM, "out of memory");
    int r = form_set(schema, parameters, path, equals + 1, &order->error);
    free(path);
    return r;
}

static int make_parameters(struct order *order, json_t **ret_parameters)
{
    const json_t *known = json_object_get(order->deployment.json, "parameter_openapi_schema");
    json_auto_t *anything = json_object();
    json_auto_t *parameters =
        order->all ? json_parse(order->all, strlen(order->all), NULL) : json_object();

    if (!json_is_object(parameters))
        return error_set(&order->error, EINVAL, "--params must be a JSON object");
    for (size_t i = 0; i < order->settings->count; i++) {
        if (set_parameter(order, json_is_object(known) ? known : anything, parameters,
                          order->settings->texts[i]) < 0)
            return -1;
    }
    *ret_parameters = json_incref(parameters);
    return 0;
}

/* ---- and starting it ------------------------------------------------------------------------- */

static int create(struct order *order, struct api_reply *ret_reply)
{
    json_t *parameters = NULL;
    buf_auto path = BUF_INIT;
    char key[FM_ID_SIZE];

    if (make_parameters(order, &parameters) < 0)
        return -1;
    fm_new_id(key); /* in the body: a server of Prefect's knows it there alone */
    buf_addf(&path, "/deployments/%s/create_flow_run", member_text(order->deployment.json, "id"));
    return api_post(order->cli, buf_string(&path),
                    json_pack("{s:{s:s},s:o,s:s*,s:s}", "state", "type", "SCHEDULED", "parameters",
                              parameters, "name", order->run_name, "idempotency_key", key),
                    ret_reply, &order->error);
}

static void tell(struct order *order, const json_t *run)
{
    struct screen *screen = &order->cli->screen;
    const char *status = member_text(order->deployment.json, "status");
    const char *name = member_text(run, "name");
    const char *id = member_text(run, "id");
    buf_auto text = BUF_INIT;

    buf_add_string(&text, "Created flow run '");
    text_add_short(&text, name ? name : "", 60);
    buf_add_string(&text, "' (");
    text_add_short(&text, id ? id : "", 60);
    buf_add_string(&text, ").\n");
    if (status && strcmp(status, "READY") != 0)
        buf_add_string(&text, "Nobody serves this deployment just now: it starts as soon as its "
                              "program runs.\n");
    screen_flush(screen, &text);
}

static int run_order(struct order *order, bool watches)
{
    api_reply_auto reply = {0};

    if (deployment_find(order->cli, order->name, &order->deployment, &order->error) < 0)
        return deployment_refuse(&order->error);
    if (create(order, &reply) < 0)
        return fail_with(&order->error);
    const char *id = member_text(reply.json, "id");
    if (order->cli->json)
        print_json(order->cli, &reply);
    else if (order->cli->quiet)
        fprintf(order->cli->screen.out, "%s\n", id ? id : "");
    else
        tell(order, reply.json);
    if (!watches || !id)
        return STATUS_DONE;
    fflush(order->cli->screen.out);
    return order->cli->quiet ? run_await(order->cli, id, 0) : logs_follow(order->cli, id);
}

int run_deployment_run(struct cli *cli, void *settings, int argc, char **argv)
{
    const struct deployment_run_settings *given = settings;
    struct order order = {.cli = cli,
                          .name = argv[0],
                          .run_name = given->name,
                          .all = given->parameters,
                          .settings = &given->settings};

    (void)argc;
    int status = run_order(&order, given->watch);
    api_reply_release(&order.deployment);
    return status;
}
