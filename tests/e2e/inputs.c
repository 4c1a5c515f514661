/* Flows that send, receive and keep their place: inputs FLOW ARGUMENT... runs one, inputs serve
 * serves the one with a deployment. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fermata.h>

#include "expect.h"

#define NOBODY "7a2d8a5e-0000-4000-8000-000000000000"

/* What follows the flow's name on the command line; NULL: there is none. */
static const char *argument;
static const char *second_argument;

struct point {
    int x, y;
};
static const struct fm_field point_fields[] = {
    FM_FIELD(struct point, x),
    FM_FIELD(struct point, y, .minimum = FM_VALUE(0)),
    FM_END,
};
FM_MODEL(Point, struct point, point_fields, .sent_as = "PointRunInput");

/* ---- sending --------------------------------------------------------------------------------- */

static int sends(struct fm_run *run)
{
    const char *self = fm_run_id(run);
    struct fm_json no_json = {.text = "{"};
    struct point point = {.x = 1, .y = 2};
    struct point other;

    EXPECT_FAILURE(fm_send(run, NOBODY, FM_STRING, "x"), FM_NOT_FOUND, "not found");
    EXPECT_FAILURE(fm_send(run, "no id", FM_STRING, "x"), FM_INVALID, "'no id' is no id");
    EXPECT_FAILURE(fm_send(run, self, FM_STRING, "\xff"), FM_INVALID, "UTF-8");
    EXPECT_FAILURE(fm_send(run, self, FM_NUMBER, NAN), FM_INVALID, "finite");
    EXPECT_FAILURE(fm_send(run, self, FM_ANY, &no_json), FM_INVALID, "no JSON");
    EXPECT_FAILURE(fm_send(run, self, FM_NOTHING, NULL), FM_INVALID, "FM_NOTHING");
    EXPECT_FAILURE(fm_send(run, self, FM_STRING, "x", .key_prefix = "a b"), FM_INVALID, "'a b'");
    EXPECT_FAILURE(fm_send(run, self, FM_STRING, "x", .key_prefix = ""), FM_INVALID, "letters");
    EXPECT_FAILURE(fm_send(run, self, FM_STRING, "x", .key_prefix = "A"), FM_INVALID, "lower");
    EXPECT_FAILURE(fm_send(run, self, FM_STRING, "x", .key_prefix = "a-ask"), FM_INVALID, "-ask");
    EXPECT(fm_send(run, self, &Point, &point) == 0);
    struct fm_receiver *points = fm_receive(run, &Point, .timeout = 0.1);
    EXPECT(fm_next(points, &other) == 1 && other.x == 1 && other.y == 2);
    EXPECT(strncmp(fm_input_key(points), "pointruninput-auto-", 19) == 0);
    EXPECT(fm_next(points, &other) == 0);
    const char *text;
    int64_t whole;
    EXPECT_FAILURE(fm_next(points, &text), FM_FAILED, "not of the receiver's type, Point");
    EXPECT_FAILURE(fm_next(points, &point.x), FM_FAILED, "not of the receiver's type, Point");
    struct fm_receiver *texts = fm_receive(run, FM_STRING, .timeout = 0.1);
    EXPECT_FAILURE(fm_next(texts, &whole), FM_FAILED, "not of the receiver's type, str");
    EXPECT(fm_next(texts, (void *)&text) == 0);
    return 0;
}
FM_FLOW(sends);

/* ---- receiving ------------------------------------------------------------------------------- */

