/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L

#include "library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ELF_CLASS_64   2
#define ELF_CLASS_AT   4
#define ELF_MACHINE_AT 18

#if defined(__x86_64__)
#define OWN_MACHINE 62
#elif defined(__aarch64__)
#define OWN_MACHINE 183
#else
#define OWN_MACHINE 0
#endif

static const char *machine_name(unsigned machine)
{
    switch (machine) {
    case 3:
        return "32-bit x86";
    case 40:
        return "32-bit ARM";
    case 62:
        return "x86-64";
    case 183:
        return "AArch64";
    case 243:
        return "RISC-V";
    default:
        return "another processor";
    }
}

/* What the dynamic linker would say is cryptic for the mistakes that people make. */
static const char *refusal(const uint8_t *head, size_t size, char *text, size_t n)
{
    if (size >= 2 && head[0] == 'M' && head[1] == 'Z')
        return "is a Windows library; load it with whvtrace for Windows, natively or under Wine";
    if (size < 20 || memcmp(head, "\177ELF", 4) != 0)
        return "is no shared library";
    unsigned machine = head[ELF_MACHINE_AT] | (unsigned)head[ELF_MACHINE_AT + 1] << 8;
    if (OWN_MACHINE != 0 && (machine != OWN_MACHINE || head[ELF_CLASS_AT] != ELF_CLASS_64)) {
        snprintf(text, n, "is built for %s, this program for %s", machine_name(machine),
                 machine_name(OWN_MACHINE));
        return text;
    }
    return NULL;
}

static bool is_loadable(const char *path, char *error, size_t n)
{
    struct stat st;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &st) != 0 || S_ISDIR(st.st_mode)) {
        snprintf(error, n, "%s: %s", path, file ? "is a folder" : strerror(errno));
        if (file)
            fclose(file);
        return false;
    }
    uint8_t head[64];
    size_t size = fread(head, 1, sizeof(head), file);
    fclose(file);
    char text[96];
    const char *why = refusal(head, size, text, sizeof(text));
    if (why)
        snprintf(error, n, "%s: %s", path, why);
    return why == NULL;
}

void *wht_library_open(const char *path, char *error, size_t n)
{
    if (!is_loadable(path, error, n))
        return NULL;
    /* A name without a slash would be looked up in the system's library folders. */
    char local[4096];
    snprintf(local, sizeof(local), "%s%s", strchr(path, '/') ? "" : "./", path);
    void *library = dlopen(local, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char *reason = dlerror();
        size_t length = strlen(local);
        if (strncmp(reason, local, length) == 0 && reason[length] == ':')
            reason += length + 1 + (reason[length + 1] == ' ');
        snprintf(error, n, "%s: %s", path, reason);
    }
    return library;
}

wht_function *wht_library_find(void *library, const char *name)
{
    /* POSIX guarantees that the pointer can be converted; ISO C only allows it by way of memory. */
    void *symbol = dlsym(library, name);
    wht_function *function;
    memcpy(&function, &symbol, sizeof(function));
    return function;
}

void wht_library_close(void *library)
{
    dlclose(library);
}
