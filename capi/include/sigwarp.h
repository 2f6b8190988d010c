/* Sigwarp: verifies signatures and hashes messages in batches, with one verdict per item.
 *
 * Every function that can fail gives a sigwarp_code. SIGWARP_OK says that the outputs were written, and nothing about
 * any signature: a signature is valid where its status is SIGWARP_STATUS_VALID, and nowhere else.
 *
 * Handles are numbers and not addresses. A freed handle, a made-up one or one of another kind is an error code, always.
 * Any function may be called from any thread. Memory of the caller is read during the call only.
 *
 * docs/integrate.md says which function is for whom, and how to build and link. */

#ifndef SIGWARP_H
#define SIGWARP_H

/* Written by cbindgen from capi/src: change that, then run SIGWARP_WRITE_HEADER=1 cargo test -p sigwarp-capi --test suite header. */

#include <stddef.h>
#include <stdint.h>

/**
 * The version of this interface. It changes when a program that was built against an earlier header would not work with
 * a newer library; functions, codes and statuses may be added without a change.
 */
#define SIGWARP_ABI_VERSION 1

/**
 * The bytes of an error text, its terminating zero included.
 */
#define SIGWARP_ERROR_TEXT 508

/**
 * The bytes of a recovered key: 04, x, y.
 */
#define SIGWARP_RECOVERED_KEY 65

/**
 * The bytes of an Ethereum address.
 */
#define SIGWARP_ADDRESS 20

/**
 * The bytes of a reason, its terminating zero included.
 */
#define SIGWARP_REASON_TEXT 64

/**
 * The bytes of a role, its terminating zero included.
 */
#define SIGWARP_ROLE_TEXT 48

/**
 * Votes and proposals: what a round waits for.
 */
#define SIGWARP_PRIORITY_CONSENSUS 0

/**
 * Incoming transactions.
 */
#define SIGWARP_PRIORITY_MEMPOOL 1

/**
 * Catching up, and auditing.
 */
#define SIGWARP_PRIORITY_BACKFILL 2

/**
 * A timeout that never ends.
 */
#define SIGWARP_FOREVER UINT64_MAX

/**
 * What a function returns: SIGWARP_OK or one of SIGWARP_ERROR_*. None of them says anything about a signature.
 */
typedef int32_t sigwarp_code;

/**
 * Items that are pushed one by one and copied, for callers that have no columns. Made by sigwarp_batch_new. Threads
 * may share one; their calls then wait for one another.
 */
typedef struct sigwarp_batch {
  /**
   * Private; 0 is no batch.
   */
  uint64_t id;
} sigwarp_batch;

/**
 * Where a function says what was wrong, and what to do about it. The caller owns it; every function that can fail
 * takes one, or a null pointer where the caller does not want to know. It is written before the function returns, so
 * it works in languages that move their threads between calls as it does in C.
 */
typedef struct sigwarp_error {
  /**
   * The code that the function returned.
   */
  sigwarp_code code;
  /**
   * Zero-terminated UTF-8, cut off where it is long. Empty after SIGWARP_OK.
   */
  char text[SIGWARP_ERROR_TEXT];
} sigwarp_error;

/**
 * Scheme, rule, signature encoding and user ID or context: everything besides the bytes that fixes what valid means. Made by
 * sigwarp_suite_new; used with any engine, by any number of threads.
 */
typedef struct sigwarp_suite {
  /**
   * Private; 0 is no suite.
   */
  uint64_t id;
} sigwarp_suite;

/**
 * An engine. Made by sigwarp_engine_new; any number of threads may use one at the same time.
 */
typedef struct sigwarp_engine {
  /**
   * Private; 0 is no engine.
   */
  uint64_t id;
} sigwarp_engine;

/**
 * The verdict on an item, or what became of a key that was to be registered. Only SIGWARP_STATUS_VALID means that a
 * signature is valid: compare with it, and never test a status for zero or non-zero. The numbers do not change; new
 * reasons get new ones.
 */
typedef uint8_t sigwarp_status;

/**
 * How an engine is set up. Zero the structure, set `size`, then set what differs.
 */
typedef struct sigwarp_options {
  /**
   * sizeof(sigwarp_options).
   */
  uint32_t size;
  /**
   * Threads that a call may use, at most 4,096; 0 for as many as the process may use. With 1 everything runs on the
   * calling thread. No more are started than can help: four for each core, or 64 where that is more.
   * sigwarp_engine_explain says how many there are.
   */
  uint32_t threads;
  /**
   * The backend: "avx512", "avx2", "portable"; null or "auto" for the fastest of the CPU that runs here, or what the
   * environment variable SIGWARP_BACKEND names. A library built with the backend "gpu" uses it where it is named, and
   * "auto" never takes it.
   */
  const char *backend;
  /**
   * Bytes that the key ring may take for keys and tables, any number; 0 for 256 MiB.
   */
  uint64_t key_budget;
  /**
   * 1 to keep keys that come often in valid signatures as if they were registered; else 0.
   */
  uint8_t admit_keys;
  /**
   * 1 to run the whole self-test before sigwarp_engine_new returns, which takes a fraction of a second; 0 to run what a
   * result depends on before the first result of its kind: some milliseconds for each scheme and hash function.
   */
  uint8_t self_test;
  /**
   * Zero.
   */
  uint8_t reserved[6];
} sigwarp_options;

/**
 * What the key ring of an engine holds.
 */
typedef struct sigwarp_key_stats {
  /**
   * Registered keys.
   */
  uint64_t registered;
  /**
   * Keys admitted from traffic.
   */
  uint64_t admitted;
  /**
   * Keys with a full table.
   */
  uint64_t full;
  /**
   * Keys with a compact table.
   */
  uint64_t compact;
  /**
   * Keys without a table.
   */
  uint64_t decoded;
  /**
   * Bytes of all keys and tables.
   */
  uint64_t bytes;
  /**
   * Bytes that it may take.
   */
  uint64_t budget;
  /**
   * Items whose key was found.
   */
  uint64_t found;
  /**
   * Admitted keys that were evicted to make room.
   */
  uint64_t evicted;
} sigwarp_key_stats;

/**
 * What became of an item.
 */
typedef struct sigwarp_outcome {
  /**
   * The caller's id of the item.
   */
  uint64_t id;
  /**
   * SIGWARP_OK where there is a verdict; otherwise why not, and the status is SIGWARP_STATUS_NOT_COMPUTED.
   */
  sigwarp_code fault;
  /**
   * The verdict.
   */
  sigwarp_status status;
  /**
   * Zero.
   */
  uint8_t reserved[3];
} sigwarp_outcome;

/**
 * Receives outcomes on a thread of the pre-validator, which waits for it; items that the duplicate cache knows are
 * reported on the submitting thread, before the submission returns. May submit without a timeout. Must not throw.
 */
