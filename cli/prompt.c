#include "cli/prompt.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "cli/keys.h"

#define EXIT_INTERRUPTED 130 /* 128 + SIGINT, as shells have it */

static const char *farewell_text;        /* for the signal handler */
static struct termios terminal_settings; /* as they were before a secret was asked for */
static volatile sig_atomic_t echo_is_off;

void prompt_init(struct prompt *ret_prompt, bool data_out)
{
    bool use_error = data_out || (!isatty(STDOUT_FILENO) && isatty(STDERR_FILENO));

    *ret_prompt = (struct prompt){.in = stdin, .is_terminal = isatty(STDIN_FILENO)};
    screen_init(&ret_prompt->screen, use_error ? stderr : stdout);
    ret_prompt->edits = ret_prompt->is_terminal && screen_can_be_drawn_over(&ret_prompt->screen);
    /* What is not asked for is left to the next program that reads the same input. */
    setvbuf(stdin, NULL, _IONBF, 0);
}

static void hide_typing(struct prompt *prompt)
{
    struct termios silent;

    if (!prompt->is_terminal || tcgetattr(fileno(prompt->in), &terminal_settings) < 0)
        return;
    silent = terminal_settings;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    echo_is_off = 1;
    tcsetattr(fileno(prompt->in), TCSAFLUSH, &silent);
}

static void show_typing(struct prompt *prompt)
{
    if (!echo_is_off)
        return;
    tcsetattr(fileno(prompt->in), TCSANOW, &terminal_settings);
    echo_is_off = 0;
    fputc('\n', prompt->screen.out);
}

/* Only what a signal handler may do. */
static void leave(int signal_number)
{
    (void)signal_number;
    keys_end();
    if (echo_is_off)
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal_settings);
    if (write(STDERR_FILENO, farewell_text, strlen(farewell_text)) < 0)
        _exit(EXIT_INTERRUPTED);
    _exit(EXIT_INTERRUPTED);
}

void prompt_on_interrupt(const char *farewell)
{
    struct sigaction action = {.sa_handler = farewell ? leave : SIG_DFL};

    if (farewell)
        farewell_text = farewell;
    sigaction(SIGINT, &action, NULL);
}

/* 0, or -1 at the end of the input. A line past the ceiling is read to its end and marked as
 * failed. */
static int read_bytes(FILE *in, struct buf *line)
{
    int c = getc_unlocked(in);

    if (c == EOF)
        return -1;
    for (; c != EOF && c != '\n'; c = getc_unlocked(in))
        buf_add_char(line, (char)c);
    return 0;
}

static void drop_space_at_end(struct buf *line)
{
    while (line->length > 0 && strchr(" \t\r", line->data[line->length - 1]))
        line->data[--line->length] = '\0';
}

static const char *what_is_wrong(const struct buf *line)
{
    buf_auto safe = BUF_INIT;

    if (line->failed)
        return "this line is too long";
    if (strlen(buf_string(line)) != line->length)
        return "a line must not hold NUL characters";
    text_add_safe(&safe, buf_string(line), line->length, true);
    if (strstr(buf_string(&safe), "\xef\xbf\xbd") && !strstr(buf_string(line), "\xef\xbf\xbd"))
        return "a line must be UTF-8 without control characters";
    return NULL;
}

/* Without a terminal nothing was echoed: the answer is put behind the question. */
static void show_answer(struct prompt *prompt, const char *answer, bool secret)
{
    buf_auto text = BUF_INIT;

    if (prompt->is_terminal)
        return;
    text_add_short(&text, secret ? "********" : answer, 200);
    buf_add_char(&text, '\n');
    screen_flush(&prompt->screen, &text);
}

static char *without_space_around(const char *line)
{
    size_t begin = strspn(line, " \t");
    size_t end = strlen(line);

    while (end > begin && strchr(" \t", line[end - 1]))
        end--;
    return strndup(line + begin, end - begin);
}

int prompt_edit(struct prompt *prompt, const struct edit *edit, char **ret_line,
                struct error *error)
{
    char *line = NULL;
    int r;

    while ((r = edit_line(edit, fileno(prompt->in), &prompt->screen, PROMPT_LINE_CEILING, &line,
                          error)) < 0 &&
           error->code == E2BIG)
        prompt_complain(prompt, error->message);
    if (r <= 0)
        return r;
    *ret_line = without_space_around(line);
    free(line);
    return *ret_line ? 1 : error_set(error, ENOMEM, "out of memory");
}

/* 0 with a line, NULL if it was refused. */
static int read_line(struct prompt *prompt, const char *question, bool secret, char **ret_line,
                     struct error *error)
{
    buf_auto line = {.ceiling = PROMPT_LINE_CEILING};

    /* Before the question shows: who answers at once is not to be seen, nor lost. */
    if (secret)
        hide_typing(prompt);
    fputs(question, prompt->screen.out);
    fflush(prompt->screen.out);
    int r = read_bytes(prompt->in, &line);
    show_typing(prompt);
    if (r < 0) {
        fputc('\n', prompt->screen.out);
        return error_set(error, ENODATA, "the input ended before all was answered");
    }
    drop_space_at_end(&line);
    const char *wrong = what_is_wrong(&line);
    const char *start = wrong ? "" : buf_string(&line) + strspn(buf_string(&line), " \t");
    show_answer(prompt, start, secret);
    *ret_line = NULL;
    if (wrong) {
        prompt_complain(prompt, wrong);
        return 0;
    }
    *ret_line = strdup(start);
    return *ret_line ? 0 : error_set(error, ENOMEM, "out of memory");
}

int prompt_read(struct prompt *prompt, const char *question, bool secret, char **ret_line,
                struct error *error)
{
    const struct edit edit = {.mark = question, .secret = secret};

    if (prompt->edits)
        return prompt_edit(prompt, &edit, ret_line, error) < 0 ? -1 : 0;
    do {
        if (read_line(prompt, question, secret, ret_line, error) < 0)
            return -1;
    } while (!*ret_line);
    return 0;
}

int prompt_yes(struct prompt *prompt, const char *question, bool otherwise, struct error *error)
{
    static const char *const words[] = {"n", "y", "no", "yes"};

    for (;;) {
        char *line;
        int answer = -1;
        if (prompt_read(prompt, question, false, &line, error) < 0)
            return -1;
        if (!*line)
            answer = otherwise;
        for (size_t i = 0; i < COUNT_OF(words); i++)
            if (strcasecmp(line, words[i]) == 0)
                answer = (int)(i % 2);
        free(line);
        if (answer >= 0)
            return answer;
        prompt_complain(prompt, "answer y or n");
    }
}

void prompt_complain(struct prompt *prompt, const char *message)
{
    buf_auto text = BUF_INIT;
    buf_auto safe = BUF_INIT;

    text_add_safe(&safe, message, strlen(message), true);
    text_add_style(&text, prompt->screen.colour, STYLE_RED);
    text_wrap(&text, buf_string(&safe), prompt->screen.width, "  ✗ ", "    ");
    text_add_style(&text, prompt->screen.colour, STYLE_PLAIN);
    screen_flush(&prompt->screen, &text);
}
