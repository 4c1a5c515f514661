/* Flows with tasks and subflows for the end-to-end tests: tasks NAME runs one, tasks serve serves
 * those with a deployment. What they did lies in the file that TASKS_FILE names, a line each. */
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fermata.h>

static void note(const char *format, ...) FM_PRINTF_LIKE(1, 2);
static void note(const char *format, ...)
{
    FILE *file = fopen(getenv("TASKS_FILE"), "a");
    va_list args;

    va_start(args, format);
    vfprintf(file, format, args);
    va_end(args);
    fputc('\n', file);
    fclose(file);
}

static void expect(struct fm_run *run, bool right, const char *what)
{
    if (!right)
        fm_log(run, FM_ERROR, "not right: %s (%s)", what, fm_error(run)->message);
}
#define EXPECT(condition) expect(run, condition, #condition)

/* ---- types ----------------------------------------------------------------------------------- */

struct page {
    const char *url;
    int64_t length;
    fm_strings words;
};
static const struct fm_field page_fields[] = {
    FM_FIELD(struct page, url),
    FM_FIELD(struct page, length, .minimum = FM_VALUE(0)),
    FM_FIELD(struct page, words),
    FM_END,
};
FM_MODEL(Page, struct page, page_fields);

static int fetch(struct fm_run *run, const char *url, struct page *result)
{
    note("fetch %s", url);
    fm_info(run, "fetching %s", url);
    result->url = fm_format(run, "%s?", url);
    result->length = (int64_t)strlen(url);
    return fm_append(run, &result->words, "a") < 0 ? -1 : fm_append(run, &result->words, "b");
}
FM_TASK(fetch, FM_STRING, &Page, .tags = FM_CHOICES("web"));

static int measure(struct fm_run *run, const struct page *page, double *result)
{
    (void)run;
    *result = (double)page->length / 2;
    return 0;
}
FM_TASK(measure, &Page, FM_NUMBER);

static int is_even(struct fm_run *run, int64_t number, bool *result)
{
    (void)run;
    *result = number % 2 == 0;
    return 0;
}
FM_TASK(is_even, FM_INTEGER, FM_BOOLEAN);

static int count_words(struct fm_run *run, const fm_strings *words, int64_t *result)
{
    (void)run;
    *result = (int64_t)words->count;
    return 0;
}
FM_TASK(count_words, FM_STRINGS, FM_INTEGER);

static int touch(struct fm_run *run)
{
    note("touch");
    EXPECT(fm_task_run_id(run) != NULL);
    return 0;
}
FM_TASK(touch, FM_NOTHING, FM_NOTHING);

static int greeting(struct fm_run *run, const char **result)
{
    *result = fm_format(run, "Hello from %s", fm_flow_name(run));
    return 0;
}
FM_TASK(greeting, FM_NOTHING, FM_STRING);

static int shout(struct fm_run *run, const char *text)
{
    fm_info(run, "%s!", text);
    return 0;
}
FM_TASK(shout, FM_STRING, FM_NOTHING);

static int types(struct fm_run *run)
{
    struct page page;
    const char *text;
    double number;
    bool truth;
    int64_t count;

    EXPECT(fm_task_run_id(run) == NULL);
    EXPECT(fm_run_task(run, &fetch_task, "abcde", &page) == 0);
    EXPECT(strcmp(page.url, "abcde?") == 0 && page.length == 5 && page.words.count == 2);
    EXPECT(fm_run_task(run, &measure_task, &page, &number) == 0 && number == 2.5);
    EXPECT(fm_run_task(run, &is_even_task, INT64_MAX, &truth) == 0 && !truth);
    EXPECT(fm_run_task(run, &count_words_task, &page.words, &count) == 0 && count == 2);
    EXPECT(fm_run_task(run, &touch_task, NULL, NULL) == 0);
    EXPECT(fm_run_task(run, &greeting_task, NULL, &text) == 0);
    EXPECT(strcmp(text, "Hello from types") == 0);
    EXPECT(fm_run_task(run, &shout_task, text, NULL) == 0);
    EXPECT(fm_run_task(run, &fetch_task, "abcde", NULL) == 0); /* another call, another run */
    EXPECT(fm_run_task(run, &shout_task, "\xff", NULL) == FM_INVALID);
    return 0;
}
FM_FLOW(types);

