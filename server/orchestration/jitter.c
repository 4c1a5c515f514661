#include "server/orchestration/jitter.h"

#include <math.h>
#include <stdint.h>
#include <sys/random.h>

#include "common/error.h"

/* Between 0 and 1. */
static double chance(void)
{
    uint32_t bits;

    if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
        BUG("the system gives no random numbers");
    return (double)bits / 4294967296.0;
}

double jittered(double mean, double factor)
{
    double least = 1 - exp(-fmax(0, 1 - factor));
    double most = 1 - exp(-(1 + factor));

    return -log(fmax(1 - (least + chance() * (most - least)), 1e-10)) * mean;
}