typedef void (*sigwarp_on_outcomes)(void *context,
                                    const struct sigwarp_outcome *outcomes,
                                    uintptr_t count);

/**
 * How a pre-validator is set up. Zero the structure, set `size`, then set what differs; 0 is the default.
 */
typedef struct sigwarp_prevalidator_options {
  /**
   * sizeof(sigwarp_prevalidator_options).
   */
  uint32_t size;
  /**
   * Threads that hand batches to the engine, at most 1,024; 0 for 1. With an engine on one thread ask for one for
   * each core, else for 2.
   */
  uint32_t workers;
  /**
   * The most items that are accepted and have no outcome, at most 1,073,741,824; 0 for 32,768.
   */
  uint64_t capacity;
  /**
   * The most bytes of their keys, messages and signatures, at most INT64_MAX; 0 for 64 MiB.
   */
  uint64_t capacity_bytes;
  /**
   * The most items of a micro-batch, at most 1,048,576 and `capacity`; 0 for 2,048, or `capacity` where that is less.
   * One also ends at 65,536 items or at 4 MiB.
   */
  uint64_t max_batch;
  /**
   * How long an item waits for others, in microseconds, while a worker is free; 0 for 1,000, UINT64_MAX for not at
   * all.
   */
  uint64_t max_delay_us;
  /**
   * Bytes of the duplicate cache, at least 16,960; 0 for none. The memory is asked for at the start, and most systems
   * give it as items fill it.
   */
  uint64_t duplicate_cache_bytes;
  /**
   * Called with the outcomes of each micro-batch; may be null.
   */
  sigwarp_on_outcomes on_outcomes;
  /**
   * Passed to `on_outcomes`.
   */
  void *context;
} sigwarp_prevalidator_options;

/**
 * A queue in front of an engine. Made by sigwarp_prevalidator_start.
 */
typedef struct sigwarp_prevalidator {
  /**
   * Private; 0 is no pre-validator.
   */
  uint64_t id;
} sigwarp_prevalidator;

/**
 * What a pre-validator has counted. Every accepted item ends in one of `valid`, `invalid`, `cancelled`, `faults`.
 */
typedef struct sigwarp_prevalidator_stats {
  /**
   * Items accepted and without an outcome.
   */
  uint64_t pending;
  /**
   * The bytes of their keys, messages and signatures.
   */
  uint64_t pending_bytes;
  /**
   * Items that went into the queue.
   */
  uint64_t accepted;
  /**
   * Items given back because the queue was full.
   */
  uint64_t refused;
  /**
   * Items found valid.
   */
  uint64_t valid;
  /**
   * Items found invalid.
   */
  uint64_t invalid;
  /**
   * Items cancelled in time.
   */
  uint64_t cancelled;
  /**
   * Items without a verdict for another reason.
   */
  uint64_t faults;
  /**
   * Items that the duplicate cache answered.
   */
  uint64_t duplicates;
  /**
   * Micro-batches cut because they were full.
   */
  uint64_t batches_by_size;
  /**
   * Micro-batches cut because of their age.
   */
  uint64_t batches_by_age;
  /**
   * Micro-batches cut on request, by closing, or because the queue was full.
   */
  uint64_t batches_by_request;
  /**
   * The time within which half of the items had their outcome, in nanoseconds, to one part in eight.
   */
  uint64_t latency_p50_ns;
  /**
   * The same for 99 of 100 items.
   */
  uint64_t latency_p99_ns;
  /**
   * The same for 999 of 1,000 items.
   */
  uint64_t latency_p999_ns;
} sigwarp_prevalidator_stats;

/**
 * The reports of records, in their order. To be freed with sigwarp_reports_free.
 */
typedef struct sigwarp_reports {
  /**
   * Private; 0 is no reports.
   */
  uint64_t id;
} sigwarp_reports;

/**
 * The verdict on a record, or on one of its signatures. Only SIGWARP_VERDICT_VALID means that it is valid: compare with
 * it, and never test a verdict for zero or non-zero.
 */
typedef uint8_t sigwarp_verdict;

/**
 * What was found out about a record. What a profile says beyond this is in sigwarp_reports_json.
 */
typedef struct sigwarp_report {
  /**
   * The number of its signatures; see sigwarp_reports_signatures.
   */
  uintptr_t signatures;
  /**
   * The number of its transactions, where it is a block; see sigwarp_reports_transactions.
   */
  uintptr_t transactions;
  /**
   * The place among its signatures of the one that decides an invalid record, or -1.
   */
  int64_t which;
  /**
   * The offset in the record, in bytes, where it is malformed, or -1.
   */
  int64_t at;
  /**
   * SIGWARP_VERDICT_*.
   */
  sigwarp_verdict verdict;
  /**
   * The bytes of `sender`: 20 where a signature is recovered, else 0.
   */
  uint8_t sender_length;
  /**
   * The bytes of `tx_id`: 32 or, of Solana, 64; 0 where the record has no id.
   */
  uint8_t tx_id_length;
  /**
   * Zero.
   */
  uint8_t reserved[5];
  /**
   * The account that a recovered signature speaks for.
   */
  uint8_t sender[32];
  /**
   * The id by which the ledger knows the transaction.
   */
  uint8_t tx_id[64];
  /**
   * Why it is not valid, by a stable name, for example "HighS" or "LeadingZero:r"; empty where it is valid.
   */
  char reason[SIGWARP_REASON_TEXT];
} sigwarp_report;

/**
 * One signature of a record.
 */
typedef struct sigwarp_report_signature {
  /**
   * The bytes of the key. Of a key of more than 65, which no scheme of the profiles has, `key` holds the first 65.
   */
  uintptr_t key_length;
  /**
   * SIGWARP_VERDICT_*, on this signature alone.
   */
  sigwarp_verdict verdict;
  /**
   * The bytes of `address`: 20 where the key is recovered, else 0.
   */
  uint8_t address_length;
  /**
   * Zero.
   */
  uint8_t reserved[1];
  /**
   * The public key as the record has it, or 04 || x || y where it is recovered.
   */
  uint8_t key[65];
  /**
   * The last 20 bytes of Keccak-256(x || y), where the key is recovered.
   */
  uint8_t address[20];
  /**
   * Why it is not valid, by a stable name; empty where it is valid.
   */
  char reason[SIGWARP_REASON_TEXT];
  /**
   * What it is in the record, for example `tx` or `authorization[1]`.
   */
  char role[SIGWARP_ROLE_TEXT];
} sigwarp_report_signature;

/**
 * An item to submit.
 */
