/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "session/backend.h"
#include "session/replayer.h"

Test(backend, the_built_in_emulator_has_both_forms)
{
    char error[WHT_BACKEND_ERROR_MAX];
    struct wht_backend backend;
    cr_assert(wht_backend_open(WHT_BACKEND_BUILTIN, &backend, error));
    cr_assert(wht_backend_has_preview(&backend));
    struct wht_replayer *replayer = wht_replayer_open(&backend, error);
    cr_assert_not_null(replayer);
    wht_replayer_close(replayer);
    wht_backend_close(&backend);
}

Test(backend, what_is_no_library_is_refused_in_one_line)
{
    static const char *const paths[] = {"/nowhere/emulator.so", "/tmp", "/proc/self/status"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char error[WHT_BACKEND_ERROR_MAX] = "";
        struct wht_backend backend;
        cr_assert_not(wht_backend_open(paths[i], &backend, error), "%s", paths[i]);
        cr_assert_eq(strncmp(error, paths[i], strlen(paths[i])), 0, "%s", error);
        cr_assert_null(strchr(error, '\n'), "%s", error);
    }
}

static HRESULT WINAPI refuse(const WHV_EMULATOR_CALLBACKS *callbacks, WHV_EMULATOR_HANDLE *handle)
{
    (void)callbacks;
    (void)handle;
    return E_OUTOFMEMORY;
}

Test(backend, an_emulator_that_cannot_be_created_is_an_error)
{
    char error[WHT_BACKEND_ERROR_MAX];
    struct wht_backend backend = {.create = refuse};
    cr_assert_null(wht_replayer_open(&backend, error));
    cr_assert_not_null(strstr(error, "0x8007000e"), "%s", error);
}
