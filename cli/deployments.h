/* Deployments, as far as several commands have to do with them. */
#pragma once

#include "cli/api.h"

/* The deployment "FLOW/DEPLOYMENT", or of this id. */
int deployment_find(struct cli *cli, const char *name, struct api_reply *ret_reply,
                    struct error *error);

/* Says why it was not found: an exit status. */
int deployment_refuse(const struct error *error);

/* `fermata deployment run`. */
struct deployment_run_settings {
    struct text_list settings;
    const char *parameters;
    const char *name;
    bool watch;
};
command_function run_deployment_run;
