/* The line that is edited in a terminal, and the menu above it. */
#include <string.h>

#include "cli/line.h"
#include "cli/menu.h"
#include "cli/text.h"
#include "tests/unit/unit.h"

#define ACUTE  "\xcc\x81"                     /* a combining accent: no column of its own */
#define FAMILY "\xf0\x9f\x91\xa9\xe2\x80\x8d" /* a woman and a joiner */

static void type(struct line *line, const char *text)
{
    line_insert(line, text, strlen(text));
}

static void steps_go_over_whole_characters(void **state)
{
    static const struct {
        const char *text;
        size_t places[5]; /* of the cursor, from the end to the left */
    } cases[] = {
        {"abc", {3, 2, 1, 0, 0}},
        {"日本", {6, 3, 0, 0, 0}},
        {"e" ACUTE "x", {4, 3, 0, 0, 0}},
        {ACUTE "x", {3, 2, 0, 0, 0}},
        {"a" FAMILY, {8, 1, 0, 0, 0}},
        {"a\xff\xfe", {3, 2, 1, 0, 0}}, /* what is no UTF-8 goes byte by byte */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct line line = {0};
        type(&line, cases[i].text);
        size_t count = 0;
        for (; count < COUNT_OF(cases[i].places); count++) {
            assert_int_equal(line.cursor, cases[i].places[count]);
            line_left(&line);
        }
        while (line.cursor < line.text.length) {
            size_t before = line.cursor;
            line_right(&line);
            assert_true(line.cursor > before);
        }
        line_release(&line);
    }
}

static void keys_change_the_text(void **state)
{
    struct line line = {0};

    (void)state;
    line_backspace(&line);
    line_delete(&line);
    line_delete_word(&line);
    line_delete_after(&line);
    assert_string_equal(buf_string(&line.text), "");
    line_set(&line, "filled in");
    assert_true(line.fresh);
    type(&line, "ne");
    type(&line, "w text");
    assert_string_equal(buf_string(&line.text), "new text");
    line_home(&line);
    line_delete(&line);
    type(&line, "N");
    assert_string_equal(buf_string(&line.text), "New text");
    line_end(&line);
    line_delete_word(&line);
    assert_string_equal(buf_string(&line.text), "New ");
    line_delete_word(&line);
    assert_string_equal(buf_string(&line.text), "");
    line_set(&line, "abcd");
    line_left(&line);
    line_left(&line);
    assert_false(line.fresh);
    line_delete_after(&line);
    assert_string_equal(buf_string(&line.text), "ab");
    line_left(&line);
    line_delete_before(&line);
    assert_string_equal(buf_string(&line.text), "b");
    assert_int_equal(line.cursor, 0);
    line_release(&line);
}

static void a_line_has_a_ceiling(void **state)
{
    struct line line = {.text.ceiling = 8};

    (void)state;
    for (int i = 0; i < 5; i++)
        type(&line, "日本");
    line_backspace(&line);
    line_home(&line);
    type(&line, "x");
    assert_true(line.text.failed);
    line_release(&line);
}

static void assert_shown(const char *text, int left, int room, const char *expected, int column)
{
    struct line line = {0};
    buf_auto shown = BUF_INIT;
    int where;

    type(&line, text);
    for (int i = 0; i < left; i++)
        line_left(&line);
    line_show(&line, room, &shown, &where);
    assert_string_equal(buf_string(&shown), expected);
    assert_int_equal(where, column);
    assert_true(text_width(buf_string(&shown)) <= room);
    line_release(&line);
}

static void the_part_around_the_cursor_is_shown(void **state)
{
    (void)state;
    assert_shown("", 0, 10, "", 0);
    assert_shown("0123456789", 0, 10, "0123456789", 10);
    assert_shown("0123456789a", 0, 10, "…23456789a", 10);
    assert_shown("0123456789a", 11, 10, "012345678…", 0);
    assert_shown("0123456789abcdefghij", 10, 10, "…23456789…", 9);
    assert_shown("日本語日本語", 0, 10, "…語日本語", 9);
    assert_shown("日本語日本語", 6, 10, "日本語日…", 0);
    assert_shown("a\nb\x1b[31m", 0, 20, "a b\xef\xbf\xbd[31m", 8);
}

static const char *answer_of(const struct menu *menu, struct buf *to)
{
    buf_clear(to);
    menu_add_answer(menu, to);
    return buf_string(to);
}

static void a_menu_marks_and_follows(void **state)
{
    json_auto_t *options = json_pack("[s,s,i]", "small", "Large", 7);
    buf_auto text = BUF_INIT;
    menu_auto menu = {0};

    (void)state;
    assert_int_equal(menu_init(&menu, options, false), 0);
    assert_false(menu.numbered);
    assert_string_equal(answer_of(&menu, &text), "");
    menu_move(&menu, -1);
    assert_string_equal(answer_of(&menu, &text), "7");
    menu_move(&menu, 1);
    assert_string_equal(answer_of(&menu, &text), "small");
    menu_follow(&menu, "large");
    assert_string_equal(answer_of(&menu, &text), "Large");
    menu_follow(&menu, "huge");
    assert_true(menu.marked == MENU_NONE);
    assert_true(menu_has_initial(&menu, 'l') && !menu_has_initial(&menu, 'j'));
}

static void several_are_picked(void **state)
{
    json_auto_t *options = json_pack("[s,s,s]", "red", "a, b", "blue");
    buf_auto text = BUF_INIT;
    menu_auto menu = {0};

    (void)state;
    assert_int_equal(menu_init(&menu, options, true), 0);
    menu_toggle(&menu); /* none is marked */
    assert_string_equal(answer_of(&menu, &text), "");
    menu_follow(&menu, "3, \"a, b\" ,none");
    assert_string_equal(answer_of(&menu, &text), "\"a, b\", blue");
    menu_move(&menu, 1);
    menu_toggle(&menu);
    assert_string_equal(answer_of(&menu, &text), "red, \"a, b\", blue");
    menu.changed = false;
    menu_follow(&menu, buf_string(&text));
    assert_false(menu.changed);
    menu_follow(&menu, "");
    assert_string_equal(answer_of(&menu, &text), "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_go_over_whole_characters),
        cmocka_unit_test(keys_change_the_text),
        cmocka_unit_test(a_line_has_a_ceiling),
        cmocka_unit_test(the_part_around_the_cursor_is_shown),
        cmocka_unit_test(a_menu_marks_and_follows),
        cmocka_unit_test(several_are_picked),
    };

    text_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