/* ---- failures and retries -------------------------------------------------------------------- */

static int unlucky(struct fm_run *run, int64_t number, int64_t *result)
{
    (void)result;
    return fm_fail(run, "no luck with %lld", (long long)number);
}
FM_TASK(unlucky, FM_INTEGER, FM_INTEGER);

static int silent(struct fm_run *run)
{
    (void)run;
    return -1;
}
FM_TASK(silent, FM_NOTHING, FM_NOTHING);

static int negative(struct fm_run *run, struct page *result)
{
    result->url = "";
    result->length = -1;
    (void)run;
    return 0;
}
FM_TASK(negative, FM_NOTHING, &Page);

static int failing(struct fm_run *run)
{
    int64_t number = 7;
    struct page page = {.url = "mine"};

    EXPECT(fm_run_task(run, &silent_task, NULL, NULL) == FM_FAILED);
    EXPECT(strstr(fm_error(run)->message, "silent-0") != NULL);
    EXPECT(fm_run_task(run, &negative_task, NULL, &page) == FM_INVALID);
    EXPECT(strcmp(page.url, "mine") == 0);
    EXPECT(strstr(fm_error(run)->message, "length: must be at least 0") != NULL);
    EXPECT(fm_run_task(run, &unlucky_task, 13, &number) == FM_FAILED && number == 7);
    return FM_FAILED;
}
FM_FLOW(failing);

static int tries;

static int third_try(struct fm_run *run, int64_t *result)
{
    note("try");
    if (++tries < 3)
        return fm_fail(run, "not yet");
    *result = tries;
    return 0;
}
FM_TASK(third_try, FM_NOTHING, FM_INTEGER, .retries = 2, .retry_delay = 1);

static int retrying(struct fm_run *run)
{
    int64_t number;

    EXPECT(fm_run_task(run, &third_try_task, NULL, &number) == 0 && number == 3);
    return 0;
}
FM_FLOW(retrying);

/* Finished tasks are not repeated when the flow is tried again in its process. */
static int second_try(struct fm_run *run)
{
    struct page page;
    static int calls;

    for (int i = 0; i < 2; i++)
        EXPECT(fm_run_task(run, &fetch_task, "same", &page) == 0 && page.words.count == 2);
    EXPECT(fm_run_task(run, &fetch_task, calls ? "second" : "first", &page) == 0);
    return ++calls < 2 ? fm_fail(run, "not yet") : 0;
}
FM_FLOW(second_try, .retries = 1);

static int fetch_again(struct fm_run *run)
{
    (void)run;
    return 0;
}
FM_TASK(fetch_again, FM_NOTHING, FM_NOTHING, .name = "fetch");

static int same_names(struct fm_run *run)
{
    EXPECT(fm_run_task(run, &fetch_task, "x", NULL) == 0);
    return fm_run_task(run, &fetch_again_task, NULL, NULL);
}
FM_FLOW(same_names);

/* ---- threads --------------------------------------------------------------------------------- */

static pthread_barrier_t barrier;

static int square(struct fm_run *run, int64_t number, int64_t *result)
{
    (void)run;
    pthread_barrier_wait(&barrier); /* none comes through alone */
    *result = number * number;
    return 0;
}
FM_TASK(square, FM_INTEGER, FM_INTEGER);

struct part {
    struct fm_run *run;
    int64_t number;
    int64_t square;
    int r;
};

static void *run_part(void *context)
{
    struct part *part = context;

    part->r = fm_run_task(part->run, &square_task, part->number, &part->square);
    return NULL;
}

#define THREADS 6