typedef struct sigwarp_item {
  /**
   * The suite that it is judged under.
   */
  struct sigwarp_suite suite;
  /**
   * The caller's id; comes back with the outcome.
   */
  uint64_t id;
  /**
   * The id of a registered key, or 0 where `key` has the bytes.
   */
  uint64_t key_id;
  /**
   * The encoded public key.
   */
  const uint8_t *key;
  /**
   * Its bytes.
   */
  uintptr_t key_length;
  /**
   * The message, or the digest where the suite takes one.
   */
  const uint8_t *message;
  /**
   * Its bytes.
   */
  uintptr_t message_length;
  /**
   * The encoded signature.
   */
  const uint8_t *signature;
  /**
   * Its bytes.
   */
  uintptr_t signature_length;
  /**
   * SIGWARP_PRIORITY_*.
   */
  uint32_t priority;
  /**
   * Zero.
   */
  uint32_t reserved;
} sigwarp_item;

/**
 * The promise of an outcome for each of one or several items. To be freed with sigwarp_ticket_free, before or after
 * its outcomes are there; the items are verified in any case.
 */
typedef struct sigwarp_ticket {
  /**
   * Private; 0 is no ticket.
   */
  uint64_t id;
} sigwarp_ticket;

/**
 * How a pre-validator of transactions is set up. Zero the structure, set `size`, then set what differs; 0 is the default.
 */
typedef struct sigwarp_transaction_prevalidator_options {
  /**
   * sizeof(sigwarp_transaction_prevalidator_options).
   */
  uint32_t size;
  /**
   * Threads that parse records and hand their signatures to the engine, at most 1,024; 0 for 1.
   */
  uint32_t workers;
  /**
   * The most records that are accepted and have no report, at most 1,073,741,824; 0 for 32,768.
   */
  uint64_t capacity;
  /**
   * The most bytes of those records, at most INT64_MAX; 0 for 64 MiB.
   */
  uint64_t capacity_bytes;
  /**
   * The most records of a micro-batch, at most 1,048,576 and `capacity`; 0 for 2,048, or `capacity` where that is less.
   * One also ends at 65,536 records or at 4 MiB.
   */
  uint64_t max_batch;
  /**
   * How long a record waits for others, in microseconds, while a worker is free; 0 for 1,000, UINT64_MAX for not at
   * all.
   */
  uint64_t max_delay_us;
} sigwarp_transaction_prevalidator_options;

/**
 * A queue of transactions in front of an engine. Made by sigwarp_transaction_prevalidator_start.
 */
typedef struct sigwarp_transaction_prevalidator {
  /**
   * Private; 0 is no pre-validator.
   */
  uint64_t id;
} sigwarp_transaction_prevalidator;

/**
 * What a pre-validator of transactions has counted. Every accepted record ends in one of `valid`, `invalid`, `undecided`,
 * `cancelled`, `faults`.
 */
typedef struct sigwarp_transaction_prevalidator_stats {
  /**
   * Records accepted and without a report.
   */
  uint64_t pending;
  /**
   * Their bytes.
   */
  uint64_t pending_bytes;
  /**
   * Records that went into the queue.
   */
  uint64_t accepted;
  /**
   * Records given back because the queue was full.
   */
  uint64_t refused;
  /**
   * Records found valid.
   */
  uint64_t valid;
  /**
   * Records found invalid.
   */
  uint64_t invalid;
  /**
   * Records that depend on what was not given.
   */
  uint64_t undecided;
  /**
   * Records cancelled in time.
   */
  uint64_t cancelled;
  /**
   * Records without a report for another reason.
   */
  uint64_t faults;
  /**
   * Micro-batches cut because they were full.
   */
  uint64_t batches_by_size;
  /**
   * Micro-batches cut because of their age.
   */
  uint64_t batches_by_age;
  /**
   * Micro-batches cut on request, by closing, or because the queue was full.
   */
  uint64_t batches_by_request;
  /**
   * The time within which half of the records had their report, in nanoseconds, to one part in eight.
   */
  uint64_t latency_p50_ns;
  /**
   * The same for 99 of 100 records.
   */
  uint64_t latency_p99_ns;
  /**
   * The same for 999 of 1,000 records.
   */
  uint64_t latency_p999_ns;
} sigwarp_transaction_prevalidator_stats;

/**
 * A profile, and what the bytes of its records do not say: network, era, chain id. Made by
 * sigwarp_transaction_context_new; share one among all records that it fits.
 */
typedef struct sigwarp_transaction_context {
  /**
   * Private; 0 is no context.
   */
  uint64_t id;
} sigwarp_transaction_context;

/**
 * The promise of the report on a record. To be freed with sigwarp_transaction_ticket_free, before or after the report is
 * there; the record is judged in any case.
 */
typedef struct sigwarp_transaction_ticket {
  /**
   * Private; 0 is no ticket.
   */
  uint64_t id;
} sigwarp_transaction_ticket;

/**
 * A column of byte strings. With `offsets`, which has one more entry than there are rows, row i is
 * `bytes[offsets[i]]` to before `bytes[offsets[i + 1]]`: offsets never decrease and end within `length`. Columns may
 * share their bytes. Without `offsets` the rows have `width` bytes each and lie one after another.
 */
typedef struct sigwarp_column {
  /**
   * The bytes; may be null where there are none.
   */
  const uint8_t *bytes;
  /**
   * The number of bytes.
   */
  uintptr_t length;
  /**
   * The offsets, or null.
   */
  const uint64_t *offsets;
  /**
   * Without offsets, the bytes of a row; else 0.
   */
  uintptr_t width;
} sigwarp_column;

/**
 * Items as columns that the caller owns; they are read where they lie and not copied. Zero the structure, set `size`,
 * then set what is there.
 */
typedef struct sigwarp_columns {
  /**
   * sizeof(sigwarp_columns).
   */
  uint32_t size;
  /**
   * The number of suites.
   */
  uint32_t suite_count;
  /**
   * The suites that items are judged under.
   */
  const struct sigwarp_suite *suites;
  /**
   * For each item the index of its suite; may be null where there is one suite.
   */
  const uint32_t *suite_of;
  /**
   * The number of items.
   */
  uintptr_t items;
  /**
   * Ids of registered keys, one for each item, 0 for an item whose key is in `keys`; null where all are.
   */
  const uint64_t *key_ids;
  /**
   * The encoded public keys. With `key_ids`, may be all zero if every item has an id.
   */
  struct sigwarp_column keys;
  /**
   * The messages, or the digests where the suite takes a digest.
   */
  struct sigwarp_column messages;
  /**
   * The encoded signatures.
   */
  struct sigwarp_column signatures;
} sigwarp_columns;

/**
 * The call did what it says and wrote its outputs. Verdicts are in the statuses, not in this code.
 */
#define SIGWARP_OK 0

/**
 * A pointer is null that must not be.
 */
#define SIGWARP_ERROR_NULL 1

/**
 * A handle does not exist: it was freed, made up, or is of another kind.
 */
#define SIGWARP_ERROR_HANDLE 2

/**
 * A value or a name that does not exist or is out of range.
 */
