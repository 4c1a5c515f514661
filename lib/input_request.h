/*
 * The input request of a pause, which our server keeps: one read that it holds back tells at once
 * that the pause is over, and with which answer. Another server has none.
 */
#pragma once

#include "include/fermata.h"
#include "lib/run.h"

/* The id of the request that is open for the pause with this key. "": there is none, for the server
 * keeps none or the pause is over already, or it could not be read; the run tells as well. */
void input_request_find(struct fm_run *run, const char *pause_key, char ret_id[static ID_SIZE]);

enum input_request_news {
    REQUEST_OPEN,
    REQUEST_ANSWERED,
    REQUEST_OVER, /* in another way, or nobody knows: the run says it */
};

/* Waits up to `seconds` for it to be answered or over. An `input_request_news`, or FM_UNREACHABLE,
 * FM_CANCELLED, ... `ret_answer`: JSON text to be freed; NULL if the request knows of none. */
int input_request_wait(struct fm_run *run, const char *id, double seconds, char **ret_answer,
                       struct fm_error *error) MUST_CHECK;
