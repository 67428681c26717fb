/* SPDX-License-Identifier: MIT */
#include "fake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"

static fake_body *present_body;
static unsigned present_number;
static WHV_EMULATOR_CALLBACKS present_callbacks;

static HRESULT WINAPI create(const WHV_EMULATOR_CALLBACKS *callbacks, WHV_EMULATOR_HANDLE *handle)
{
    present_callbacks = *callbacks;
    present_number = 0;
    *handle = &present_callbacks;
    return S_OK;
}

static HRESULT WINAPI destroy(WHV_EMULATOR_HANDLE handle)
{
    return handle == &present_callbacks ? S_OK : E_INVALIDARG;
}

static HRESULT call(struct fake_call *c, WHV_EMULATOR_STATUS *status)
{
    c->callbacks = &present_callbacks;
    c->number = ++present_number;
    c->status = 1;
    HRESULT hr = present_body(c);
    if (!c->keeps_status)
        status->AsUINT32 = c->status;
    return hr;
}

static HRESULT WINAPI try_mmio(WHV_EMULATOR_HANDLE handle, VOID *context,
                               const WHV_VP_EXIT_CONTEXT *vp,
                               const WHV_MEMORY_ACCESS_CONTEXT *memory, WHV_EMULATOR_STATUS *status)
{
    struct fake_call c = {.context = context, .vp = vp, .memory = memory};
    (void)handle;
    return call(&c, status);
}

static HRESULT WINAPI try_io(WHV_EMULATOR_HANDLE handle, VOID *context,
                             const WHV_VP_EXIT_CONTEXT *vp,
                             const WHV_X64_IO_PORT_ACCESS_CONTEXT *io, WHV_EMULATOR_STATUS *status)
{
    struct fake_call c = {.context = context, .vp = vp, .io = io};
    (void)handle;
    return call(&c, status);
}

static const struct wht_backend backend = {
    .create = create, .destroy = destroy, .try_io = try_io, .try_mmio = try_mmio};

HRESULT fake_read(struct fake_call *c, uint64_t gpa, unsigned size, uint64_t *data)
{
    WHV_EMULATOR_MEMORY_ACCESS_INFO access = {.GpaAddress = gpa, .AccessSize = (UINT8)size};
    HRESULT hr = c->callbacks->WHvEmulatorMemoryCallback(c->context, &access);
    *data = 0;
    memcpy(data, access.Data, size <= 8 ? size : 8);
    return hr;
}

HRESULT fake_write(struct fake_call *c, uint64_t gpa, unsigned size, uint64_t data)
{
    WHV_EMULATOR_MEMORY_ACCESS_INFO access = {
        .GpaAddress = gpa, .Direction = 1, .AccessSize = (UINT8)size};
    memcpy(access.Data, &data, sizeof(data));
    return c->callbacks->WHvEmulatorMemoryCallback(c->context, &access);
}

HRESULT fake_in(struct fake_call *c, uint16_t port, unsigned size, uint32_t *data)
{
    WHV_EMULATOR_IO_ACCESS_INFO access = {.Port = port, .AccessSize = (UINT16)size};
    HRESULT hr = c->callbacks->WHvEmulatorIoPortCallback(c->context, &access);
    *data = access.Data;
    return hr;
}

HRESULT fake_out(struct fake_call *c, uint16_t port, unsigned size, uint32_t data)
{
    WHV_EMULATOR_IO_ACCESS_INFO access = {
        .Direction = 1, .Port = port, .AccessSize = (UINT16)size, .Data = data};
    return c->callbacks->WHvEmulatorIoPortCallback(c->context, &access);
}

HRESULT fake_get(struct fake_call *c, WHV_REGISTER_NAME name, uint64_t *value)
{
    struct {
        _Alignas(16) WHV_REGISTER_NAME name[1];
        _Alignas(16) WHV_REGISTER_VALUE value[1];
    } batch = {.name = {name}};
    HRESULT hr = c->callbacks->WHvEmulatorGetVirtualProcessorRegisters(c->context, batch.name, 1,
                                                                       batch.value);
    *value = batch.value[0].Reg64;
    return hr;
}

