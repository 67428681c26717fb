/* SPDX-License-Identifier: MIT */
/*
 * Only what no processor can be in, by the manuals: fixed bits of RFLAGS, pairs of control bits
 * that cannot be loaded together, addresses that RIP cannot hold, a CPL that is not that of SS.
 */
#include "warn.h"

#include "case_code.h"

#define RFLAGS_FIXED    UINT64_C(0x2)
#define RFLAGS_RESERVED UINT64_C(0xffffffffffc08028) /* bits 3, 5, 15 and from 22 on */
#define RFLAGS_VM       UINT64_C(0x20000)
#define CR0_PE          UINT64_C(0x1)
#define CR0_NW          UINT64_C(0x20000000)
#define CR0_CD          UINT64_C(0x40000000)
#define CR0_PG          UINT64_C(0x80000000)
#define CR4_PAE         UINT64_C(0x20)
#define CR4_LA57        UINT64_C(0x1000)
#define EFER_LME        UINT64_C(0x100)
#define EFER_LMA        UINT64_C(0x400)
#define LINEAR32        UINT64_C(0xffffffff)
#define CODE_CONFORMING 4u

struct state {
    struct wht_check *check;
    const struct wht_node *node;
    const struct wht_case *c;
};

static const WHV_REGISTER_VALUE *known(const struct state *s, WHV_REGISTER_NAME name)
{
    return wht_init_reg(&s->c->init, name);
}

/* @return false unless the register was captured and has one of the bits. */
static bool has(const struct state *s, WHV_REGISTER_NAME name, uint64_t bits)
{
    const WHV_REGISTER_VALUE *value = known(s, name);
    return value && (value->Reg64 & bits) != 0;
}

/* @return false unless the register was captured and has none of the bits. */
static bool lacks(const struct state *s, WHV_REGISTER_NAME name, uint64_t bits)
{
    const WHV_REGISTER_VALUE *value = known(s, name);
    return value && (value->Reg64 & bits) == 0;
}

static void warn(const struct state *s, const char *member, const char *text)
{
    wht_warn(s->check, wht_node_within(s->node, "init", member), "%s", text);
}

static void warn_flags(const struct state *s)
{
    if (lacks(s, WHvX64RegisterRflags, RFLAGS_FIXED))
        warn(s, "rflags", "found rflags without bit 1, expected it: no processor clears it");
    if (has(s, WHvX64RegisterRflags, RFLAGS_RESERVED))
        warn(s, "rflags", "found rflags with a reserved bit (3, 5, 15, 22 to 63), expected none");
    if (has(s, WHvX64RegisterRflags, RFLAGS_VM) && lacks(s, WHvX64RegisterCr0, CR0_PE))
        warn(s, "rflags", "found VM in rflags without PE in cr0, expected both or no VM");
    if (has(s, WHvX64RegisterRflags, RFLAGS_VM) && has(s, WHvX64RegisterEfer, EFER_LMA))
        warn(s, "rflags", "found VM in rflags with LMA in efer, expected one of them");
}

static void warn_control(const struct state *s)
{
    bool is_long = has(s, WHvX64RegisterEfer, EFER_LMA);
    if (has(s, WHvX64RegisterCr0, ~LINEAR32))
        warn(s, "cr0", "found cr0 with a bit from 32 on, expected none");
    if (has(s, WHvX64RegisterCr0, CR0_PG) && lacks(s, WHvX64RegisterCr0, CR0_PE))
        warn(s, "cr0", "found PG in cr0 without PE, expected both or no PG");
    if (has(s, WHvX64RegisterCr0, CR0_NW) && lacks(s, WHvX64RegisterCr0, CR0_CD))
        warn(s, "cr0", "found NW in cr0 without CD, expected both or no NW");
    if (is_long && lacks(s, WHvX64RegisterEfer, EFER_LME))
        warn(s, "efer", "found LMA in efer without LME, expected both");
    if (is_long && lacks(s, WHvX64RegisterCr0, CR0_PG))
        warn(s, known(s, WHvX64RegisterCr0) ? "cr0" : "efer",
             "found LMA in efer without PG in cr0, expected both");
    if (is_long && lacks(s, WHvX64RegisterCr4, CR4_PAE))
        warn(s, "cr4", "found LMA in efer without PAE in cr4, expected both");
    if (!is_long && has(s, WHvX64RegisterEfer, EFER_LME) && has(s, WHvX64RegisterCr0, CR0_PG))
        warn(s, "efer", "found LME in efer and PG in cr0 without LMA, expected it");
}

static bool is_canonical(uint64_t address, unsigned bits)
{
    uint64_t upper = address >> (bits - 1);
    return upper == 0 || upper == UINT64_MAX >> (bits - 1);
}

static void warn_rip(const struct state *s)
{
    const WHV_REGISTER_VALUE *rip = known(s, WHvX64RegisterRip);
    bool is_64 = wht_code_of(s->c) == WHT_CODE_64;
    if (!rip || !known(s, WHvX64RegisterEfer) || !known(s, WHvX64RegisterCs))
        return;
    if (!is_64 && rip->Reg64 > LINEAR32)
        warn(s, "rip", "found rip beyond 32 bits outside 64-bit mode, expected at most 0xffffffff");
    /* Without CR4 the address has the benefit of 57 bits. */
    bool is_57 = !lacks(s, WHvX64RegisterCr4, CR4_LA57);
    if (is_64 && !is_canonical(rip->Reg64, is_57 ? 57 : 48))
        warn(s, "rip", "found a rip that is not canonical, expected one that is");
}

/* CPL is the DPL of SS, and of CS where that is not conforming. */
static void warn_privilege(const struct state *s)
{
    const WHV_REGISTER_VALUE *cs = known(s, WHvX64RegisterCs);
    const WHV_REGISTER_VALUE *ss = known(s, WHvX64RegisterSs);
    const unsigned cpl = s->c->init.cpl;
    if (has(s, WHvX64RegisterEfer, EFER_LMA) && cs && cs->Segment.Long && cs->Segment.Default)
        warn(s, "cs", "found cs with both L and D, expected at most one");
    if (!has(s, WHvX64RegisterCr0, CR0_PE) || !lacks(s, WHvX64RegisterRflags, RFLAGS_VM))
        return;
    if (ss && ss->Segment.Present && ss->Segment.DescriptorPrivilegeLevel != cpl)
        warn(s, "ss", "found ss with another DPL than the CPL, expected them equal");
    if (!cs || !cs->Segment.Present || !cs->Segment.NonSystemSegment ||
        !(cs->Segment.SegmentType & 8))
        return;
    bool is_conforming = cs->Segment.SegmentType & CODE_CONFORMING;
    const unsigned dpl = cs->Segment.DescriptorPrivilegeLevel;
    if (is_conforming ? dpl > cpl : dpl != cpl)
        warn(s, "cs", "found cs with a DPL that does not go with the CPL, expected them equal");
}

void wht_warn_state(struct wht_check *check, const struct wht_node *node, const struct wht_case *c)
{
    const struct state state = {.check = check, .node = node, .c = c};
    warn_flags(&state);
    warn_control(&state);
    warn_rip(&state);
    warn_privilege(&state);
}
