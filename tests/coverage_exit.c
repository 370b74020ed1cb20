/* coverage_exit.c - what a process counted is kept though it ends by _exit
 *
 * Linked into what coverage.sh measures with -Wl,--wrap=_exit.               */
void __gcov_dump(void);
void __real__exit(int code);
void __wrap__exit(int code);

void __wrap__exit(int code)
{
    __gcov_dump();
    __real__exit(code);
}
