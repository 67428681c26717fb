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

static bool has_row(const char *mnemonic)
{
    for (unsigned id = WHE_INSN_NONE + 1; id < WHE_INSN_COUNT; id++) {
        if (strcmp(whe_rows[id].mnemonic, mnemonic) == 0)
            return true;
    }
    return false;
}

const char *whe_reason_text(struct whe_reason *reason)
{
    const char *text = texts[reason->result];
    const char *name = strstr(text, "%s");
    if (!name)
        return text;
    char mnemonic[32];
    whe_mnemonic_name(reason->unknown, mnemonic, sizeof(mnemonic));
    /* VMOVD to an XMM register: another instruction of that name has a row. */
    snprintf(reason->text, sizeof(reason->text), "%.*s%s%s%s", (int)(name - text), text, mnemonic,
             name + 2, reason->result == WHE_NO_ROW && has_row(mnemonic) ? " in this form" : "");
    return reason->text;
}
