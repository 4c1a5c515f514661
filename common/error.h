/*
 * Errors as values.
 *
 * A function that can fail returns 0 (or a count) on success and -1 on failure, takes a
 * `struct error *` as its last parameter and fills it in when it fails. What it returns through
 * other `ret_` pointers is untouched on failure. `code` is an errno value, for code; `message` is
 * one sentence without a full stop, for a person; it is cut where it is too long, and what is not
 * UTF-8 in it (bytes that somebody sent, a character that was cut in two) becomes "?".
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#define ERROR_MESSAGE_SIZE 512

struct error {
    int code;
    char message[ERROR_MESSAGE_SIZE];
};

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define CLEANUP(function) __attribute__((cleanup(function)))
#define COUNT_OF(array)   (sizeof(array) / sizeof((array)[0]))

/* Fills in `error` (which may be NULL) and returns -1, so that callers can `return error_set(...)`.
 */
int error_set(struct error *error, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* The same for a failed system call: appends strerror(errno) and takes errno as the code. */
int error_errno(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* Puts "prefix: " in front of the message; for a caller that knows more of the circumstances. */
int error_prefix(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* The text of such a message, for what is told in other ways. */
void message_format(char ret_message[static ERROR_MESSAGE_SIZE], const char *format, va_list args)
    PRINTF_LIKE(2, 0);

/* A bug in our own logic: says where and aborts. Never for what the world does to us. */
_Noreturn void bug_at(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
