#include "bench/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *option_text(int argc, char **argv, const char *name, const char *otherwise)
{
    size_t length = strlen(name);

    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=')
            return argv[i] + length + 1;
    if (!otherwise) {
        fprintf(stderr, "%s: the argument %s=VALUE is missing\n", argv[0], name);
        exit(2);
    }
    return otherwise;
}

long long option_number(int argc, char **argv, const char *name, const char *otherwise)
{
    const char *text = option_text(argc, argv, name, otherwise);
    char *end;

    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end || errno || number < 0) {
        fprintf(stderr, "%s: %s=%s: a whole number is expected\n", argv[0], name, text);
        exit(2);
    }
    return number;
}

void fail_errno(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}
