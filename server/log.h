/*
 * The server's log: one event a line, on standard error.
 *
 * Only the server's top-level parts log; library code returns errors. What a client sent belongs in
 * a field, never in the format of a message: control characters, line breaks, what is not UTF-8 and
 * signs that turn the direction of text are escaped in either place, so that nobody can forge a
 * line, and long values are cut ("…" at the end says so).
 *
 * Each line goes out in one write(2); all functions may be called from any thread, and keep errno.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

enum log_level {
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_INFO,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_ERROR,
};

enum log_format {
    LOG_PLAIN, /* 12:03:44.123 INFO  message key=value; local time; in colour on a terminal */
    LOG_JSON,  /* {"time":"2026-11-22T10:05:48.526522Z","level":"info","message":…,"key":value} */
};

/* Before other threads run. Without it: LOG_PLAIN, from LOG_LEVEL_INFO on. */
void log_start(enum log_format format, enum log_level minimum);

/* "debug", "info", "warning", "error" in either case. False for anything else. */
bool log_level_parse(const char *name, enum log_level *ret_level);

void log_debug(const char *format, ...) PRINTF_LIKE(1, 2);
void log_info(const char *format, ...) PRINTF_LIKE(1, 2);
void log_warning(const char *format, ...) PRINTF_LIKE(1, 2);
void log_error(const char *format, ...) PRINTF_LIKE(1, 2);

/* Says that memory has run out, and ends the process. For arenas: see common/arena.h. */
void log_out_of_memory(void) __attribute__((noreturn));

/* A key is a word of our own: never "time", "level" or "message", and nothing from outside. */
struct log_field {
    const char *key;
    enum { LOG_FIELD_STRING, LOG_FIELD_INTEGER, LOG_FIELD_NUMBER, LOG_FIELD_BOOL } type;
    union {
        const char *string;
        int64_t integer;
        double number;
        bool truth;
    };
};

#define LOG_STRING(k, v)                                                                           \
    ((struct log_field){(k), LOG_FIELD_STRING, {.string = (v)}}) /* or NULL                        \
                                                                  */
#define LOG_INTEGER(k, v) ((struct log_field){(k), LOG_FIELD_INTEGER, {.integer = (v)}})
#define LOG_NUMBER(k, v)  ((struct log_field){(k), LOG_FIELD_NUMBER, {.number = (v)}})
#define LOG_BOOL(k, v)    ((struct log_field){(k), LOG_FIELD_BOOL, {.truth = (v)}})

/* log_event(LOG_LEVEL_INFO, "request", LOG_STRING("route", route), LOG_INTEGER("status", 200)) */
#define log_event(level, message, ...)                                                             \
    log_fields((level), (message), (const struct log_field[]){__VA_ARGS__},                        \
               sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
void log_fields(enum log_level level, const char *message, const struct log_field *fields,
                size_t count);
