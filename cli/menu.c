#include "cli/menu.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/field.h"
#include "cli/text.h"

#define MARK    " ❯"
#define NO_MARK "  "

static size_t count_of(const struct menu *menu)
{
    return json_array_size(menu->names);
}

static const char *name_of(const struct menu *menu, size_t index)
{
    const char *name = json_string_value(json_array_get(menu->names, index));

    return name ? name : "";
}

static bool is_number(const json_t *option)
{
    const char *text = json_string_value(option);

    return json_is_number(option) || (text && *text && !text[strspn(text, "0123456789")]);
}

bool menu_is_numbered(const json_t *options)
{
    size_t i;
    json_t *option;

    json_array_foreach(options, i, option) {
        if (is_number(option))
            return false;
    }
    return true;
}

int menu_init(struct menu *ret_menu, const json_t *options, bool several)
{
    size_t count = json_array_size(options);
    struct menu menu = {.names = json_array(),
                        .picked = several ? calloc(count + 1, sizeof(bool)) : NULL,
                        .numbered = menu_is_numbered(options),
                        .marked = MENU_NONE,
                        .changed = true};
    size_t i;
    json_t *option;

    json_array_foreach(options, i, option) {
        buf_auto name = BUF_INIT;
        field_add_value(&name, option);
        json_array_append_new(menu.names, json_string(buf_string(&name)));
    }
    if (json_array_size(menu.names) < count || (several && !menu.picked)) {
        menu_release(&menu);
        return -1;
    }
    *ret_menu = menu;
    return 0;
}

void menu_release(struct menu *menu)
{
    json_decref(menu->names);
    free(menu->picked);
    *menu = (struct menu){0};
}

/* ---- marking --------------------------------------------------------------------------------- */

static void mark(struct menu *menu, size_t index)
{
    if (menu->marked != index)
        menu->changed = true;
    menu->marked = index;
}

void menu_move(struct menu *menu, int direction)
{
    size_t count = count_of(menu);

    if (count == 0)
        return;
    if (menu->marked == MENU_NONE)
        mark(menu, direction > 0 ? 0 : count - 1);
    else
        mark(menu, (menu->marked + (direction > 0 ? 1 : count - 1)) % count);
}

void menu_toggle(struct menu *menu)
{
    if (!menu->picked || menu->marked == MENU_NONE)
        return;
    menu->picked[menu->marked] = !menu->picked[menu->marked];
    menu->changed = true;
}

void menu_add_answer(const struct menu *menu, struct buf *to)
{
    const char *separator = "";

    if (!menu->picked) {
        buf_add_string(to, menu->marked == MENU_NONE ? "" : name_of(menu, menu->marked));
        return;
    }
    for (size_t i = 0; i < count_of(menu); i++) {
        if (!menu->picked[i])
            continue;
        buf_add_string(to, separator);
        field_add_item(to, json_array_get(menu->names, i));
        separator = ", ";
    }
}

/* The same order as where an answer is read: a name, a name but for the case, a number. */
static size_t find(const struct menu *menu, const char *text)
{
    size_t count = count_of(menu);
    char *end;

    for (size_t i = 0; i < count; i++)
        if (strcmp(name_of(menu, i), text) == 0)
            return i;
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(name_of(menu, i), text) == 0)
            return i;
    unsigned long number = strtoul(text, &end, 10);
    return isdigit((unsigned char)*text) && !*end && number >= 1 && number <= count ? number - 1
                                                                                    : MENU_NONE;
}

/* Without memory the menu stays behind the line, which is what counts. */
static void pick(struct menu *menu, const char *line)
{
    size_t size = count_of(menu) * sizeof(*menu->picked);
    bool *named = calloc(1, size + 1);

    while (named) {
        buf_auto item = BUF_INIT;
        bool is_there;
        line += field_take_item(line, &item, &is_there);
        size_t index = is_there ? find(menu, buf_string(&item)) : MENU_NONE;
        if (index != MENU_NONE)
            named[index] = true;
        if (!*line++)
            break;
    }
    if (named && memcmp(menu->picked, named, size) != 0) {
        memcpy(menu->picked, named, size);
        menu->changed = true;
    }
    free(named);
}

void menu_follow(struct menu *menu, const char *line)
{
    if (menu->picked)
        pick(menu, line);
    else
        mark(menu, *line ? find(menu, line) : MENU_NONE);
}

bool menu_has_initial(const struct menu *menu, char letter)
{
    for (size_t i = 0; i < count_of(menu); i++)
        if (tolower((unsigned char)*name_of(menu, i)) == tolower((unsigned char)letter))
            return true;
    return false;
}

/* ---- drawing --------------------------------------------------------------------------------- */

void menu_add_label(struct buf *to, const char *mark_text, size_t index, bool numbered)
{
    buf_add_string(to, mark_text);
    if (numbered)
        buf_addf(to, "%2zu) ", index + 1);
    else
        buf_add_string(to, " • ");
}

/* Moves the part that is shown so that what is marked is in it. */
static void scroll(struct menu *menu, size_t shown)
{
    size_t count = count_of(menu);

    if (menu->marked != MENU_NONE && menu->marked < menu->top)
        menu->top = menu->marked;
    if (menu->marked != MENU_NONE && menu->marked >= menu->top + shown)
        menu->top = menu->marked - shown + 1;
    if (menu->top + shown > count)
        menu->top = count - shown;
}

static void draw_one(const struct menu *menu, size_t index, const struct screen *screen,
                     struct buf *to)
{
    bool is_marked = index == menu->marked;
    const char *box = !menu->picked ? "" : menu->picked[index] ? " [x]" : " [ ]";
    buf_auto label = BUF_INIT;
    buf_auto before = BUF_INIT;

    buf_addf(&before, "%s%s", is_marked ? MARK : NO_MARK, box);
    menu_add_label(&label, buf_string(&before), index, menu->numbered);
    text_add_style(to, screen->colour, is_marked ? STYLE_CYAN : STYLE_PLAIN);
    buf_add_string(to, buf_string(&label));
    text_add_short(to, name_of(menu, index), screen->width - text_width(buf_string(&label)) - 1);
    text_add_style(to, screen->colour, STYLE_PLAIN);
    buf_add_char(to, '\n');
}

void menu_draw(struct menu *menu, const struct screen *screen, int rows, struct buf *to)
{
    size_t count = count_of(menu);
    size_t shown = rows < 2 ? 1 : count > (size_t)rows ? (size_t)rows - 1 : count;

    scroll(menu, shown);
    for (size_t i = 0; i < shown; i++)
        draw_one(menu, menu->top + i, screen, to);
    if (shown < count) {
        text_add_style(to, screen->colour, STYLE_DIM);
        buf_addf(to, "      %zu to %zu of %zu\n", menu->top + 1, menu->top + shown, count);
        text_add_style(to, screen->colour, STYLE_PLAIN);
    }
    menu->lines = (int)(shown + (shown < count));
    menu->changed = false;
}
