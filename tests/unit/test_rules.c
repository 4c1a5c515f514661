/* The rules of a flow run's transitions: each row fires in a transition made for it, and every pair
 * of states has its verdict. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "common/times.h"
#include "server/orchestration/rules.h"
#include "server/store/connection.h"

#define NOW   ((int64_t)1800000000 * SECOND)
#define PAUSE "a-pause"

/* ---- making transitions ---- */

enum {
    DEPLOYED = 1 << 0,     /* the run belongs to a deployment */
    PROCESS = 1 << 1,      /* a process runs it */
    CHILD = 1 << 2,        /* it is a run inside of a run */
    RESULT = 1 << 3,       /* the present state has a result */
    NEW_RESULT = 1 << 4,   /* the proposed one has */
    REPEATED = 1 << 5,     /* both have the same transition id */
    SUSPENDED = 1 << 6,    /* the present state is a suspension */
    SUSPENDS = 1 << 7,     /* the proposed one is */
    PAUSES = 1 << 8,       /* the proposed one names PAUSE */
    HAS_PAUSED = 1 << 9,   /* which the run has had already */
    TIMED_OUT = 1 << 10,   /* the present pause should have ended a second ago */
    EARLY = 1 << 11,       /* the run is scheduled for 90.5 seconds from now */
    HAS_RETRIES = 1 << 12, /* it may be tried once again, after 10 seconds */
    FORCE = 1 << 13,
    POOL_FULL = 1 << 14, /* there is no room in the work pool */
    FULL = 1 << 15,      /* there is none in the deployment */
    CANCELS = 1 << 16,   /* whose runs are cancelled then */
    LOST = 1 << 17,      /* the run took too long to start */
};

struct scene {
    enum state_type from;
    enum state_type to;
    const char *from_name; /* NULL: the type's */
    const char *to_name;
    unsigned what;
};

struct stage {
    struct job job;
    struct txn txn;
    struct flow_run run;
    struct state proposed;
    struct transition transition;
};

static void set_stage_states(struct stage *stage, const struct scene *scene)
{
    struct state *present = &stage->run.state;
    struct state *proposed = &stage->proposed;
    struct arena *arena = &stage->job.arena;
    unsigned what = scene->what;

    state_make(present, arena, scene->from, scene->from_name ? scene->from_name : "Present", NULL);
    state_make(proposed, arena, scene->to, scene->to_name ? scene->to_name : "Proposed", "because");
    present->data = what & RESULT ? "{\"type\": \"resultrecord\"}" : NULL;
    proposed->data = what & NEW_RESULT ? "{\"type\": \"resultrecord\"}" : NULL;
    if (what & REPEATED) {
        state_set_detail(present, "transition_id",
                         json_string("0b1f4d6e-0c55-4f4a-8a53-5a3b0a1f2c3d"));
        state_set_detail(proposed, "transition_id",
                         json_string("0B1F4D6E-0C55-4F4A-8A53-5A3B0A1F2C3D"));
    }
    if (what & SUSPENDED)
        state_set_detail(present, "pause_reschedule", json_true());
    if (what & SUSPENDS)
        state_set_detail(proposed, "pause_reschedule", json_true());
    if (what & PAUSES)
        state_set_detail(proposed, "pause_key", json_string(PAUSE));
    if (what & TIMED_OUT)
        state_set_detail_time(present, "pause_timeout", NOW - SECOND);
    if (what & EARLY)
        state_set_detail_time(present, "scheduled_time", NOW + 90 * SECOND + SECOND / 2);
}

/* Judges the scene. The stage is to be cleared. */
static void play(struct stage *stage, const struct scene *scene)
{
    unsigned what = scene->what;

    *stage = (struct stage){.txn = {.job = &stage->job, .now = NOW}};
    stage->run = (struct flow_run){.deployment_id = what & DEPLOYED ? "a deployment" : NULL,
                                   .infrastructure_pid = what & PROCESS ? "a process" : NULL,
                                   .parent_task_run_id = what & CHILD ? "a task run" : NULL,
                                   .run_count = 1,
                                   .policy = json_pack("{s:[s], s:i, s:i, s:b}", "pause_keys",
                                                       what & HAS_PAUSED ? PAUSE : "another",
                                                       "retries", what & HAS_RETRIES ? 1 : 0,
                                                       "retry_delay", 10, "resuming", 1)};
    set_stage_states(stage, scene);
    stage->transition = (struct transition){.txn = &stage->txn,
                                            .run = &stage->run,
                                            .present = &stage->run.state,
                                            .proposed = &stage->proposed,
                                            .room = {.pool_is_full = (what & POOL_FULL) != 0,
                                                     .deployment_is_full = (what & FULL) != 0,
                                                     .cancels = (what & CANCELS) != 0,
                                                     .was_lost = (what & LOST) != 0},
                                            .force = (what & FORCE) != 0};
    rules_judge(flow_run_rules, &stage->transition);
}

