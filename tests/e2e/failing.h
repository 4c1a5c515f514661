/*
 * Calls that fail, one after the other: the linker puts functions that do so in the place of the
 * real ones, in our own code (meson.build: --wrap). failing_arm(kinds, n) has the n-th call of
 * these kinds from then on fail, counted from 0.
 */
#pragma once

#include <stdbool.h>

enum failing_kind {
    FAILING_MEMORY = 1 << 0, /* malloc and its like, and what jansson and curl allocate for us */
    FAILING_CALLS = 1 << 1,  /* threads, descriptors, processes, transfers */
};

void failing_arm(int kinds, int n);

/* No call fails any more; whether one did, and which. */
bool failing_disarm(const char **ret_name);
