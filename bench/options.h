/* Arguments of the form name=value, which is all that the programs of this folder take. */
#pragma once

/* The value of the argument `name`, or `otherwise`; a program that lacks an argument without
 * `otherwise` (NULL) ends with a sentence on standard error. */
const char *option_text(int argc, char **argv, const char *name, const char *otherwise);
long long option_number(int argc, char **argv, const char *name, const char *otherwise);

/* Ends the program with status 1 after "what: the system's reason". */
_Noreturn void fail_errno(const char *what);
