/* SPDX-License-Identifier: MIT */
#include "diff.h"

#include <string.h>

#include "format/case_code.h"
#include "words/names.h"

#define VECTOR_DB 1u

static void judge_status(struct wht_judge *judge)
{
    const struct wht_expect *expect = &judge->session.guest.c->expect;
    struct wht_result *r = judge->result;
    if (r->hr != expect->hr)
        r->differing |= WHT_FINAL_HR;
    else if (r->hr == S_OK && r->status != expect->status)
        r->differing |= WHT_FINAL_STATUS;
}

static void judge_missing(struct wht_judge *judge)
{
    struct wht_expected_call at;
    if (judge->level == WHT_MATCH_EFFECTS || judge->result->divergence.kind != WHT_DIVERGES_NOT)
        return;
    if (wht_cursor_step(&judge->cursor, NULL, &at) != WHT_STEP_DIFFERS)
        return;
    struct wht_divergence d = {
        .kind = WHT_DIVERGES_MISSING, .number = judge->session.listed + 1, .expected = at};
    wht_judge_diverge(judge, &d);
}

static void add_reg(struct wht_judge *judge, WHV_REGISTER_NAME name,
                    const struct wht_want_reg *want)
{
    struct wht_result *r = judge->result;
    const WHV_REGISTER_VALUE *actual = wht_guest_reg(&judge->session.guest, name);
    if (r->reg_count == WHT_REG_DIFFS_MAX)
        return;
    struct wht_reg_diff *diff = &r->regs[r->reg_count++];
    diff->name = name;
    diff->want = want;
    diff->initial = wht_init_reg(&judge->session.guest.c->init, name);
    diff->has_actual = actual != NULL;
    if (actual)
        diff->actual = *actual;
}

/* A fault or a trap arrives in these; how is not a matter of "others". */
static bool carries_event(WHV_REGISTER_NAME name)
{
    return name == WHvRegisterPendingEvent || name == WHvX64RegisterPendingDebugException ||
           name == WHvX64RegisterDr6;
}

static void judge_registers(struct wht_judge *judge)
{
    const struct wht_guest *guest = &judge->session.guest;
    const struct wht_expect *expect = &guest->c->expect;
    bool has_event = expect->has_fault || expect->trap;
    for (size_t i = 0; i < expect->reg_count; i++) {
        const struct wht_want_reg *want = &expect->regs[i];
        const WHV_REGISTER_VALUE *actual = wht_guest_reg(guest, want->name);
        if (want->kind != WHT_WANT_ANY && (!actual || !wht_want_accepts(want, actual)))
            add_reg(judge, want->name, want);
    }
    for (uint32_t i = 0; i < guest->written_count; i++) {
        WHV_REGISTER_NAME name = guest->written_names[i];
        bool stays = !expect->others_any || (expect->has_fault && name == WHvX64RegisterRip);
        if (!stays || (has_event && carries_event(name)) ||
            wht_want_reg_of(expect->regs, expect->reg_count, name))
            continue;
        const WHV_REGISTER_VALUE *initial = wht_init_reg(&guest->c->init, name);
        if (!initial || !wht_reg_equal(name, initial, &guest->written_values[i]))
            add_reg(judge, name, NULL);
    }
}

static void add_memory_byte(struct wht_result *r, uint64_t gpa, bool listed, uint8_t expected,
                            const uint8_t *actual)
{
    struct wht_memory_diff *last = r->memory_count > 0 && r->memory_count <= WHT_MEMORY_DIFFS_MAX
                                       ? &r->memory[r->memory_count - 1]
                                       : NULL;
    bool continues = last && last->gpa + last->size == gpa && last->size < WHT_MEMORY_RUN &&
                     last->listed == listed && last->is_ram == (actual != NULL);
    if (!continues) {
        if (r->memory_count++ >= WHT_MEMORY_DIFFS_MAX)
            return;
        last = &r->memory[r->memory_count - 1];
        *last = (struct wht_memory_diff){.gpa = gpa, .is_ram = actual != NULL, .listed = listed};
    }
    last->expected[last->size] = expected;
    last->actual[last->size++] = actual ? *actual : 0;
}

