/* The environment of a script: the run and its parameters as variables. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/answer_print.h"
#include "cli/field.h"
#include "cli/script.h"
#include "json/text.h"

#define NAME_SIZE 128

extern char **environ;

bool is_shell_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

    return *name && !isdigit((unsigned char)*name) && !name[strspn(name, letters)];
}

/* ---- collecting ---- */

/* All variables, "NAME=VALUE" with a NUL each, one behind the other. */
struct variables {
    struct buf text;
    size_t count;
};

static void add_variable(struct variables *variables, const char *name, const char *value)
{
    buf_addf(&variables->text, "%s=", name);
    buf_add(&variables->text, value, strlen(value) + 1);
    variables->count++;
}

/* Whether a script's environment has it anew: what an outer run has left is not for this one. */
static bool is_ours(const char *variable)
{
    static const char *const names[] = {SCRIPT_RUN_ID "=",    SCRIPT_RUN_NAME "=",
                                        SCRIPT_DIRECTORY "=", SCRIPT_PARAMETERS "=",
                                        SCRIPT_PARAMETER,     "FERMATA_API_URL="};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static void add_inherited(struct variables *variables)
{
    for (char **variable = environ; *variable; variable++) {
        if (is_ours(*variable))
            continue;
        buf_add(&variables->text, *variable, strlen(*variable) + 1);
        variables->count++;
    }
}

/* ---- parameters ---- */

/* "days" is FERMATA_PARAM_DAYS; a name that can be none is in FERMATA_PARAMETERS alone. */
static bool name_parameter(const char *name, char ret_variable[static NAME_SIZE])
{
    size_t length = strlen(SCRIPT_PARAMETER);

    if (!is_shell_name(name) || strlen(name) + length >= NAME_SIZE)
        return false;
    memcpy(ret_variable, SCRIPT_PARAMETER, length);
    for (; *name; name++)
        ret_variable[length++] = (char)toupper((unsigned char)*name);
    ret_variable[length] = '\0';
    return true;
}

static int add_parameters(struct variables *variables, const char *parameters, const char *schema,
                          struct error *error)
{
    json_auto_t *given = json_parse(parameters, strlen(parameters), error);
    json_auto_t *known = given ? json_parse(schema, strlen(schema), error) : NULL;
    buf_auto all = BUF_INIT;
    const char *name;
    json_t *value;

    if (!known || answer_complete(known, given, error) < 0)
        return -1;
    json_object_foreach(given, name, value) {
        char variable[NAME_SIZE];
        buf_auto text = BUF_INIT;
        if (!json_is_null(value))
            field_add_value(&text, value);
        if (name_parameter(name, variable))
            add_variable(variables, variable, buf_string(&text));
    }
    field_add_json(&all, given);
    add_variable(variables, SCRIPT_PARAMETERS, buf_string(&all));
    return 0;
}

/* ---- the whole ---- */

/* The pointers, and behind them what they point at. */
static char **to_block(const struct variables *variables, struct error *error)
{
    size_t pointers = (variables->count + 1) * sizeof(char *);
    char **block = variables->text.failed ? NULL : malloc(pointers + variables->text.length);

    if (!block) {
        error_set(error, ENOMEM, "out of memory");
        return NULL;
    }
    char *text = memcpy((char *)block + pointers, variables->text.data, variables->text.length);
    for (size_t i = 0; i < variables->count; i++, text += strlen(text) + 1)
        block[i] = text;
    block[variables->count] = NULL;
    return block;
}

char **script_environment(struct fm_run *run, const char *directory, const char *parameters,
                          const char *schema, struct error *error)
{
    struct variables variables = {.count = 0};
    char **block = NULL;

    add_inherited(&variables);
    add_variable(&variables, "FERMATA_API_URL", fm_client_url(fm_run_client(run)));
    add_variable(&variables, SCRIPT_RUN_ID, fm_run_id(run));
    add_variable(&variables, SCRIPT_RUN_NAME, fm_run_name(run));
    add_variable(&variables, SCRIPT_DIRECTORY, directory);
    if (add_parameters(&variables, parameters, schema, error) == 0)
        block = to_block(&variables, error);
    buf_release(&variables.text);
    return block;
}
