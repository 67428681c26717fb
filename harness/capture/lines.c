/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "platform.h"
#include "words/name_lists.h"
#include "words/names.h"

#define PAGE_MASK UINT64_C(0xfff)

/* @param mask NULL, or zeros to hide them. */
static void add_bytes(struct wht_text *text, const uint8_t *bytes, const uint8_t *mask,
                      size_t count)
{
    wht_text_add(text, "\"");
    wht_text_add_hex(text, bytes, mask, count);
    wht_text_add(text, "\"");
}

static void add_segment(struct wht_text *text, const WHV_X64_SEGMENT_REGISTER *segment)
{
    wht_text_addf(
        text, "{\"sel\":\"0x%x\",\"base\":\"0x%" PRIx64 "\",\"limit\":\"0x%x\",\"attr\":\"0x%x\"}",
        (unsigned)segment->Selector, (uint64_t)segment->Base, (unsigned)segment->Limit,
        (unsigned)segment->Attributes);
}

/* A slot holds 128 bits; what a VMM left beside those that its register has is nobody's business.
 */
static void add_value(struct wht_text *text, enum wht_reg_kind kind,
                      const struct whvc_register *reg)
{
    WHV_REGISTER_VALUE value = {.Reg128 = {.Low64 = reg->low, .High64 = reg->high}};
    if (kind == WHT_REG_SEGMENT)
        add_segment(text, &value.Segment);
    else if (kind == WHT_REG_TABLE)
        wht_text_addf(text, "{\"base\":\"0x%" PRIx64 "\",\"limit\":\"0x%x\"}",
                      (uint64_t)value.Table.Base, (unsigned)value.Table.Limit);
    else if (kind == WHT_REG_U128 && reg->high != 0)
        wht_text_addf(text, "\"0x%" PRIx64 "%016" PRIx64 "\"", reg->high, reg->low);
    else
        wht_text_addf(text, "\"0x%" PRIx64 "\"", reg->low);
}

/* A register that is named twice in a batch would be a duplicate key: the last one counts. */
static bool comes_again(const struct whvc_registers *registers, uint64_t index)
{
    for (uint64_t i = index + 1; i < registers->count; i++) {
        if (registers->reg[i].name == registers->reg[index].name)
            return true;
    }
    return false;
}

/* Nobody knows how wide a register is that has no name here. */
static enum wht_reg_kind kind_of(WHV_REGISTER_NAME name)
{
    return wht_reg_has_name(name) ? wht_reg_kind(name) : WHT_REG_U128;
}

/* Without values (a Get that failed) only the names. */
static void add_registers(struct wht_text *text, const struct whvc_registers *registers,
                          bool has_values)
{
    const char *separator = "";
    wht_text_add(text, has_values ? "{" : "[");
    for (uint64_t i = 0; i < registers->count; i++) {
        const WHV_REGISTER_NAME name = (WHV_REGISTER_NAME)registers->reg[i].name;
        char word[WHT_NAME_MAX];
        if (comes_again(registers, i))
            continue;
        wht_text_addf(text, "%s\"%s\"", separator, wht_reg_name(name, word));
        separator = ",";
        if (!has_values)
            continue;
        wht_text_add(text, ":");
        add_value(text, kind_of(name), &registers->reg[i]);
    }
    wht_text_add(text, has_values ? "}" : "]");
}

static void add_context(struct wht_text *text, const WHV_VP_EXIT_CONTEXT *context)
{
    wht_text_addf(text,
                  ",\"context\":{\"execution_state\":\"0x%x\",\"instruction_length\":%u,"
                  "\"cr8\":\"0x%x\",\"cs\":",
                  (unsigned)context->ExecutionState.AsUINT16, (unsigned)context->InstructionLength,
                  (unsigned)context->Cr8);
    add_segment(text, &context->Cs);
    wht_text_addf(text, ",\"rip\":\"0x%" PRIx64 "\",\"rflags\":\"0x%" PRIx64 "\"}",
                  (uint64_t)context->Rip, (uint64_t)context->Rflags);
}

static void add_memory_access(struct wht_text *text, const WHV_MEMORY_ACCESS_CONTEXT *access)
{
    wht_text_addf(
        text, ",\"access\":{\"byte_count\":%u,\"bytes\":", (unsigned)access->InstructionByteCount);
    add_bytes(text, access->InstructionBytes, NULL, sizeof(access->InstructionBytes));
    wht_text_addf(text, ",\"info\":\"0x%x\",\"gpa\":\"0x%" PRIx64 "\",\"gva\":\"0x%" PRIx64 "\"}",
                  (unsigned)access->AccessInfo.AsUINT32, (uint64_t)access->Gpa,
                  (uint64_t)access->Gva);
}