HRESULT fake_get_two(struct fake_call *c, WHV_REGISTER_NAME a, WHV_REGISTER_NAME b)
{
    struct {
        _Alignas(16) WHV_REGISTER_NAME name[2];
        _Alignas(16) WHV_REGISTER_VALUE value[2];
    } batch = {.name = {a, b}};
    return c->callbacks->WHvEmulatorGetVirtualProcessorRegisters(c->context, batch.name, 2,
                                                                 batch.value);
}

HRESULT fake_set(struct fake_call *c, WHV_REGISTER_NAME name, uint64_t value)
{
    struct {
        _Alignas(16) WHV_REGISTER_NAME name[1];
        _Alignas(16) WHV_REGISTER_VALUE value[1];
    } batch = {.name = {name}, .value = {{.Reg64 = value}}};
    return c->callbacks->WHvEmulatorSetVirtualProcessorRegisters(c->context, batch.name, 1,
                                                                 batch.value);
}

HRESULT fake_set_two(struct fake_call *c, WHV_REGISTER_NAME a, uint64_t value_a,
                     WHV_REGISTER_NAME b, uint64_t value_b)
{
    struct {
        _Alignas(16) WHV_REGISTER_NAME name[2];
        _Alignas(16) WHV_REGISTER_VALUE value[2];
    } batch = {.name = {a, b}, .value = {{.Reg64 = value_a}, {.Reg64 = value_b}}};
    return c->callbacks->WHvEmulatorSetVirtualProcessorRegisters(c->context, batch.name, 2,
                                                                 batch.value);
}

HRESULT fake_translate(struct fake_call *c, uint64_t gva, uint32_t flags,
                       WHV_TRANSLATE_GVA_RESULT_CODE *result, uint64_t *gpa)
{
    return c->callbacks->WHvEmulatorTranslateGvaPage(c->context, gva,
                                                     (WHV_TRANSLATE_GVA_FLAGS)flags, result, gpa);
}

HRESULT fake_retire(struct fake_call *c)
{
    return fake_set(c, WHvX64RegisterRip, c->vp->Rip + 2);
}

struct wht_case *fake_case(const char *json)
{
    char path[600];
    snprintf(path, sizeof(path), "%s/fake.trace.json", scratch_folder());
    FILE *file = fopen(path, "w");
    if (!file)
        abort();
    for (; *json; json++)
        fputc(*json == '\'' ? '"' : *json, file);
    fclose(file);
    struct wht_load_options options = {.on_error = wht_error_print, .user = stderr};
    struct wht_reader *reader = wht_reader_open(path, &options);
    struct wht_case *c = reader ? wht_reader_next(reader) : NULL;
    wht_reader_close(reader);
    unlink(path);
    if (!c)
        abort();
    return c;
}

struct fake_run fake_run_whole(fake_body *body, enum wht_match level, const char *json)
{
    char error[WHT_BACKEND_ERROR_MAX];
    struct fake_run run = {.c = fake_case(json)};
    run.replayer = wht_replayer_open(&backend, error);
    if (!run.replayer)
        abort();
    present_body = body;
    wht_replay(run.replayer, run.c, level, &run.result);
    return run;
}

struct fake_run fake_run(fake_body *body, enum wht_match level, const char *json)
{
    static const char head[] =
        "{ 'format': 'whv-trace/1.0', 'id': 'fake', 'code': '89 03', 'exit': { 'kind': 'mmio', "
        "'access': 'write', 'gpa': '0xfee000b0' },";
    /* Only there may calls be left out. */
    const char *level_of_case = strstr(json, "'calls'") ? "" : "'match': 'effects',";
    char whole[8192];
    snprintf(whole, sizeof(whole), "%s %s %s }", head, level_of_case, json);
    return fake_run_whole(body, level, whole);
}

void fake_close(struct fake_run *run)
{
    wht_replayer_close(run->replayer);
    wht_case_free(run->c);
}
