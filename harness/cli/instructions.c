/* SPDX-License-Identifier: MIT */
#include "instructions.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "run/case_fields.h"

#define BYTES 15u

/* Everything that selects another row or another size: operand and address size, F2 and F3, REX.W
 * last. */
static const struct prefixes {
    uint8_t bytes[3];
    uint8_t count;
} prefixes[] = {{{0}, 0},          {{0x66}, 1},       {{0xf3}, 1},       {{0xf2}, 1},
                {{0x67}, 1},       {{0x48}, 1},       {{0x66, 0x48}, 2}, {{0xf3, 0x48}, 2},
                {{0xf2, 0x48}, 2}, {{0x67, 0x48}, 2}, {{0x66, 0x67}, 2}, {{0x66, 0xf2}, 2}};

static const struct map {
    uint8_t bytes[3];
    uint8_t count;
} maps[] = {{{0}, 0}, {{0x0f}, 1}, {{0x0f, 0x38}, 2}, {{0x0f, 0x3a}, 2}};

static void *grow(void *items, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0) /* room for the next power of two */
        return items;
    return wht_reallocate(items, (count ? 2 * count : 1) * size);
}

static struct wht_form form_from_decoded(const struct whvemu_decoded *decoded)
{
    struct wht_form form = {.codes = 0};
    for (size_t i = 0; i < WHVEMU_OPERANDS; i++) {
        unsigned kind = decoded->operand[i].kind;
        bool has_size = kind == WHVEMU_OPERAND_GPR || kind == WHVEMU_OPERAND_MEMORY;
        form.operand[i].kind = (uint8_t)kind;
        form.operand[i].size = has_size ? decoded->operand[i].size : 0;
    }
    return form;
}

static struct wht_form *find_form(struct wht_instruction *item, const struct wht_form *wanted)
{
    for (size_t i = 0; i < item->form_count; i++)
        if (memcmp(item->forms[i].operand, wanted->operand, sizeof(wanted->operand)) == 0)
            return &item->forms[i];
    item->forms = grow(item->forms, item->form_count, sizeof(*item->forms));
    item->forms[item->form_count] = *wanted;
    return &item->forms[item->form_count++];
}

static bool is_lockable(enum whvemu_code code, const uint8_t *bytes, size_t row)
{
    struct whvemu_decoded decoded;
    uint8_t locked[BYTES] = {0xf0};
    memcpy(locked + 1, bytes, BYTES - 1);
    return whvemu_decode(code, locked, BYTES, &decoded) && decoded.row == row;
}

static void try(struct wht_instructions *list, enum whvemu_code code, const uint8_t *bytes)
{
    struct whvemu_decoded decoded;
    if (!whvemu_decode(code, bytes, BYTES, &decoded))
        return;
    struct wht_instruction *item = &list->items[decoded.row];
    const struct wht_form wanted = form_from_decoded(&decoded);
    struct wht_form *form = find_form(item, &wanted);
    item->codes |= 1u << code;
    item->repeats |= decoded.repeats;
    item->element_size = decoded.element_size;
    if (!(form->codes & 1u << code))
        form->is_lockable |= is_lockable(code, bytes, decoded.row);
    item->is_lockable |= form->is_lockable;
    form->codes |= 1u << code;
}

/* One opcode with each value of the ModRM byte's middle field, on memory and on a register; which
 * one says what an operation of the x87 is. Where there is no ModRM byte it is an immediate, which
 * changes nothing. */
static void try_opcode(struct wht_instructions *list, enum whvemu_code code, const uint8_t *start,
                       size_t count)
{
    const bool is_x87 = (start[count - 1] & 0xf8) == 0xd8;
    uint8_t bytes[BYTES] = {0};
    memcpy(bytes, start, count);
    for (unsigned field = 0; field < 8; field++) {
        bytes[count] = (uint8_t)(field << 3 | 3); /* [rbx] or [bp+di] */
        try(list, code, bytes);
        for (unsigned reg = is_x87 ? 0 : 3; reg <= (is_x87 ? 7 : 3); reg++) {
            bytes[count] = (uint8_t)(0xc0 | field << 3 | reg);
            try(list, code, bytes);
        }
    }
}

