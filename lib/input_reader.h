/*
 * Reading the inputs of a run in the order of their arrival.
 *
 * Our server numbers them: the place is the number of the last, and each call brings as many as
 * there are, up to a page. Another server knows no place: it is told the keys of all that was read,
 * and asked for one at a time.
 */
#pragma once

#include <jansson.h>

#include "common/ids.h"
#include "include/fermata.h"
#include "lib/inputs.h"

struct input_reader {
    struct fm_run *run;
    char flow_run_id[ID_SIZE];
    char prefix[ANSWER_KEY_SIZE];
    double poll_interval; /* seconds, where the server cannot wait */
    int retries;          /* of one look, see struct fm_call: none where it is waited for rows */
    int page;             /* rows at once from a server that does not number them; 0: one */
    bool numbered;        /* the server is one that numbers inputs */
    int64_t after;        /* the number of the last one */
    json_t *had;          /* {KEY: true}: what is not to come */
    json_t *rows;         /* that were read */
    size_t next;          /* of them, to be handed out */
};

/* Of the run with this id (NULL: the reader's own) and with keys that begin so. */
int input_reader_init(struct input_reader *reader, struct fm_run *run, const char *flow_run_id,
                      const char *prefix, struct fm_error *error) MUST_CHECK;
void input_reader_release(struct input_reader *reader); /* twice is harmless */

int input_reader_exclude(struct input_reader *reader, const char *key,
                         struct fm_error *error) MUST_CHECK;

/* Goes on behind the input with this number. */
void input_reader_go_to(struct input_reader *reader, int64_t number);

/* Waits for the next one, for up to `timeout` seconds. 1: it is in `ret_row`, until the next call;
 * 0: none came. A server that is away is waited for as well. */
int input_reader_next(struct input_reader *reader, double timeout, const json_t **ret_row,
                      struct fm_error *error) MUST_CHECK;

/* The number of a row; 0 if the server gives none. */
int64_t input_number(const json_t *row);
