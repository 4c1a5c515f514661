/*
 * Hashes for tables of names. Keyed with what only this process knows: clients choose many of the
 * names, and must not be able to choose a thousand that fall into one place.
 */
#pragma once

#include <stdint.h>

uint64_t hash_text(const char *text);
