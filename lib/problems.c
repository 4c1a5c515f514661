#include "lib/problems.h"

#include <stdarg.h>

#include "lib/errors.h"

void problem_list_release(struct fm_problems *problems)
{
    arena_release(&problems->arena);
    *problems = (struct fm_problems){0};
}

void fm_problem(struct fm_problems *problems, const char *field, const char *format, ...)
{
    va_list args;

    if (problems->count++ >= PROBLEMS_KEPT)
        return;
    struct problem *problem = arena_alloc(&problems->arena, sizeof(*problem));
    va_start(args, format);
    if (problem) {
        problem->path = arena_strdup(&problems->arena, field ? field : "");
        problem->message = arena_vprintf(&problems->arena, format, args);
    }
    va_end(args);
    if (!problem || !problem->path || !problem->message) {
        problems->failed = true;
        return;
    }
    if (problems->last)
        problems->last->next = problem;
    else
        problems->first = problem;
    problems->last = problem;
}

int problem_list_error(const struct fm_problems *problems, struct fm_error *error)
{
    buf_auto text = BUF_INIT;

    if (problems->failed)
        return fail_without_memory(error);
    for (const struct problem *problem = problems->first; problem; problem = problem->next) {
        if (text.length)
            buf_add_string(&text, "; ");
        if (*problem->path)
            buf_addf(&text, "%s: ", problem->path);
        buf_add_string(&text, problem->message);
    }
    return fail(error, FM_INVALID, "%s", buf_string(&text));
}
