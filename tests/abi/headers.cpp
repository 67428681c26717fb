// SPDX-License-Identifier: MIT
// The headers compile as C++, and the names link without mangling.
#include <whvemu/emulator.h>
#include <whvemu/instructions.h>
#include <whvemu/preview.h>

static_assert(sizeof(WHV_REGISTER_VALUE) == 16 && alignof(WHV_REGISTER_VALUE) == 16, "as in C");
static_assert(sizeof(WHV_PREVIEW_X64_IO_PORT_ACCESS_CONTEXT) == 136, "as in C");

extern "C" int whvemu_cpp_uses(WHV_EMULATOR_HANDLE emulator);

extern "C" int whvemu_cpp_uses(WHV_EMULATOR_HANDLE emulator)
{
    return WHvEmulatorDestroyEmulator(emulator) == S_OK &&
           WHvEmulatorDestroyEmulatorPreview(emulator) == S_OK && whvemu_instruction_count() > 0;
}