#define SIGWARP_ERROR_ARGUMENT 3

/**
 * Offsets, lengths or indices that do not describe rows.
 */
#define SIGWARP_ERROR_COLUMNS 4

/**
 * A buffer is too short, or overlaps one that the call reads.
 */
#define SIGWARP_ERROR_BUFFER 5

/**
 * Scheme, rule, encoding and user ID do not form a suite.
 */
#define SIGWARP_ERROR_SUITE 6

/**
 * An item names a key that is not registered with this engine for its scheme.
 */
#define SIGWARP_ERROR_UNKNOWN_KEY 7

/**
 * The key ring has no room, even without tables.
 */
#define SIGWARP_ERROR_KEY_BUDGET 8

/**
 * The engine does not implement what was asked for.
 */
#define SIGWARP_ERROR_UNSUPPORTED 9

/**
 * The backend that was asked for does not run here, or it or every other gave a wrong answer in the self-test.
 */
#define SIGWARP_ERROR_UNAVAILABLE 10

/**
 * The engine could not finish. Nothing is known about the items; the call may be repeated.
 */
#define SIGWARP_ERROR_ENGINE 11

/**
 * A fault of the library, caught before it reached the caller. Please report it with its text.
 */
#define SIGWARP_ERROR_PANIC 12

/**
 * The queue of a pre-validator is full: submit later, or wait for room.
 */
#define SIGWARP_ERROR_FULL 13

/**
 * The pre-validator was closed.
 */
#define SIGWARP_ERROR_CLOSED 14

/**
 * Not every outcome is there yet.
 */
#define SIGWARP_ERROR_PENDING 15

/**
 * The item was cancelled before it was verified.
 */
#define SIGWARP_ERROR_CANCELLED 16

/**
 * More than the queue of a pre-validator can ever hold.
 */
#define SIGWARP_ERROR_TOO_LARGE 17

/**
 * Not decided: what every verdict is before a call and after one that failed. Never valid.
 */
#define SIGWARP_VERDICT_NOT_COMPUTED 0

/**
 * Every signature that is needed holds.
 */
#define SIGWARP_VERDICT_VALID 1

/**
 * No state of the ledger could make it valid.
 */
#define SIGWARP_VERDICT_INVALID 2

/**
 * It depends on what was not given.
 */
#define SIGWARP_VERDICT_UNDECIDED 3

/**
 * Not decided: what every status is before a call and after one that failed. Never valid.
 */
#define SIGWARP_STATUS_NOT_COMPUTED 0

/**
 * The signature is valid under the suite.
 */
#define SIGWARP_STATUS_VALID 1

/**
 * Invalid: the key has a length that the scheme does not know.
 */
#define SIGWARP_STATUS_BAD_KEY_LENGTH 2

/**
 * Invalid: the key has a known length and a wrong form.
 */
#define SIGWARP_STATUS_BAD_KEY_ENCODING 3

/**
 * Invalid: the signature has a length that the encoding cannot have.
 */
#define SIGWARP_STATUS_BAD_SIGNATURE_LENGTH 4

/**
 * Invalid: the signature does not parse under the named encoding, or carries a recovery id above 3.
 */
#define SIGWARP_STATUS_BAD_SIGNATURE_ENCODING 5

/**
 * Invalid: a coordinate of the key is not reduced, or x = 0 carries a sign, under a rule that forbids it.
 */
#define SIGWARP_STATUS_NON_CANONICAL_KEY 6

/**
 * Invalid: the key is a point of order 1, 2, 4 or 8, under a rule that forbids it.
 */
#define SIGWARP_STATUS_SMALL_ORDER_KEY 7

/**
 * Invalid: the key does not decode to a point of the curve.
 */
#define SIGWARP_STATUS_KEY_NOT_ON_CURVE 8

/**
 * Invalid: a scalar of the signature is outside its range.
 */
#define SIGWARP_STATUS_SCALAR_OUT_OF_RANGE 9

/**
 * Invalid: s is above half the group order, under a rule that forbids it.
 */
#define SIGWARP_STATUS_HIGH_S 10

/**
 * Invalid: the encoding of R is not canonical, under a rule that forbids it.
 */
#define SIGWARP_STATUS_NON_CANONICAL_R 11

/**
 * Invalid: R is a point of order 1, 2, 4 or 8, under a rule that forbids it.
 */
#define SIGWARP_STATUS_SMALL_ORDER_R 12

/**
 * Invalid: R does not decode to a point of the curve, under a rule that decodes it.
 */
#define SIGWARP_STATUS_R_NOT_ON_CURVE 13

/**
 * Invalid: the verification equation does not hold, or its point is infinity.
 */
#define SIGWARP_STATUS_EQUATION_FAILED 14

/**
 * Of a key that was registered, and no verdict: the key is accepted, and no signature was looked at. Statuses from 128
 * on are not verdicts, and no verdict will be among them.
 */
#define SIGWARP_STATUS_KEY_REGISTERED 128

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The ABI version of the library. Compare with SIGWARP_ABI_VERSION of the header before anything else.
 */
uint32_t sigwarp_abi_version(void);

/**
 * The version of the library, for example "0.1.0". Lives as long as the process.
 */
const char *sigwarp_version(void);

/**
 * An empty batch. To be freed with sigwarp_batch_free.
 *
 * The caller must ensure:
 * `batch` can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_batch_new(struct sigwarp_batch *batch,
                               struct sigwarp_error *error);

/**
 * Frees a batch. Freeing 0 does nothing.
 *
 * The caller must ensure:
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_batch_free(struct sigwarp_batch batch,
                                struct sigwarp_error *error);

/**
 * Adds an item; its bytes are copied. Wrong lengths of key and signature are statuses and not errors.
 *
 * The caller must ensure:
 * `key`, `message` and `signature` have as many bytes as their lengths say, and nobody writes to them during the call;
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_batch_push(struct sigwarp_batch batch,
                                struct sigwarp_suite suite,
                                const uint8_t *key,
                                uintptr_t key_length,
                                const uint8_t *message,
                                uintptr_t message_length,
                                const uint8_t *signature,
                                uintptr_t signature_length,
                                struct sigwarp_error *error);

/**
 * As sigwarp_batch_push, for a key that is registered with the engine that will verify the batch.
 *
 * The caller must ensure:
 * As sigwarp_batch_push.
 */
sigwarp_code sigwarp_batch_push_id(struct sigwarp_batch batch,
                                   struct sigwarp_suite suite,
                                   uint64_t key_id,
                                   const uint8_t *message,
                                   uintptr_t message_length,
                                   const uint8_t *signature,
                                   uintptr_t signature_length,
                                   struct sigwarp_error *error);