static int threads(struct fm_run *run)
{
    pthread_t ids[THREADS];
    struct part parts[THREADS];

    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        parts[i] = (struct part){.run = run, .number = i};
        if (pthread_create(&ids[i], NULL, run_part, &parts[i]) != 0)
            abort();
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(ids[i], NULL);
        EXPECT(parts[i].r == 0 && parts[i].square == parts[i].number * parts[i].number);
    }
    pthread_barrier_destroy(&barrier);
    return 0;
}
FM_FLOW(threads);

/* A task that starts while its flow is paused waits for the flow. */
static void *ask_beside(void *context)
{
    struct part *part = context;

    part->r = fm_pause(part->run, FM_NOTHING, NULL);
    return NULL;
}

static int paused_beside(struct fm_run *run)
{
    struct part part = {.run = run};
    struct fm_run_info info;
    pthread_t id;

    if (pthread_create(&id, NULL, ask_beside, &part) != 0)
        abort();
    EXPECT(fm_wait_for_state(run, fm_run_id(run), "PAUSED", 30, &info) == 0);
    EXPECT(fm_run_task(run, &touch_task, NULL, NULL) == 0);
    pthread_join(id, NULL);
    EXPECT(part.r == 0);
    return 0;
}
FM_FLOW(paused_beside);

/* Until it is cancelled, which it sees when a task is to start. */
static int endless(struct fm_run *run)
{
    int r = 0;

    while (r == 0) {
        r = fm_run_task(run, &touch_task, NULL, NULL);
        usleep(20000);
    }
    EXPECT(r == FM_CANCELLED && fm_check(run) == FM_CANCELLED);
    EXPECT(fm_sleep(run, 60) == FM_CANCELLED);
    return r;
}
FM_FLOW(endless);

/* ---- time limits ----------------------------------------------------------------------------- */

static int wait_long(struct fm_run *run, const char *way)
{
    struct fm_run_info info;
    const char *text;

    if (strcmp(way, "sleep") == 0)
        return fm_sleep(run, 60);
    if (strcmp(way, "receive") == 0)
        return fm_next(fm_receive(run, FM_STRING), &text);
    if (strcmp(way, "wait") == 0)
        return fm_wait_for_run(run, fm_run_id(run), FM_FOREVER, &info);
    if (strcmp(way, "fail") == 0)
        return fm_sleep(run, 60) < 0 ? fm_fail(run, "something else") : 0;
    while (fm_check(run) == 0)
        usleep(1000);
    return fm_check(run);
}
FM_TASK(wait_long, FM_STRING, FM_NOTHING, .timeout = 0.5);

static int impatient_tasks(struct fm_run *run)
{
    static const char *const ways[] = {"sleep", "receive", "wait", "fail", "compute"};

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        EXPECT(fm_run_task(run, &wait_long_task, ways[i], NULL) == FM_TIMED_OUT);
        EXPECT(strcmp(fm_error(run)->message, "Task run exceeded timeout of 0.5 second(s)") == 0);
    }
    EXPECT(fm_check(run) == 0 && fm_sleep(run, 0.01) == 0);
    return fm_run_task(run, &touch_task, NULL, NULL);
}
FM_FLOW(impatient_tasks);

static int sleepy(struct fm_run *run)
{
    return fm_sleep(run, 60);
}
FM_TASK(sleepy, FM_NOTHING, FM_NOTHING);

static int impatient(struct fm_run *run)
{
    int r = fm_run_task(run, &sleepy_task, NULL, NULL);

    note("code %d", r);
    return fm_check(run);
}
FM_FLOW(impatient, .timeout = 1);

static int late(struct fm_run *run)
{
    EXPECT(fm_sleep(run, 60) == FM_TIMED_OUT);
    EXPECT(fm_sleep(run, 60) == FM_TIMED_OUT);
    return 0;
}
FM_FLOW(late, .timeout = 0.2);

static int stubborn(struct fm_run *run)
{
    fm_info(run, "I do not hear");
    sleep(600);
    return 0;
}
FM_FLOW(stubborn, .timeout = 0.5);

/* ---- results that are too large ---- */

/* More than the server takes of one request, which the test has it say. */
static const char *large_text(struct fm_run *run)
{
    return fm_format(run, "%0*d", 2 << 20, 0);
}

