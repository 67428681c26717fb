/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

static struct plain_test *first;
static struct plain_test **last = &first;
static jmp_buf out;
static const struct plain_test *running;
static bool has_failed;

void plain_test_add(struct plain_test *test)
{
    *last = test;
    last = &test->next;
}

void plain_check(bool fatal, bool holds, const char *file, int line, const char *what,
                 const char *format, ...)
{
    va_list arguments;
    if (holds)
        return;
    has_failed = true;
    printf("%s:%d: %s: %s", file, line, running->name, what);
    if (*format) {
        printf(": ");
        va_start(arguments, format);
        vprintf(format, arguments);
        va_end(arguments);
    }
    putchar('\n');
    if (fatal)
        longjmp(out, 1);
}

void plain_skip(const char *format, ...)
{
    va_list arguments;
    printf("%s is skipped: ", running->name);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    longjmp(out, 1);
}

void plain_log(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

int main(void)
{
    static unsigned passed, failed;
    for (running = first; running; running = running->next) {
        has_failed = false;
        if (setjmp(out) == 0)
            running->run();
        if (has_failed)
            failed++;
        else
            passed++;
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
