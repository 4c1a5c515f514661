/*
 * Choices above a line: what is typed into the line marks one of them, and keys that mark another
 * fill it into the line. Of several each can be picked; the line is then a list with commas.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "cli/output.h"
#include "common/buf.h"

#define MENU_NONE SIZE_MAX

struct menu {
    json_t *names; /* as they are typed and shown */
    bool *picked;  /* of several; else NULL */
    bool numbered;
    size_t marked; /* or MENU_NONE */
    size_t top;    /* the first that is shown */
    bool changed;  /* since it was drawn */
    int lines;     /* that it takes on the screen */
};

#define menu_auto CLEANUP(menu_release) struct menu

/* `options` are JSON values; -1 without memory. */
int menu_init(struct menu *ret_menu, const json_t *options, bool several);
void menu_release(struct menu *menu);

/* Whether choices are numbered: none of them is a number itself, so that it is clear what a number
 * means. */
bool menu_is_numbered(const json_t *options);

/* Appends what stands before a choice: "   1) ". */
void menu_add_label(struct buf *to, const char *mark, size_t index, bool numbered);

/* Marks the next one in this direction (1 or -1), going on at the other end. */
void menu_move(struct menu *menu, int direction);

/* Picks the one that is marked, or picks it no more. */
void menu_toggle(struct menu *menu);

/* What the line is to be: the name that is marked, or the list of those that are picked. */
void menu_add_answer(const struct menu *menu, struct buf *to);

/* Marks, or picks, what the line says: names, or numbers. */
void menu_follow(struct menu *menu, const char *line);

/* Whether some name begins with this letter, large or small. */
bool menu_has_initial(const struct menu *menu, char letter);

/* Appends the menu, at most `rows` lines of it, each line ended. */
void menu_draw(struct menu *menu, const struct screen *screen, int rows, struct buf *to);