/* Entries of expect.memory do not overlap: the last one that begins at or before gpa decides. */
static bool is_listed(const struct wht_judge *judge, uint64_t gpa)
{
    size_t low = 0;
    size_t high = judge->session.guest.c->expect.memory_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (judge->listed[middle]->gpa <= gpa)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && gpa - judge->listed[low - 1]->gpa < judge->listed[low - 1]->data.size;
}

static void judge_listed_memory(struct wht_judge *judge)
{
    const struct wht_expect *expect = &judge->session.guest.c->expect;
    for (size_t i = 0; i < expect->memory_count; i++) {
        const struct wht_want_memory *want = &expect->memory[i];
        for (size_t j = 0; j < want->data.size; j++) {
            const uint8_t *actual = wht_guest_ram_byte(&judge->session.guest,
                                                       judge->session.guest.current, want->gpa + j);
            bool compared = !want->data.mask || want->data.mask[j];
            if (compared && (!actual || *actual != want->data.data[j]))
                add_memory_byte(judge->result, want->gpa + j, true, want->data.data[j], actual);
        }
    }
}

static void judge_region(struct wht_judge *judge, const struct wht_memory *m, size_t start)
{
    const uint8_t *pristine = judge->session.guest.pristine + start;
    const uint8_t *current = judge->session.guest.current + start;
    if (memcmp(pristine, current, m->size) == 0)
        return;
    for (uint64_t i = 0; i < m->size; i++)
        if (pristine[i] != current[i] && !is_listed(judge, m->gpa + i))
            add_memory_byte(judge->result, m->gpa + i, false, pristine[i], &current[i]);
}

static void judge_memory(struct wht_judge *judge)
{
    const struct wht_guest *guest = &judge->session.guest;
    judge_listed_memory(judge);
    for (size_t i = 0; guest->is_dirty && i < guest->c->memory_count; i++)
        if (guest->c->memory[i].kind == WHT_MEMORY_RAM && guest->c->memory[i].size > 0)
            judge_region(judge, &guest->c->memory[i], guest->starts[i]);
}

static bool is_injected(const struct wht_guest *guest, const WHV_X64_PENDING_EXCEPTION_EVENT *event,
                        const struct wht_want_fault *fault)
{
    if (!event->EventPending || event->EventType != WHvX64PendingEventException ||
        event->Vector != fault->vector)
        return false;
    /* Real mode delivers no error code, whatever its value. */
    bool is_real = (wht_guest_reg(guest, WHvX64RegisterCr0)->Reg64 & 1) == 0;
    if (fault->has_code &&
        ((!event->DeliverErrorCode && !is_real) || event->ErrorCode != fault->code))
        return false;
    return !fault->has_address || event->ExceptionParameter == fault->address;
}

static bool is_trapped(const struct wht_guest *guest)
{
    const WHV_REGISTER_VALUE *debug = wht_guest_reg(guest, WHvX64RegisterPendingDebugException);
    const WHV_REGISTER_VALUE *event = wht_guest_reg(guest, WHvRegisterPendingEvent);
    struct wht_want_fault db = {.vector = VECTOR_DB};
    return (debug && debug->PendingDebugException.SingleStep) ||
           (event && is_injected(guest, &event->ExceptionEvent, &db));
}

static void judge_events(struct wht_judge *judge)
{
    const struct wht_expect *expect = &judge->session.guest.c->expect;
    struct wht_result *r = judge->result;
    const WHV_REGISTER_VALUE *event = wht_guest_reg(&judge->session.guest, WHvRegisterPendingEvent);
    r->pending_event = event ? *event : (WHV_REGISTER_VALUE){.Reg128 = {.Low64 = 0}};
    if (expect->has_fault &&
        !is_injected(&judge->session.guest, &r->pending_event.ExceptionEvent, &expect->fault))
        r->differing |= WHT_FINAL_FAULT;
    if (expect->trap && !is_trapped(&judge->session.guest))
        r->differing |= WHT_FINAL_TRAP;
}

