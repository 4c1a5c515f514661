/* `fermata completion`: a script for a shell, which asks `fermata complete` what may come next. So
 * all that is completed comes from the tables of commands. */
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/text.h"

#define MOST_ROWS 50 /* names that are offered */

/* ---- what may come next ---- */

struct completion {
    struct cli *cli;
    const char *begun; /* what is typed of the word so far */
};

/* A candidate, with what it is about behind a tab, if it goes on from what is typed. */
static void offer(const struct completion *completion, const char *word, const char *about)
{
    buf_auto line = BUF_INIT;

    if (!word || strncmp(word, completion->begun, strlen(completion->begun)) != 0)
        return;
    text_add_safe(&line, word, strlen(word), false);
    if (about)
        buf_addf(&line, "\t%s", about);
    buf_add_char(&line, '\n');
    fputs(buf_string(&line), completion->cli->screen.out);
}

/* The first words of all commands, or the second ones of those with this first word. */
static void offer_commands(const struct completion *completion, const char *first)
{
    const char *last = "";

    for_each_command(command)
    {
        char word[64];
        const char *space = strchr(command->name, ' ');
        size_t length = space ? (size_t)(space - command->name) : strlen(command->name);
        snprintf(word, sizeof(word), "%.*s", (int)length, command->name);
        if (first && space && strcmp(first, word) == 0)
            offer(completion, space + 1, command->summary);
        else if (!first && strncmp(last, word, length) != 0)
            offer(completion, word, space ? NULL : command->summary);
        last = command->name;
    }
}

static void offer_options(const struct completion *completion, const struct command *command)
{
    const struct option_row *rows[MOST_OPTIONS];
    size_t count = command_options(command, rows);

    for (size_t i = 0; i < count; i++) {
        char option[64];
        snprintf(option, sizeof(option), "--%s", rows[i]->name);
        offer(completion, option, rows[i]->help);
    }
}

/* Where names that only the server knows come from. */
static const struct source {
    enum word_kind kind;
    const char *path;
    const char *sort;
    const char *filter; /* what has the filter for a part of the name, or NULL */
    const char *member;
} sources[] = {
    {WORD_FLOW_RUN, "/flow_runs/filter", "EXPECTED_START_TIME_DESC", "flow_runs", "name"},
    {WORD_FLOW, "/flows/filter", "NAME_ASC", "flows", "name"},
    {WORD_VARIABLE, "/variables/filter", "NAME_ASC", "variables", "name"},
    {WORD_INPUT_REQUEST, "/input_requests/filter", "DEADLINE_ASC", NULL, "id"},
};

/* Nobody wants to hear of a server that is away while he types, or to wait for it. */
static bool ask(const struct completion *completion, const char *path, json_t *body,
                struct api_reply *ret_reply)
{
    static const struct fm_call options = {.timeout = 1, .retries = -1};
    struct cli *cli = completion->cli;
    struct error error;

    bool answered = body && api_connect(cli, &error) == 0 &&
                    api_request(cli->client, "POST", path, body, &options, ret_reply, &error) == 0;
    json_decref(body);
    return answered;
}

static void offer_rows(const struct completion *completion, const struct source *source)
{
    api_reply_auto reply = {0};
    size_t i;
    json_t *row;

    json_t *body = json_pack("{s:s,s:i}", "sort", source->sort, "limit", MOST_ROWS);
    if (source->filter && *completion->begun)
        json_object_set_new(body, source->filter,
                            json_pack("{s:{s:s}}", "name", "like_", completion->begun));
    if (!ask(completion, source->path, body, &reply))
        return;
    json_array_foreach(reply.json, i, row)
        offer(completion, member_text(row, source->member), NULL);
}

static void offer_deployments(const struct completion *completion)
{
    api_reply_auto deployments = {0};
    api_reply_auto flows = {0};
    size_t i, j;
    json_t *deployment, *flow;

    if (!ask(completion, "/deployments/filter", json_object(), &deployments) ||
        !ask(completion, "/flows/filter", json_object(), &flows))
        return;
    json_array_foreach(deployments.json, i, deployment) {
        const char *name = member_text(deployment, "name");
        const char *flow_id = member_text(deployment, "flow_id");
        json_array_foreach(flows.json, j, flow) {
            const char *id = member_text(flow, "id");
            buf_auto whole = BUF_INIT;
            if (!id || !flow_id || strcmp(id, flow_id) != 0)
                continue;
            buf_addf(&whole, "%s/%s", member_text(flow, "name"), name);
            offer(completion, buf_string(&whole), NULL);
        }
    }
}