static void clear(struct stage *stage)
{
    json_decref(stage->run.policy);
    arena_release(&stage->job.arena);
}

/* ---- what the effects did ---- */

static bool forgot_the_pauses(const struct stage *stage)
{
    return json_array_size(json_object_get(stage->run.policy, "pause_keys")) == 0 &&
           json_is_false(json_object_get(stage->run.policy, "resuming"));
}

static bool remembered_the_pause(const struct stage *stage)
{
    return flow_run_has_paused(&stage->run, PAUSE) && flow_run_has_paused(&stage->run, "another");
}

static bool carried_the_time(const struct stage *stage)
{
    return state_detail_time(&stage->proposed, "scheduled_time") == NOW + 90 * SECOND + SECOND / 2;
}

static bool waits_for_the_time(const struct stage *stage)
{
    return stage->transition.wait_seconds == 91;
}

static bool replaced_by(const struct stage *stage, enum state_type type, const char *name,
                        const char *message)
{
    const struct state *state = &stage->transition.replacement;

    return state->type == type && strcmp(state->name, name) == 0 &&
           strcmp(state->message, message) == 0;
}

static bool cancelled(const struct stage *stage)
{
    return replaced_by(stage, STATE_CANCELLED, "Cancelled", "because");
}

static bool failed(const struct stage *stage)
{
    return replaced_by(stage, STATE_FAILED, "Failed", "The flow was paused and never resumed.");
}

static bool awaits_a_retry(const struct stage *stage)
{
    return replaced_by(stage, STATE_SCHEDULED, "AwaitingRetry", "because") &&
           state_detail_time(&stage->transition.replacement, "scheduled_time") ==
               NOW + 10 * SECOND &&
           forgot_the_pauses(stage);
}

static bool cancelled_for_want_of_room(const struct stage *stage)
{
    return replaced_by(stage, STATE_CANCELLED, "Cancelled",
                       "Deployment concurrency limit reached.");
}

static bool cancelled_while_starting(const struct stage *stage)
{
    return stage->transition.replacement.type == STATE_CANCELLED &&
           strstr(stage->transition.replacement.message, "took longer to start");
}

static bool awaits_room(const struct stage *stage)
{
    const struct state *state = &stage->transition.replacement;

    return state->type == STATE_SCHEDULED && strcmp(state->name, "AwaitingConcurrencySlot") == 0 &&
           state_detail_time(state, "scheduled_time") == NOW + 30 * SECOND;
}

/* ---- one scene for each row ---- */

