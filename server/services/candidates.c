/* Answers that a flow was asked to check and has said nothing about: they are taken as they are. */
#include "server/orchestration/candidate.h"

#include "common/times.h"
#include "server/services/table.h"

#define AT_ONCE 100

int candidates_next(struct txn *txn, const struct services_config *config, int64_t *ret_time)
{
    rows_auto rows = {0};

    (void)config;
    int found = db_first(txn, &rows,
                         "SELECT due FROM input_candidates WHERE state = 'checking'"
                         " ORDER BY due LIMIT 1");
    if (found > 0)
        *ret_time = rows_integer(&rows, 0);
    return found;
}

int candidates_run(struct txn *txn, const struct services_config *config)
{
    const char *ids[AT_ONCE];
    int count = service_ids(txn, ids, AT_ONCE,
                            "SELECT id FROM input_candidates WHERE state = 'checking'"
                            " AND due <= ? ORDER BY due LIMIT ?",
                            txn_now(txn));

    (void)config;
    for (int i = 0; i < count; i++) {
        struct candidate candidate;
        int found = candidate_load(txn, ids[i], &candidate);
        if (found < 0 || (found && candidate_accept(txn, &candidate, true) < 0))
            return -1;
    }
    return count < 0 ? -1 : 0;
}
