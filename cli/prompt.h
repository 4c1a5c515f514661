/*
 * Asking for a line.
 *
 * At a terminal the line is edited here (edit.h), at one that is too simple by the terminal itself.
 * Elsewhere lines come from whatever standard input is; then what was read is shown beside the
 * question, so that the output reads like the conversation that it was.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "cli/edit.h"
#include "cli/output.h"
#include "common/error.h"

#define PROMPT_LINE_CEILING ((size_t)1 << 20) /* bytes */

struct prompt {
    FILE *in;
    bool is_terminal; /* `in` is one: what is typed can be seen already */
    bool edits;       /* the line can be edited, with something filled in, and choices above it */
    struct screen screen;
};

/* Asks on standard output, or on standard error where that is the terminal or `data_out` says that
 * standard output is for data; reads standard input. */
void prompt_init(struct prompt *ret_prompt, bool data_out);

/* Shows `question` (text for the screen) and reads one line, without its line end and the space
 * around it. Lines that are too long or no UTF-8 are refused and asked for again. -1 with ENODATA
 * if the input has ended. Free the line. */
int prompt_read(struct prompt *prompt, const char *question, bool secret, char **ret_line,
                struct error *error);

/* The same where `edits`, with what is filled in and what there is to choose. 0, and no line, if
 * what was filled in was left as it was; 1 with a line; -1 error. */
int prompt_edit(struct prompt *prompt, const struct edit *edit, char **ret_line,
                struct error *error);

/* Asks until y or n is answered; an empty line is `otherwise`. 1 yes, 0 no, -1 error. */
int prompt_yes(struct prompt *prompt, const char *question, bool otherwise, struct error *error);

/* Shows what is wrong with an answer (text from elsewhere). */
void prompt_complain(struct prompt *prompt, const char *message);

/* From here on an interrupt from the terminal shows `farewell` and ends the process with 130, with
 * the terminal as it was; NULL: as the system has it. */
void prompt_on_interrupt(const char *farewell);
