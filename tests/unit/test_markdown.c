#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#include "common/times.h"
#include "server/markdown/markdown.h"

#define LINK "<a rel=\"noopener noreferrer nofollow\" href="

static void html_of(const char *markdown, struct buf *html)
{
    struct error error;

    buf_clear(html);
    assert_int_equal(markdown_to_html(markdown, strlen(markdown), html, &error), 0);
}

static void markdown_becomes_html(void **state)
{
    static const struct {
        const char *markdown;
        const char *html;
    } cases[] = {
        {"", ""},
        {"# Who?\nYour *name*, **please**.",
         "<h1>Who?</h1>\n<p>Your <em>name</em>, <strong>please</strong>.</p>\n"},
        {"~~old~~", "<p><del>old</del></p>\n"},
        {"|a|b|\n|-|:-:|\n|1|\n",
         "<table>\n<thead>\n<tr>\n<th>a</th>\n<th align=\"center\">b</th>\n"
         "</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n"
         "<td align=\"center\"></td>\n</tr>\n</tbody>\n</table>\n"},
        {"- [x] done",
         "<ul>\n<li><input type=\"checkbox\" checked=\"\" disabled=\"\" /> done</li>\n</ul>\n"},
        {"see http://a.org/x?y=1&z", "<p>see " LINK "\"http://a.org/x?y=1&amp;z\">"
                                     "http://a.org/x?y=1&amp;z</a></p>\n"},
        {"[a *b*](/c/d#e \"t\") and [f](<g h>)",
         "<p>" LINK "\"/c/d#e\" title=\"t\">a <em>b</em></a> and " LINK "\"g%20h\">f</a></p>\n"},
        {"[![p](q.png)](r)", "<p>" LINK "\"r\"><img src=\"q.png\" alt=\"p\" /></a></p>\n"},
        {"[é](é \"x\")", "<p>" LINK "\"%C3%A9\" title=\"x\">é</a></p>\n"},
        {"[m](MAILTO:a@b.org)", "<p>" LINK "\"MAILTO:a@b.org\">m</a></p>\n"},
        {"|[x](/y)|\n|-|\n|[a *b* ~~c~~](javascript:x)|",
         "<table>\n<thead>\n<tr>\n<th>" LINK
         "\"/y\">x</a></th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>a <em>b</em> "
         "<del>c</del></td>\n</tr>\n</tbody>\n</table>\n"},
        {"`<a href=\"x\">`", "<p><code>&lt;a href=&quot;x&quot;&gt;</code></p>\n"},
        {"1 < 2 & \"3\"", "<p>1 &lt; 2 &amp; &quot;3&quot;</p>\n"},
        {"bad \xff byte", "<p>bad \ufffd byte</p>\n"},
        {"```c\nint x<y;\n```", "<pre><code class=\"language-c\">int x&lt;y;\n</code></pre>\n"},
    };
    buf_auto html = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        html_of(cases[i].markdown, &html);
        assert_string_equal(buf_string(&html), cases[i].html);
    }
}

static void scripts_do_not_pass(void **state)
{
    static const char *const attempts[] = {
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "<iframe src=\"javascript:alert(1)\"></iframe>",
        "<!-- <script> --><svg onload=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](javascript&#58;alert(1))",
        "[x](javascript&colon;alert(1))",
        "[x](java&#9;script:alert(1))",
        "[x](<java\tscript:alert(1)>)",
        "[x](< javascript:alert(1)>)",
        "[x](&#1;javascript:alert(1))",
        "[x](vbscript:msgbox)",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "<javascript:alert(1)>",
        "![x](javascript:alert(1))",
        "![x](vbscript:x)",
        "![x](data:text/html,x)",
        "[x]: javascript:alert(1)\n\n[x]",
        "[x](file:///etc/passwd)",
        "[x](blob:http://a)",
        "[a](http://b\"onmouseover=alert(1)\")",
        "[a](<http://b\" onmouseover=\"alert(1)>)",
        "![a](<b\" onerror=\"alert(1)>)",
        "![a\" onerror=\"alert(1)](b)",
        "[a](b \"c\" onclick=\"alert(1)\")",
        "```\"onclick=alert(1)\nx\n```",
        "[\\](javascript:x)](javascript:alert(1))",
        "www.a.org\"onclick=alert(1)",
        "|<script>|\n|-|\n|<img src=x onerror=y>|",
    };
    static const char *const refused[] = {
        "<script",  "<iframe",    "<svg",       "javascript:\"", "=\"javasc",
        "=\"vbscr", "=\"data:",   "=\"file:",   "=\"blob:",      "=\"java",
        "\" onerr", "\" onmouse", "\" onclick", "\"onclick",     "<img src=x"};
    buf_auto html = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(attempts); i++) {
        html_of(attempts[i], &html);
        for (size_t k = 0; k < COUNT_OF(refused); k++)
            if (strstr(buf_string(&html), refused[k]))
                fail_msg("%s: %s", attempts[i], buf_string(&html));
    }
    html_of("[text](javascript:x)", &html);
    assert_string_equal(buf_string(&html), "<p>text</p>\n");
    html_of("![x](data:image/png;base64,AAAA)", &html);
    assert_non_null(strstr(buf_string(&html), "src=\"data:image/png"));
}

