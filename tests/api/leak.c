/* Laid under a program (LD_PRELOAD), it loses 1000 bytes: for test_leaks.py. */
#include <stdlib.h>

static void *volatile lost;

__attribute__((constructor)) static void lose(void)
{
    lost = malloc(1000);
    lost = NULL;
}
