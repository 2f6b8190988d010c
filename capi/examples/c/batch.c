/* Verifies a batch with one bad item and says which it is and why; then registers the keys and verifies by their ids.
 *
 *   cc batch.c $(pkg-config --cflags --libs sigwarp_c) -o batch && ./batch
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sigwarp.h>

/* RFC 8032, section 7.1, tests 1 to 3: key, message, signature. */
static const char *const VECTORS[3][3] = {
    {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
     "24655141438e7a100b"},
    {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302a"
     "eeb00d291612bb0c00"},
    {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed2"
     "8dc027beceea1ec40a"},
};

enum { ITEMS = 6, BAD = 4 };

/* Items in one arena: column c of item i is arena[offsets[c][i]] to before arena[offsets[c][i + 1]]. */
static uint8_t arena[ITEMS * (32 + 2 + 64)];
static size_t arena_length;
static uint64_t offsets[3][ITEMS + 1];

static sigwarp_error error;

static void check(const char *what, sigwarp_code code) {
    if (code != SIGWARP_OK) {
        fprintf(stderr, "%s: %s: %s\n", what, sigwarp_code_name(code), error.text);
        exit(3);
    }
}

static void append(const char *hex) {
    for (; hex[0] != 0; hex += 2) {
        char digits[3] = {hex[0], hex[1], 0};
        arena[arena_length++] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

/* The number of valid items; the others are printed. */
static int report(const char *how, const sigwarp_status *statuses) {
    int valid = 0;
    for (int i = 0; i < ITEMS; i++) {
        if (statuses[i] == SIGWARP_STATUS_VALID) {
            valid++;
        } else {
            printf("%s: item %d is invalid: %s\n", how, i, sigwarp_status_name(statuses[i]));
        }
    }
    printf("%s: %d of %d valid\n", how, valid, ITEMS);
    return valid;
}

int main(void) {
    if (sigwarp_abi_version() != SIGWARP_ABI_VERSION) {
        fprintf(stderr, "the library has ABI %" PRIu32 ", the header %d\n", sigwarp_abi_version(), SIGWARP_ABI_VERSION);
        return 3;
    }
    for (int column = 0; column < 3; column++) {
        for (int i = 0; i < ITEMS; i++) {
            offsets[column][i] = arena_length;
            append(VECTORS[i % 3][column]);
        }
        offsets[column][ITEMS] = arena_length;
    }
    arena[offsets[1][BAD]] ^= 1; /* another message than was signed */

    sigwarp_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.threads = 2;
    sigwarp_engine engine;
    sigwarp_suite suite;
    check("engine", sigwarp_engine_new(&options, &engine, &error));
    check("suite", sigwarp_suite_new("ed25519", "zip215", NULL, NULL, 0, &suite, &error));
    char text[256];
    check("explain", sigwarp_engine_explain(engine, text, sizeof text, NULL, &error));
    printf("sigwarp %s on %s\n", sigwarp_version(), text);

    sigwarp_status statuses[ITEMS];
    check("verify", sigwarp_verify(engine, suite, ITEMS, arena, arena_length, offsets[0], offsets[1], offsets[2],
                                   statuses, ITEMS, &error));
    int valid = report("by bytes", statuses);
    if (valid != ITEMS - 1 || statuses[BAD] != SIGWARP_STATUS_EQUATION_FAILED) {
        return 1;
    }

    uint64_t ids[ITEMS];
    check("register", sigwarp_register_keys(engine, suite, ITEMS, arena, arena_length, offsets[0], ids, statuses, ITEMS,
                                            &error));
    for (int i = 0; i < ITEMS; i++) {
        if (statuses[i] != SIGWARP_STATUS_KEY_REGISTERED) {
            fprintf(stderr, "key %d: %s\n", i, sigwarp_status_name(statuses[i]));
            return 1;
        }
    }
    check("verify_ids", sigwarp_verify_ids(engine, suite, ITEMS, ids, arena, arena_length, offsets[1], offsets[2],
                                           statuses, ITEMS, &error));
    valid = report("by id", statuses);
    if (valid != ITEMS - 1 || statuses[BAD] != SIGWARP_STATUS_EQUATION_FAILED) {
        return 1;
    }

    /* A freed handle is an error, and its statuses are not verdicts. */
    check("free", sigwarp_engine_free(engine, &error));
    sigwarp_code code = sigwarp_verify(engine, suite, ITEMS, arena, arena_length, offsets[0], offsets[1], offsets[2],
                                       statuses, ITEMS, &error);
    printf("after free: %s: %s\n", sigwarp_code_name(code), error.text);
    if (code != SIGWARP_ERROR_HANDLE || statuses[0] != SIGWARP_STATUS_NOT_COMPUTED) {
        return 1;
    }
    check("free", sigwarp_suite_free(suite, &error));
    return 0;
}
