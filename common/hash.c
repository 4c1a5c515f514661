#include "common/hash.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

static unsigned char key[crypto_shorthash_KEYBYTES];

static void make_key(void)
{
    crypto_shorthash_keygen(key);
}

uint64_t hash_text(const char *text)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    uint64_t hash;

    _Static_assert(sizeof(hash) == crypto_shorthash_BYTES, "a hash has another length");
    pthread_once(&once, make_key);
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)text, strlen(text), key);
    return hash;
}
