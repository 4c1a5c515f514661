/* Input requests: what waits for an answer. */
#pragma once

#include "cli/api.h"

/* Which of them are meant; NULL: whichever. */
struct inbox_filter {
    const char *run;        /* id or name */
    const char *flow;       /* name */
    const char *deployment; /* FLOW/DEPLOYMENT, or an id */
    const char *text;       /* words in the names or in the description */
};

/* The options for a filter, which is a member of these settings. */
#define INBOX_FILTER_OPTIONS(settings, filter)                                                     \
    {.name = "flow",                                                                               \
     .argument = "NAME",                                                                           \
     .help = "only what runs of this flow wait for",                                               \
     OPTION_TEXT(settings, filter.flow),                                                           \
     .takes = WORD_FLOW},                                                                          \
        {.name = "deployment",                                                                     \
         .argument = "FLOW/NAME",                                                                  \
         .help = "only what runs of this deployment wait for",                                     \
         OPTION_TEXT(settings, filter.deployment),                                                 \
         .takes = WORD_DEPLOYMENT},                                                                \
    {                                                                                              \
        .name = "text", .argument = "WORDS",                                                       \
        .help = "only with these words in a name or in the description; -word: without it",        \
        OPTION_TEXT(settings, filter.text)                                                         \
    }

/* The body that asks for what the filter means, without a filter for the state. */
int inbox_body(struct cli *cli, const struct inbox_filter *filter, const char *sort,
               json_t **ret_body, struct error *error);

/* The open ones by "DEADLINE_ASC" or another order: all of them, or as many as the API gives at
 * once.
 */
int inbox_get(struct cli *cli, const struct inbox_filter *filter, const char *sort, bool all,
              struct api_reply *ret_reply, struct error *error);

/* They as a table; `numbered` for choosing one. */
int inbox_print(const json_t *requests, bool numbered, struct screen *screen, struct error *error);

/* Shows what there is and what comes, until it is interrupted. An exit status. */
int inbox_watch(struct cli *cli, const struct inbox_filter *filter);

/* Whether it may still be answered: it is open, or its flow is checking an answer. */
bool request_is_open(const json_t *request);

/* Whether the run has told what it asks. */
bool request_is_complete(const json_t *request);

/* When it is over: "in 2 hours", or "none". */
void add_deadline(struct buf *to, const json_t *request);

/* "answered by Ada (api) 2 minutes ago". */
void add_who(struct buf *to, const json_t *request);
