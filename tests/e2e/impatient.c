/* The command with less patience, for the end-to-end tests: the linker puts these in the place of
 * the library's. */

double __wrap_patience_with_process(void);
int __wrap_patience_with_holder(void);

double __wrap_patience_with_process(void)
{
    return 1.5;
}

int __wrap_patience_with_holder(void)
{
    return 3;
}
