/* Expectations of flows: what does not hold is told in the run's log, for the test to see. */
#pragma once

#include <fermata.h>

static inline void expect(struct fm_run *run, bool right, const char *what, int line)
{
    if (!right)
        fm_log(run, FM_ERROR, "not right, line %d: %s (%s)", line, what, fm_error(run)->message);
}
#define EXPECT(condition) expect(run, condition, #condition, __LINE__)

/* That something failed with this code, and a message that has these words. */
#define EXPECT_FAILURE(call, code_, words)                                                         \
    EXPECT((call) == (code_) && strstr(fm_error(run)->message, words))
