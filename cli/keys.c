#include "cli/keys.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/error.h"

#define ESCAPE       0x1b
#define ESCAPE_TIME  50 /* milliseconds in which the rest of a sequence comes */
#define LONGEST_CODE 16

/* For the signal handlers. */
static struct termios as_it_was;
static struct termios key_by_key;
static int terminal = -1;
static volatile sig_atomic_t is_ours;
static volatile sig_atomic_t news; /* KEY_REDRAW or KEY_RESIZED, or 0 */

/* ---- the mode -------------------------------------------------------------------------------- */

static const int ending_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static struct sigaction former[COUNT_OF(ending_signals)];
static struct sigaction former_stop, former_resize;

static void give_back(void)
{
    if (is_ours)
        tcsetattr(terminal, TCSADRAIN, &as_it_was);
}

static void send_to_itself(int number)
{
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    sigset_t only;

    sigemptyset(&only);
    sigaddset(&only, number);
    sigaction(number, &usual, NULL);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &only, NULL);
}

static void end(int number)
{
    give_back();
    send_to_itself(number);
}

/* Comes back when the process is continued. */
static void stop(int number)
{
    int saved = errno;
    const struct sigaction again = {.sa_handler = stop};

    give_back();
    send_to_itself(number);
    sigaction(number, &again, NULL);
    if (is_ours)
        tcsetattr(terminal, TCSADRAIN, &key_by_key);
    news = KEY_REDRAW;
    errno = saved;
}

static void note_size(int number)
{
    (void)number;
    news = KEY_RESIZED;
}

/* What somebody else handles stays his: he calls keys_end. */
static void handle(int number, void (*handler)(int number), struct sigaction *ret_former)
{
    const struct sigaction action = {.sa_handler = handler};

    sigaction(number, NULL, ret_former);
    if (ret_former->sa_handler == SIG_DFL)
        sigaction(number, &action, NULL);
}

int keys_begin(int fd)
{
    if (tcgetattr(fd, &as_it_was) < 0)
        return -1;
    key_by_key = as_it_was;
    key_by_key.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    key_by_key.c_iflag &= ~(tcflag_t)(ICRNL | INLCR);
    key_by_key.c_cc[VMIN] = 1;
    key_by_key.c_cc[VTIME] = 0;
    terminal = fd;
    news = 0;
    for (size_t i = 0; i < COUNT_OF(ending_signals); i++)
        handle(ending_signals[i], end, &former[i]);
    handle(SIGTSTP, stop, &former_stop);
    handle(SIGWINCH, note_size, &former_resize);
    is_ours = 1;
    if (tcsetattr(fd, TCSADRAIN, &key_by_key) == 0)
        return 0;
    keys_end();
    return -1;
}

void keys_end(void)
{
    if (!is_ours)
        return;
    give_back();
    is_ours = 0;
    for (size_t i = 0; i < COUNT_OF(ending_signals); i++)
        sigaction(ending_signals[i], &former[i], NULL);
    sigaction(SIGTSTP, &former_stop, NULL);
    sigaction(SIGWINCH, &former_resize, NULL);
}

/* ---- the keys -------------------------------------------------------------------------------- */

static const struct {
    char code;
    enum key key;
} control_keys[] = {
    {'\r', KEY_ENTER},         {'\n', KEY_ENTER},        {0x7f, KEY_BACKSPACE},
    {'\b', KEY_BACKSPACE},     {0x01, KEY_HOME},         {0x05, KEY_END},
    {0x02, KEY_LEFT},          {0x06, KEY_RIGHT},        {0x10, KEY_UP},
    {0x0e, KEY_DOWN},          {0x04, KEY_CTRL_D},       {0x17, KEY_DELETE_WORD},
    {0x15, KEY_DELETE_BEFORE}, {0x0b, KEY_DELETE_AFTER}, {0x0c, KEY_REDRAW},
};

/* Behind "ESC [" or "ESC O": the last letter, or the number before "~". */
static const struct {
    char last;
    char number; /* of those that end with "~" */
    enum key key;
} sequence_keys[] = {
    {'A', 0, KEY_UP},    {'B', 0, KEY_DOWN},  {'C', 0, KEY_RIGHT},    {'D', 0, KEY_LEFT},
    {'H', 0, KEY_HOME},  {'F', 0, KEY_END},   {'~', '1', KEY_HOME},   {'~', '7', KEY_HOME},
    {'~', '4', KEY_END}, {'~', '8', KEY_END}, {'~', '3', KEY_DELETE},
};

/* One byte; -1 if there is news, -2 if the terminal has gone. */
static int read_byte(int fd)
{
    unsigned char byte;
    ssize_t n;

    while ((n = read(fd, &byte, 1)) < 0 && errno == EINTR)
        if (news)
            return -1;
    return n == 1 ? byte : -2;
}

/* What comes right behind an Escape; an Escape alone is followed by nothing. */
static int read_soon(int fd)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};

    return poll(&waiting, 1, ESCAPE_TIME) > 0 ? read_byte(fd) : -1;
}

static enum key read_sequence(int fd)
{
    int first = read_soon(fd);
    char number = 0;
    int c = -1;

    if (first != '[' && first != 'O')
        return KEY_NONE;
    for (int i = 0; i < LONGEST_CODE; i++) {
        c = read_soon(fd);
        if (c < 0 || (c >= 0x40 && c <= 0x7e))
            break;
        if (i == 0)
            number = (char)c;
        else if (c != ';' && number && i == 1)
            number = 0; /* of two digits: none that is known */
    }
    for (size_t i = 0; i < COUNT_OF(sequence_keys); i++)
        if (c == sequence_keys[i].last &&
            (!sequence_keys[i].number || sequence_keys[i].number == number))
            return sequence_keys[i].key;
    return KEY_NONE;
}

/* The rest of a character of UTF-8; what is none means nothing. */
static struct key_press read_character(int fd, int first)
{
    struct key_press press = {.key = KEY_TEXT, .text = {(char)first}, .length = 1};
    size_t size = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;

    if ((first >= 0x80 && first < 0xc2) || first > 0xf4)
        return (struct key_press){.key = KEY_NONE};
    while (press.length < size) {
        int c = read_byte(fd);
        if (c < 0 || (c & 0xc0) != 0x80)
            return (struct key_press){.key = KEY_NONE};
        press.text[press.length++] = (char)c;
    }
    return press;
}

struct key_press keys_read(int fd)
{
    int c = news ? -1 : read_byte(fd);

    if (c == -1) {
        struct key_press press = {.key = (enum key)news};
        news = 0;
        return press;
    }
    if (c < 0)
        return (struct key_press){.key = KEY_GONE};
    if (c == ESCAPE)
        return (struct key_press){.key = read_sequence(fd)};
    for (size_t i = 0; i < COUNT_OF(control_keys); i++)
        if (c == control_keys[i].code)
            return (struct key_press){.key = control_keys[i].key};
    return c < ' ' ? (struct key_press){.key = KEY_NONE} : read_character(fd, c);
}