/**
 * The number of items of a batch.
 *
 * The caller must ensure:
 * `length` can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_batch_length(struct sigwarp_batch batch,
                                  uintptr_t *length,
                                  struct sigwarp_error *error);

/**
 * Removes all items and keeps the memory for the next ones.
 *
 * The caller must ensure:
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_batch_clear(struct sigwarp_batch batch,
                                 struct sigwarp_error *error);

/**
 * Verifies the items of a batch and writes a status for each, in the order in which they were pushed. The batch stays
 * as it is.
 *
 * The caller must ensure:
 * `capacity` statuses can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_batch_verify(struct sigwarp_engine engine,
                                  struct sigwarp_batch batch,
                                  sigwarp_status *statuses,
                                  uintptr_t capacity,
                                  struct sigwarp_error *error);

/**
 * Chooses a backend and starts the threads. `options` may be null. Make one engine and share it. To be freed with
 * sigwarp_engine_free.
 *
 * A backend gives the known answers of a scheme or a hash function before its first result of that kind, or all of
 * them here if `options.self_test` is 1. One that gives a wrong answer is no longer used: "auto" takes the next, and
 * sigwarp_engine_explain says so; where no backend is left, the call that needed the answer ends with
 * SIGWARP_ERROR_UNAVAILABLE, and nothing is known about its items.
 *
 * The caller must ensure:
 * `options` is null or points to such a structure, whose `backend` is null or zero-terminated; `engine` and `error`
 * can be written (`error` may be null).
 */
sigwarp_code sigwarp_engine_new(const struct sigwarp_options *options,
                                struct sigwarp_engine *engine,
                                struct sigwarp_error *error);

/**
 * Frees an engine. Calls of other threads that run on it end first; pre-validators keep theirs. Freeing 0 does
 * nothing.
 *
 * The caller must ensure:
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_engine_free(struct sigwarp_engine engine,
                                 struct sigwarp_error *error);

/**
 * Writes which backends an engine uses, on how many threads, and why, as one line of text. `needed`, which may be
 * null, gets the bytes that the text takes with its terminating zero; with a `capacity` of 0 nothing else is written.
 *
 * The caller must ensure:
 * `capacity` bytes can be written to `text`; `needed` and `error` are null or can be written.
 */
sigwarp_code sigwarp_engine_explain(struct sigwarp_engine engine,
                                    char *text,
                                    uintptr_t capacity,
                                    uintptr_t *needed,
                                    struct sigwarp_error *error);

/**
 * Writes what the key ring of an engine holds.
 *
 * The caller must ensure:
 * `stats` can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_engine_key_stats(struct sigwarp_engine engine,
                                      struct sigwarp_key_stats *stats,
                                      struct sigwarp_error *error);

/**
 * The short name of a code, for example "buffer"; "unknown code" for others. Lives as long as the process.
 */
const char *sigwarp_code_name(sigwarp_code code);

/**
 * Writes the bytes of a digest of a hash function: "sha256", "sha256d", "sha512", "sha512-half", "sha3-256",
 * "keccak256", "sm3" or "blake3".
 *
 * The caller must ensure:
 * `hash` is null or zero-terminated; `length` can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_digest_length(const char *hash,
                                   uintptr_t *length,
                                   struct sigwarp_error *error);

/**
 * Writes the digest of each message, one after another. Message i is `arena[offsets[i]]` to before
 * `arena[offsets[i + 1]]`; lengths may be mixed.
 *
 * The caller must ensure:
 * `hash` is null or zero-terminated. `arena` has `arena_length` bytes and `offsets` has `messages + 1` entries; nobody
 * writes to them during the call. `capacity` bytes can be written to `digests`; `error` is null or can be written.
 */
sigwarp_code sigwarp_hash(struct sigwarp_engine engine,
                          const char *hash,
                          uintptr_t messages,
                          const uint8_t *arena,
                          uintptr_t arena_length,
                          const uint64_t *offsets,
                          uint8_t *digests,
                          uintptr_t capacity,
                          struct sigwarp_error *error);

/**
 * Writes the Merkle root over leaves that are digests of `hash`, one after another. `rule` says what completes a level
 * with an odd number of nodes: "bitcoin" (its last node again) or "zero-padded".
 *
 * `ambiguous`, which may be null, gets 1 where two siblings are equal although they are two nodes of their level, else
 * 0. Under "bitcoin" a shorter list of leaves then has the same root (CVE-2012-2459): refuse such a block.
 *
 * The caller must ensure:
 * `hash` and `rule` are null or zero-terminated. `leaves` has `length` bytes, and nobody writes to them during the
 * call. `capacity` bytes can be written to `root`; `ambiguous` and `error` are null or can be written.
 */
sigwarp_code sigwarp_merkle_root(struct sigwarp_engine engine,
                                 const char *hash,
                                 const char *rule,
                                 const uint8_t *leaves,
                                 uintptr_t length,
                                 uint8_t *root,
                                 uintptr_t capacity,
                                 uint8_t *ambiguous,
                                 struct sigwarp_error *error);

/**
 * Registers keys for signatures of the scheme of a suite, and makes tables of them within the key budget: items with
 * a registered key, named by its id or by its bytes, are verified several times faster.
 *
 * Key i is `arena[offsets[i]]` to before `arena[offsets[i + 1]]`. It gets an id, the same id for the same bytes, and
 * the status SIGWARP_STATUS_KEY_REGISTERED; or the id 0, and as status the reason why the suite rejects every
 * signature under it. An id is known to this engine only, until it is unregistered.
 *
 * The caller must ensure:
 * `arena` has `arena_length` bytes and `offsets` has `keys + 1` entries; nobody writes to them during the call.
 * `capacity` ids and as many statuses can be written; `statuses` and `error` may be null.
 */
sigwarp_code sigwarp_register_keys(struct sigwarp_engine engine,
                                   struct sigwarp_suite suite,
                                   uintptr_t keys,
                                   const uint8_t *arena,
                                   uintptr_t arena_length,
                                   const uint64_t *offsets,
                                   uint64_t *ids,
                                   sigwarp_status *statuses,
                                   uintptr_t capacity,
                                   struct sigwarp_error *error);

/**
 * Drops registered keys. Their ids are unknown from then on; calls that are running keep the keys they have. Unknown
 * ids, and 0, are skipped. `dropped`, which may be null, gets the number of ids that named a key.
 *
 * The caller must ensure:
 * `ids` has `count` entries, and nobody writes to them during the call; `dropped` and `error` are null or can be
 * written.
 */
sigwarp_code sigwarp_unregister_keys(struct sigwarp_engine engine,
                                     const uint64_t *ids,
                                     uintptr_t count,
                                     uintptr_t *dropped,
                                     struct sigwarp_error *error);

/**
 * Starts the workers of a pre-validator on an engine. Others may use the engine meanwhile, and may free its handle.
 * `options` may be null. To be freed with sigwarp_prevalidator_free.
 *
 * The caller must ensure:
 * `options` is null or points to such a structure; `on_outcomes` may be called with `context` from any thread until
 * sigwarp_prevalidator_free or sigwarp_prevalidator_close, called from elsewhere, has returned. `prevalidator` can be
 * written; `error` is null or can be written.
 */
