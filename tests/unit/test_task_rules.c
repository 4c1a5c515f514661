/* The rules of a task run's transitions: each row fires in a transition made for it. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "common/times.h"
#include "server/orchestration/rules.h"
#include "server/store/connection.h"

#define NOW ((int64_t)1800000000 * SECOND)

enum {
    RESULT = 1 << 0,      /* the present state has a result */
    UNKEPT = 1 << 1,      /* which its client has not kept */
    REPEATED = 1 << 2,    /* both states have the same transition id */
    CACHED = 1 << 3,      /* a result is kept under the cache key */
    IN_FLOW = 1 << 4,     /* the task belongs to a flow run, which runs */
    FLOW_PAUSED = 1 << 5, /* with IN_FLOW: which is suspended instead */
    FLOW_ENDED = 1 << 6,  /* with IN_FLOW: or has ended */
    FLOW_AGAIN = 1 << 7,  /* with IN_FLOW: and has begun again since the task ran */
    EARLY = 1 << 8,       /* the task is scheduled for 90.5 seconds from now */
    HAS_RETRIES = 1 << 9, /* it may be tried twice again, after 10 and 20 seconds */
    HAS_RUN = 1 << 10,    /* it was run before */
    NOT_AGAIN = 1 << 11,  /* the failure is marked as none to try again */
    LONG_KEY = 1 << 12,   /* the cache key is too long */
    FORCE = 1 << 13,
    TAG_CLOSED = 1 << 14, /* the limit of its tag is 0 */
    TAG_FULL = 1 << 15,   /* or has no slot that is free */
};

struct scene {
    enum state_type from;
    enum state_type to;
    const char *from_name;
    unsigned what;
};

struct stage {
    struct job job;
    struct txn txn;
    struct flow_run flow_run;
    struct task_run task;
    struct state proposed;
    struct state cached;
    struct slot_limit tag;
    struct transition transition;
};

static void set_states(struct stage *stage, const struct scene *scene)
{
    struct arena *arena = &stage->job.arena;
    struct state *present = &stage->task.state;
    struct state *proposed = &stage->proposed;
    unsigned what = scene->what;
    static const char id[] = "0b1f4d6e-0c55-4f4a-8a53-5a3b0a1f2c3d";

    state_make(present, arena, scene->from, scene->from_name ? scene->from_name : "Present", NULL);
    state_make(proposed, arena, scene->to, "Proposed", "because");
    state_make(&stage->cached, arena, STATE_COMPLETED, "Completed", NULL);
    if (what & RESULT)
        present->data = what & UNKEPT ? "{\"type\": \"unpersisted\"}" : "{\"type\": \"result\"}";
    if (what & REPEATED) {
        state_set_detail(present, "transition_id", json_string(id));
        state_set_detail(proposed, "transition_id", json_string(id));
    }
    if (what & EARLY)
        state_set_detail_time(present, "scheduled_time", NOW + 90 * SECOND + SECOND / 2);
    if (what & NOT_AGAIN)
        state_set_detail(proposed, "retriable", json_false());
    if (what & LONG_KEY) {
        char *key = arena_alloc(arena, 2002);
        memset(key, 'k', 2001);
        state_set_detail(proposed, "cache_key", json_string(key));
    }
}

static void set_flow_run(struct stage *stage, unsigned what)
{
    struct state *state = &stage->flow_run.state;

    stage->flow_run.run_count = what & FLOW_AGAIN ? 2 : 1;
    strcpy(stage->flow_run.id, "0190aaaa-0000-7000-8000-000000000001");
    state_make(state, &stage->job.arena,
               what & FLOW_PAUSED  ? STATE_PAUSED
               : what & FLOW_ENDED ? STATE_FAILED
                                   : STATE_RUNNING,
               "Of the flow", NULL);
    if (what & FLOW_PAUSED) {
        state_set_detail_time(state, "pause_timeout", NOW + 5 * SECOND);
        state_set_detail(state, "pause_reschedule", json_true());
    }
}

