/*
 * libfermata: interactive workflows in C.
 *
 * A flow that stops, asks a person or a program for exactly the input that it needs, and goes on
 * with it. Everything is recorded by a server: Fermata's, or one that speaks the same API.
 *
 * Names begin with fm_ or FM_. A function that can fail returns a negative `enum fm_code` and 0 or
 * more on success. Times are seconds as a double, points in time are microseconds since 1970 UTC in
 * an int64_t. Text is UTF-8. The library keeps no global state and may be used from any thread; it
 * never prints and never exits, except in the functions that say so.
 *
 * Most functions are reached through macros, which hold values against the types that are named. As
 * in any macro, a compound literal with commas stands in parentheses there:
 * fm_send(run, id, FM_DATE, (&(struct fm_date){2026, 12, 24})).
 *
 * This is the one header to include; its parts lie in fermata/.
 */
#pragma once

#ifdef __cplusplus
#error "fermata.h is for C; a flow in C++ would need its own header"
#endif

#include <fermata/base.h>
#include <fermata/client.h>
#include <fermata/deployment.h>
#include <fermata/flow.h>
#include <fermata/input.h>
#include <fermata/model.h>
#include <fermata/task.h>
