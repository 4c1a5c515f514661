/* What is wrong with an answer: a list of (path of the field, message). */
#pragma once

#include "common/arena.h"
#include "common/buf.h"
#include "include/fermata.h"

#define PROBLEMS_KEPT 100 /* the rest is only counted */

struct problem {
    struct problem *next;
    const char *path; /* "" for the whole */
    const char *message;
};

struct fm_problems {
    struct arena arena;
    struct problem *first;
    struct problem *last;
    size_t count;
    bool failed; /* there was no memory for one */
};

#define problem_list_auto CLEANUP(problem_list_release) struct fm_problems

void problem_list_release(struct fm_problems *problems);

/* "age: must be at least 0; name: is required", and FM_INVALID. */
int problem_list_error(const struct fm_problems *problems, struct fm_error *error);
