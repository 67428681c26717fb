/* SPDX-License-Identifier: MIT */
/* What `whvtrace new` writes loads, is in canonical form, and has the instruction's operand where
 * the exit says it is. */
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "cli/new_case.h"
#include "format/compare.h"
#include "format/format.h"
#include "format/print.h"
#include "unit/format/files.h"
#include "words/names.h"

#define RANDOM_CODES 6000u

static char written[65536];
static size_t written_size;

static void append(void *user, const char *bytes, size_t size)
{
    (void)user;
    cr_assert_lt(written_size + size, sizeof(written));
    memcpy(written + written_size, bytes, size);
    written_size += size;
    written[written_size] = 0;
}

static struct wht_case *make(const struct wht_new *wanted)
{
    struct wht_arena *arena = wht_arena_new();
    struct wht_text open = {.text = NULL};
    const struct wht_writer writer = {.write = append};
    struct wht_case *c = NULL;
    char error[128] = "";
    size_t errors = 0;
    struct wht_case *made = wht_new_case(wanted, &open, error);
    if (!made) {
        cr_assert_neq(error[0], 0);
        wht_arena_free(arena);
        return NULL;
    }
    written_size = 0;
    wht_write_document(&writer, wht_print_case(arena, made, WHT_PRINT_FILE));
    wht_text_free(&open);
    wht_arena_free(arena);
    write_file("new.trace.json", written, written_size);
    uint32_t line = 0;
    cr_assert_eq(wht_format_check(file_path, NULL, &line), WHT_FORMATTED_SAME,
                 "not canonical in line %u:\n%s", line, written);
    cr_assert_eq(load_file(&c, 1, &errors), 1, "%s\n%s", messages, written);
    cr_assert_eq(errors, 0);
    cr_assert(wht_case_equal(made, c, WHT_SAME_WHOLE), "%s", written);
    wht_case_free(made);
    return c;
}

/* A small multiplicative generator: which bytes there are does not matter much. */
static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

static bool is_data(WHV_REGISTER_NAME name)
{
    return name <= WHvX64RegisterR15 || wht_reg_kind(name) == WHT_REG_U128;
}

static const WHV_REGISTER_VALUE *given(const struct wht_case *c, WHV_REGISTER_NAME name)
{
    for (size_t i = 0; i < c->init.reg_count; i++)
        if (c->init.regs[i].name == name)
            return &c->init.regs[i].value;
    return NULL;
}

/* A register that is left 0 does not tell whether it is written. */
static void check_start(const struct wht_case *c)
{
    for (size_t i = 0; i < c->expect.reg_count; i++) {
        const WHV_REGISTER_NAME name = c->expect.regs[i].name;
        if (!is_data(name))
            continue;
        const WHV_REGISTER_VALUE *value = given(c, name);
        cr_assert_not_null(value, "%s", written);
        if (wht_reg_kind(name) == WHT_REG_U128)
            cr_assert(value->Reg128.High64 != 0 && value->Reg128.High64 != value->Reg128.Low64,
                      "%s", written);
    }
}

Test(new_case, of_random_bytes_loads_and_is_canonical)
{
    uint32_t state = 1;
    size_t count = 0;
    for (unsigned i = 0; i < RANDOM_CODES; i++) {
        struct wht_new wanted = {.mode = (enum wht_mode)(i % 7), .access = (int)(i % 4) - 1};
        wanted.code_size = 1 + next(&state) % sizeof(wanted.code);
        for (size_t j = 0; j < wanted.code_size; j++)
            wanted.code[j] = (uint8_t)next(&state);
        struct wht_case *c = make(&wanted);
        count += c != NULL;
        if (c)
            check_start(c);
        wht_case_free(c);
    }
    cr_assert_gt(count, RANDOM_CODES / 4);
}