/* `unit` as often as it fits into the longest Markdown. */
static char *fill(const char *begin, const char *unit)
{
    char *text = malloc(MARKDOWN_MAX + 1);
    size_t length = strlen(begin), step = strlen(unit);

    assert_non_null(text);
    memcpy(text, begin, length);
    for (; length + step <= MARKDOWN_MAX; length += step)
        memcpy(text + length, unit, step);
    text[length] = '\0';
    return text;
}

static void the_worst_input_stays_bounded(void **state)
{
    static const char *const units[] = {
        ">",        "> ",        "- ",        "\n- ",   "1. ",  "[",    "![",    "](",
        "[a](",     "![[]()",    "*",         "*_",     "**a ", "~~a ", "`a",    "|",
        "\n|-",     "|a",        "<![CDATA[", "<!--",   "<",    "a@a.", "www.a", "&",
        "[a]: b\n", "http://a(", "xmpp:",     "_____a", "\n\t",
    };
    static const char *const begins[] = {"", "|a|b|c|\n|-|-|-|\n"};
    struct error error;
    buf_auto html = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        for (size_t k = 0; k < COUNT_OF(begins); k++) {
            char *text = fill(begins[k], units[i]);
            int64_t start = time_monotonic();
            buf_clear(&html);
            assert_int_equal(markdown_to_html(text, strlen(text), &html, &error), 0);
            assert_true(time_monotonic() - start < 20 * SECOND); /* of a busy machine */
            assert_true(html.length < 4 << 20);
            free(text);
        }
    }
}

static void huge_tables_are_left_as_text(void **state)
{
    static const struct {
        int columns, rows;
        bool is_table;
    } cases[] = {{200, 300, true}, {200, 2000, false}, {300, 1, false}, {2, 10000, true}};
    buf_auto table = BUF_INIT, html = BUF_INIT;

    (void)state;
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        buf_clear(&table);
        for (int i = 0; i < 2 * cases[c].columns; i++)
            buf_add_string(&table, i < cases[c].columns    ? "|a"
                                   : i == cases[c].columns ? "|\n|-"
                                                           : "|-");
        buf_add_string(&table, "|\n");
        for (int i = 0; i < cases[c].rows; i++)
            buf_add_string(&table, "|b|\n");
        html_of(buf_string(&table), &html);
        assert_int_equal(strstr(buf_string(&html), "<table>") != NULL, cases[c].is_table);
        assert_non_null(strstr(buf_string(&html), "b"));
    }
}

static void too_long_is_an_error(void **state)
{
    char *text = fill("", "x");
    buf_auto html = BUF_INIT;
    struct error error;

    (void)state;
    assert_int_equal(markdown_to_html(text, MARKDOWN_MAX, &html, &error), 0);
    buf_clear(&html);
    assert_int_equal(markdown_to_html(text, MARKDOWN_MAX + 1, &html, &error), -1);
    assert_int_equal(error.code, EFBIG);
    assert_int_equal(html.length, 0);
    free(text);
}

static void *convert_many(void *text)
{
    buf_auto first = BUF_INIT, html = BUF_INIT;

    html_of(text, &first);
    for (int i = 0; i < 300; i++) {
        html_of(text, &html);
        if (strcmp(buf_string(&first), buf_string(&html)) != 0)
            return "differs";
    }
    return NULL;
}

static void threads_do_not_disturb_one_another(void **state)
{
    char text[] = "~~a~~ www.b.org **c**\n\n|d|\n|-|\n|e|\n\n- [ ] f\n";
    pthread_t threads[4];
    void *problem;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, convert_many, text), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        pthread_join(threads[i], &problem);
        assert_null(problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markdown_becomes_html),
        cmocka_unit_test(scripts_do_not_pass),
        cmocka_unit_test(the_worst_input_stays_bounded),
        cmocka_unit_test(huge_tables_are_left_as_text),
        cmocka_unit_test(too_long_is_an_error),
        cmocka_unit_test(threads_do_not_disturb_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
