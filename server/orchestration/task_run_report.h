/*
 * Task runs that their clients judge themselves, and only report: by one event for each state,
 * which may come late, twice and in any order.
 *
 * The row of such a task run is what its newest event says (by `occurred`, then by id), whatever
 * came when; each event is a state of its own, with the event's id and time.
 */
#pragma once

#include "server/orchestration/event.h"
#include "server/orchestration/state.h"

struct reported_task_run {
    char id[ID_SIZE];
    char flow_run_id[ID_SIZE]; /* "": none */
    struct record row;
    struct state state;
};

/* If the event reports a task run, sets event->task_run to what it says of it; false: what is wrong
 * with that is added to `problems`. `value` and `text` are the event's. */
bool task_run_report_read(struct event *event, const json_t *value, const char *text,
                          struct arena *arena, struct problems *problems);

/* Takes over what the event says, which was stored just now. Of a flow run that is not there (any
 * more) nothing is kept. */
int task_run_report_take(struct txn *txn, const struct event *event) MUST_CHECK;
