/* A template of UTF-8 renders to UTF-8, the same twice, or is refused with a reason; and with
 * less memory or less work at its disposal it does no more than that. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/templates/template.h"
#include "json/text.h"

#define NAMES                                                                                      \
    "{\"n\": 3, \"f\": 2.5, \"s\": \"a,b;c\", \"u\": \"h\\u00e9 \\u00df\", \"t\": true, \"z\": "   \
    "null, "                                                                                       \
    "\"xs\": [3, 1, 2], \"big\": 9223372036854775807, \"neg\": -7, \"e\": \"\", "                  \
    "\"us\": [{\"name\": \"bob\", \"age\": 30}, {\"name\": \"Al\", \"age\": 25}], "                \
    "\"d\": {\"b\": 1, \"a\": {\"c\": [10, 20]}, \"x y\": \"z\"}, \"h\": \"<a b='c'>&\"}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 0 with the text, or -1 with the reason. */
static int render(const uint8_t *data, size_t size, struct template_budget budget, struct buf *to,
                  struct error *error)
{
    static json_t *names; /* kept for all inputs */

    if (!names)
        names = json_parse(NAMES, strlen(NAMES), error);
    if (!names)
        abort();
    const size_t bytes = budget.bytes, steps = budget.steps;
    int r = template_render((const char *)data, size, names, &budget, to, error);
    if (budget.bytes > bytes || budget.steps > steps)
        abort();
    if (r < 0 && (!error->message[0] || (error->code != EINVAL && error->code != ENOMEM)))
        abort();
    return r;
}

static bool is_text(const char *text, size_t length)
{
    json_auto_t *string = json_stringn(text, length);

    return string && !memchr(text, '\0', length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf_auto first = BUF_INIT, second = BUF_INIT, third = BUF_INIT;
    struct error error, again;
    struct template_budget less = {.bytes = (size_t)8 << 10, .steps = 200};

    if (!is_text((const char *)data, size))
        return 0;
    int r = render(data, size, TEMPLATE_BUDGET, &first, &error);
    if (render(data, size, TEMPLATE_BUDGET, &second, &again) != r)
        abort();
    if (r < 0 && strcmp(error.message, again.message) != 0)
        abort();
    if (r == 0 && strcmp(buf_string(&first), buf_string(&second)) != 0)
        abort();
    if (r == 0 && !is_text(buf_string(&first), first.length))
        abort();
    if (render(data, size, less, &third, &again) == 0 &&
        (r < 0 || strcmp(buf_string(&first), buf_string(&third)) != 0))
        abort();
    return 0;
}