static int receives(struct fm_run *run)
{
    const char *self = fm_run_id(run);
    struct fm_reply reply;
    const char *text = "untouched";
    int64_t number;

    /* What was sent early is kept, in order, for the type that it was sent with. */
    EXPECT(fm_send(run, self, FM_INTEGER, 42) == 0);
    EXPECT(fm_send(run, self, FM_STRING, "one") == 0);
    EXPECT(fm_send(run, self, FM_STRING, "two", .key_prefix = "words") == 0);
    EXPECT(fm_send(run, self, FM_STRING, "three") == 0);
    struct fm_receiver *names = fm_receive(run, FM_STRING, .timeout = 0.2);
    EXPECT(!fm_input_key(names) && !fm_input_sender(names));
    EXPECT_FAILURE(fm_respond(names, FM_STRING, "x"), FM_INVALID, "nothing was received yet");
    EXPECT(fm_next(names, &text) == 1 && strcmp(text, "one") == 0);
    EXPECT(strncmp(fm_input_key(names), "strautomaticruninput-auto-", 26) == 0);
    EXPECT(strcmp(fm_input_sender(names), self) == 0 &&
           strcmp(fm_input_receiver(names), self) == 0);
    const char *first = fm_format(run, "%s", fm_input_key(names));
    EXPECT(fm_next(names, &text) == 1 && strcmp(text, "three") == 0);
    EXPECT(fm_respond(names, FM_STRING, "four") == 0);
    EXPECT(fm_next(names, &text) == 1 && strcmp(text, "four") == 0);
    EXPECT(fm_next(names, &text) == 0 && strcmp(text, "four") == 0);

    /* A new one begins with the first, without those that it is told to leave out. */
    EXPECT(fm_next(fm_receive(run, FM_STRING), &text) == 1 && strcmp(text, "one") == 0);
    fm_strings known = {.count = 0};
    EXPECT(fm_append(run, &known, first) == 0);
    struct fm_receiver *rest = fm_receive(run, FM_STRING, .exclude_keys = &known, .timeout = 0.1);
    EXPECT(fm_next(rest, &text) == 1 && strcmp(text, "three") == 0);
    EXPECT(fm_next(fm_receive(run, FM_INTEGER), &number) == 1 && number == 42);

    /* What does not fit is told, and passed by. */
    EXPECT(fm_send(run, self, FM_INTEGER, 1, .key_prefix = "words") == 0);
    EXPECT(fm_send(run, self, FM_STRING, "five", .key_prefix = "words") == 0);
    struct fm_receiver *words = fm_receive(run, FM_STRING, .key_prefix = "words");
    EXPECT(fm_next(words, &text) == 1 && strcmp(text, "two") == 0);
    EXPECT_FAILURE(fm_next(words, &text), FM_INVALID, "input words-");
    EXPECT(strncmp(fm_input_key(words), "words-", 6) == 0 && strcmp(text, "two") == 0);
    EXPECT(fm_next(words, &text) == 1 && strcmp(text, "five") == 0);
    EXPECT_FAILURE(fm_next(fm_receive(run, FM_STRING, .key_prefix = "a/b"), &text), FM_FAILED,
                   "'a/b' cannot begin a key");

    /* What no run sent. */
    const char *path = fm_format(run, "/flow_runs/%s/input", self);
    EXPECT(fm_client_call(fm_run_client(run), "POST", path,
                          "{\"key\":\"out-1\",\"value\":\"{\\\"value\\\":\\\"x\\\"}\","
                          "\"sender\":\"prefect.flow-run.me/../x\"}",
                          &reply, NULL) == 0);
    fm_reply_release(&reply);
    struct fm_receiver *outside = fm_receive(run, FM_STRING, .key_prefix = "out");
    EXPECT(fm_next(outside, &text) == 1 && !fm_input_sender(outside));
    EXPECT_FAILURE(fm_respond(outside, FM_STRING, "x"), FM_INVALID, "nobody to respond to");
    return 0;
}
FM_FLOW(receives);

/* Reads what was sent to another run. */
static int overhears(struct fm_run *run)
{
    const char *text;
    struct fm_receiver *names = fm_receive(run, FM_STRING, .flow_run_id = argument, .timeout = 10);

    EXPECT(fm_next(names, &text) == 1 && strcmp(text, "not for you") == 0);
    EXPECT(strcmp(fm_input_receiver(names), argument) == 0);
    EXPECT(!fm_receive(run, FM_STRING, .flow_run_id = "x"));
    return 0;
}
FM_FLOW(overhears);

/* How often a server is asked that cannot wait. */
static int polls(struct fm_run *run)
{
    const char *text;

    EXPECT(fm_next(fm_receive(run, FM_STRING, .timeout = 1, .poll_interval = 0.3), &text) == 0);
    return 0;
}
FM_FLOW(polls);

/* ---- cursors --------------------------------------------------------------------------------- */