static int large(struct fm_run *run, const char **result)
{
    *result = large_text(run);
    return 0;
}
FM_TASK(large, FM_NOTHING, FM_STRING);

static int gives_much(struct fm_run *run)
{
    const char *text = "as it was";

    EXPECT(fm_run_task(run, &large_task, NULL, &text) == FM_INVALID);
    EXPECT(strcmp(text, "as it was") == 0);
    return fm_set_result(run, FM_STRING, large_text(run));
}
FM_FLOW(gives_much);

/* ---- kept over the end of a process ---------------------------------------------------------- */

static int suspending(struct fm_run *run)
{
    struct page page;
    const char *answer;

    EXPECT(fm_run_task(run, &fetch_task, "one", &page) == 0);
    EXPECT(fm_run_task(run, &fetch_task, "two", &page) == 0 && page.length == 3);
    int r = fm_suspend(run, FM_STRING, &answer, .timeout = 600);
    if (r < 0)
        return r;
    EXPECT(fm_run_task(run, &fetch_task, answer, &page) == 0);
    return fm_set_result(run, &Page, &page);
}
FM_FLOW(suspending);

static int ask(struct fm_run *run, const char **result)
{
    note("ask");
    return fm_suspend(run, FM_STRING, result, .timeout = 600);
}
FM_TASK(ask, FM_NOTHING, FM_STRING);

static int suspending_task(struct fm_run *run)
{
    const char *answer;
    int r = fm_run_task(run, &ask_task, NULL, &answer);

    if (r == 0)
        note("answer %s", answer);
    return r;
}
FM_FLOW(suspending_task);

static int crash_once(struct fm_run *run)
{
    note("crash_once");
    if (access(getenv("TASKS_CRASHED"), F_OK) != 0) {
        fclose(fopen(getenv("TASKS_CRASHED"), "w"));
        raise(SIGKILL);
    }
    (void)run;
    return 0;
}
FM_TASK(crash_once, FM_NOTHING, FM_NOTHING);

static int crashing(struct fm_run *run)
{
    EXPECT(fm_run_task(run, &fetch_task, "before", NULL) == 0);
    return fm_run_task(run, &crash_once_task, NULL, NULL);
}
FM_FLOW(crashing);

/* Two, for going on after the pause counts as a run. */
static int retried(struct fm_run *run)
{
    const char *name = "";

    EXPECT(fm_run_task(run, &fetch_task, "kept", NULL) == 0);
    int r = fm_pause(run, FM_STRING, &name);
    if (r < 0)
        return r;
    note("try %s", name);
    return strcmp(name, "first") == 0 ? fm_fail(run, "not yet") : 0;
}
FM_FLOW(retried, .retries = 2);

/* ---- subflows -------------------------------------------------------------------------------- */

struct child_parameters {
    int64_t number;
    const char *way;
};
static const struct fm_field child_fields[] = {
    FM_FIELD(struct child_parameters, number, .default_value = FM_VALUE(1)),
    FM_FIELD(struct child_parameters, way, .default_value = FM_VALUE("return")),
    FM_END,
};
FM_MODEL(ChildParameters, struct child_parameters, child_fields);

static int child(struct fm_run *run, const struct child_parameters *parameters)
{
    const char *name;

    note("child %lld", (long long)parameters->number);
    if (strcmp(parameters->way, "fail") == 0)
        return fm_fail(run, "child %lld is ill", (long long)parameters->number);
    if (strcmp(parameters->way, "sleep") == 0)
        return fm_sleep(run, 60);
    if (strcmp(parameters->way, "crash") == 0) {
        int r = fm_run_task(run, &fetch_task, "in the child", NULL);
        return r < 0 ? r : fm_run_task(run, &crash_once_task, NULL, NULL);
    }
    if (strcmp(parameters->way, "suspend") == 0)
        return fm_suspend(run, FM_NOTHING, NULL);
    if (strcmp(parameters->way, "pause") == 0) {
        int r = fm_pause(run, FM_STRING, &name);
        return r < 0 ? r : fm_set_result(run, FM_STRING, name);
    }
    return fm_set_result(run, FM_INTEGER, parameters->number * 10);
}
FM_FLOW_WITH(child, ChildParameters);

