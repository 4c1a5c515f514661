/* The head of a request: found wherever the network cuts it, and clean once it is cut up. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "server/http/guard.h"
#include "server/http/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Neither a line end nor another control character but a tab may come through. */
static void check_text(const char *text)
{
    for (; text && *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
            abort();
}

static void check_refusal(const struct refusal *refusal)
{
    if (refusal->status < 400 || refusal->status > 599 || !refusal->detail[0])
        abort();
    check_text(refusal->detail);
}

/* The head's length as it is found when the data come in pieces. */
static int find_in_pieces(const char *data, size_t size, size_t step)
{
    struct refusal refusal = {0};
    size_t scanned = 0;

    for (size_t length = 0;; length += step) {
        if (length > size)
            length = size;
        int r = head_find_end(data, length, &scanned, &refusal);
        if (r != 0 || length == size)
            return r;
    }
}

static void check_guard(const struct head *head)
{
    static const char *const allowed[] = {"fermata.example", NULL};
    const struct http_config local = {.host = "127.0.0.1", .allowed_hosts = allowed};
    const struct http_config everywhere = {.host = "0.0.0.0", .allowed_hosts = allowed};
    struct refusal refusal = {0};

    if (guard_check(&local, head, &refusal) < 0)
        check_refusal(&refusal);
    if (guard_check(&everywhere, head, &refusal) < 0)
        check_refusal(&refusal);
}

static void check_head(const struct head *head)
{
    if (!head->path || !head->query)
        abort();
    check_text(head->path);
    check_text(head->query);
    check_text(head->host);
    check_text(head->authority);
    check_text(head->origin);
    for (size_t i = 0; i < COUNT_OF(head->fields); i++)
        check_text(head->fields[i]);
    check_guard(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct refusal refusal = {0};
    struct head head;
    size_t scanned = 0;
    int length = head_find_end((const char *)data, size, &scanned, &refusal);

    if (length < 0)
        check_refusal(&refusal);
    for (size_t step = 1; step <= 3; step++)
        if (find_in_pieces((const char *)data, size, step) != length)
            abort();
    if (length <= 0)
        return 0;
    char *text = strndup((const char *)data, (size_t)length);
    if (!text || strlen(text) != (size_t)length)
        abort();
    if (head_parse(text, (size_t)length, &head, &refusal) < 0)
        check_refusal(&refusal);
    else
        check_head(&head);
    free(text);
    return 0;
}