static void add_port_access(struct wht_text *text, const WHV_X64_IO_PORT_ACCESS_CONTEXT *access)
{
    wht_text_addf(
        text, ",\"access\":{\"byte_count\":%u,\"bytes\":", (unsigned)access->InstructionByteCount);
    add_bytes(text, access->InstructionBytes, NULL, sizeof(access->InstructionBytes));
    wht_text_addf(
        text,
        ",\"info\":\"0x%x\",\"port\":\"0x%x\",\"rax\":\"0x%" PRIx64 "\",\"rcx\":\"0x%" PRIx64
        "\",\"rsi\":\"0x%" PRIx64 "\",\"rdi\":\"0x%" PRIx64 "\",\"ds\":",
        (unsigned)access->AccessInfo.AsUINT32, (unsigned)access->PortNumber, (uint64_t)access->Rax,
        (uint64_t)access->Rcx, (uint64_t)access->Rsi, (uint64_t)access->Rdi);
    add_segment(text, &access->Ds);
    wht_text_add(text, ",\"es\":");
    add_segment(text, &access->Es);
    wht_text_add(text, "}");
}

static void add_begin(struct wht_text *text, const struct whvc_begin *begin,
                      const struct whvc_registers *snapshot)
{
    wht_text_addf(
        text, "{\"cap\":\"begin\",\"n\":%" PRIu64 ",\"vp\":%u,\"api\":\"shipping\",\"kind\":\"%s\"",
        begin->n, (unsigned)begin->vp, begin->is_io ? "io" : "mmio");
    add_context(text, &begin->context);
    if (begin->is_io)
        add_port_access(text, &begin->io);
    else
        add_memory_access(text, &begin->memory);
    if (snapshot && snapshot->count > 0) {
        wht_text_add(text, ",\"init\":");
        add_registers(text, snapshot, true);
    }
    if (begin->is_reconstructed)
        wht_text_add(text, ",\"reconstructed\":true");
    wht_text_add(text, "}\n");
}

static void add_hresult(struct wht_text *text, HRESULT hr)
{
    char word[WHT_NAME_MAX];
    wht_text_addf(text, ",\"hr\":\"%s\"", wht_hresult_format(hr, word));
}

static void add_memory(struct wht_text *text, const struct whvc_memory *call, bool hidden)
{
    static const uint8_t nothing[sizeof(call->info.Data)];
    const WHV_EMULATOR_MEMORY_ACCESS_INFO *info = &call->info;
    bool has_data = info->Direction != 0 || (call->record.is_answered && call->record.hr == S_OK);
    wht_text_addf(text, ",\"mem\":\"%s\",\"gpa\":\"0x%" PRIx64 "\",\"size\":%u",
                  wht_access_names[info->Direction != 0], (uint64_t)info->GpaAddress,
                  (unsigned)info->AccessSize);
    if (!has_data || info->AccessSize == 0 || info->AccessSize > sizeof(info->Data))
        return;
    wht_text_add(text, ",\"data\":");
    add_bytes(text, info->Data, hidden ? nothing : NULL, info->AccessSize);
}

static void add_port(struct wht_text *text, const struct whvc_port *call)
{
    const WHV_EMULATOR_IO_ACCESS_INFO *info = &call->info;
    wht_text_addf(text, ",\"io\":\"%s\",\"port\":\"0x%x\",\"size\":%u",
                  wht_port_names[info->Direction != 0], (unsigned)info->Port,
                  (unsigned)info->AccessSize);
    if (info->Direction != 0 || (call->record.is_answered && call->record.hr == S_OK))
        wht_text_addf(text, ",\"data\":\"0x%x\"", (unsigned)info->Data);
}

static void add_translate(struct wht_text *text, const struct whvc_translate *call)
{
    const char *separator = "";
    wht_text_addf(text, ",\"translate\":\"0x%" PRIx64 "\",\"flags\":[", call->gva);
    for (size_t i = 0; i < WHT_TRANSLATE_FLAGS; i++) {
        if (call->flags & wht_translate_flags[i].value) {
            wht_text_addf(text, "%s\"%s\"", separator, wht_translate_flags[i].name);
            separator = ",";
        }
    }
    wht_text_add(text, "]");
    if (!call->record.is_answered || call->record.hr != S_OK)
        return;
    if ((uint32_t)call->result < WHT_RESULT_NAMES)
        wht_text_addf(text, ",\"result\":\"%s\"", wht_result_names[call->result]);
    else
        wht_text_addf(text, ",\"result\":\"0x%x\"", (unsigned)call->result);
    wht_text_addf(text, ",\"gpa\":\"0x%" PRIx64 "\"", call->gpa);
}

/* The page of the exit is the device; everything else may be somebody's memory. */
static bool is_private(const struct whvc_begin *begin, const struct whvc_memory *call)
{
    return begin->is_io || ((call->info.GpaAddress ^ begin->memory.Gpa) & ~PAGE_MASK) != 0;
}