static int parent(struct fm_run *run)
{
    struct fm_run_info info;
    int64_t number = 0;
    const char *text;

    EXPECT(fm_run_subflow(run, &child_flow, NULL, &info) == 0);
    EXPECT(fm_read_result(run, info.id, FM_INTEGER, &number) == 0 && number == 10);
    EXPECT(fm_read_result(run, info.id, FM_STRING, &text) == FM_INVALID);
    const struct child_parameters four = {.number = 4, .way = "return"};
    EXPECT(fm_run_subflow(run, &child_flow, &four, &info, .name = "number-four",
                          .tags = FM_CHOICES("small")) == 0);
    EXPECT(strcmp(info.name, "number-four") == 0 && strcmp(info.state_type, "COMPLETED") == 0);
    EXPECT(fm_read_result(run, info.id, FM_INTEGER, &number) == 0 && number == 40);
    const struct child_parameters ill = {.number = 5, .way = "fail"};
    EXPECT(fm_run_subflow(run, &child_flow, &ill, &info) == FM_FAILED);
    EXPECT(strcmp(fm_error(run)->message, "child 5 is ill") == 0);
    EXPECT(strcmp(info.state_type, "FAILED") == 0);
    EXPECT(fm_read_result(run, info.id, FM_INTEGER, &number) == FM_NOT_FOUND);
    const struct child_parameters suspends = {.number = 6, .way = "suspend"};
    EXPECT(fm_run_subflow(run, &child_flow, &suspends, &info) == FM_REFUSED);
    EXPECT(fm_read_result(run, fm_run_id(run), FM_INTEGER, &number) == FM_NOT_FOUND);
    return 0;
}
FM_FLOW(parent);

static int asking_parent(struct fm_run *run)
{
    const struct child_parameters parameters = {.number = 1, .way = "pause"};
    struct fm_run_info info;
    const char *name = "";

    int r = fm_run_subflow(run, &child_flow, &parameters, &info);
    if (r == 0)
        r = fm_read_result(run, info.id, FM_STRING, &name);
    note("answer %s", name);
    return r;
}
FM_FLOW(asking_parent);

static int waiting_parent(struct fm_run *run)
{
    const struct child_parameters parameters = {.number = 1, .way = "sleep"};
    struct fm_run_info info;
    int r = fm_run_subflow(run, &child_flow, &parameters, &info);

    note("code %d", r);
    return r;
}
FM_FLOW(waiting_parent);

static int hasty_parent(struct fm_run *run)
{
    return waiting_parent(run);
}
FM_FLOW(hasty_parent, .timeout = 1);

static int suspending_parent(struct fm_run *run)
{
    struct fm_run_info info;
    int64_t number = 0;

    EXPECT(fm_run_subflow(run, &child_flow, NULL, &info) == 0);
    EXPECT(fm_read_result(run, info.id, FM_INTEGER, &number) == 0 && number == 10);
    return fm_suspend(run, FM_NOTHING, NULL, .timeout = 600);
}
FM_FLOW(suspending_parent);

/* Its child ends with the process: while it runs, or while it is paused. */
static int crashing_parent(struct fm_run *run, const struct child_parameters *parameters)
{
    struct fm_run_info info;

    return fm_run_subflow(run, &child_flow, parameters, &info);
}
FM_FLOW_WITH(crashing_parent, ChildParameters);

struct depth {
    int64_t left;
};
static const struct fm_field depth_fields[] = {FM_FIELD(struct depth, left), FM_END};
FM_MODEL(Depth, struct depth, depth_fields);

static int factorial(struct fm_run *run, const struct depth *depth);
FM_FLOW_WITH(factorial, Depth);

