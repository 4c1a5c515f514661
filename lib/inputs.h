/* What sending, receiving and asking share: the keys of inputs, and storing one. */
#pragma once

#include "common/buf.h"
#include "common/ids.h"
#include "include/fermata.h"

#define INPUT_PREFIX_SIZE 160
#define INPUT_KEY_SIZE    (INPUT_PREFIX_SIZE + 160) /* of any key that the library makes */

/* Whether it can be part of a key: lower-case letters, digits and dashes. Our server takes more;
 * another one lists no inputs at all any more once it has one with another key. */
bool input_key_is_plain(const char *text);

/* What the keys of a type begin with, "strautomaticruninput-auto", or the caller's `own` (NULL:
 * none). FM_INVALID if that cannot be in a key. */
int input_prefix(const struct fm_model *model, const char *own,
                 char ret_prefix[static INPUT_PREFIX_SIZE], struct fm_error *error) MUST_CHECK;

/* The id of the run that an input's `sender` names; false if it names none. */
bool input_sender_id(const char *sender, char ret_id[static ID_SIZE]);

/* Stores `text` under the key, with this run as its sender. FM_CONFLICT: there is one already; a
 * call that is only tried again is none. FM_NOT_FOUND: no such run. */
int input_post(struct fm_run *run, const char *flow_run_id, const char *key, const struct buf *text,
               struct fm_error *error) MUST_CHECK;

/* Sends a value; `own_prefix` may be NULL. */
int input_send(struct fm_run *run, const char *to, const struct fm_model *model, const void *value,
               const char *own_prefix, struct fm_error *error) MUST_CHECK;

/*
 * Questions. One that is called ID has the key PREFIX-ask-ID, so that whoever receives its type
 * sees it, and its answer lies with the asker under answer-ID, or under a key that goes on behind
 * that with a dash: so answer those who can only choose the prefix of a key.
 */
#define ANSWER_KEY_SIZE (sizeof("answer-") + INPUT_KEY_SIZE)

/* The key of the answer to the input with this key; false if that is no question. */
bool input_answer_key(const char *question_key, char ret_key[static ANSWER_KEY_SIZE]);

/* Sends an answer to a question: FM_CONFLICT if it has one already. */
int input_answer(struct fm_run *run, const char *flow_run_id, const char *answer_key,
                 const struct fm_model *model, const void *value,
                 struct fm_error *error) MUST_CHECK;
