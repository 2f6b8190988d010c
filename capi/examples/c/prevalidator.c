/* Submits transactions one by one and as a group, and hears of the outcomes by a callback and by tickets.
 *
 *   cc -pthread prevalidator.c $(pkg-config --cflags --libs sigwarp_c) -o prevalidator && ./prevalidator
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sigwarp.h>

/* RFC 8032, section 7.1, test 2: a signature of the byte 72. */
static const char *const KEY = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
static const char *const SIGNATURE =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302a"
    "eeb00d291612bb0c00";

enum { THREADS = 4, EACH = 50, BAD = 17 };

static uint8_t key[32], signature[64];
static sigwarp_prevalidator prevalidator;
static sigwarp_suite suite;

static void unhex(const char *hex, uint8_t *bytes) {
    for (; hex[0] != 0; hex += 2) {
        char digits[3] = {hex[0], hex[1], 0};
        *bytes++ = (uint8_t)strtoul(digits, NULL, 16);
    }
}

static void check(const char *what, sigwarp_code code, const sigwarp_error *error) {
    if (code != SIGWARP_OK) {
        fprintf(stderr, "%s: %s: %s\n", what, sigwarp_code_name(code), error->text);
        exit(3);
    }
}

/* What the callback counts; it runs on the workers of the pre-validator. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t valid, invalid, faults;

static void on_outcomes(void *context, const sigwarp_outcome *outcomes, size_t count) {
    (void)context;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) {
        if (outcomes[i].fault != SIGWARP_OK) {
            faults++; /* no verdict: submit it again, do not reject it */
        } else if (outcomes[i].status == SIGWARP_STATUS_VALID) {
            valid++;
        } else {
            invalid++;
            printf("transaction %" PRIu64 " is invalid: %s\n", outcomes[i].id, sigwarp_status_name(outcomes[i].status));
        }
    }
    pthread_mutex_unlock(&lock);
}

/* A peer: submits without keeping tickets, and waits where the queue is full. */
static void *producer(void *argument) {
    uint64_t peer = *(const uint64_t *)argument;
    for (uint64_t i = 0; i < EACH; i++) {
        uint8_t message = 0x72;
        sigwarp_item item;
        sigwarp_error error;
        memset(&item, 0, sizeof item);
        if (peer == 2 && i == BAD) {
            message ^= 1;
        }
        item.suite = suite;
        item.id = peer * 1000 + i;
        item.key = key;
        item.key_length = sizeof key;
        item.message = &message;
        item.message_length = 1;
        item.signature = signature;
        item.signature_length = sizeof signature;
        item.priority = SIGWARP_PRIORITY_MEMPOOL;
        check("submit", sigwarp_submit(prevalidator, &item, SIGWARP_FOREVER, NULL, &error), &error);
    }
    return NULL;
}

int main(void) {
    sigwarp_error error;
    sigwarp_engine engine;
    unhex(KEY, key);
    unhex(SIGNATURE, signature);
    check("engine", sigwarp_engine_new(NULL, &engine, &error), &error);
    check("suite", sigwarp_suite_new("ed25519", "zip215", NULL, NULL, 0, &suite, &error), &error);

    sigwarp_prevalidator_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.workers = 2;
    options.max_batch = 32;
    options.max_delay_us = 500;
    options.on_outcomes = on_outcomes;
    check("start", sigwarp_prevalidator_start(engine, &options, &prevalidator, &error), &error);

    pthread_t threads[THREADS];
    uint64_t peers[THREADS];
    for (uint64_t i = 0; i < THREADS; i++) {
        peers[i] = i;
        if (pthread_create(&threads[i], NULL, producer, &peers[i]) != 0) {
            return 3;
        }
    }

    /* Meanwhile: one transaction with two signatures, of which the second is bad; one ticket for both. */
    uint8_t two[2 * (32 + 1 + 64)];
    memcpy(two, key, 32);
    memcpy(two + 32, key, 32);
    two[64] = 0x72;
    two[65] = 0x73;
    memcpy(two + 66, signature, 64);
    memcpy(two + 130, signature, 64);
    const uint64_t keys[3] = {0, 32, 64}, messages[3] = {64, 65, 66}, signatures[3] = {66, 130, 194};
    sigwarp_ticket ticket;
    check("group",
          sigwarp_submit_group(prevalidator, suite, 2, two, 194, NULL, keys, messages, signatures, NULL,
                               SIGWARP_PRIORITY_CONSENSUS, 1000000, &ticket, &error),
          &error);
    sigwarp_outcome outcomes[2];
    sigwarp_code code;
    while ((code = sigwarp_ticket_wait(ticket, 100, outcomes, 2, &error)) == SIGWARP_ERROR_PENDING) {
        /* other work */
    }
    check("ticket", code, &error);
    printf("group: %s and %s\n", sigwarp_status_name(outcomes[0].status), sigwarp_status_name(outcomes[1].status));
    check("ticket", sigwarp_ticket_free(ticket, &error), &error);

    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    check("close", sigwarp_prevalidator_close(prevalidator, &error), &error);
    sigwarp_prevalidator_stats stats;
    check("stats", sigwarp_prevalidator_get_stats(prevalidator, &stats, &error), &error);
    printf("%zu valid, %zu invalid, %zu without a verdict; half of them within %" PRIu64 " us\n", valid, invalid, faults,
           stats.latency_p50_ns / 1000);
    check("free", sigwarp_prevalidator_free(prevalidator, &error), &error);
    check("free", sigwarp_engine_free(engine, &error), &error);
    check("free", sigwarp_suite_free(suite, &error), &error);
    const size_t all = THREADS * EACH + 2;
    return valid == all - 2 && invalid == 2 && faults == 0 && outcomes[0].status == SIGWARP_STATUS_VALID &&
                   outcomes[1].status == SIGWARP_STATUS_EQUATION_FAILED
               ? 0
               : 1;
}
