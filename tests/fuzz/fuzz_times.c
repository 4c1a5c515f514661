/* A time or an id that is understood is written so that it is understood again, and the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/ids.h"
#include "common/times.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_time(const char *text)
{
    char written[TIME_SIZE], again[TIME_SIZE];
    int64_t time, same;

    if (!time_parse(text, &time))
        return;
    time_format(time, written);
    if (!time_parse(written, &same) || same != time)
        abort();
    time_format(same, again);
    if (strcmp(written, again) != 0)
        abort();
}

static void check_id(const char *text)
{
    char id[ID_SIZE], again[ID_SIZE];

    if (!id_parse(text, id))
        return;
    if (strlen(id) != ID_SIZE - 1 || !id_parse(id, again) || strcmp(id, again) != 0)
        abort();
}

/* Any number of 64 bits has a text, and a time of the years that can be written comes back. */
static void check_number(const uint8_t *data, size_t size)
{
    char text[TIME_SIZE];
    int64_t time, same;

    if (size != sizeof(time))
        return;
    memcpy(&time, data, sizeof(time));
    time_format(time, text);
    if (strlen(text) != strlen("2026-11-22T10:05:48.526522Z") || !time_parse(text, &same))
        abort();
    if (same != time && strncmp(text, "0001", 4) != 0 && strncmp(text, "9999", 4) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    buf_auto text = BUF_INIT;

    buf_add(&text, data, size);
    check_time(buf_string(&text));
    check_id(buf_string(&text));
    check_number(data, size);
    return 0;
}