static int cursors(struct fm_run *run)
{
    const char *self = fm_run_id(run);
    const char *text;
    int64_t number;

    for (int i = 0; i < 3; i++) {
        EXPECT(fm_send(run, self, FM_STRING, fm_format(run, "%d", i)) == 0);
        EXPECT(fm_send(run, self, FM_INTEGER, i) == 0);
    }
    struct fm_receiver *a = fm_receive(run, FM_STRING, .cursor = "a", .timeout = 0.1);
    EXPECT(fm_next(a, &text) == 1 && strcmp(text, "0") == 0);
    EXPECT(fm_next(a, &text) == 1 && strcmp(text, "1") == 0); /* says that 0 is done with */

    /* The second was not acknowledged, other cursors and types have places of their own. */
    a = fm_receive(run, FM_STRING, .cursor = "a", .timeout = 0.1);
    EXPECT(fm_next(a, &text) == 1 && strcmp(text, "1") == 0 && fm_acknowledge(a) == 0);
    EXPECT(fm_acknowledge(a) == 0);
    struct fm_receiver *b = fm_receive(run, FM_STRING, .cursor = "a-1", .timeout = 0.1);
    EXPECT(fm_next(b, &text) == 1 && strcmp(text, "0") == 0 && fm_acknowledge(b) == 0);
    struct fm_receiver *c = fm_receive(run, FM_INTEGER, .cursor = "a", .timeout = 0.1);
    EXPECT(fm_next(c, &number) == 1 && number == 0);
    a = fm_receive(run, FM_STRING, .cursor = "a", .timeout = 0.1);
    EXPECT(fm_next(a, &text) == 1 && strcmp(text, "2") == 0);
    EXPECT(fm_next(a, &text) == 0);

    EXPECT(!fm_receive(run, FM_STRING, .cursor = ""));
    EXPECT(!fm_receive(run, FM_STRING, .cursor = "a/b"));
    EXPECT(strstr(fm_error(run)->message, "'a/b' cannot be the name of a cursor"));
    EXPECT(!fm_receive(run, FM_STRING, .cursor = fm_format(run, "%061d", 0)));
    EXPECT(fm_receive(run, FM_STRING, .cursor = fm_format(run, "%060d", 0)));
    return 0;
}
FM_FLOW(cursors);

/* ---- streams --------------------------------------------------------------------------------- */

/* Waits for the test to fill the run's inputs, then takes so many in a row. */
static int drains(struct fm_run *run)
{
    int64_t count = strtoll(argument, NULL, 10);
    const char *go;
    int64_t number;

    EXPECT(fm_next(fm_receive(run, FM_STRING, .timeout = 120), &go) == 1);
    struct fm_receiver *numbers = fm_receive(run, FM_INTEGER, .timeout = 10);
    for (int64_t i = 0; i < count; i++)
        EXPECT(fm_next(numbers, &number) == 1 && number == i);
    return 0;
}
FM_FLOW(drains);

static int streams_to(struct fm_run *run)
{
    int64_t count = strtoll(second_argument, NULL, 10);

    for (int64_t i = 0; i < count; i++) {
        int r = fm_send(run, argument, FM_INTEGER, i);
        if (r < 0)
            return r;
    }
    return 0;
}
FM_FLOW(streams_to);

static int streams_from(struct fm_run *run)
{
    int64_t count = strtoll(argument, NULL, 10);
    struct fm_receiver *numbers = fm_receive(run, FM_INTEGER, .timeout = 60, .cursor = "numbers");
    int64_t number;

    for (int64_t i = 0; i < count; i++) {
        int r = fm_next(numbers, &number);
        if (r <= 0)
            return fm_fail(run, "number %lld: %d %s", (long long)i, r, fm_error(run)->message);
        EXPECT(number == i);
    }
    return fm_acknowledge(numbers);
}
FM_FLOW(streams_from);

/* ---- threads --------------------------------------------------------------------------------- */

#define THREADS 4
#define EACH    25

struct worker {
    struct fm_run *run;
    pthread_t thread;
    int64_t number;
    int received;
};