static int factorial(struct fm_run *run, const struct depth *depth)
{
    const struct depth less = {.left = depth->left - 1};
    struct fm_run_info info;
    int64_t product = 1;

    int r = depth->left > 1 ? fm_run_subflow(run, &factorial_flow, &less, &info) : 0;
    if (r == 0 && depth->left > 1)
        r = fm_read_result(run, info.id, FM_INTEGER, &product);
    return r < 0 ? r : fm_set_result(run, FM_INTEGER, product * depth->left);
}

static int recursion(struct fm_run *run)
{
    const struct depth depth = {.left = 4};
    struct fm_run_info info;
    int64_t product = 0;

    EXPECT(fm_run_subflow(run, &factorial_flow, &depth, &info) == 0);
    EXPECT(fm_read_result(run, info.id, FM_INTEGER, &product) == 0 && product == 24);
    return 0;
}
FM_FLOW(recursion);

/* ---- runs of deployments --------------------------------------------------------------------- */

static int starter(struct fm_run *run)
{
    const struct child_parameters seven = {.number = 7, .way = "return"};
    struct fm_run_info info, same;
    int64_t number = 0;

    EXPECT(fm_run_deployment(run, "child/test", &info, .as_subflow = true, .timeout = 60,
                             .arguments = FM_ARGUMENTS(&ChildParameters, &seven),
                             .tags = FM_CHOICES("started")) == 0);
    EXPECT(fm_read_result(run, info.id, FM_INTEGER, &number) == 0 && number == 70);
    EXPECT(fm_run_deployment(run, "child/test", &same, .scheduled_time = 4102444800000000,
                             .name = "in-2100") == 0);
    EXPECT(strcmp(same.state_type, "SCHEDULED") == 0);
    EXPECT(fm_run_deployment(run, "child/test", &same, .parameters = FM_INITIAL(FM_SET(number, 1)),
                             .arguments = FM_ARGUMENTS(&ChildParameters, &seven)) == FM_INVALID);
    note("started %s", info.id);
    static int calls;
    return ++calls < 2 ? fm_fail(run, "once more") : 0;
}
FM_FLOW(starter, .retries = 1);

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        const struct fm_flow *flow;
    } flows[] = {
        {"types", &types_flow},
        {"failing", &failing_flow},
        {"retrying", &retrying_flow},
        {"second_try", &second_try_flow},
        {"same_names", &same_names_flow},
        {"threads", &threads_flow},
        {"paused_beside", &paused_beside_flow},
        {"endless", &endless_flow},
        {"impatient_tasks", &impatient_tasks_flow},
        {"impatient", &impatient_flow},
        {"late", &late_flow},
        {"gives_much", &gives_much_flow},
        {"parent", &parent_flow},
        {"asking_parent", &asking_parent_flow},
        {"waiting_parent", &waiting_parent_flow},
        {"hasty_parent", &hasty_parent_flow},
        {"recursion", &recursion_flow},
        {"starter", &starter_flow},
    };
    const char *name = argc == 2 ? argv[1] : "";

    if (strcmp(name, "serve") == 0)
        return fm_serve(FM_DEPLOYMENT(&suspending_flow, .name = "test"),
                        FM_DEPLOYMENT(&suspending_task_flow, .name = "test"),
                        FM_DEPLOYMENT(&crashing_flow, .name = "test"),
                        FM_DEPLOYMENT(&retried_flow, .name = "test"),
                        FM_DEPLOYMENT(&stubborn_flow, .name = "test"),
                        FM_DEPLOYMENT(&suspending_parent_flow, .name = "test"),
                        FM_DEPLOYMENT(&waiting_parent_flow, .name = "test"),
                        FM_DEPLOYMENT(&crashing_parent_flow, .name = "test"),
                        FM_DEPLOYMENT(&child_flow, .name = "test"));
    for (size_t i = 0; i < sizeof(flows) / sizeof(flows[0]); i++) {
        if (strcmp(flows[i].name, name) == 0)
            return fm_run_flow(flows[i].flow);
    }
    fprintf(stderr, "usage: %s serve|FLOW\n", argv[0]);
    return 2;
}
