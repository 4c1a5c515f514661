/* Any JSON is hydrated to a value that can be written, or refused with a reason and a place. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/templates/hydrate.h"
#include "json/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The variable "x" is of a kind of its own, "bad" is no JSON, "none" is missing, "fails" fails,
 * of others the value is a text. */
static int variable(void *user, const char *name, struct buf *to, struct error *error)
{
    (void)user;
    if (strcmp(name, "none") == 0)
        return 0;
    if (strcmp(name, "fails") == 0)
        return error_set(error, EIO, "the store failed");
    if (strcmp(name, "bad") == 0)
        buf_add_string(to, "{\"a\": ");
    else if (strcmp(name, "x") == 0)
        buf_add_string(to, "{\"__prefect_kind\": \"json\", \"value\": \"[1]\"}");
    else
        buf_add_string(to, "\"value\"");
    return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    buf_auto path = BUF_INIT;
    json_auto_t *value = json_parse((const char *)data, size, &error);
    const struct hydration with = {.variable = variable, .names = value};

    if (!value)
        return 0;
    json_auto_t *before = json_deep_copy(value);
    error = (struct error){0};
    json_auto_t *hydrated = hydrate(value, &with, &path, &error);
    if (!hydrated && !error.message[0])
        abort();
    if (!json_same(value, before))
        abort();
    char *text = hydrated ? json_dumps(hydrated, JSON_ENCODE_ANY) : NULL;
    if (hydrated && !text)
        abort();
    free(text);
    return 0;
}