/* Sends to everybody under the others' prefixes and receives under its own. */
static void *work(void *context)
{
    struct worker *worker = context;
    struct fm_run *run = worker->run;
    struct fm_receiver *own = fm_receive(
        run, FM_INTEGER, .key_prefix = fm_format(run, "w%d", (int)worker->number), .timeout = 20);
    int64_t number;

    for (int i = 0; i < EACH; i++) {
        for (int to = 0; to < THREADS; to++)
            EXPECT(fm_send(run, fm_run_id(run), FM_INTEGER, i,
                           .key_prefix = fm_format(run, "w%d", to)) == 0);
    }
    while (worker->received < THREADS * EACH && fm_next(own, &number) == 1)
        worker->received++;
    EXPECT_FAILURE(fm_send(run, "no id", FM_STRING, "x"), FM_INVALID, "no id");
    return NULL;
}

static int crowd(struct fm_run *run)
{
    struct worker workers[THREADS];

    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.run = run, .number = i};
        EXPECT(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        EXPECT(workers[i].received == THREADS * EACH);
    }
    return 0;
}
FM_FLOW(crowd);

/* ---- without a server --------------------------------------------------------------------------
 */

/* The server goes away once this waits; no wait takes longer for it. */
static int waits_in_vain(struct fm_run *run)
{
    struct fm_receiver *names = fm_receive(run, FM_STRING, .timeout = 3);
    struct fm_run_info info;
    const char *text;

    fm_info(run, "waiting");
    EXPECT_FAILURE(fm_next(names, &text), FM_UNREACHABLE, "cannot reach");
    fm_info(run, "nothing was received");
    EXPECT_FAILURE(fm_wait_for_run(run, fm_run_id(run), 1, &info), FM_UNREACHABLE, "cannot reach");
    fm_info(run, "nothing was seen");
    return 0;
}
FM_FLOW(waits_in_vain);

/* ---- served: it is killed and goes on -------------------------------------------------------- */

struct notebook {
    const char *path;
    int64_t count;
};
static const struct fm_field notebook_fields[] = {
    FM_FIELD(struct notebook, path),
    FM_FIELD(struct notebook, count),
    FM_END,
};
FM_MODEL(Notebook, struct notebook, notebook_fields);

/* Writes down what it handles and what it has acknowledged, and is killed at any moment. */
static int handles(struct fm_run *run, const struct notebook *notebook)
{
    struct fm_receiver *numbers = fm_receive(run, FM_INTEGER, .cursor = "numbers", .timeout = 20);
    FILE *file = fopen(notebook->path, "a");
    int64_t number = -1;
    int r = 0;

    if (!file || !numbers)
        return fm_fail(run, "cannot begin");
    setvbuf(file, NULL, _IOLBF, 0);
    fprintf(file, "pid %d\n", (int)getpid());
    while (r >= 0 && number < notebook->count - 1 && (r = fm_next(numbers, &number)) > 0) {
        fprintf(file, "handled %lld\n", (long long)number);
        r = fm_acknowledge(numbers);
        if (r == 0)
            fprintf(file, "done %lld\n", (long long)number);
    }
    fclose(file);
    return r;
}
FM_FLOW_WITH(handles, Notebook);

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        const struct fm_flow *flow;
    } flows[] = {
        {"sends", &sends_flow},
        {"receives", &receives_flow},
        {"overhears", &overhears_flow},
        {"cursors", &cursors_flow},
        {"drains", &drains_flow},
        {"streams_to", &streams_to_flow},
        {"polls", &polls_flow},
        {"crowd", &crowd_flow},
        {"streams_from", &streams_from_flow},
        {"waits_in_vain", &waits_in_vain_flow},
    };
    const char *name = argc > 1 ? argv[1] : "";

    argument = argc > 2 ? argv[2] : "";
    second_argument = argc > 3 ? argv[3] : "";
    if (strcmp(name, "serve") == 0)
        return fm_serve(FM_DEPLOYMENT(&handles_flow, .name = "test"));
    for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
        if (strcmp(flows[i].name, name) == 0)
            return fm_run_flow(flows[i].flow);
    }
    fprintf(stderr, "usage: %s serve|FLOW [ARGUMENT...]\n", argv[0]);
    return 2;
}