static const struct {
    const char *rule;
    struct scene scene;
    enum verdict verdict;
    const char *reason; /* the end of it */
    bool (*effect)(const struct stage *stage);
    unsigned flip;        /* with this the other way round … */
    enum verdict flipped; /* … the verdict is another, or the effect is missing */
} cases[] = {
    {"a proposal sent again",
     {STATE_RUNNING, STATE_COMPLETED, .what = REPEATED},
     VERDICT_KEEP,
     "This run has already made this state transition.",
     .flip = REPEATED,
     .flipped = VERDICT_ACCEPT},
    {"ended runs stay ended",
     {STATE_FAILED, STATE_CRASHED, .what = 0},
     VERDICT_ABORT,
     "Run is already in terminal state FAILED.",
     .flip = FORCE,
     .flipped = VERDICT_ACCEPT},
    {"a result is not thrown away",
     {STATE_COMPLETED, STATE_RUNNING, .what = RESULT | FORCE},
     VERDICT_KEEP,
     "Run is already COMPLETED.",
     .flip = RESULT,
     .flipped = VERDICT_ACCEPT},
    {"nor replaced by none",
     {STATE_COMPLETED, STATE_COMPLETED, .what = RESULT | FORCE},
     VERDICT_KEEP,
     "Run is already COMPLETED.",
     .flip = NEW_RESULT,
     .flipped = VERDICT_ACCEPT},
    {"nobody would run it again",
     {STATE_FAILED, STATE_SCHEDULED, .what = 0},
     VERDICT_ABORT,
     "Cannot reschedule a run without an associated deployment.",
     .flip = DEPLOYED,
     .flipped = VERDICT_ACCEPT},
    {"a run that starts over",
     {STATE_FAILED, STATE_RUNNING, .what = 0},
     VERDICT_ACCEPT,
     "",
     forgot_the_pauses,
     .flip = FORCE,
     .flipped = VERDICT_ACCEPT},
    {"cancelling ends in cancelled",
     {STATE_CANCELLING, STATE_COMPLETED, .what = 0},
     VERDICT_KEEP,
     "to a state other than Cancelled.",
     .flip = FORCE,
     .flipped = VERDICT_ACCEPT},
    {"no process to stop",
     {STATE_SCHEDULED, STATE_CANCELLING, .what = FORCE},
     VERDICT_REPLACE,
     "Scheduled flow run has no infrastructure to terminate.",
     cancelled,
     .flip = PROCESS,
     .flipped = VERDICT_ACCEPT},
    {"no process to stop",
     {STATE_SCHEDULED, STATE_CANCELLING, "Resuming", .what = PROCESS},
     VERDICT_REPLACE,
     "Scheduled flow run has no infrastructure to terminate.",
     cancelled,
     .flip = 0},
    {"nor one that is suspended",
     {STATE_PAUSED, STATE_CANCELLING, .what = SUSPENDED | FORCE},
     VERDICT_REPLACE,
     "Suspended flow run has no infrastructure to terminate.",
     cancelled,
     .flip = SUSPENDED,
     .flipped = VERDICT_ACCEPT},
    {"a runner that submits",
     {STATE_PENDING, STATE_PENDING, .from_name = "Pending", .to_name = "Submitting", .what = EARLY},
     VERDICT_ACCEPT,
     "",
     carried_the_time,
     .flip = FORCE,
     .flipped = VERDICT_ACCEPT},
    {"one runner starts a run",
     {STATE_PENDING, STATE_PENDING, .from_name = "Submitting", .to_name = "Submitting"},
     VERDICT_ABORT,
     "This run is in a PENDING state and cannot transition to a PENDING state.",
     .flip = FORCE,
     .flipped = VERDICT_ACCEPT},
    {"a place that was lost while starting",
     {STATE_PENDING, STATE_RUNNING, .what = DEPLOYED | FULL | LOST},
     VERDICT_REPLACE,
     "Deployment concurrency limit reached after lease expiry.",
     cancelled_while_starting,
     .flip = LOST,
     .flipped = VERDICT_ACCEPT},
    {"a full work pool or queue",
     {STATE_SCHEDULED, STATE_PENDING, .what = POOL_FULL},
     VERDICT_ABORT,
     "The concurrency limit of the work pool or of its queue is reached.",
     .flip = POOL_FULL,
     .flipped = VERDICT_ACCEPT},
    {"a full deployment that cancels",
     {STATE_SCHEDULED, STATE_PENDING, .what = DEPLOYED | FULL | CANCELS},
     VERDICT_REPLACE,
     "Deployment concurrency limit reached.",
     cancelled_for_want_of_room,
     .flip = FULL,
     .flipped = VERDICT_ACCEPT},
    {"a full deployment",
     {STATE_FAILED, STATE_PENDING, .what = DEPLOYED | FULL},
     VERDICT_REPLACE,
     "Deployment concurrency limit reached.",
     awaits_room,
     .flip = FULL,
     .flipped = VERDICT_ACCEPT},
    {"late for want of room",
     {STATE_SCHEDULED, STATE_SCHEDULED, .to_name = "Late", .what = DEPLOYED | FULL | CANCELS},
     VERDICT_REPLACE,
     "Deployment concurrency limit is full and uses the CANCEL_NEW strategy.",
     cancelled_for_want_of_room,
     .flip = CANCELS,
     .flipped = VERDICT_ACCEPT},
    {"only scheduled runs are late",
     {STATE_RUNNING, STATE_SCHEDULED, .to_name = "Late"},
     VERDICT_KEEP,
     "Only scheduled runs can be marked late.",
     .flip = FORCE,
     .flipped = VERDICT_ACCEPT},
    {"only running flows suspend",
     {STATE_PENDING, STATE_PAUSED, .to_name = "Suspended", .what = DEPLOYED},
     VERDICT_KEEP,
     "Cannot suspend flows that are not currently running.",
     .flip = FORCE,
     .flipped = VERDICT_ACCEPT},
    {"only running flows pause",
     {STATE_PENDING, STATE_PAUSED, .to_name = "Paused"},
     VERDICT_KEEP,
     "Cannot pause flows that are not currently running.",
     .flip = FORCE,
     .flipped = VERDICT_ACCEPT},
    {"a suspend that is over",
     {STATE_RUNNING, STATE_PAUSED, .to_name = "Suspended",
      .what = DEPLOYED | SUSPENDS | PAUSES | HAS_PAUSED},
     VERDICT_KEEP,
     "This suspend has already fired.",
     .flip = HAS_PAUSED,
     .flipped = VERDICT_ACCEPT},
    {"a pause that is over",
     {STATE_RUNNING, STATE_PAUSED, .what = PAUSES | HAS_PAUSED},
     VERDICT_KEEP,
     "This pause has already fired.",
     .flip = HAS_PAUSED,
     .flipped = VERDICT_ACCEPT},
    {"children do not suspend",
     {STATE_RUNNING, STATE_PAUSED, .to_name = "Suspended", .what = DEPLOYED | SUSPENDS | CHILD},
     VERDICT_ABORT,
     "Cannot suspend subflows.",
     .flip = CHILD,
     .flipped = VERDICT_ACCEPT},
    {"nobody would resume it",
     {STATE_RUNNING, STATE_PAUSED, .to_name = "Suspended", .what = SUSPENDS},
     VERDICT_ABORT,
     "Cannot suspend flows without a deployment.",
     .flip = DEPLOYED,
     .flipped = VERDICT_ACCEPT},
    {"a pause",
     {STATE_RUNNING, STATE_PAUSED, .what = PAUSES},
     VERDICT_ACCEPT,
     "",
     remembered_the_pause,
     .flip = FORCE,
     .flipped = VERDICT_ACCEPT},
    {"a pause ends by resuming",
     {STATE_PAUSED, STATE_PENDING, .what = 0},
     VERDICT_KEEP,
     "StateType.PENDING state from the StateType.PAUSED state.",
     .flip = FORCE,
     .flipped = VERDICT_ACCEPT},
    {"a pause that ran out",
     {STATE_PAUSED, STATE_RUNNING, .what = TIMED_OUT},
     VERDICT_REPLACE,
     "The flow was paused and never resumed.",
     failed,
     .flip = TIMED_OUT,
     .flipped = VERDICT_ACCEPT},
    {"a runner that takes a run",
     {STATE_SCHEDULED, STATE_PENDING, .what = EARLY},
     VERDICT_ACCEPT,
     "",
     carried_the_time,
     .flip = FORCE,
     .flipped = VERDICT_ACCEPT},
    {"not before its time",
     {STATE_SCHEDULED, STATE_RUNNING, .what = EARLY},
     VERDICT_WAIT,
     "Scheduled time is in the future",
     waits_for_the_time,
     .flip = EARLY,
     .flipped = VERDICT_ACCEPT},
    {"retries",
     {STATE_RUNNING, STATE_FAILED, .what = HAS_RETRIES},
     VERDICT_REPLACE,
     "Retrying",
     awaits_a_retry,
     .flip = HAS_RETRIES,
     .flipped = VERDICT_ACCEPT},
};