static const struct {
    enum wht_mode mode;
    int access;
    uint8_t code[8];
    size_t size;
    const char *part; /* of what is written; NULL: there is no such case */
} examples[] = {
    {WHT_MODE_LONG64, -1, {0x89, 0x43, 0x08}, 3, "\"rbx\": \"0xfee000a8\""},
    {WHT_MODE_LONG64, -1, {0x89, 0x43, 0x08}, 3, "\"access\": \"write\", \"gpa\": \"0xfee000b0\""},
    {WHT_MODE_LONG64, -1, {0x8b, 0x04, 0x8b}, 3, "\"rcx\": \"0x0\", \"rbx\": \"0xfee000b0\""},
    {WHT_MODE_LONG64, -1, {0x8b, 0x04, 0x5b}, 3, "\"rbx\": \"0x54f55590\""}, /* three times */
    {WHT_MODE_LONG64, -1, {0x8b, 0x05, 0x10}, 6, "\"gpa\": \"0x1016\""},
    {WHT_MODE_REAL16, -1, {0x8b, 0x07}, 2, "\"rbx\": \"0x8000\""},
    {WHT_MODE_PROT32,
     -1,
     {0x01, 0x03},
     2,
     "\"mem\": \"write\", \"gpa\": \"0xfee000b0\", \"data\": \"?? ?? ?? ??\""},
    {WHT_MODE_PROT32,
     -1,
     {0xee},
     1,
     "\"io\": \"out\", \"port\": \"0x3f8\", \"size\": 1, \"data\": \"0x8"},
    {WHT_MODE_PROT32, -1, {0xe5, 0x60}, 2, "\"io\": \"in\", \"port\": \"0x60\", \"size\": 4"},
    {WHT_MODE_LONG64, -1, {0x6e}, 1, "\"data\": \"10\" }],\n  \"expect\""},
    {WHT_MODE_LONG64, WHT_ACCESS_WRITE, {0xa4}, 1, "\"rsi\": \"0x2000\", \"rdi\": \"0xfee000b0\""},
    {WHT_MODE_LONG64, -1, {0xa4}, 1, "\"rsi\": \"0xfee000b0\", \"rdi\": \"0x2000\""},
    {WHT_MODE_LONG64, -1, {0xff, 0xc0}, 2, "\"access\": \"execute\", \"gpa\": \"0x1000\""},
    {WHT_MODE_LONG64, -1, {0xff, 0xc0}, 2, "\"id\": \"inc-r32\""},
    {WHT_MODE_LONG64, -1, {0x8b, 0x03}, 2, "\"rax\": \"0xd8d7d6d5d4d3d2d1\", \"rbx\""},
    {WHT_MODE_PROT32, -1, {0x8b, 0x03}, 2, "\"rax\": \"0xd4d3d2d1\", \"rbx\""},
    {WHT_MODE_LONG64,
     -1,
     {0x0f, 0x11, 0x13},
     3,
     "\"xmm2\": \"0x99aabbccddeeff011122334455667788\""},
    {WHT_MODE_LONG64,
     -1,
     {0x0f, 0x10, 0x13},
     3,
     "\"xmm2\": \"0xf8f7f6f5f4f3f2f1d8d7d6d5d4d3d2d1\""},
    {WHT_MODE_LONG64, -1, {0x8b, 0x03}, 2, "\"id\": \"mov-r32-m32\",\n  \"todo\": ["},
    {WHT_MODE_LONG64, WHT_ACCESS_READ, {0x89, 0x03}, 2, NULL},
    {WHT_MODE_LONG64, WHT_ACCESS_WRITE, {0x8b, 0x03}, 2, NULL},
    {WHT_MODE_LONG64, -1, {0x06}, 1, NULL},
};

Test(new_case, puts_the_operand_at_the_device)
{
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        struct wht_new wanted = {.mode = examples[i].mode, .access = examples[i].access};
        wanted.code_size = examples[i].size;
        memcpy(wanted.code, examples[i].code, sizeof(examples[i].code));
        struct wht_case *c = make(&wanted);
        cr_assert_eq(c == NULL, examples[i].part == NULL, "example %zu", i);
        if (c)
            cr_assert_not_null(strstr(written, examples[i].part), "example %zu: no %s in\n%s", i,
                               examples[i].part, written);
        wht_case_free(c);
    }
}
