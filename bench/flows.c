/*
 * Flows whose waits are timed. What a time begins with is stamped by one process and travels to the
 * other as the message, the answer or the parameter; the other prints the microseconds since then,
 * a line each. Both clocks are CLOCK_MONOTONIC: both processes are on one machine.
 *
 *   flows what=receive count=N             prints its run's id, then a time for each message
 *   flows what=send count=N pause=MS run=ID
 *   flows what=pause count=N               prints its run's id, then a time for each answer
 *   flows what=answer count=N pause=MS run=ID
 *   flows what=serve                       prints a time for each run that `start` starts
 *   flows what=start count=N pause=MS      runs of a deployment, one after another
 *   flows what=start-all count=N           all at once; prints the time until the last has ended
 *   flows what=small count=N               small runs in this process, one after another
 *
 * `pause` is before each one, so that the other side waits again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fermata.h>

#include "bench/options.h"

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void print_time_since(int64_t stamp)
{
    printf("%lld\n", (long long)(now() - stamp));
    fflush(stdout);
}

static void sleep_milliseconds(int64_t milliseconds)
{
    const struct timespec time = {.tv_sec = milliseconds / 1000,
                                  .tv_nsec = milliseconds % 1000 * 1000000};

    nanosleep(&time, NULL);
}

/* What a flow is to do. */
struct work {
    int64_t count;
    int64_t pause;     /* milliseconds */
    const char *other; /* the run that it has to do with */
};
static const struct fm_field work_fields[] = {
    FM_FIELD(struct work, count),
    FM_FIELD(struct work, pause),
    FM_FIELD(struct work, other),
    FM_END,
};
FM_MODEL(Work, struct work, work_fields);

/* ---- sending and receiving ------------------------------------------------------------------- */

static int receive(struct fm_run *run, const struct work *work)
{
    struct fm_receiver *stamps = fm_receive(run, FM_INTEGER, .timeout = 60);
    int r = stamps ? 1 : fm_error(run)->code;
    int64_t stamp;

    puts(fm_run_id(run));
    fflush(stdout);
    for (int64_t i = 0; i < work->count && r > 0; i++) {
        r = fm_next(stamps, &stamp);
        if (r > 0)
            print_time_since(stamp);
    }
    return r == 0 ? fm_fail(run, "nothing was sent for a minute") : r;
}
FM_FLOW_WITH(receive, Work);

static int send_stamps(struct fm_run *run, const struct work *work)
{
    int r = 0;

    for (int64_t i = 0; i < work->count && r == 0; i++) {
        sleep_milliseconds(work->pause);
        r = fm_send(run, work->other, FM_INTEGER, now());
    }
    return r;
}
FM_FLOW_WITH(send_stamps, Work);

/* ---- pausing and answering ------------------------------------------------------------------- */

static int pause_often(struct fm_run *run, const struct work *work)
{
    int64_t stamp;
    int r = 0;

    puts(fm_run_id(run));
    fflush(stdout);
    for (int64_t i = 0; i < work->count && r == 0; i++) {
        r = fm_pause(run, FM_INTEGER, &stamp);
        if (r == 0)
            print_time_since(stamp);
    }
    return r;
}
FM_FLOW_WITH(pause_often, Work);

static int answer(struct fm_run *run, const struct work *work)
{
    struct fm_run_info info;
    int r = 0;

    for (int64_t i = 0; i < work->count && r == 0; i++) {
        r = fm_wait_for_state(run, work->other, "PAUSED", 60, &info);
        sleep_milliseconds(work->pause);
        if (r == 0)
            r = fm_resume(run, work->other, FM_INTEGER, now());
    }
    return r;
}
FM_FLOW_WITH(answer, Work);

/* ---- runs of a deployment -------------------------------------------------------------------- */

struct started {
    int64_t stamp;
};
static const struct fm_field started_fields[] = {
    FM_FIELD(struct started, stamp),
    FM_END,
};
FM_MODEL(Started, struct started, started_fields);

static int first_line(struct fm_run *run, const struct started *started)
{
    print_time_since(started->stamp);
    (void)run;
    return 0;
}
FM_FLOW_WITH(first_line, Started);

static int start_one_by_one(struct fm_run *run, const struct work *work)
{
    struct fm_run_info info;
    int r = 0;

    for (int64_t i = 0; i < work->count && r == 0; i++) {
        sleep_milliseconds(work->pause);
        r = fm_run_deployment(run, "first-line/bench", &info, .timeout = 60,
                              .parameters = FM_INITIAL(FM_SET(stamp, now())));
    }
    return r;
}
FM_FLOW_WITH(start_one_by_one, Work);

/* ---- small runs ------------------------------------------------------------------------------ */

static int small(struct fm_run *run)
{
    fm_info(run, "Small is beautiful");
    return 0;
}
FM_FLOW(small);

static int run_small(int64_t count)
{
    int status = 0;

    for (int64_t i = 0; i < count && status == 0; i++)
        status = fm_run_flow(&small_flow);
    return status;
}

/* Starts runs all at once, and prints the microseconds until the last of them has ended. */
static int start_all(struct fm_run *run, const struct work *work)
{
    struct fm_run_info *runs = fm_alloc(run, (size_t)work->count * sizeof(*runs));
    int64_t begun = now();
    int r = runs ? 0 : FM_NO_MEMORY;

    for (int64_t i = 0; i < work->count && r == 0; i++)
        r = fm_run_deployment(run, "small/bench", &runs[i]);
    for (int64_t i = 0; i < work->count && r == 0; i++)
        r = fm_wait_for_run(run, runs[i].id, 60, &runs[i]);
    for (int64_t i = 0; i < work->count && r == 0; i++) {
        if (strcmp(runs[i].state_type, "COMPLETED") != 0)
            r = fm_fail(run, "run %s ended as %s", runs[i].id, runs[i].state_type);
    }
    if (r == 0)
        print_time_since(begun);
    return r;
}
FM_FLOW_WITH(start_all, Work);

/* ---- the program ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const struct fm_flow *flow;
} timed_flows[] = {
    {"receive", &receive_flow}, {"send", &send_stamps_flow},       {"pause", &pause_often_flow},
    {"answer", &answer_flow},   {"start", &start_one_by_one_flow}, {"start-all", &start_all_flow},
};

static int run_timed(const char *what, const struct work *work)
{
    for (size_t i = 0; i < sizeof(timed_flows) / sizeof(*timed_flows); i++) {
        if (strcmp(timed_flows[i].name, what) == 0)
            return fm_run_flow(timed_flows[i].flow, .parameters = work);
    }
    fprintf(stderr, "flows: what=%s is nothing that it does\n", what);
    return 2;
}

int main(int argc, char **argv)
{
    const char *what = option_text(argc, argv, "what", NULL);

    if (strcmp(what, "serve") == 0)
        return fm_serve(FM_DEPLOYMENT(&first_line_flow, .name = "bench"),
                        FM_DEPLOYMENT(&small_flow, .name = "bench"));
    const struct work work = {
        .count = option_number(argc, argv, "count", NULL),
        .pause = option_number(argc, argv, "pause", "0"),
        .other = option_text(argc, argv, "run", ""),
    };
    if (strcmp(what, "small") == 0)
        return run_small(work.count);
    return run_timed(what, &work);
}