static const struct rule *find_rule(const char *name)
{
    for (const struct rule *rule = flow_run_rules; rule->name; rule++)
        if (strcmp(rule->name, name) == 0)
            return rule;
    fail_msg("no rule is called \"%s\"", name);
    return NULL;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

/* The row itself decides, not one before it: none of those applies. */
static void assert_first(const struct rule *rule, const struct transition *transition)
{
    for (const struct rule *before = flow_run_rules; before != rule; before++)
        if (before->verdict != VERDICT_GO_ON &&
            (before->from & STATE_BIT(transition->present->type)) &&
            (before->to & STATE_BIT(transition->proposed->type)) &&
            (before->always || !transition->force) &&
            (!before->applies || before->applies(transition)))
            fail_msg("\"%s\" comes before \"%s\"", before->name, rule->name);
}

static void every_row_fires_in_a_transition_made_for_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct rule *rule = find_rule(cases[i].rule);
        struct stage stage;
        play(&stage, &cases[i].scene);
        if (stage.transition.verdict != cases[i].verdict)
            fail_msg("%s: verdict %d", rule->name, stage.transition.verdict);
        if (!ends_with(stage.transition.reason, cases[i].reason) ||
            (!*cases[i].reason && *stage.transition.reason))
            fail_msg("%s: \"%s\"", rule->name, stage.transition.reason);
        if (cases[i].effect && !cases[i].effect(&stage))
            fail_msg("%s: its effect is missing", rule->name);
        assert_true(rule->verdict == cases[i].verdict || rule->verdict == VERDICT_GO_ON);
        clear(&stage);
    }
}

