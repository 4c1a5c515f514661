/* `fermata answer`: what its files share. */
#pragma once

#include "cli/prompt.h"
#include "cli/requests.h"
#include "common/ids.h"

#define ANSWER_FAREWELL "\nNothing was sent; the run goes on waiting.\n"

struct answer {
    struct cli *cli;
    struct prompt prompt;
    struct inbox_filter filter;
    const char *file; /* --json: the whole answer; "-": standard input */
    const struct text_list *settings;
    const char *by;
    bool check;
    struct error error;

    char id[ID_SIZE];
    struct api_reply request;
    char etag[128];       /* of the request as it was read */
    const json_t *schema; /* the request's; an empty object if it has none */
};

/* Whether a person is asked, in place of a file or settings. */
bool answer_asks(const struct answer *answer);

/* Finds the open request that the filter means; if there are several, the person chooses. */
int answer_find(struct answer *answer);

/* Reads the request, as soon as its run has told all that it asks. */
int answer_fetch(struct answer *answer);

/* Only an open one can be answered: an error that says what became of it. */
int answer_refuse_closed(struct answer *answer);

/* Shows what is asked: the run, the deadline, the description. */
int answer_show(struct answer *answer);

/* The value from the file and the settings, or from the person. 1; 0 if he does not approve. */
int answer_get_value(struct answer *answer, json_t **ret_value);

/* Sends the value, or has it checked. */
int answer_send(struct answer *answer, const json_t *value, struct api_reply *ret_reply);

/* The list of what is wrong with the answer, or NULL if the reply says something else. */
const json_t *answer_errors(const struct api_reply *reply);

/* Answers all that the filter means and that ask the same. An exit status. */
int answer_all(struct answer *answer);
