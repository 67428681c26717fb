/* SPDX-License-Identifier: MIT */
/* What somebody outside this project would write first. */
#include <stdio.h>

#include <whvemu/emulator.h>

#ifdef RECORDED
#include <whvcapture/redirect.h>
#endif

int main(void)
{
    WHV_EMULATOR_CALLBACKS callbacks = {.Size = 0};
    WHV_EMULATOR_HANDLE emulator = NULL;
    HRESULT result = WHvEmulatorCreateEmulator(&callbacks, &emulator);

    printf("%s\n", result == E_INVALIDARG ? "an empty table is refused" : "unexpected");
    return result == E_INVALIDARG ? 0 : 1;
}