sigwarp_code sigwarp_prevalidator_start(struct sigwarp_engine engine,
                                        const struct sigwarp_prevalidator_options *options,
                                        struct sigwarp_prevalidator *prevalidator,
                                        struct sigwarp_error *error);

/**
 * Refuses items from now on, verifies what was accepted, and returns when all of it has its outcome and the workers
 * have ended. Called from `on_outcomes`, on one of its own threads, it does not wait.
 *
 * The caller must ensure:
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_prevalidator_close(struct sigwarp_prevalidator prevalidator,
                                        struct sigwarp_error *error);

/**
 * Closes a pre-validator and frees it. Its tickets remain. Freeing 0 does nothing. Called from its own `on_outcomes`,
 * which would be called again afterwards, it is SIGWARP_ERROR_ARGUMENT and does nothing.
 *
 * The caller must ensure:
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_prevalidator_free(struct sigwarp_prevalidator prevalidator,
                                       struct sigwarp_error *error);

/**
 * Sends pending items to the next free worker. Does not wait for them.
 *
 * The caller must ensure:
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_prevalidator_flush(struct sigwarp_prevalidator prevalidator,
                                        struct sigwarp_error *error);

/**
 * Writes what was counted so far.
 *
 * The caller must ensure:
 * `stats` can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_prevalidator_get_stats(struct sigwarp_prevalidator prevalidator,
                                            struct sigwarp_prevalidator_stats *stats,
                                            struct sigwarp_error *error);

/**
 * Recovers the key of each secp256k1 signature, on the calling thread.
 *
 * Item i has the digest `arena[digest_offsets[i]]` to before `arena[digest_offsets[i + 1]]`, its signature r, s (64
 * bytes) likewise, and the recovery id `recovery_ids[i]`, 0 to 3; the caller undoes the values 27 and 28 and the form of
 * EIP-155. `rule` is "ecdsa" or "ecdsa-low-s". Status i is SIGWARP_STATUS_VALID where a key was recovered; otherwise it
 * is the reason why not, and key and address are zeros. Either of `keys` and `addresses` may be null.
 *
 * The caller must ensure:
 * `rule` is null or zero-terminated. `arena` has `arena_length` bytes, the arrays of offsets `items + 1` entries and
 * `recovery_ids` has `items`; nobody writes to them during the call. 65 times `capacity` bytes can be written to
 * `keys`, 20 times `capacity` to `addresses`, and `capacity` to `statuses`; `error` is null or can be written.
 */
sigwarp_code sigwarp_recover(const char *rule,
                             uintptr_t items,
                             const uint8_t *arena,
                             uintptr_t arena_length,
                             const uint64_t *digest_offsets,
                             const uint64_t *signature_offsets,
                             const uint8_t *recovery_ids,
                             uint8_t *keys,
                             uint8_t *addresses,
                             sigwarp_status *statuses,
                             uintptr_t capacity,
                             struct sigwarp_error *error);

/**
 * Writes the number of reports.
 *
 * The caller must ensure:
 * `length` can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_reports_length(struct sigwarp_reports reports,
                                    uintptr_t *length,
                                    struct sigwarp_error *error);

/**
 * Writes the reports from `first` on, as many as `count` says.
 *
 * The caller must ensure:
 * `count` reports can be written to `into`; `error` is null or can be written.
 */
sigwarp_code sigwarp_reports_read(struct sigwarp_reports reports,
                                  uintptr_t first,
                                  uintptr_t count,
                                  struct sigwarp_report *into,
                                  struct sigwarp_error *error);

/**
 * Writes the signatures of a record, all of them, in the order of the wire. `capacity` must be at least their number,
 * which the report of the record has.
 *
 * The caller must ensure:
 * `capacity` signatures can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_reports_signatures(struct sigwarp_reports reports,
                                        uintptr_t record,
                                        struct sigwarp_report_signature *signatures,
                                        uintptr_t capacity,
                                        struct sigwarp_error *error);

/**
 * Writes the report of a record as a JSON object and a terminating zero: what `sigwarp transactions --output` writes of
 * it, without the members that say where the record stands. `needed`, which may be null, gets its length with the zero;
 * with it, a capacity of 0 asks for no more than that.
 *
 * The caller must ensure:
 * `capacity` bytes can be written to `text`; `needed` and `error` are null or can be written.
 */
sigwarp_code sigwarp_reports_json(struct sigwarp_reports reports,
                                  uintptr_t record,
                                  char *text,
                                  uintptr_t capacity,
                                  uintptr_t *needed,
                                  struct sigwarp_error *error);

/**
 * The reports of the transactions of a record that is a block, in their order; none for other records. To be freed
 * with sigwarp_reports_free; the reports that they are from may be freed before.
 *
 * The caller must ensure:
 * `transactions` can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_reports_transactions(struct sigwarp_reports reports,
                                          uintptr_t record,
                                          struct sigwarp_reports *transactions,
                                          struct sigwarp_error *error);

/**
 * Frees reports. Freeing 0 does nothing.
 *
 * The caller must ensure:
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_reports_free(struct sigwarp_reports reports,
                                  struct sigwarp_error *error);

/**
 * The name of a status, as in files and summaries, for example "EquationFailed"; "unknown status" for others. Lives
 * as long as the process.
 */
const char *sigwarp_status_name(sigwarp_status status);

/**
 * Submits an item, whose bytes are copied. A full queue is SIGWARP_ERROR_FULL; before that the call waits for room up to
 * the timeout in microseconds, 0 for none. `ticket` may be null where the pre-validator has a callback.
 *
 * The caller must ensure:
 * `item` points to such a structure, and what it points to is as long as it says; nobody writes to them during the
 * call. `ticket` and `error` are null or can be written.
 */
sigwarp_code sigwarp_submit(struct sigwarp_prevalidator prevalidator,
                            const struct sigwarp_item *item,
                            uint64_t timeout_us,
                            struct sigwarp_ticket *ticket,
                            struct sigwarp_error *error);

/**
 * Submits items of one suite in one arena, as in sigwarp_verify: as many as there is room for, in order. `taken` gets
 * their number; with SIGWARP_ERROR_FULL the ticket is for those, and the rest may be submitted later. This costs
 * least for each item.
 *
 * `key_ids` has the ids of registered keys, or is null; an item with the id 0 has its key in the arena. `key_offsets`
 * may be null where every item has an id. `ids` has the caller's ids of the items; where it is null they are 0, 1, …
 * in this call. Timeout and ticket are as in sigwarp_submit.
 *
 * The caller must ensure:
 * `arena` has `arena_length` bytes, arrays of offsets have `items + 1` entries where they are not null, arrays of ids
 * have `items`; nobody writes to them during the call. `taken` can be written; `ticket` and `error` are null or can be
 * written.
 */
