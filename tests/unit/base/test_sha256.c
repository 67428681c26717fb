/* SPDX-License-Identifier: MIT */
/* The examples of FIPS 180-2, appendix B, and of NIST's validation suite. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"

static const struct {
    const char *message;
    const char *digest;
} examples[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnop"
     "qrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    {"\xbd", "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"},
};

static const char *hex(const uint8_t *digest)
{
    static char text[65];
    for (size_t i = 0; i < WHT_SHA256_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return text;
}

/* However the message is cut into parts. */
Test(sha256, gives_the_published_digests)
{
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        size_t size = strlen(examples[i].message);
        for (size_t part = 1; part <= size + 1; part++) {
            struct wht_sha256 sha;
            uint8_t digest[WHT_SHA256_SIZE];
            wht_sha256_begin(&sha);
            for (size_t at = 0; at < size; at += part)
                wht_sha256_add(&sha, examples[i].message + at, at + part < size ? part : size - at);
            wht_sha256_end(&sha, digest);
            cr_assert_str_eq(hex(digest), examples[i].digest, "\"%s\" in parts of %zu",
                             examples[i].message, part);
        }
    }
}

Test(sha256, of_a_million_letters)
{
    struct wht_sha256 sha;
    uint8_t digest[WHT_SHA256_SIZE];
    char letters[1000];
    memset(letters, 'a', sizeof(letters));
    wht_sha256_begin(&sha);
    for (unsigned i = 0; i < 1000; i++)
        wht_sha256_add(&sha, letters, sizeof(letters));
    wht_sha256_end(&sha, digest);
    cr_assert_str_eq(hex(digest),
                     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
