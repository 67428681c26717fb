/* SPDX-License-Identifier: MIT */
#include "exit_facts.h"

void wht_exit_facts_add(struct wht_exit_facts *facts, const struct wht_pool_outcome *outcome)
{
    facts->is_interrupted |= outcome->end == WHT_POOL_INTERRUPTED;
    facts->has_no_emulator |= outcome->end == WHT_POOL_NO_EMULATOR;
    facts->failed += *outcome->message != 0;
    facts->other_shards += outcome->other_shards;
}

int wht_exit_code(const struct wht_exit_facts *facts)
{
    return facts->is_interrupted     ? WHT_EXIT_INTERRUPTED
           : facts->is_unwritten     ? WHT_EXIT_OUTPUT
           : facts->has_no_emulator  ? WHT_EXIT_EMULATOR
           : facts->invalid > 0      ? WHT_EXIT_INVALID
           : facts->pending > 0      ? WHT_EXIT_PENDING
           : facts->failed > 0       ? WHT_EXIT_FAILED
           : facts->done > 0         ? WHT_EXIT_OK
           : facts->skipped > 0      ? WHT_EXIT_SKIPPED
           : facts->other_shards > 0 ? WHT_EXIT_OK
                                     : WHT_EXIT_NOTHING;
}
