#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/markdown.h"
#include "cli/text.h"
#include "common/times.h"
#include "tests/unit/unit.h"

static void assert_rendered(const char *markdown, int width, const char *expected)
{
    buf_auto out = BUF_INIT;

    assert_int_equal(markdown_render(&out, markdown, width, false, NULL), 0);
    assert_string_equal(buf_string(&out), expected);
}

static void safe_text(void **state)
{
    static const struct {
        const char *text;
        const char *lines;
        const char *line;
    } cases[] = {
        {"plain", "plain", "plain"},
        {"a\nb\tc\r\n", "a\nb    c\n", "a b c "},
        {"\x1b[31mred", "�[31mred", "�[31mred"},
        {"\xc2\x9b"
         "31m",
         "�31m", "�31m"},             /* CSI as one C1 control */
        {"\x7f\x07\r", "���", "���"}, /* delete, bell, a lone return */
        {"\xe2\x80\xae"
         "cba",
         "�cba", "�cba"},                                 /* right-to-left override */
        {"\xff\xc0\x80\xed\xa0\x80", "������", "������"}, /* invalid UTF-8, byte by byte */
        {"Grüße 日本 🎉", "Grüße 日本 🎉", "Grüße 日本 🎉"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_auto lines = BUF_INIT;
        buf_auto line = BUF_INIT;
        text_add_safe(&lines, cases[i].text, strlen(cases[i].text), true);
        text_add_safe(&line, cases[i].text, strlen(cases[i].text), false);
        assert_string_equal(buf_string(&lines), cases[i].lines);
        assert_string_equal(buf_string(&line), cases[i].line);
    }
}

static void widths_and_short_texts(void **state)
{
    buf_auto cut = BUF_INIT;

    (void)state;
    assert_int_equal(text_width(""), 0);
    assert_int_equal(text_width("Grüße"), 5);
    assert_int_equal(text_width("日本"), 4);
    assert_int_equal(text_width("\x1b[0;1mbold\x1b[0m"), 4);
    text_add_short(&cut, "日本語です", 6);
    buf_add_char(&cut, '|');
    text_add_short(&cut, "exactly", 7);
    assert_string_equal(buf_string(&cut), "日本…|exactly");
}

static void wrapping(void **state)
{
    buf_auto out = BUF_INIT;

    (void)state;
    text_wrap(&out, "one two three", 9, "* ", "  ");
    text_wrap(&out, "a-very-long-word and", 9, "", "");
    text_wrap(&out, "日本語日本語", 7, "", "");
    text_wrap(&out, "hard\nbreak", 20, "> ", "> ");
    assert_string_equal(buf_string(&out), "* one two\n  three\n"
                                          "a-very-long-word\nand\n"
                                          "日本語\n日本語\n"
                                          "> hard\n> break\n");
    buf_clear(&out);
    text_wrap(&out, "\x1b[0;1mone two\x1b[0m", 4, "| ", "| ");
    assert_string_equal(buf_string(&out), "| \x1b[0;1mone\x1b[0m\n| \x1b[0;1mtwo\x1b[0m\n");
}

static void relative_times(void **state)
{
    static const struct {
        int64_t distance;
        const char *text;
    } cases[] = {
        {0, "now"},
        {SECOND - 1, "now"},
        {SECOND, "in 1 second"},
        {90 * SECOND, "in 1 minute 30 seconds"},
        {2 * HOUR + 59 * SECOND, "in 2 hours"},
        {-DAY - HOUR, "1 day 1 hour ago"},
        {800 * DAY, "in 2 years 70 days"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_auto text = BUF_INIT;
        text_add_relative(&text, 1000 * DAY + cases[i].distance, 1000 * DAY);
        assert_string_equal(buf_string(&text), cases[i].text);
    }
    buf_auto text = BUF_INIT;
    text_add_relative(&text, TIME_NEVER, -5);
    assert_non_null(strstr(buf_string(&text), "years"));
}

static void markdown_blocks(void **state)
{
    (void)state;
    assert_rendered("# Title\n\nSome *words* and **more** `code`.\n\n## Sub\n### Third\n", 40,
                    "Title\n=====\n\nSome words and more `code`.\n\nSub\n---\n\nThird\n");
    assert_rendered("one two three four", 9, "one two\nthree\nfour\n");
    assert_rendered("soft\nbreak  \nhard", 40, "soft break\nhard\n");
    assert_rendered("a\n\n---\n\nb", 40, "a\n\n────────────────────────────────────────\n\nb\n");
    assert_rendered("```c\nint a;\n\n\treturn;\n```\n", 10, "    int a;\n\n        return;\n");
    assert_rendered("> quoted text\n>\n> > deeper", 10, "│ quoted\n│ text\n│\n│ │ deeper\n");
    assert_rendered("", 10, "");
}

static void markdown_lists(void **state)
{
    (void)state;
    assert_rendered("- a\n- b\n  - c\n    1. d\n- e", 40, "• a\n• b\n  • c\n    1. d\n• e\n");
    assert_rendered("9. nine\n10. ten words that wrap", 12,
                    "9. nine\n10. ten\n    words\n    that\n    wrap\n");
    assert_rendered("- a\n\n- b\n\n  more\n\nafter", 40, "• a\n\n• b\n\n  more\n\nafter\n");
    assert_rendered("- [x] done\n- [ ] open\n", 40, "[x] done\n[ ] open\n");
    assert_rendered("-\n- b", 40, "•\n• b\n");
    assert_rendered("- > quote\n- ```\n  code\n  ```\n", 40, "• │ quote\n•     code\n");
}

static void markdown_inlines(void **state)
{
    (void)state;
    assert_rendered("[text](https://x.example/a) <https://y.example> ~~gone~~", 80,
                    "text (https://x.example/a) https://y.example gone\n");
    assert_rendered("![a cat](cat.png)", 80, "Image: a cat (cat.png)\n");
    assert_rendered("[](f)", 80, "(f)\n");
    assert_rendered("![](f)", 80, "Image: (f)\n");
    assert_rendered("<script>alert(1)</script>\n\na<br/>b <b>bold</b> <me@x.example>", 80,
                    "a\nb bold me@x.example\n");
    assert_rendered("&lt;&amp;&copy;", 80, "<&©\n");
}

static void markdown_tables(void **state)
{
    const char *table = "| Name | Count |\n|:--|--:|\n| apple | 1 |\n| `fig` | 200 |\n";

    (void)state;
    assert_rendered(table, 40, "Name   Count\n─────  ─────\napple      1\n`fig`    200\n");
    assert_rendered(table, 12, "Name   Count\n─────  ─────\napple      1\n`fig`    200\n");
    assert_rendered(table, 11, "Name: apple\nCount: 1\n\nName: `fig`\nCount: 200\n");
}

static void markdown_colours(void **state)
{
    buf_auto out = BUF_INIT;

    (void)state;
    assert_int_equal(markdown_render(&out, "**b *i* b**", 40, true, NULL), 0);
    assert_string_equal(buf_string(&out), "\x1b[0;1mb \x1b[0;1;3mi\x1b[0;1m b\x1b[0m\n");
}

/* Whatever the text holds, the only escape sequences that come out are ours. */
static void assert_harmless(const char *markdown)
{
    buf_auto out = BUF_INIT;

    assert_int_equal(markdown_render(&out, markdown, 40, true, NULL), 0);
    for (const char *at = buf_string(&out); *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == 0x1b) {
            assert_int_equal(at[1], '[');
            size_t length = strspn(at + 2, "0123456789;");
            assert_int_equal(at[2 + length], 'm');
            assert_int_equal(at[2], '0');
        } else if (c != '\n') {
            assert_true(c >= 0x20 && c != 0x7f);
        }
        assert_false(c == 0xc2 && (unsigned char)at[1] < 0xa0);
    }
}

static void hostile_markdown(void **state)
{
    static const char *const texts[] = {
        "\x1b[2J\x1b]0;title\x07",
        "&#27;[31m &#x9b;31m &#x1b;]8;;x&#7;",
        "`\x1b[31m`",
        "```\n\x1b[31m\n```",
        "[a&#27;[31m](http://x/&#27;[31m \"\x1b\")",
        "| \x1b[1m | b |\n|--|--|\n| &#27; | \xc2\x9b |",
        "# \x1b[1m",
        "![\x1b](\x1b)",
        "~~\x1b~~",
        "\xe2\x80\xae\xff\xfe",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_harmless(texts[i]);
}

static void nested_markdown(void **state)
{
    static const char *const parts[] = {"> ", "- ", "1. ", "*a **b ", "[", "![", "> - "};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        buf_auto text = BUF_INIT;
        buf_auto out = BUF_INIT;
        for (int j = 0; j < 2000; j++)
            buf_add_string(&text, parts[i]);
        buf_add_string(&text, "end");
        assert_int_equal(markdown_render(&out, buf_string(&text), 80, true, NULL), 0);
        assert_true(out.length < 100000);
    }
}

/* What would take long to parse is shown as it came. */
static void long_markdown(void **state)
{
    buf_auto text = BUF_INIT;
    buf_auto out = BUF_INIT;

    (void)state;
    buf_add_string(&text, "**\x1b[31m**\n");
    while (text.length <= MARKDOWN_LONGEST)
        buf_add_string(&text, "![[]()");
    assert_int_equal(markdown_render(&out, buf_string(&text), 80, true, NULL), 0);
    assert_memory_equal(buf_string(&out), "**\xef\xbf\xbd[31m**\n![[]()", 18);
    assert_true(out.length > MARKDOWN_LONGEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safe_text),        cmocka_unit_test(widths_and_short_texts),
        cmocka_unit_test(wrapping),         cmocka_unit_test(relative_times),
        cmocka_unit_test(markdown_blocks),  cmocka_unit_test(markdown_lists),
        cmocka_unit_test(markdown_inlines), cmocka_unit_test(markdown_tables),
        cmocka_unit_test(markdown_colours), cmocka_unit_test(hostile_markdown),
        cmocka_unit_test(nested_markdown),  cmocka_unit_test(long_markdown),
    };

    text_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
