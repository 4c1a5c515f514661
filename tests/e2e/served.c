/* Flows for the end-to-end tests of the runner: served [LIMIT] or served schedules; served listen
 * and served retry run one directly. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fermata.h>

/* ---- what a process prints ------------------------------------------------------------------- */

static void print_words(struct fm_run *run)
{
    printf("to the output\n");
    fprintf(stderr, "to the errors\n");
    fm_info(run, "to the log");
}

static void print_part(struct fm_run *run)
{
    (void)run;
    printf("one\n\nthe last line");
}

static void print_long(struct fm_run *run)
{
    char *text = fm_alloc(run, 100001);

    memset(text, 'x', 100000);
    printf("%s\nshort\n", text);
}

static void print_bytes(struct fm_run *run)
{
    static const char bytes[] = "a\xff\0b \xc3\xa4\r\n";

    (void)run;
    fwrite(bytes, 1, sizeof(bytes) - 1, stdout);
}

static void print_much(struct fm_run *run)
{
    (void)run;
    for (int i = 0; i < 300000; i++)
        printf("line %d of a flood that nobody reads, and which is as long as this one is\n", i);
}

static void print_and_abort(struct fm_run *run)
{
    (void)run;
    fprintf(stderr, "the last words");
    abort();
}

static void print_and_wait(struct fm_run *run)
{
    printf("seen at once\n");
    fm_pause(run, FM_NOTHING, NULL);
}

/* A program that goes on and keeps what it has inherited. */
static void leave_behind(struct fm_run *run)
{
    (void)run;
    if (system("setsid sh -c 'ls -l /proc/self/fd; echo left behind; exec sleep 20' &") != 0)
        printf("no shell\n");
    usleep(300000);
}

struct prints_parameters {
    const char *way;
};
static const struct fm_field prints_fields[] = {
    FM_FIELD(struct prints_parameters, way,
             .choices =
                 FM_CHOICES("words", "part", "long", "bytes", "much", "abort", "wait", "behind")),
    FM_END,
};
FM_MODEL(PrintsParameters, struct prints_parameters, prints_fields);

static int prints(struct fm_run *run, const struct prints_parameters *parameters)
{
    static const struct {
        const char *way;
        void (*print)(struct fm_run *run);
    } rows[] = {
        {"words", print_words},   {"part", print_part},     {"long", print_long},
        {"bytes", print_bytes},   {"much", print_much},     {"abort", print_and_abort},
        {"wait", print_and_wait}, {"behind", leave_behind},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].way, parameters->way) == 0)
            rows[i].print(run);
    }
    return 0;
}
FM_FLOW_WITH(prints, PrintsParameters);

/* ---- how a process ends ---------------------------------------------------------------------- */

/* Does not hear. */
static int stubborn(struct fm_run *run)
{
    signal(SIGTERM, SIG_IGN);
    fm_info(run, "going on");
    while (sleep(1) == 0)
        ;
    return 0;
}
FM_FLOW(stubborn);

static int waits(struct fm_run *run)
{
    return fm_pause(run, FM_NOTHING, NULL);
}
FM_FLOW(waits);

static int quick(struct fm_run *run)
{
    fm_info(run, "done");
    return 0;
}
FM_FLOW(quick);

/* Until somebody cancels it. */
static int listens(struct fm_run *run)
{
    struct fm_receiver *words = fm_receive(run, FM_STRING, .timeout = FM_FOREVER);
    const char *word;
    int r;

    while ((r = fm_next(words, &word)) > 0)
        fm_info(run, "heard %s", word);
    fm_info(run, "code %d", r);
    return r;
}
FM_FLOW(listens);

static int fails_first(struct fm_run *run)
{
    return fm_fail(run, "not yet");
}
FM_FLOW(fails_first, .retries = 1, .retry_delay = 60);

static int serve_schedules(void)
{
    return fm_serve(FM_DEPLOYMENT(&quick_flow, .name = "interval", .interval = 1),
                    FM_DEPLOYMENT(&quick_flow, .name = "cron", .cron = "0 9 * * 1-5",
                                  .timezone = "Europe/Berlin"),
                    FM_DEPLOYMENT(&quick_flow, .name = "rrule", .rrule = "FREQ=DAILY;COUNT=3"));
}

/* What comes before fm_serve in processes that are not the runner. */
static void begin_as_told(void)
{
    const char *first = getenv("FIRST");

    if (!first || !getenv("FERMATA_SERVED_BY"))
        return;
    if (strcmp(first, "exit") == 0) {
        printf("no way\n");
        exit(3);
    }
    if (strcmp(first, "hang") == 0)
        sleep(60);
    if (strcmp(first, "print") == 0)
        printf("first words\n");
}

int main(int argc, char **argv)
{
    begin_as_told();
    if (argc > 1 && strcmp(argv[1], "schedules") == 0)
        return serve_schedules();
    if (argc > 1 && strcmp(argv[1], "twice") == 0)
        return fm_serve(FM_DEPLOYMENT(&quick_flow, .name = "test"),
                        FM_DEPLOYMENT(&quick_flow, .name = "test"));
    if (argc > 1 && strcmp(argv[1], "retry") == 0)
        return fm_run_flow(&fails_first_flow);
    if (argc > 1 && strcmp(argv[1], "listen") == 0)
        return fm_run_flow(&listens_flow);
    return fm_serve_limited(
        argc > 1 ? atoi(argv[1]) : 0, FM_DEPLOYMENT(&prints_flow, .name = "test"),
        FM_DEPLOYMENT(&stubborn_flow, .name = "test"), FM_DEPLOYMENT(&waits_flow, .name = "test"),
        FM_DEPLOYMENT(&quick_flow, .name = "test"));
}