/* Judges the scene. The stage is to be cleared. */
static void play(struct stage *stage, const struct scene *scene)
{
    unsigned what = scene->what;

    *stage = (struct stage){.txn = {.job = &stage->job, .now = NOW}};
    stage->task = (struct task_run){
        .run_count = what & HAS_RUN ? 2 : 0,
        .flow_run_run_count = 1,
        .policy = what & HAS_RETRIES
                      ? json_pack("{s:i, s:[ii]}", "retries", 2, "retry_delay", 10, 20)
                      : json_object(),
    };
    set_states(stage, scene);
    set_flow_run(stage, what);
    stage->tag = (struct slot_limit){.name = "tag:big",
                                     .active = true,
                                     .most = what & TAG_CLOSED ? 0 : 1,
                                     .taken = what & TAG_FULL ? 1 : 0,
                                     .occupancy = 7};
    stage->transition = (struct transition){.txn = &stage->txn,
                                            .tags = {.limits = &stage->tag, .count = 1},
                                            .run = what & IN_FLOW ? &stage->flow_run : NULL,
                                            .task = &stage->task,
                                            .cached = what & CACHED ? &stage->cached : NULL,
                                            .present = &stage->task.state,
                                            .proposed = &stage->proposed,
                                            .force = (what & FORCE) != 0};
    rules_judge(task_run_rules, &stage->transition);
}

static void clear(struct stage *stage)
{
    json_decref(stage->task.policy);
    arena_release(&stage->job.arena);
}

/* ---- what the effects did ---- */

static bool replaced_by(const struct stage *stage, enum state_type type, const char *name)
{
    const struct state *state = &stage->transition.replacement;

    return state->type == type && strcmp(state->name, name) == 0;
}

static bool took_the_cached(const struct stage *stage)
{
    return replaced_by(stage, STATE_COMPLETED, "Cached");
}

static bool forgot_the_runs(const struct stage *stage)
{
    return stage->task.run_count == 0;
}

static bool is_retrying(const struct stage *stage)
{
    return strcmp(stage->proposed.name, "Retrying") == 0;
}

static bool is_rerunning(const struct stage *stage)
{
    return strcmp(stage->proposed.name, "Rerunning") == 0;
}

static bool pauses_with_the_flow(const struct stage *stage)
{
    const struct state *state = &stage->transition.replacement;

    return replaced_by(stage, STATE_PAUSED, "NotReady") &&
           state_detail_time(state, "pause_timeout") == NOW + 5 * SECOND &&
           state_detail_flag(state, "pause_reschedule");
}

static bool carried_the_time(const struct stage *stage)
{
    return state_detail_time(&stage->proposed, "scheduled_time") == NOW + 90 * SECOND + SECOND / 2;
}

static bool waits_for_the_time(const struct stage *stage)
{
    return stage->transition.wait_seconds == 91;
}

static bool waits_for_a_slot(const struct stage *stage)
{
    return stage->transition.wait_seconds >= 4 && stage->transition.wait_seconds <= 10;
}

static bool awaits_the_second_retry(const struct stage *stage)
{
    return replaced_by(stage, STATE_SCHEDULED, "AwaitingRetry") &&
           state_detail_time(&stage->transition.replacement, "scheduled_time") == NOW + 20 * SECOND;
}

static bool is_entered_all_the_same(const struct stage *stage)
{
    return replaced_by(stage, STATE_COMPLETED, "Proposed");
}

/* ---- one scene for each row ---- */