static bool is_on_page(uint64_t page, uint64_t address)
{
    return address - page < WHT_PAGE_SIZE;
}

/* Whether a page says no more than the exit and the code in it do. */
static bool agrees_with_exit(const struct wht_case *c, const struct wht_page *page)
{
    const struct wht_exit *exit = &c->exit;
    if (page->result != WHvTranslateGvaResultSuccess)
        return false;
    if (exit->kind == WHT_EXIT_MMIO && exit->gva_valid && is_on_page(page->gva, exit->gva))
        return is_on_page(page->gpa, exit->gpa);
    return is_on_page(page->gva, wht_code_linear(c));
}

/* Whether a region is what the exit speaks of: what was accessed, or the instruction. */
static bool is_of_exit(const struct wht_guest *guest, const struct wht_memory *memory)
{
    const struct wht_exit *exit = &guest->c->exit;
    uint64_t code = wht_code_linear(guest->c);
    uint64_t offset = code % WHT_PAGE_SIZE;
    wht_guest_translate(guest, code - offset, WHvTranslateGvaFlagValidateExecute, &code);
    return code + offset - memory->gpa < memory->size ||
           (exit->kind == WHT_EXIT_MMIO && exit->gpa - memory->gpa < memory->size);
}

/* Entries that the author wrote for nothing may be why a call fails. Pages come first: they say
 * what else would have happened. */
static void list_unasked(struct wht_judge *judge)
{
    const struct wht_guest *guest = &judge->session.guest;
    const struct wht_case *c = guest->c;
    struct wht_result *r = judge->result;
    for (size_t i = 0; i < c->page_count && r->unasked_count < WHT_UNASKED_MAX; i++)
        if (!guest->asked_pages[i] && !agrees_with_exit(c, &c->pages[i]))
            r->unasked[r->unasked_count++] = (struct wht_unasked){.page = &c->pages[i], .index = i};
    for (size_t i = 0; i < c->memory_count && r->unasked_count < WHT_UNASKED_MAX; i++)
        if (!guest->asked_memory[i] && !is_of_exit(guest, &c->memory[i]))
            r->unasked[r->unasked_count++] =
                (struct wht_unasked){.memory = &c->memory[i], .index = c->memory[i].index};
}

void wht_judge_end(struct wht_judge *judge)
{
    struct wht_result *r = judge->result;
    judge_status(judge);
    judge_missing(judge);
    judge_registers(judge);
    judge_memory(judge);
    judge_events(judge);
    r->passed = r->divergence.kind == WHT_DIVERGES_NOT && r->differing == 0 && r->reg_count == 0 &&
                r->memory_count == 0;
    if (!r->passed)
        list_unasked(judge);
}

uint64_t wht_final_digest(const struct wht_judge *judge)
{
    const struct wht_guest *guest = &judge->session.guest;
    uint64_t digest = wht_digest_mix(judge->digest, (uint32_t)judge->result->hr);
    if (judge->result->hr == S_OK)
        digest = wht_digest_mix(digest, judge->result->status);
    for (uint32_t i = 0; i < guest->written_count; i++) {
        const WHV_REGISTER_VALUE *value = &guest->written_values[i];
        digest = wht_digest_mix(digest, (uint32_t)guest->written_names[i]);
        digest = wht_digest_mix(digest, value->Reg128.Low64);
        enum wht_reg_kind kind = wht_reg_kind(guest->written_names[i]);
        if (kind != WHT_REG_U64)
            digest = wht_digest_mix(digest, value->Reg128.High64);
    }
    for (size_t i = 0; guest->is_dirty && i < guest->ram_size; i++)
        if (guest->current[i] != guest->pristine[i])
            digest = wht_digest_mix(digest, (uint64_t)i << 8 | guest->current[i]);
    return digest;
}
