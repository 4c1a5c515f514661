/* `fermata step` and `fermata log`: a part of a script whose output is kept, and lines of its log.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/answer_print.h"
#include "cli/api.h"
#include "cli/script.h"

#define LONGEST_OUTPUT ((size_t)512 << 10) /* in base64 it fits into what the server takes */
#define SIGNALS_APART  0.2                 /* seconds */
#define HASH_BYTES     16

extern char **environ;

/* ---- steps ----------------------------------------------------------------------------------- */

struct step_settings {
    int64_t retries;
    int64_t retry_delay;
};

/* What tells a step from others: the command, and which of several calls with it this is. The
 * members behind these are this process's. */
struct step_input {
    fm_strings command;
    int64_t call;

    struct cli *cli;
    bool holds;  /* what the command prints is shown once it has succeeded: a try that failed
                  * must not be in front of the one that did */
    int *status; /* of the command; -1: it was not run */
};

static const struct fm_field step_input_fields[] = {FM_FIELD(struct step_input, command),
                                                    FM_FIELD(struct step_input, call), FM_END};
FM_MODEL(StepInput, struct step_input, step_input_fields);

/* Starts the command with a pipe as its standard output. 0 or a number of errno. */
static int start_step(char *const *argv, pid_t *ret_pid, int *ret_out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t usual;
    int fds[2];

    if (pipe2(fds, O_CLOEXEC) < 0)
        return errno;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE); /* which this process ignores */
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    int number = posix_spawnp(ret_pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    if (number == 0)
        *ret_out = fds[0];
    else
        close(fds[0]);
    return number;
}

/* Shows what comes, and keeps it. Without an end where the step has left a program behind that
 * holds the pipe: as a shell's $(...) has it. */
