#include "server/api/run_leases.h"

#include <errno.h>
#include <string.h>

#include "common/times.h"

/* The clock hears at once of one that ends before all others, also of a lease that is made shorter:
 * a read that is parked publishes nothing. */
int lease_start(struct txn *txn, struct request *request, const char *run_id)
{
    struct leases *leases = api_config(request->api)->run_leases;
    int64_t until = time_monotonic() + request->lease.seconds * SECOND;
    bool is_first = until < leases_next(leases);

    if (leases_set(leases, run_id, until) < 0)
        return txn_fail(txn, ENOMEM, "no memory for one more lease");
    if (is_first)
        live_publish(api_config(request->api)->live, "clock");
    return 0;
}

static int may_be_held(struct txn *txn, const char *run_id)
{
    rows_auto rows = {0};

    return db_first(txn, &rows,
                    "SELECT 1 FROM flow_runs WHERE id = ? AND state_type NOT IN"
                    " ('COMPLETED', 'FAILED', 'CANCELLED', 'CRASHED', 'PAUSED')",
                    V(run_id));
}

int lease_renew(struct txn *txn, struct request *request, const char *run_id)
{
    const struct run_lease *lease = &request->lease;
    struct run_lease present = {0};

    if (!lease->seconds)
        return 1;
    int found = run_lease_load(txn, run_id, &present);
    if (found < 0)
        return -1;
    if (found && strcmp(present.holder, lease->holder) == 0)
        return lease_start(txn, request, run_id) < 0 ? -1 : 1;
    int lost = may_be_held(txn, run_id);
    return lost < 0 ? -1 : !lost;
}
