/* What a job may do in its transaction. */
#include <errno.h>
#include <string.h>

#include "server/store/connection.h"

int64_t txn_now(const struct txn *txn)
{
    return txn->now;
}

struct arena *txn_arena(struct txn *txn)
{
    return &txn->job->arena;
}

struct error *txn_error(struct txn *txn)
{
    return &txn->job->error;
}

int txn_fail(struct txn *txn, int code, const char *format, ...)
{
    va_list args;
    char message[ERROR_MESSAGE_SIZE];

    va_start(args, format);
    message_format(message, format, args);
    va_end(args);
    return error_set(&txn->job->error, code, "%s", message);
}

void txn_publish(struct txn *txn, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    const char *name = arena_vprintf(&txn->job->arena, format, args);
    va_end(args);
    struct topic *topic =
        arena_alloc(&txn->job->arena, sizeof(*topic) + (name ? strlen(name) + 1 : 0));
    if (!name || !topic) {
        txn_fail(txn, ENOMEM, "no memory to publish a change");
        return;
    }
    strcpy(topic->name, name);
    list_append(&txn->job->topics, &topic->node);
}