static void add_callback(struct wht_text *text, const struct whvc_begin *begin,
                         const struct whvc_record *record, bool redact)
{
    bool has_values = record->kind == WHVC_SET || (record->is_answered && record->hr == S_OK);
    wht_text_addf(text, "{\"n\":%" PRIu64, begin->n);
    if (record->is_answered)
        add_hresult(text, record->hr);
    if (record->kind == WHVC_MEMORY) {
        const struct whvc_memory *call = (const struct whvc_memory *)record;
        add_memory(text, call, redact && !record->is_code && is_private(begin, call));
    } else if (record->kind == WHVC_PORT) {
        add_port(text, (const struct whvc_port *)record);
    } else if (record->kind == WHVC_TRANSLATE) {
        add_translate(text, (const struct whvc_translate *)record);
    } else {
        wht_text_add(text, record->kind == WHVC_SET ? ",\"set\":" : ",\"get\":");
        add_registers(text, (const struct whvc_registers *)record, has_values);
    }
    wht_text_add(text, "}\n");
}

static void add_end(struct wht_text *text, const struct whvc_begin *begin,
                    const struct whvc_end *end)
{
    const char *separator = "";
    wht_text_addf(text, "{\"cap\":\"end\",\"n\":%" PRIu64, begin->n);
    add_hresult(text, end->record.hr);
    if (end->record.hr == S_OK) {
        wht_text_add(text, ",\"status\":[");
        for (unsigned i = 0; i < 32; i++) {
            if (!(end->status >> i & 1))
                continue;
            if (i < WHT_STATUS_NAMES)
                wht_text_addf(text, "%s\"%s\"", separator, wht_status_names[i]);
            else
                wht_text_addf(text, "%s\"0x%08x\"", separator, 1u << i);
            separator = ",";
        }
        wht_text_add(text, "]");
    }
    if (memchr(end->reason, 0, sizeof(end->reason)) && end->reason[0]) {
        wht_text_add(text, ",\"reason\":");
        wht_escape_json(text, end->reason);
    }
    if (end->is_reconstructed)
        wht_text_add(text, ",\"reconstructed\":true");
    wht_text_add(text, "}\n");
}

void whvc_lines_call(struct wht_text *text, const struct whvc_ring *ring, bool redact)
{
    uint64_t at = 0;
    const struct whvc_begin *begin = (const struct whvc_begin *)whvc_ring_next(ring, &at);
    if (!begin || begin->record.kind != WHVC_BEGIN)
        return;
    const struct whvc_record *record = whvc_ring_next(ring, &at);
    const struct whvc_registers *snapshot = NULL;
    if (record && record->kind == WHVC_SNAPSHOT) {
        snapshot = (const struct whvc_registers *)record;
        record = whvc_ring_next(ring, &at);
    }
    add_begin(text, begin, snapshot);
    const struct whvc_record *end = NULL;
    for (; record; record = whvc_ring_next(ring, &at)) {
        if (record->kind == WHVC_END)
            end = record;
        else if (record->kind > WHVC_SNAPSHOT)
            add_callback(text, begin, record, redact);
    }
    if (ring->dropped > 0)
        wht_text_addf(text, "{\"cap\":\"dropped\",\"n\":%" PRIu64 ",\"calls\":%" PRIu64 "}\n",
                      begin->n, ring->dropped);
    if (end)
        add_end(text, begin, (const struct whvc_end *)end);
}

static void add_pair(struct wht_text *text, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    wht_text_addf(text, ",\"%s\":", name);
    wht_escape_json(text, value);
}

static void begin_header(struct wht_text *text, const char *tool)
{
    wht_text_addf(text,
                  "{\"cap\":\"hdr\",\"format\":\"whv-capture/1.0\",\"source\":{"
                  "\"kind\":\"captured\",\"tool\":\"%s " WHVTRACE_VERSION "\"",
                  tool ? tool : "whvcapture");
}

void whvc_lines_bare_header(struct wht_text *text)
{
    begin_header(text, NULL);
    wht_text_add(text, "}}\n");
}

void whvc_lines_header(struct wht_text *text, const struct whvc_provenance *provenance)
{
    char words[256], date[WHVC_DATE], file[WHVC_PATH_MAX], version[64];
    whvc_date(date);
    begin_header(text, provenance->tool);
    whvc_describe_program(words, sizeof(words));
    add_pair(text, "vmm", provenance->vmm && *provenance->vmm ? provenance->vmm : words);
    whvc_describe_system(words, sizeof(words));
    add_pair(text, "os", words);
    whvc_describe_cpu(words, sizeof(words));
    add_pair(text, "cpu", words);
    add_pair(text, "guest", provenance->guest);
    add_pair(text, "date", date);
    if (provenance->emulator) {
        whvc_describe_library(provenance->emulator, file, sizeof(file), version, sizeof(version));
        wht_text_add(text, ",\"emulator\":{\"file\":");
        wht_escape_json(text, file);
        add_pair(text, "version", version);
        wht_text_add(text, "}");
    }
    wht_text_add(text, "}}\n");
}
