#include "server/orchestration/placeholders.h"

#include <string.h>

#include "server/templates/hydrate.h"

bool placeholders_any(const char *text)
{
    return text && strstr(text, "__prefect_kind");
}

static int look_up_variable(void *user, const char *name, struct buf *to, struct error *error)
{
    struct txn *txn = user;
    rows_auto rows = {0};
    int found = db_first(txn, &rows, "SELECT value FROM variables WHERE name = ?", V(name));

    if (found < 0)
        *error = *txn_error(txn);
    if (found > 0)
        buf_add_string(to, rows_text(&rows, 0));
    return found;
}

int placeholders_resolve(struct txn *txn, json_t *value, json_t **ret_resolved, struct buf *path,
                         struct error *error)
{
    const struct hydration with = {.variable = look_up_variable, .user = txn};
    json_t *resolved = hydrate(value, &with, path, error);

    if (!resolved)
        return -1;
    *ret_resolved = resolved;
    return 0;
}
