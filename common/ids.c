#include "common/ids.h"

#include <ctype.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

#include "common/error.h"

static void fill_random(uint8_t *bytes, size_t length)
{
    while (length) {
        ssize_t n = getrandom(bytes, length, 0);
        if (n <= 0)
            continue; /* only EINTR is possible for such short reads */
        bytes += n;
        length -= (size_t)n;
    }
}

static void format(const uint8_t bytes[16], char ret_id[static ID_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    char *to = ret_id;

    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = hex[bytes[i] >> 4];
        *to++ = hex[bytes[i] & 15];
    }
    *to = '\0';
}

static void set_version(uint8_t bytes[16], uint8_t version)
{
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | version << 4);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
}

/* RFC 9562, 6.2, method 3: the 12 bits after the milliseconds hold a finer fraction of the time,
 * moved on by one where the clock has not moved. */
static uint64_t next_tick(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static uint64_t last;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t milliseconds = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    uint64_t fraction = (uint64_t)(now.tv_nsec % 1000000) * 4096 / 1000000;
    uint64_t tick = milliseconds << 12 | fraction;
    pthread_mutex_lock(&lock);
    if (tick <= last)
        tick = last + 1;
    last = tick;
    pthread_mutex_unlock(&lock);
    return tick;
}

void id_new(char ret_id[static ID_SIZE])
{
    uint8_t bytes[16];
    uint64_t tick = next_tick();
    uint64_t milliseconds = tick >> 12;

    fill_random(bytes + 8, 8);
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(milliseconds >> (40 - 8 * i));
    bytes[6] = (uint8_t)(tick >> 8 & 0x0f);
    bytes[7] = (uint8_t)tick;
    set_version(bytes, 7);
    format(bytes, ret_id);
}

void id_random(char ret_id[static ID_SIZE])
{
    uint8_t bytes[16];

    fill_random(bytes, sizeof(bytes));
    set_version(bytes, 4);
    format(bytes, ret_id);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool id_parse(const char *text, char ret_id[static ID_SIZE])
{
    uint8_t bytes[16] = {0};
    int digits = 0;

    if (strncasecmp(text, "urn:uuid:", 9) == 0)
        text += 9;
    for (const char *p = text; *p; p++) {
        if (*p == '-' || (*p == '{' && p == text) || (*p == '}' && p[1] == '\0'))
            continue;
        int digit = hex_digit(*p);
        if (digit < 0 || digits == 32)
            return false;
        bytes[digits / 2] = (uint8_t)(bytes[digits / 2] << 4 | digit);
        digits++;
    }
    if (digits != 32)
        return false;
    format(bytes, ret_id);
    return true;
}

void id_copy(char ret_id[static ID_SIZE], const char *id)
{
    memcpy(ret_id, id, ID_SIZE - 1);
    ret_id[ID_SIZE - 1] = '\0';
}
