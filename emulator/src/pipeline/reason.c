/* SPDX-License-Identifier: MIT */
#include "reason.h"

#include <stdio.h>
#include <string.h>

#include "decode_names.h"
#include "insn.h"

static const char *const texts[WHE_RESULT_COUNT] = {
#define WHE_RESULT(name, bit, state, reason) [WHE_##name] = (reason),
#include "result.def"
};

void whe_reason_keep(struct whe_reason *reason, enum whe_result result, uint16_t unknown)
{
    if (!texts[result][0])
        return;
    reason->result = (uint16_t)result;
    reason->unknown = unknown;
}

const char *whe_reason_text(struct whe_reason *reason)
{
    const char *text = texts[reason->result];
    const char *refusal = reason->result == WHE_NO_ROW ? whe_refusal(reason->unknown) : NULL;
    if (refusal)
        text = refusal;
    const char *name = strstr(text, "%s");
    if (!name)
        return text;
    char mnemonic[32];
    whe_mnemonic_name(reason->unknown, mnemonic, sizeof(mnemonic));
    snprintf(reason->text, sizeof(reason->text), "%.*s%s%s", (int)(name - text), text, mnemonic,
             name + 2);
    return reason->text;
}