static void try_map(struct wht_instructions *list, enum whvemu_code code,
                    const struct prefixes *prefix, const struct map *map)
{
    uint8_t start[BYTES] = {0};
    size_t count = prefix->count + map->count;
    memcpy(start, prefix->bytes, prefix->count);
    memcpy(start + prefix->count, map->bytes, map->count);
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        start[count] = (uint8_t)opcode;
        try_opcode(list, code, start, count + 1);
    }
}

/* VEX with 128 bits: its maps, what it has in the place of a prefix, and W. */
static void try_vex(struct wht_instructions *list, enum whvemu_code code)
{
    for (unsigned i = 0; i < 3 * 4 * 2; i++) {
        const struct map vex = {
            {0xc4, (uint8_t)(0xe1 + i / 8), (uint8_t)((i & 4) << 5 | 0x78 | (i & 3))}, 3};
        try_map(list, code, &prefixes[0], &vex);
    }
}

/* Two rows can have one name: a string instruction and an SSE one; MOV, and that of control
   registers, which comes later. */
static bool is_second(size_t row)
{
    const struct whvemu_instruction own = whvemu_instruction(row);
    const size_t end = own.is_string ? whvemu_instruction_count() : row;
    for (size_t i = 0; i < end; i++) {
        const struct whvemu_instruction other = whvemu_instruction(i);
        if (i != row && (own.is_string || !other.is_string) &&
            strcmp(other.mnemonic, own.mnemonic) == 0)
            return true;
    }
    return false;
}

static void name(struct wht_instruction *item, size_t row)
{
    const struct whvemu_instruction own = whvemu_instruction(row);
    if (is_second(row))
        snprintf(item->name, sizeof(item->name), "%s (%s)", own.mnemonic, own.family);
    else
        snprintf(item->name, sizeof(item->name), "%s", own.mnemonic);
    for (char *c = item->name; *c; c++)
        *c = (char)tolower((unsigned char)*c);
}

void wht_instructions_find(struct wht_instructions *list)
{
    list->count = whvemu_instruction_count();
    list->items = wht_allocate(list->count, sizeof(*list->items));
    for (size_t row = 0; row < list->count; row++) {
        name(&list->items[row], row);
        list->items[row].traits = whvemu_instruction(row).traits;
    }
    for (unsigned code = 0; code < WHVEMU_CODES; code++) {
        for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
            for (size_t j = 0; j < sizeof(maps) / sizeof(maps[0]); j++)
                try_map(list, (enum whvemu_code)code, &prefixes[i], &maps[j]);
        try_vex(list, (enum whvemu_code)code);
    }
}

void wht_instructions_free(struct wht_instructions *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].forms);
    free(list->items);
    *list = (struct wht_instructions){.items = NULL};
}

struct wht_instruction *wht_instruction_of(const struct wht_instructions *list,
                                           const struct wht_case *c, enum whvemu_code *code)
{
    const enum whvemu_code own = wht_case_code(c);
    struct whvemu_decoded decoded;
    if (code)
        *code = own;
    if (!whvemu_decode(own, c->code, c->code_size, &decoded))
        return NULL;
    return &list->items[decoded.row];
}

const char *wht_operand_text(const struct wht_form *form, size_t operand, char buf[WHT_FORM_TEXT])
{
    static const char *const words[] = {
        [WHVEMU_OPERAND_NONE] = "",        [WHVEMU_OPERAND_GPR] = "r",
        [WHVEMU_OPERAND_SEGMENT] = "sreg", [WHVEMU_OPERAND_XMM] = "xmm",
        [WHVEMU_OPERAND_MEMORY] = "m",     [WHVEMU_OPERAND_IMMEDIATE] = "imm",
        [WHVEMU_OPERAND_ST] = "st",        [WHVEMU_OPERAND_MMX] = "mm"};
    const char *word = words[form->operand[operand].kind];
    if (form->operand[operand].size > 0)
        snprintf(buf, WHT_FORM_TEXT, "%s%u", word, 8u * form->operand[operand].size);
    else
        snprintf(buf, WHT_FORM_TEXT, "%s", word);
    return buf;
}