static void read_step(const struct step_input *input, int out, struct buf *kept)
{
    buf_auto shown = BUF_INIT;
    char chunk[4096];
    ssize_t n;

    kept->ceiling = LONGEST_OUTPUT;
    while ((n = read(out, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR)) {
        if (n < 0)
            continue;
        buf_add(kept, chunk, (size_t)n);
        buf_clear(&shown);
        buf_add(&shown, chunk, (size_t)n);
        if (!input->holds)
            answer_print(&input->cli->screen, &shown);
    }
    close(out);
}

/* What was held back: of a try that failed it goes where the script's errors do. */
static void show_held(const struct step_input *input, const struct buf *kept, bool failed)
{
    buf_auto shown = BUF_INIT;
    struct screen screen;

    if (!input->holds)
        return;
    buf_add(&shown, buf_string(kept), kept->length);
    screen_init(&screen, failed ? stderr : input->cli->screen.out);
    answer_print(&screen, &shown);
}

static int end_step(struct fm_run *run, const struct step_input *input, pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    *input->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    /* A signal for all of the script ends the command, and reaches this process a moment later. */
    if (WIFSIGNALED(status) && fm_sleep(run, SIGNALS_APART) < 0)
        return FM_CANCELLED;
    if (fm_check(run) < 0)
        return FM_CANCELLED;
    if (WIFSIGNALED(status))
        return fm_fail(run, "the command was ended by signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0)
        return fm_fail(run, "the command ended with exit status %d", WEXITSTATUS(status));
    return 0;
}

static int do_step(struct fm_run *run, const void *given, void *result)
{
    const struct step_input *input = given;
    buf_auto kept = BUF_INIT;
    pid_t pid;
    int out;

    int number = start_step((char *const *)input->command.items, &pid, &out);
    if (number != 0) {
        *input->status = number == ENOENT ? 127 : 126;
        return fm_fail(run, "'%.200s' could not be started: %s", input->command.items[0],
                       strerror(number));
    }
    read_step(input, out, &kept);
    int r = end_step(run, input, pid);
    show_held(input, &kept, r < 0);
    if (r < 0)
        return r;
    if (kept.failed)
        return fm_fail(run, "the command printed more than the %zu KiB that are kept of a step",
                       LONGEST_OUTPUT >> 10);
    struct fm_bytes *bytes = result;
    uint8_t *copy = fm_alloc(run, kept.length + 1);
    if (!copy)
        return FM_NO_MEMORY;
    memcpy(copy, buf_string(&kept), kept.length);
    *bytes = (struct fm_bytes){.data = copy, .length = kept.length};
    return 0;
}

/* How often the script has called a step with this command before. */
static int count_calls(const char *name, int argc, char **argv, struct error *error)
{
    unsigned char hash[HASH_BYTES];
    char digits[2 * HASH_BYTES + 1];
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    crypto_generichash_update(&state, (const unsigned char *)name, strlen(name) + 1);
    for (int i = 0; i < argc; i++)
        crypto_generichash_update(&state, (const unsigned char *)argv[i], strlen(argv[i]) + 1);
    crypto_generichash_final(&state, hash, sizeof(hash));
    sodium_bin2hex(digits, sizeof(digits), hash, sizeof(hash));
    return inside_count("step", digits, error);
}

/* The step's exit status. What it had printed in an earlier execution is printed again. */
static int finish_step(struct cli *cli, struct inside *inside, int r, int status,
                       const struct fm_bytes *result)
{
    buf_auto kept = BUF_INIT;

    if (r < 0) {
        inside_fail(inside);
        return status > 0 ? status : STATUS_FAILED;
    }
    if (status >= 0)
        return STATUS_DONE;
    buf_add(&kept, result->data, result->length);
    return answer_print(&cli->screen, &kept) == 0 ? STATUS_DONE : STATUS_FAILED;
}

static int run_step(struct cli *cli, void *settings, int argc, char **argv)
{
    const struct step_settings *step = settings;
    struct fm_bytes result = {.length = 0};
    struct inside inside;
    struct error error;
    int status = -1;
    char **command = argv + 1;
    int count = argc - 1;

    if (strcmp(command[0], "--") == 0) { /* behind the name it is no end of options to getopt */
        command++;
        count--;
    }
    if (count == 0 || (count == argc - 1 && *command[0] == '-')) {
        complain("it has to be: fermata step [OPTION...] NAME -- COMMAND [ARGUMENT...]");
        return STATUS_USAGE;
    }
    if (inside_open(&inside, "step", false, &error) < 0)
        return fail_with(&error);
    int call = count_calls(argv[0], count, command, &error);
    if (call < 0) {
        inside_close(&inside);
        return fail_with(&error);
    }
    const struct step_input input = {
        .command = {.items = (const char **)command, .count = (size_t)count},
        .call = call,
        .cli = cli,
        .holds = step->retries > 0,
        .status = &status};
    const struct fm_task task = {.function = do_step,
                                 .function_name = "step",
                                 .name = argv[0],
                                 .input = &StepInput.model,
                                 .result = &FM_BYTES->model,
                                 .retries = (int)step->retries,
                                 .retry_delay = (double)step->retry_delay};
    int r = fm_run_task_with(inside.run, &task, &input, &result);
    status = finish_step(cli, &inside, r, status, &result);
    inside_close(&inside);
    return status;
}

/* ---- lines of the log ------------------------------------------------------------------------ */

struct line_settings {
    const char *level;
};

static const struct {
    const char *name;
    enum fm_level level;
} levels[] = {{"debug", FM_DEBUG},
              {"info", FM_INFO},
              {"warning", FM_WARNING},
              {"error", FM_ERROR},
              {"critical", FM_CRITICAL}};

static int find_level(const char *name, enum fm_level *ret_level)
{
    for (size_t i = 0; i < COUNT_OF(levels); i++) {
        if (strcmp(name, levels[i].name) == 0) {
            *ret_level = levels[i].level;
            return 0;
        }
    }
    complain("--level has to be debug, info, warning, error or critical");
    return -1;
}

/* Each line of standard input. */
static int log_input(struct fm_run *run, enum fm_level level)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    while ((length = getline(&line, &size, stdin)) >= 0) {
        if (length > 0 && line[length - 1] == '\n')
            line[length - 1] = '\0';
        fm_log(run, level, "%s", line);
    }
    free(line);
    return ferror(stdin) ? STATUS_FAILED : STATUS_DONE;
}

static int run_log(struct cli *cli, void *settings, int argc, char **argv)
{
    const struct line_settings *line = settings;
    enum fm_level level = FM_INFO;
    struct inside inside;
    struct error error;
    int status = STATUS_DONE;

    (void)cli;
    (void)argc;
    if (line->level && find_level(line->level, &level) < 0)
        return STATUS_USAGE;
    if (inside_open(&inside, "log", false, &error) < 0)
        return fail_with(&error);
    if (strcmp(argv[0], "-") == 0)
        status = log_input(inside.run, level);
    else
        fm_log(inside.run, level, "%s", argv[0]);
    inside_close(&inside);
    if (inside.missing == 0)
        return status;
    complain("%d lines could not be stored; they are only shown", inside.missing);
    return STATUS_FAILED;
}

/* ---- the commands ---------------------------------------------------------------------------- */

static const struct option_row step_options[] = {
    {.name = "retries",
     .argument = "N",
     .help = "how often a step that failed is tried again",
     OPTION_NUMBER(struct step_settings, retries),
     .most = 1000},
    {.name = "retry-delay",
     .argument = "SECONDS",
     .help = "how long it waits before it is",
     OPTION_NUMBER(struct step_settings, retry_delay),
     .most = 1000000},
    OPTIONS_END};

static const struct option_row line_options[] = {
    {.name = "level",
     .letter = 'l',
     .argument = "LEVEL",
     .help = "debug, info, warning, error or critical; default: info",
     OPTION_TEXT(struct line_settings, level)},
    OPTIONS_END};

const struct command step_commands[] = {
    {.name = "step",
     .arguments = "NAME -- COMMAND [ARGUMENT...]",
     .summary = "in a script: run a command once, keep what it prints",
     .details = "For scripts that 'fermata run' or 'fermata serve' has started. The command is a "
                "task run. A script that starts anew, because it was suspended, failed or crashed, "
                "does not run it again: what it had printed to standard output is printed again, "
                "512 KiB at most. Steps are told apart by name and command, and calls with the "
                "same ones by their order. The exit status is the command's.",
     .example = "version=$(fermata step build -- ./build.sh --release)\n"
                "fermata step --retries 3 upload -- ./upload.sh \"$version\"",
     .run = run_step,
     .options = step_options,
     .settings_size = sizeof(struct step_settings),
     .least = 2,
     .most = ANY_NUMBER,
     .rest = true},
    {.name = "log",
     .arguments = "MESSAGE|-",
     .summary = "in a script: write to the run's log",
     .details = "For scripts that 'fermata run' or 'fermata serve' has started. With '-' each line "
                "of standard input is one of the log.",
     .example = "fermata log --level warning 'the cache is cold'\n"
                "du -sh build | fermata log -",
     .run = run_log,
     .any_bytes = true, /* what is none is shown as such */
     .options = line_options,
     .settings_size = sizeof(struct line_settings),
     .least = 1,
     .most = 1},
    COMMANDS_END};
