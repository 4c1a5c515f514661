/* Times that vary by chance, so that those who failed together do not all come back together. */
#pragma once

/* An exponentially distributed time with that mean, but no further from it than the factor says. */
double jittered(double mean, double factor);