static void no_row_before_it_would_have_decided(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct stage stage;
        play(&stage, &cases[i].scene);
        /* Effects change what later conditions see, never what earlier ones saw. */
        if (cases[i].verdict != VERDICT_ACCEPT)
            assert_first(find_rule(cases[i].rule), &stage.transition);
        clear(&stage);
    }
}

static void with_its_condition_the_other_way_round_it_does_not_fire(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scene scene = cases[i].scene;
        struct stage stage;
        if (!cases[i].flip)
            continue;
        scene.what ^= cases[i].flip;
        play(&stage, &scene);
        if (stage.transition.verdict != cases[i].flipped)
            fail_msg("%s: verdict %d: %s", cases[i].rule, stage.transition.verdict,
                     stage.transition.reason);
        if (cases[i].verdict == cases[i].flipped && cases[i].effect(&stage))
            fail_msg("%s: its effect is there all the same", cases[i].rule);
        clear(&stage);
    }
}

static void no_row_is_without_a_case(void **state)
{
    (void)state;
    for (const struct rule *rule = flow_run_rules; rule->name; rule++) {
        size_t i = 0;
        while (i < COUNT_OF(cases) && strcmp(cases[i].rule, rule->name) != 0)
            i++;
        if (i == COUNT_OF(cases))
            fail_msg("nothing shows the rule \"%s\"", rule->name);
    }
}

static void only_rules_that_hold_always_are_asked_when_forced(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scene scene = cases[i].scene;
        struct stage stage;
        scene.what |= FORCE;
        play(&stage, &scene);
        enum verdict expected =
            find_rule(cases[i].rule)->always ? cases[i].verdict : VERDICT_ACCEPT;
        if (stage.transition.verdict != expected)
            fail_msg("%s: verdict %d", cases[i].rule, stage.transition.verdict);
        clear(&stage);
    }
}

/* ---- every pair ---- */

static const char letters[] = {
    [VERDICT_ACCEPT] = 'A', [VERDICT_KEEP] = 'K', [VERDICT_REPLACE] = 'R',
    [VERDICT_ABORT] = 'X',  [VERDICT_WAIT] = 'W',
};

/* A run without deployment, process, result or retries; in the order of enum state_type. */
static const struct {
    enum state_type from;
    const char *to;
} pairs[] = {
    /* To SCHEDULED, PENDING, RUNNING, COMPLETED, FAILED, CANCELLED, CRASHED, PAUSED, CANCELLING. */
    {STATE_NONE, "AAAAAAAKA"},       {STATE_SCHEDULED, "AAAAAAAKR"}, {STATE_PENDING, "AXAAAAAKA"},
    {STATE_RUNNING, "AXAAAAAAA"},    {STATE_COMPLETED, "XAAAAAXXX"}, {STATE_FAILED, "XAAAAAXXX"},
    {STATE_CANCELLED, "XXAAAAXXX"},  {STATE_CRASHED, "XAAAAAXXX"},   {STATE_PAUSED, "AKAAAAAKA"},
    {STATE_CANCELLING, "KKKKKAKKK"},
};

static void every_pair_of_states_has_its_verdict(void **state)
{
    (void)state;
    assert_int_equal(COUNT_OF(pairs), STATE_NONE + 1);
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        for (int to = 0; to < STATE_NONE; to++) {
            struct scene scene = {.from = pairs[i].from, .to = (enum state_type)to};
            struct stage stage;
            if (to == STATE_PENDING)
                scene.to_name = "Pending";
            play(&stage, &scene);
            char verdict = letters[stage.transition.verdict];
            if (verdict != pairs[i].to[to])
                fail_msg("%s to %s: %c %s",
                         pairs[i].from == STATE_NONE ? "none" : state_type_names[pairs[i].from],
                         state_type_names[to], verdict, stage.transition.reason);
            /* Whoever is refused hears why. */
            assert_int_equal(verdict != 'A', *stage.transition.reason != '\0');
            clear(&stage);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_fires_in_a_transition_made_for_it),
        cmocka_unit_test(no_row_before_it_would_have_decided),
        cmocka_unit_test(with_its_condition_the_other_way_round_it_does_not_fire),
        cmocka_unit_test(no_row_is_without_a_case),
        cmocka_unit_test(only_rules_that_hold_always_are_asked_when_forced),
        cmocka_unit_test(every_pair_of_states_has_its_verdict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