static void offer_words(const struct completion *completion, enum word_kind kind)
{
    if (kind == WORD_COMMAND)
        offer_commands(completion, NULL);
    if (kind == WORD_DEPLOYMENT)
        offer_deployments(completion);
    for (size_t i = 0; i < COUNT_OF(sources); i++)
        if (sources[i].kind == kind)
            offer_rows(completion, &sources[i]);
}

/* The option whose argument comes next; NULL if another word does. */
static const struct option_row *open_option(const struct command *command, const char *word)
{
    const struct option_row *rows[MOST_OPTIONS];
    size_t count = command_options(command, rows);

    for (size_t i = 0; i < count; i++)
        if (rows[i]->argument &&
            ((strncmp(word, "--", 2) == 0 && strcmp(word + 2, rows[i]->name) == 0) ||
             (rows[i]->letter && word[0] == '-' && word[1] == rows[i]->letter && !word[2])))
            return rows[i];
    return NULL;
}

/* Whether no option comes after these words: "--" has, or what another program is to take. */
static bool options_are_over(const struct command *command, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0 || (command->rest && *argv[i] != '-'))
            return true;
        if (open_option(command, argv[i]))
            i++; /* its argument */
    }
    return false;
}

/* What may come next behind these words, with which the command line begins. What another program
 * takes the shell knows better. */
static void offer_next(const struct completion *completion, int argc, char **argv)
{
    int words;
    const struct command *command = argc > 0 ? command_find(argc, argv, &words) : NULL;

    if (!command) {
        if (argc <= 1)
            offer_commands(completion, argc > 0 ? argv[0] : NULL);
        return;
    }
    bool over = options_are_over(command, argc - words, argv + words);
    const struct option_row *option = over ? NULL : open_option(command, argv[argc - 1]);
    if (option)
        offer_words(completion, option->takes);
    else if (*completion->begun == '-' && !over)
        offer_options(completion, command);
    else if (!over || !command->rest)
        offer_words(completion, command->takes);
}

/* The arguments are the words after "fermata", of which the last is the one that is typed. */
static int run_complete(struct cli *cli, void *settings, int argc, char **argv)
{
    int behind = argc > 0 ? argc - 1 : 0;
    struct completion completion = {.cli = cli, .begun = argc > 0 ? argv[behind] : ""};

    (void)settings;
    int first = read_early_options(cli, behind, argv);
    offer_next(&completion, behind - first, argv + first);
    return STATUS_DONE;
}

/* ---- scripts ---- */

static const struct script {
    const char *shell;
    const char *text;
} scripts[] = {
    {"bash",
     "_fermata() {\n"
     "    local line\n"
     "    COMPREPLY=()\n"
     "    while IFS=$'\\t' read -r line _; do COMPREPLY+=(\"$(printf %q \"$line\")\"); done < <(\n"
     "        fermata complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
     "}\n"
     "complete -o default -F _fermata fermata\n"},
    {"zsh",
     "#compdef fermata\n"
     "_fermata() {\n"
     "    local -a candidates\n"
     "    local name about\n"
     "    while IFS=$'\\t' read -r name about; do\n"
     "        candidates+=(\"${name//:/\\\\:}${about:+:$about}\")\n"
     "    done < <(fermata complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
     "    if (( $#candidates )); then _describe -t values value candidates; else _files; fi\n"
     "}\n"
     "if [[ $funcstack[1] == _fermata ]]; then _fermata \"$@\"; else compdef _fermata fermata; "
     "fi\n"},
    {"fish", "function __fermata\n"
             "    set -l words (commandline -opc) (commandline -ct)\n"
             "    fermata complete -- $words[2..] 2>/dev/null\n"
             "end\n"
             "complete -c fermata -a '(__fermata)'\n"},
};

static int run_completion(struct cli *cli, void *settings, int argc, char **argv)
{
    (void)settings;
    (void)argc;
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        if (strcmp(scripts[i].shell, argv[0]) == 0) {
            fputs(scripts[i].text, cli->screen.out);
            return STATUS_DONE;
        }
    }
    complain("there is no completion for '%.50s': it has to be bash, zsh or fish", argv[0]);
    return STATUS_USAGE;
}

const struct command completion_commands[] = {
    {.name = "completion",
     .arguments = "SHELL",
     .summary = "print completion for bash, zsh or fish",
     .example = "source <(fermata completion bash)\n"
                "fermata completion zsh >\"${fpath[1]}/_fermata\"\n"
                "fermata completion fish >~/.config/fish/completions/fermata.fish",
     .run = run_completion,
     .least = 1,
     .most = 1},
    {.name = "complete",
     .arguments = "-- [WORD...]",
     .summary = "list what may follow on a command line; completion uses it",
     .example = "fermata complete -- flow-run l",
     .run = run_complete,
     .most = ANY_NUMBER},
    COMMANDS_END};
