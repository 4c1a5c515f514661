/* Errors and ids. Part of <fermata.h>. */
#pragma once

#define FM_PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* ---- errors ---------------------------------------------------------------------------------- */

enum fm_code {
    FM_FAILED = -1,      /* what has no code of its own */
    FM_INVALID = -2,     /* an answer or an argument does not fit its type, or a check refused it */
    FM_TIMED_OUT = -3,   /* nothing came in time */
    FM_CANCELLED = -4,   /* the run was cancelled: clean up and return this */
    FM_SUSPENDED = -5,   /* the run goes on later in another process: return this at once */
    FM_NOT_FOUND = -6,   /* there is no such thing */
    FM_CONFLICT = -7,    /* it exists already, or somebody was first */
    FM_REFUSED = -8,     /* the server does not allow it */
    FM_UNREACHABLE = -9, /* no server could be reached, or it did not answer or had no time */
    FM_NO_MEMORY = -10,
};

#define FM_MESSAGE_SIZE 1024

/* What went wrong, for code and for a person. */
struct fm_error {
    enum fm_code code;
    char message[FM_MESSAGE_SIZE]; /* one sentence without a full stop */
};

/* Of times to wait. */
#define FM_FOREVER __builtin_inf()

/* ---- ids ------------------------------------------------------------------------------------- */

#define FM_ID_SIZE 37 /* a UUID as text, with its NUL */
void fm_new_id(char ret_id[static FM_ID_SIZE]);