sigwarp_code sigwarp_submit_many(struct sigwarp_prevalidator prevalidator,
                                 struct sigwarp_suite suite,
                                 uintptr_t items,
                                 const uint8_t *arena,
                                 uintptr_t arena_length,
                                 const uint64_t *key_ids,
                                 const uint64_t *key_offsets,
                                 const uint64_t *message_offsets,
                                 const uint64_t *signature_offsets,
                                 const uint64_t *ids,
                                 uint32_t priority,
                                 uint64_t timeout_us,
                                 uintptr_t *taken,
                                 struct sigwarp_ticket *ticket,
                                 struct sigwarp_error *error);

/**
 * Submits items that belong together, such as one transaction's signatures: all are taken, or none. Arguments are those
 * of sigwarp_submit_many.
 *
 * The caller must ensure:
 * As sigwarp_submit_many.
 */
sigwarp_code sigwarp_submit_group(struct sigwarp_prevalidator prevalidator,
                                  struct sigwarp_suite suite,
                                  uintptr_t items,
                                  const uint8_t *arena,
                                  uintptr_t arena_length,
                                  const uint64_t *key_ids,
                                  const uint64_t *key_offsets,
                                  const uint64_t *message_offsets,
                                  const uint64_t *signature_offsets,
                                  const uint64_t *ids,
                                  uint32_t priority,
                                  uint64_t timeout_us,
                                  struct sigwarp_ticket *ticket,
                                  struct sigwarp_error *error);

/**
 * The suite of these names, for example "ed25519", "zip215", NULL and "ecdsa-secp256k1", "ecdsa-low-s", "der".
 * `rule` may be null where the scheme has only one; a null `encoding` is "raw". `user_id` is the user ID of "sm2-sm3", where
 * null is "1234567812345678", or the context of "ed25519ctx" (1 to 255 bytes) and "ed25519ph" (at most 255, null is
 * empty); other schemes have neither. To be freed with sigwarp_suite_free.
 *
 * The caller must ensure:
 * The names are null or zero-terminated; `user_id` is null or has `user_id_length` bytes; `suite` can be written, and
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_suite_new(const char *scheme,
                               const char *rule,
                               const char *encoding,
                               const uint8_t *user_id,
                               uintptr_t user_id_length,
                               struct sigwarp_suite *suite,
                               struct sigwarp_error *error);

/**
 * Frees a suite. Freeing 0 does nothing.
 *
 * The caller must ensure:
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_suite_free(struct sigwarp_suite suite,
                                struct sigwarp_error *error);

/**
 * Writes the names of a suite: scheme, rule and encoding with a space between. `needed` is as in
 * sigwarp_engine_explain.
 *
 * The caller must ensure:
 * `capacity` bytes can be written to `text`; `needed` and `error` are null or can be written.
 */
sigwarp_code sigwarp_suite_name(struct sigwarp_suite suite,
                                char *text,
                                uintptr_t capacity,
                                uintptr_t *needed,
                                struct sigwarp_error *error);

/**
 * Writes the number of items of a ticket.
 *
 * The caller must ensure:
 * `length` can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_ticket_length(struct sigwarp_ticket ticket,
                                   uintptr_t *length,
                                   struct sigwarp_error *error);

/**
 * Waits for the outcomes of a ticket, up to the timeout in microseconds, and writes them in the order of the items. With
 * 0 it does not wait, with SIGWARP_FOREVER until they are there. SIGWARP_ERROR_PENDING says that they are not there yet.
 *
 * The caller must ensure:
 * `capacity` outcomes can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_ticket_wait(struct sigwarp_ticket ticket,
                                 uint64_t timeout_us,
                                 struct sigwarp_outcome *outcomes,
                                 uintptr_t capacity,
                                 struct sigwarp_error *error);

/**
 * Cancels the items of a ticket that no worker has yet; they are not verified, and their fault is
 * SIGWARP_ERROR_CANCELLED. `cancelled`, which may be null, gets their number. The others get their outcomes.
 *
 * The caller must ensure:
 * `cancelled` and `error` are null or can be written.
 */
sigwarp_code sigwarp_ticket_cancel(struct sigwarp_ticket ticket,
                                   uintptr_t *cancelled,
                                   struct sigwarp_error *error);

/**
 * Frees a ticket. Its items are verified in any case. Freeing 0 does nothing.
 *
 * The caller must ensure:
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_ticket_free(struct sigwarp_ticket ticket,
                                 struct sigwarp_error *error);

/**
 * Starts the workers of a pre-validator of transactions on an engine. Others may use the engine meanwhile, and may free
 * its handle. `options` may be null. To be freed with sigwarp_transaction_prevalidator_free.
 *
 * The caller must ensure:
 * `options` is null or points to such a structure; `prevalidator` can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_transaction_prevalidator_start(struct sigwarp_engine engine,
                                                    const struct sigwarp_transaction_prevalidator_options *options,
                                                    struct sigwarp_transaction_prevalidator *prevalidator,
                                                    struct sigwarp_error *error);

/**
 * Refuses records from now on, judges what was accepted, and returns when all of it has its report and the workers have
 * ended.
 *
 * The caller must ensure:
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_transaction_prevalidator_close(struct sigwarp_transaction_prevalidator prevalidator,
                                                    struct sigwarp_error *error);

/**
 * Closes a pre-validator of transactions and frees it. Its tickets remain. Freeing 0 does nothing.
 *
 * The caller must ensure:
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_transaction_prevalidator_free(struct sigwarp_transaction_prevalidator prevalidator,
                                                   struct sigwarp_error *error);

/**
 * Sends pending records to the next free worker. Does not wait for them.
 *
 * The caller must ensure:
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_transaction_prevalidator_flush(struct sigwarp_transaction_prevalidator prevalidator,
                                                    struct sigwarp_error *error);

/**
 * Writes what was counted so far.
 *
 * The caller must ensure:
 * `stats` can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_transaction_prevalidator_get_stats(struct sigwarp_transaction_prevalidator prevalidator,
                                                        struct sigwarp_transaction_prevalidator_stats *stats,
                                                        struct sigwarp_error *error);

/**
 * Submits a record of the profile and the context, whose bytes are copied. `priority` is one of SIGWARP_PRIORITY_*. A full
 * queue is SIGWARP_ERROR_FULL; before that the call waits for room up to the timeout in microseconds, 0 for none.
 *
 * The caller must ensure:
 * `record` has `length` bytes, and nobody writes to them during the call; `ticket` can be written; `error` is null or
 * can be written.
 */
