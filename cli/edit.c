#include "cli/edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/keys.h"
#include "cli/line.h"
#include "cli/text.h"

#define OTHER_ROWS 4  /* of the screen, that a menu leaves free */
#define LEAST_ROOM 10 /* columns for the line, however long its mark is */

struct editor {
    const struct edit *edit;
    struct screen *screen;
    struct line line;
    bool changed; /* the line is not what was filled in */
    bool in_menu; /* the last key was one of the menu's */
    bool redrawn; /* what was pressed has to be drawn */
};

/* ---- drawing --------------------------------------------------------------------------------- */

static void add_line(const struct editor *editor, struct buf *to)
{
    int mark = text_width(editor->edit->mark);
    int room = editor->screen->width - mark - 1;
    int column = 0;
    buf_auto shown = BUF_INIT;

    buf_add_string(to, editor->edit->mark);
    if (editor->edit->secret)
        return;
    line_show(&editor->line, room < LEAST_ROOM ? LEAST_ROOM : room, &shown, &column);
    text_add_style(to, editor->screen->colour && editor->line.fresh, STYLE_DIM);
    buf_add(to, buf_string(&shown), shown.length);
    text_add_style(to, editor->screen->colour && editor->line.fresh, STYLE_PLAIN);
    if (text_width(buf_string(&shown)) > column)
        buf_addf(to, "\r\x1b[%dC", mark + column);
}

static void draw_line(struct editor *editor)
{
    buf_auto text = BUF_INIT;

    buf_add_string(&text, "\r\x1b[K");
    add_line(editor, &text);
    screen_flush(editor->screen, &text);
}

/* The menu and the line, over those that were drawn before, if they were. */
static void draw_all(struct editor *editor, bool over)
{
    struct menu *menu = editor->edit->menu;
    buf_auto text = BUF_INIT;

    if (over && menu && menu->lines > 0)
        buf_addf(&text, "\x1b[%dA", menu->lines);
    buf_add_string(&text, over ? "\r\x1b[J" : "");
    if (menu)
        menu_draw(menu, editor->screen, screen_height(editor->screen) - OTHER_ROWS, &text);
    add_line(editor, &text);
    screen_flush(editor->screen, &text);
}

