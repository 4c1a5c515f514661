/* SHA-256 (FIPS 180-4): a name for a text that no other text has. */
#pragma once

#include <stddef.h>

#define SHA256_SIZE 65 /* of the hash in hexadecimal digits, with the closing NUL */

void sha256_hex(const void *data, size_t length, char ret_hex[static SHA256_SIZE]);
