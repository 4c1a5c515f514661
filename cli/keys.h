/*
 * A terminal key by key. While it is so, what ends or stops the process gives the terminal back
 * first, as it was; Ctrl-C and Ctrl-Z do what they do everywhere.
 */
#pragma once

#include <stddef.h>

enum key {
    KEY_NONE, /* something that means nothing here */
    KEY_TEXT,
    KEY_ENTER,
    KEY_UP,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_BACKSPACE,
    KEY_DELETE,
    KEY_DELETE_WORD,
    KEY_DELETE_BEFORE,
    KEY_DELETE_AFTER,
    KEY_REDRAW,  /* it was asked for, or somebody else has written on the screen */
    KEY_RESIZED, /* the screen was */
    KEY_CTRL_D,
    KEY_GONE, /* the terminal is */
};

struct key_press {
    enum key key;
    char text[5]; /* of KEY_TEXT: one character */
    size_t length;
};

/* -1 with errno. */
int keys_begin(int fd);

/* Gives the terminal back; harmless if it was. Safe in a signal handler. */
void keys_end(void);

/* The next key. */
struct key_press keys_read(int fd);