sigwarp_code sigwarp_transaction_submit(struct sigwarp_transaction_prevalidator prevalidator,
                                        struct sigwarp_transaction_context context,
                                        const uint8_t *record,
                                        uintptr_t length,
                                        uint32_t priority,
                                        uint64_t timeout_us,
                                        struct sigwarp_transaction_ticket *ticket,
                                        struct sigwarp_error *error);

/**
 * Waits for the report of a ticket, up to the timeout in microseconds, and makes a handle with that one report, to be
 * freed with sigwarp_reports_free. With 0 it does not wait, with SIGWARP_FOREVER until the report is there.
 * SIGWARP_ERROR_PENDING says that it is not there yet; every other code, that there will be none: the record was cancelled
 * (SIGWARP_ERROR_CANCELLED) or could not be judged, which says nothing about it.
 *
 * The caller must ensure:
 * `reports` can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_transaction_ticket_wait(struct sigwarp_transaction_ticket ticket,
                                             uint64_t timeout_us,
                                             struct sigwarp_reports *reports,
                                             struct sigwarp_error *error);

/**
 * Cancels the record of a ticket if no worker has it yet; it is not judged then, and waiting for it gives
 * SIGWARP_ERROR_CANCELLED. `cancelled`, which may be null, gets 1 if so, else 0: the report comes.
 *
 * The caller must ensure:
 * `cancelled` and `error` are null or can be written.
 */
sigwarp_code sigwarp_transaction_ticket_cancel(struct sigwarp_transaction_ticket ticket,
                                               uint8_t *cancelled,
                                               struct sigwarp_error *error);

/**
 * Frees a ticket. Its record is judged in any case. Freeing 0 does nothing.
 *
 * The caller must ensure:
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_transaction_ticket_free(struct sigwarp_transaction_ticket ticket,
                                             struct sigwarp_error *error);

/**
 * The context of the records of a profile, by its name in docs/profiles.md, such as "ethereum" or "jose". Each of the `count`
 * fields is a text "NAME=VALUE", for example "chain_id=1"; an array is `NAME=[A,B]`, and objects, such as keys, are JSON.
 * docs/profiles.md has the fields of each profile.
 * To be freed with sigwarp_transaction_context_free.
 *
 * The caller must ensure:
 * `profile` is null or zero-terminated. `fields` has `count` entries, which are null or zero-terminated; nobody writes to
 * any of it during the call. `context` can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_transaction_context_new(const char *profile,
                                             const char *const *fields,
                                             uintptr_t count,
                                             struct sigwarp_transaction_context *context,
                                             struct sigwarp_error *error);

/**
 * Frees a context. Records that were submitted with it keep what they need. Freeing 0 does nothing.
 *
 * The caller must ensure:
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_transaction_context_free(struct sigwarp_transaction_context context,
                                              struct sigwarp_error *error);

/**
 * Judges records, all signatures of all of them together, and makes a report for each, in order. Record i is
 * `arena[offsets[i]]` to before `arena[offsets[i + 1]]`. It is of the profile and the context `contexts[context_of[i]]`;
 * `context_of` may be null where there is one context. Malformed records are verdicts and not errors.
 *
 * `reports` is to be freed with sigwarp_reports_free.
 *
 * The caller must ensure:
 * `contexts` has `context_count` entries, `context_of` has `records` where it is not null, `arena` has `arena_length`
 * bytes and `offsets` has `records + 1` entries; nobody writes to them during the call. `reports` can be written;
 * `error` is null or can be written.
 */
sigwarp_code sigwarp_transactions_verify(struct sigwarp_engine engine,
                                         const struct sigwarp_transaction_context *contexts,
                                         uintptr_t context_count,
                                         const uint32_t *context_of,
                                         uintptr_t records,
                                         const uint8_t *arena,
                                         uintptr_t arena_length,
                                         const uint64_t *offsets,
                                         struct sigwarp_reports *reports,
                                         struct sigwarp_error *error);

/**
 * Verifies items in one arena under one suite, and writes a status for each.
 *
 * Item i has the key `arena[key_offsets[i]]` to before `arena[key_offsets[i + 1]]`, and its message and signature
 * alike: each of the three has `items + 1` offsets, which never decrease. Where the suite takes a digest, messages are
 * digests. Wrong lengths of keys and signatures are statuses and not errors. After an error all statuses are
 * SIGWARP_STATUS_NOT_COMPUTED (if they do not overlap what the call reads, which is an error too).
 *
 * The caller must ensure:
 * `arena` has `arena_length` bytes, each array of offsets `items + 1` entries; nobody writes to them during the call.
 * `capacity` statuses can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_verify(struct sigwarp_engine engine,
                            struct sigwarp_suite suite,
                            uintptr_t items,
                            const uint8_t *arena,
                            uintptr_t arena_length,
                            const uint64_t *key_offsets,
                            const uint64_t *message_offsets,
                            const uint64_t *signature_offsets,
                            sigwarp_status *statuses,
                            uintptr_t capacity,
                            struct sigwarp_error *error);

/**
 * As sigwarp_verify, for keys that are registered with the engine: `key_ids` has one id for each item. An id that is
 * not registered for the scheme of the suite is the error SIGWARP_ERROR_UNKNOWN_KEY.
 *
 * The caller must ensure:
 * As sigwarp_verify; `key_ids` has `items` entries.
 */
sigwarp_code sigwarp_verify_ids(struct sigwarp_engine engine,
                                struct sigwarp_suite suite,
                                uintptr_t items,
                                const uint64_t *key_ids,
                                const uint8_t *arena,
                                uintptr_t arena_length,
                                const uint64_t *message_offsets,
                                const uint64_t *signature_offsets,
                                sigwarp_status *statuses,
                                uintptr_t capacity,
                                struct sigwarp_error *error);

/**
 * As sigwarp_verify, for columns of any layout, several suites, and keys that are registered or not.
 *
 * The caller must ensure:
 * `columns` points to such a structure, and what it points to can be read; nobody writes to any of it during the call.
 * `capacity` statuses can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_verify_columns(struct sigwarp_engine engine,
                                    const struct sigwarp_columns *columns,
                                    sigwarp_status *statuses,
                                    uintptr_t capacity,
                                    struct sigwarp_error *error);

/**
 * Verifies one item, at the lowest latency, and writes its status. Several items are several times faster together.
 *
 * The caller must ensure:
 * `key`, `message` and `signature` have as many bytes as their lengths say, and nobody writes to them during the call.
 * `status` can be written; `error` is null or can be written.
 */
sigwarp_code sigwarp_verify_one(struct sigwarp_engine engine,
                                struct sigwarp_suite suite,
                                const uint8_t *key,
                                uintptr_t key_length,
                                const uint8_t *message,
                                uintptr_t message_length,
                                const uint8_t *signature,
                                uintptr_t signature_length,
                                sigwarp_status *status,
                                struct sigwarp_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* SIGWARP_H */

/* SPDX-License-Identifier: MIT OR Apache-2.0 */