static const struct {
    const char *rule;
    struct scene scene;
    enum verdict verdict;
    const char *reason; /* the end of it */
    bool (*effect)(const struct stage *stage);
    unsigned flip; /* with this the other way round it is accepted, and the effect is missing */
} cases[] = {
    {"a proposal sent again",
     {STATE_RUNNING, STATE_COMPLETED, .what = REPEATED},
     VERDICT_KEEP,
     "This run has already made this state transition.",
     .flip = REPEATED},
    {"what was computed before",
     {STATE_PENDING, STATE_RUNNING, .what = CACHED},
     VERDICT_REPLACE,
     "Retrieved state from cache",
     took_the_cached,
     CACHED},
    {"ended runs stay ended",
     {STATE_FAILED, STATE_PAUSED, .what = 0},
     VERDICT_ABORT,
     "Run is already FAILED.",
     .flip = FORCE},
    {"a result is not thrown away",
     {STATE_COMPLETED, STATE_FAILED, .what = RESULT},
     VERDICT_KEEP,
     "This run is already completed.",
     .flip = UNKEPT},
    {"a run that starts over",
     {STATE_FAILED, STATE_PENDING, .what = HAS_RUN},
     VERDICT_ACCEPT,
     "",
     forgot_the_runs,
     FORCE},
    {"with its flow",
     {STATE_FAILED, STATE_RUNNING, .what = IN_FLOW | FLOW_AGAIN},
     VERDICT_ACCEPT,
     "",
     is_retrying,
     FLOW_AGAIN},
    {"not while the flow pauses",
     {STATE_PENDING, STATE_RUNNING, .what = IN_FLOW | FLOW_PAUSED},
     VERDICT_REPLACE,
     "after resuming flow run: 0190aaaa-0000-7000-8000-000000000001.",
     pauses_with_the_flow,
     FLOW_PAUSED},
    {"only while the flow runs",
     {STATE_PENDING, STATE_RUNNING, .what = IN_FLOW | FLOW_ENDED},
     VERDICT_ABORT,
     "The enclosing flow must be running to begin task execution.",
     .flip = IN_FLOW},
    {"not where a tag lets nobody run",
     {STATE_PENDING, STATE_RUNNING, .what = TAG_CLOSED},
     VERDICT_ABORT,
     "The concurrency limit on tag \"big\" is 0 and will deadlock if the task tries to run again.",
     .flip = TAG_CLOSED},
    {"only as many as the tags allow",
     {STATE_PENDING, STATE_RUNNING, .what = TAG_FULL},
     VERDICT_WAIT,
     "Concurrency limit reached for tags: big",
     waits_for_a_slot,
     TAG_FULL},
    {"a time that is kept",
     {STATE_SCHEDULED, STATE_PENDING, .what = EARLY},
     VERDICT_ACCEPT,
     "",
     carried_the_time,
     FORCE},
    {"not before its time",
     {STATE_PENDING, STATE_RUNNING, .what = EARLY},
     VERDICT_WAIT,
     "Scheduled time is in the future",
     waits_for_the_time,
     EARLY},
    {"retries",
     {STATE_RUNNING, STATE_FAILED, .what = HAS_RETRIES | HAS_RUN},
     VERDICT_REPLACE,
     "Retrying",
     awaits_the_second_retry,
     NOT_AGAIN},
    {"a retry is called so",
     {STATE_SCHEDULED, STATE_RUNNING, "AwaitingRetry", HAS_RUN},
     VERDICT_ACCEPT,
     "",
     is_retrying,
     HAS_RUN},
    {"and any other run after the first",
     {STATE_PENDING, STATE_RUNNING, .what = HAS_RUN},
     VERDICT_ACCEPT,
     "",
     is_rerunning,
     HAS_RUN},
    {"a key too long to be kept",
     {STATE_RUNNING, STATE_COMPLETED, .what = LONG_KEY},
     VERDICT_REPLACE,
     "Cache key exceeded maximum allowed length of 2000 characters.",
     is_entered_all_the_same,
     LONG_KEY},
};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static void every_row_fires_in_a_transition_made_for_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct stage stage;
        play(&stage, &cases[i].scene);
        if (stage.transition.verdict != cases[i].verdict ||
            !ends_with(stage.transition.reason, cases[i].reason) ||
            (!*cases[i].reason && *stage.transition.reason))
            fail_msg("%s: verdict %d: %s", cases[i].rule, stage.transition.verdict,
                     stage.transition.reason);
        if (cases[i].effect && !cases[i].effect(&stage))
            fail_msg("%s: its effect is missing", cases[i].rule);
        clear(&stage);
    }
}

static void with_its_condition_the_other_way_round_it_does_not_fire(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scene scene = cases[i].scene;
        struct stage stage;
        scene.what ^= cases[i].flip;
        play(&stage, &scene);
        if (stage.transition.verdict != VERDICT_ACCEPT)
            fail_msg("%s: verdict %d: %s", cases[i].rule, stage.transition.verdict,
                     stage.transition.reason);
        if (cases[i].verdict == VERDICT_ACCEPT && cases[i].effect(&stage))
            fail_msg("%s: its effect is there all the same", cases[i].rule);
        clear(&stage);
    }
}

static void no_row_is_without_a_case(void **state)
{
    size_t rows = 0;

    (void)state;
    for (const struct rule *rule = task_run_rules; rule->name; rule++, rows++)
        assert_string_equal(rule->name, cases[rows].rule);
    assert_int_equal(rows, COUNT_OF(cases));
}

static void nothing_holds_a_forced_state_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scene scene = cases[i].scene;
        struct stage stage;
        scene.what |= FORCE;
        play(&stage, &scene);
        assert_int_equal(stage.transition.verdict, VERDICT_ACCEPT);
        clear(&stage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_fires_in_a_transition_made_for_it),
        cmocka_unit_test(with_its_condition_the_other_way_round_it_does_not_fire),
        cmocka_unit_test(no_row_is_without_a_case),
        cmocka_unit_test(nothing_holds_a_forced_state_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