static void redraw(struct editor *editor)
{
    if (editor->edit->menu && editor->edit->menu->changed)
        draw_all(editor, true);
    else
        draw_line(editor);
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* What was done in the menu stands in the line. */
static void take_from_menu(struct editor *editor)
{
    buf_auto answer = BUF_INIT;

    menu_add_answer(editor->edit->menu, &answer);
    line_set(&editor->line, buf_string(&answer));
    editor->changed = true;
}

static void move_in_menu(struct editor *editor, int direction)
{
    struct menu *menu = editor->edit->menu;

    if (!menu)
        return;
    menu_move(menu, direction);
    editor->in_menu = true;
    if (!menu->picked)
        take_from_menu(editor);
}

/* j, k and space are the menu's, unless they could be the beginning of an answer. */
static bool is_for_menu(struct editor *editor, const struct key_press *press)
{
    const struct menu *menu = editor->edit->menu;
    char c = press->length == 1 ? *press->text : '\0';

    if (!menu || (!editor->line.fresh && editor->line.text.length > 0 && !editor->in_menu))
        return false;
    if (c == ' ')
        return menu->picked && editor->in_menu;
    return (c == 'j' || c == 'k') && !menu_has_initial(menu, c);
}

/* Puts the character behind the line's end, where nothing else has to be drawn again. */
static bool add_at_end(struct editor *editor, const struct key_press *press)
{
    struct line *line = &editor->line;
    size_t room = (size_t)editor->screen->width;
    buf_auto text = BUF_INIT;

    if (line->fresh || line->cursor < line->text.length || editor->edit->secret ||
        line->text.length > room || /* so that the width of a long line is not measured */
        text_width(editor->edit->mark) + text_width(buf_string(&line->text)) + 3 > (int)room)
        return false;
    line_insert(line, press->text, press->length);
    text_add_safe(&text, press->text, press->length, false);
    screen_flush(editor->screen, &text);
    return true;
}

static void type(struct editor *editor, const struct key_press *press)
{
    if (is_for_menu(editor, press)) {
        if (*press->text != ' ') {
            move_in_menu(editor, *press->text == 'j' ? 1 : -1);
            return;
        }
        menu_toggle(editor->edit->menu);
        take_from_menu(editor);
        return;
    }
    editor->in_menu = false;
    editor->changed = true;
    if (add_at_end(editor, press))
        editor->redrawn = true;
    else
        line_insert(&editor->line, press->text, press->length);
}

static void (*const line_functions[])(struct line *line) = {
    [KEY_LEFT] = line_left,
    [KEY_RIGHT] = line_right,
    [KEY_HOME] = line_home,
    [KEY_END] = line_end,
    [KEY_BACKSPACE] = line_backspace,
    [KEY_DELETE] = line_delete,
    [KEY_CTRL_D] = line_delete,
    [KEY_DELETE_WORD] = line_delete_word,
    [KEY_DELETE_BEFORE] = line_delete_before,
    [KEY_DELETE_AFTER] = line_delete_after,
};

/* A key that changes the line, or moves in it. */
static void work_on_line(struct editor *editor, enum key key)
{
    size_t before = editor->line.text.length;

    editor->in_menu = false;
    line_functions[key](&editor->line);
    if (editor->line.text.length != before)
        editor->changed = true;
}

static void press_key(struct editor *editor, const struct key_press *press)
{
    editor->redrawn = false;
    if (press->key == KEY_TEXT)
        type(editor, press);
    else if (press->key == KEY_UP || press->key == KEY_DOWN)
        move_in_menu(editor, press->key == KEY_UP ? -1 : 1);
    else if (press->key < COUNT_OF(line_functions) && line_functions[press->key])
        work_on_line(editor, press->key);
    if (editor->edit->menu && !editor->in_menu)
        menu_follow(editor->edit->menu, buf_string(&editor->line.text));
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* All of it: below what somebody else has written, or over what was there before the screen had
 * another size. */
static void draw_anew(struct editor *editor, bool over)
{
    screen_init(editor->screen, editor->screen->out);
    if (!over)
        fputs("\r\x1b[J", editor->screen->out);
    draw_all(editor, over);
}

/* Until Enter: 0, or -1 at the end of the input. */
static int read_keys(struct editor *editor, int fd)
{
    for (;;) {
        struct key_press press = keys_read(fd);
        if (press.key == KEY_ENTER)
            return 0;
        if (press.key == KEY_GONE || (press.key == KEY_CTRL_D && editor->line.text.length == 0))
            return -1;
        if (press.key == KEY_REDRAW || press.key == KEY_RESIZED) {
            draw_anew(editor, press.key == KEY_RESIZED);
            continue;
        }
        press_key(editor, &press);
        if (!editor->redrawn || (editor->edit->menu && editor->edit->menu->changed))
            redraw(editor);
    }
}

/* What the person has left in the line. */
static int finish(struct editor *editor, char **ret_line, struct error *error)
{
    if (editor->line.text.failed)
        return error_set(error, E2BIG, "this line is too long");
    if (!editor->changed)
        return 0;
    *ret_line = strdup(buf_string(&editor->line.text));
    return *ret_line ? 1 : error_set(error, ENOMEM, "out of memory");
}

int edit_line(const struct edit *edit, int fd, struct screen *screen, size_t ceiling,
              char **ret_line, struct error *error)
{
    struct editor editor = {.edit = edit, .screen = screen, .line.text.ceiling = ceiling};
    int r;

    if (keys_begin(fd) < 0)
        return error_errno(error, "the terminal cannot be read key by key");
    if (edit->initial)
        line_set(&editor.line, edit->initial);
    if (edit->menu)
        menu_follow(edit->menu, buf_string(&editor.line.text));
    editor.changed = editor.line.text.length == 0; /* nothing that could be left as it is */
    draw_all(&editor, false);
    r = read_keys(&editor, fd);
    keys_end();
    fputc('\n', screen->out);
    r = r < 0 ? error_set(error, ENODATA, "the input ended before all was answered")
              : finish(&editor, ret_line, error);
    line_release(&editor.line);
    return r;
}
