/* What has changed in a deployment, as an event. */
#include <errno.h>
#include <string.h>

#include "server/api/deployments.h"
#include "server/orchestration/deployment_event.h"
#include "server/orchestration/event.h"
#include "server/store/sql.h"
#include "json/text.h"

int deployment_snapshot(struct txn *txn, const char *id, const char **ret_snapshot)
{
    struct json_writer writer;
    buf_auto text = BUF_INIT;
    rows_auto rows = {0};
    sql_auto sql = {0};

    resource_select(&deployment_resource, &sql);
    sql_add(&sql, " WHERE r.id = ?");
    sql_bind(&sql, V(id));
    int found = sql_first(txn, &rows, &sql);
    if (found < 0)
        return -1;
    json_writer_init(&writer, &text);
    json_begin_object(&writer);
    if (found)
        fields_write_event(deployment_fields, &writer, &rows);
    json_end_object(&writer);
    if (text.failed)
        return txn_fail(txn, ENOMEM, "no memory for an event");
    *ret_snapshot = arena_strdup(txn_arena(txn), buf_string(&text));
    return 0;
}

static bool is_same(const struct json_member *a, const struct json_member *b)
{
    return a->value_length == b->value_length && memcmp(a->value, b->value, a->value_length) == 0;
}

/* As it was written, so that no number loses digits. */
static void write_value(struct json_writer *writer, struct txn *txn, const char *key,
                        const struct json_member *member)
{
    json_key(writer, key);
    json_add_text(writer, arena_strndup(txn_arena(txn), member->value, member->value_length));
}

/* Writes what differs between two snapshots, whose members are the same in the same order: the
 * names, and the values before and after. How many there are. */
static int write_changes(struct txn *txn, const char *before, const char *after, struct buf *names,
                         struct buf *updates)
{
    struct json_writer name_writer, update_writer;
    struct json_member from, to;
    int count = 0;

    json_writer_init(&name_writer, names);
    json_writer_init(&update_writer, updates);
    json_begin_array(&name_writer);
    json_begin_object(&update_writer);
    while (json_next_member(&before, &from) && json_next_member(&after, &to)) {
        if (is_same(&from, &to))
            continue;
        const char *name = arena_strndup(txn_arena(txn), from.key + 1, from.key_length - 2);
        json_add_string(&name_writer, name);
        json_key(&update_writer, name);
        json_begin_object(&update_writer);
        write_value(&update_writer, txn, "from", &from);
        write_value(&update_writer, txn, "to", &to);
        json_end_object(&update_writer);
        count++;
    }
    json_end_array(&name_writer);
    json_end_object(&update_writer);
    return count;
}

int deployment_follow(struct txn *txn, const char *id, const char *before)
{
    buf_auto names = BUF_INIT, updates = BUF_INIT;
    const char *after;

    if (deployment_snapshot(txn, id, &after) < 0)
        return -1;
    if (!write_changes(txn, before, after, &names, &updates))
        return 0;
    if (names.failed || updates.failed)
        return txn_fail(txn, ENOMEM, "no memory for an event");
    bool is_long = updates.length > EVENT_SIZE_LIMIT; /* longer than any event that clients send */
    return deployment_event_updated(txn, id, buf_string(&names),
                                    is_long ? "{}" : buf_string(&updates));
}
