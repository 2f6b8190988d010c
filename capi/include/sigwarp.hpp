// Sigwarp for C++17: owners of handles, and errors as exceptions. Everything is inline over sigwarp.h.
//
//   sigwarp::Engine engine;
//   sigwarp::Suite suite("ed25519", "zip215");
//   sigwarp::Batch batch;
//   batch.push(suite, key, message, signature);
//   for (sigwarp::Status status : batch.verify(engine))
//       if (!status.valid()) std::cerr << status.name();
//
// SPDX-License-Identifier: MIT OR Apache-2.0
#ifndef SIGWARP_HPP
#define SIGWARP_HPP

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <sigwarp.h>

namespace sigwarp {

/// A call that gave no verdicts; says nothing about any signature.
class Error : public std::runtime_error {
public:
    explicit Error(const ::sigwarp_error &error)
        : std::runtime_error(std::string(::sigwarp_code_name(error.code)) + ": " + error.text), code_(error.code) {}
    /// One of SIGWARP_ERROR_*.
    ::sigwarp_code code() const noexcept { return code_; }

private:
    ::sigwarp_code code_;
};

/// The verdict on an item. There is no conversion to bool: 0 is not "invalid", and 2 is not "valid".
class Status {
public:
    Status() noexcept = default;
    explicit Status(::sigwarp_status code) noexcept : code_(code) {}
    bool valid() const noexcept { return code_ == SIGWARP_STATUS_VALID; }
    ::sigwarp_status code() const noexcept { return code_; }
    /// For example "EquationFailed".
    const char *name() const noexcept { return ::sigwarp_status_name(code_); }

private:
    ::sigwarp_status code_ = SIGWARP_STATUS_NOT_COMPUTED;
};
static_assert(sizeof(Status) == sizeof(::sigwarp_status), "a status is one byte");

/// Bytes that somebody else owns: anything with data() and size() over bytes, text included.
class Bytes {
public:
    Bytes(const std::uint8_t *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <class Container, class = decltype(std::declval<const Container &>().data())>
    Bytes(const Container &container) noexcept
        : data_(reinterpret_cast<const std::uint8_t *>(container.data())), size_(container.size()) {
        static_assert(sizeof(*container.data()) == 1, "a container of bytes");
    }
    const std::uint8_t *data() const noexcept { return data_; }
    std::size_t size() const noexcept { return size_; }

private:
    const std::uint8_t *data_;
    std::size_t size_;
};

namespace detail {

/// Calls a function with an error to write to, and throws it.
template <class Function, class... Arguments> void call(Function function, Arguments... arguments) {
    ::sigwarp_error error;
    if (function(arguments..., &error) != SIGWARP_OK) {
        throw Error(error);
    }
}

/// Owns a handle: moves, does not copy, frees once.
template <class Raw, ::sigwarp_code (*Free)(Raw, ::sigwarp_error *)> class Owner {
public:
    Owner(Owner &&other) noexcept : raw_(std::exchange(other.raw_, Raw{0})) {}
    Owner &operator=(Owner &&other) noexcept {
        std::swap(raw_, other.raw_);
        return *this;
    }
    Owner(const Owner &) = delete;
    Owner &operator=(const Owner &) = delete;
    /// The handle, for functions of sigwarp.h; still owned.
    Raw raw() const noexcept { return raw_; }

protected:
    Owner() noexcept : raw_{0} {}
    ~Owner() { Free(raw_, nullptr); }
    Raw raw_;
};

/// The text of a function that writes one.
template <class Raw> std::string text(::sigwarp_code (*function)(Raw, char *, std::size_t, std::size_t *, ::sigwarp_error *), Raw raw) {
    std::size_t needed = 0;
    call(function, raw, static_cast<char *>(nullptr), std::size_t{0}, &needed);
    std::vector<char> buffer(needed);
    call(function, raw, buffer.data(), buffer.size(), static_cast<std::size_t *>(nullptr));
    return std::string(buffer.data());
}

} // namespace detail

/// sigwarp_options, with their size.
struct Options : ::sigwarp_options {
    Options() noexcept : ::sigwarp_options{} { size = sizeof(::sigwarp_options); }
};

/// An engine; share one.
class Engine : public detail::Owner<::sigwarp_engine, ::sigwarp_engine_free> {
public:
    explicit Engine(const Options &options = Options()) {
        if (::sigwarp_abi_version() != SIGWARP_ABI_VERSION) {
            throw std::runtime_error("sigwarp: the library has another ABI version than the header");
        }
        detail::call(::sigwarp_engine_new, static_cast<const ::sigwarp_options *>(&options), &raw_);
    }
    /// Backends, threads, and why.
    std::string explain() const { return detail::text(::sigwarp_engine_explain, raw_); }
};

/// Scheme, rule, encoding.
class Suite : public detail::Owner<::sigwarp_suite, ::sigwarp_suite_free> {
public:
    explicit Suite(const char *scheme, const char *rule = nullptr, const char *encoding = nullptr) {
        detail::call(::sigwarp_suite_new, scheme, rule, encoding, static_cast<const std::uint8_t *>(nullptr),
                     std::size_t{0}, &raw_);
    }
    /// sm2-sm3 for a signer's ID.
    static Suite sm2_sm3(Bytes user_id, const char *encoding = nullptr) {
        return Suite("sm2-sm3", nullptr, encoding, user_id);
    }
    /// Ed25519ctx under a context of 1 to 255 bytes.
    static Suite ed25519ctx(const char *rule, Bytes context) { return Suite("ed25519ctx", rule, nullptr, context); }
    /// Ed25519ph under a context of at most 255 bytes.
    static Suite ed25519ph(const char *rule, Bytes context) { return Suite("ed25519ph", rule, nullptr, context); }
    std::string name() const { return detail::text(::sigwarp_suite_name, raw_); }

private:
    Suite(const char *scheme, const char *rule, const char *encoding, Bytes parameter) {
        detail::call(::sigwarp_suite_new, scheme, rule, encoding, parameter.data(), parameter.size(), &raw_);
    }
};

/// Items that are pushed and copied.
class Batch : public detail::Owner<::sigwarp_batch, ::sigwarp_batch_free> {
public:
    Batch() { detail::call(::sigwarp_batch_new, &raw_); }
    void push(const Suite &suite, Bytes key, Bytes message, Bytes signature) {
        detail::call(::sigwarp_batch_push, raw_, suite.raw(), key.data(), key.size(), message.data(), message.size(),
                     signature.data(), signature.size());
    }
    void push(const Suite &suite, std::uint64_t key_id, Bytes message, Bytes signature) {
        detail::call(::sigwarp_batch_push_id, raw_, suite.raw(), key_id, message.data(), message.size(),
                     signature.data(), signature.size());
    }
    std::size_t size() const {
        std::size_t size = 0;
        detail::call(::sigwarp_batch_length, raw_, &size);
        return size;
    }
    void clear() { detail::call(::sigwarp_batch_clear, raw_); }
    /// A status for each item, in the order in which they were pushed.
    std::vector<Status> verify(const Engine &engine) const {
        std::vector<::sigwarp_status> codes(size());
        detail::call(::sigwarp_batch_verify, engine.raw(), raw_, codes.data(), codes.size());
        return std::vector<Status>(codes.begin(), codes.end());
    }
};

/// One item, at the lowest latency.
inline Status verify(const Engine &engine, const Suite &suite, Bytes key, Bytes message, Bytes signature) {
    ::sigwarp_status status = SIGWARP_STATUS_NOT_COMPUTED;
    detail::call(::sigwarp_verify_one, engine.raw(), suite.raw(), key.data(), key.size(), message.data(),
                 message.size(), signature.data(), signature.size(), &status);
    return Status(status);
}

/// Columns that the caller owns, where they lie. Set what is there; `size` is set.
struct Columns : ::sigwarp_columns {
    Columns() noexcept : ::sigwarp_columns{} { size = sizeof(::sigwarp_columns); }
};

/// A status for each item of columns.
inline std::vector<Status> verify(const Engine &engine, const Columns &columns) {
    std::vector<::sigwarp_status> codes(columns.items);
    detail::call(::sigwarp_verify_columns, engine.raw(), static_cast<const ::sigwarp_columns *>(&columns),
                 codes.data(), codes.size());
    return std::vector<Status>(codes.begin(), codes.end());
}

/// A profile with what the bytes of its records do not say; share one among all records that it fits.
class TransactionContext : public detail::Owner<::sigwarp_transaction_context, ::sigwarp_transaction_context_free> {
public:
    /// Fields are texts such as "chain_id=1".
    explicit TransactionContext(const char *profile, const std::vector<std::string> &fields = {}) {
        std::vector<const char *> texts;
        for (const std::string &field : fields) {
            texts.push_back(field.c_str());
        }
        detail::call(::sigwarp_transaction_context_new, profile, static_cast<const char *const *>(texts.data()),
                     texts.size(), &raw_);
    }
};

/// What was found out about a transaction. There is no conversion to bool.
struct Report : ::sigwarp_report {
    bool valid() const noexcept { return verdict == SIGWARP_VERDICT_VALID; }
};
static_assert(sizeof(Report) == sizeof(::sigwarp_report), "a report is what the library writes");

/// The reports of records, in their order.
class Reports : public detail::Owner<::sigwarp_reports, ::sigwarp_reports_free> {
public:
    /// Owns a handle that a function of sigwarp.h made.
    explicit Reports(::sigwarp_reports raw) noexcept { raw_ = raw; }
    std::size_t size() const {
        std::size_t size = 0;
        detail::call(::sigwarp_reports_length, raw_, &size);
        return size;
    }
    Report at(std::size_t record) const {
        Report report;
        detail::call(::sigwarp_reports_read, raw_, record, std::size_t{1}, static_cast<::sigwarp_report *>(&report));
        return report;
    }
    std::vector<::sigwarp_report_signature> signatures(std::size_t record) const {
        std::vector<::sigwarp_report_signature> signatures(at(record).signatures);
        detail::call(::sigwarp_reports_signatures, raw_, record, signatures.data(), signatures.size());
        return signatures;
    }
    /// Those of the transactions of a block.
    Reports transactions(std::size_t record) const {
        ::sigwarp_reports made{0};
        detail::call(::sigwarp_reports_transactions, raw_, record, &made);
        return Reports(made);
    }
    std::string json(std::size_t record) const {
        std::size_t needed = 0;
        detail::call(::sigwarp_reports_json, raw_, record, static_cast<char *>(nullptr), std::size_t{0}, &needed);
        std::vector<char> buffer(needed);
        detail::call(::sigwarp_reports_json, raw_, record, buffer.data(), buffer.size(),
                     static_cast<std::size_t *>(nullptr));
        return std::string(buffer.data());
    }
};

/// A report for each record of one context, which are copied into one arena and judged together.
inline Reports verify(const Engine &engine, const TransactionContext &context, const std::vector<Bytes> &records) {
    std::vector<std::uint8_t> arena;
    std::vector<std::uint64_t> offsets{0};
    for (const Bytes &record : records) {
        if (record.size() > 0) {
            arena.insert(arena.end(), record.data(), record.data() + record.size());
        }
        offsets.push_back(arena.size());
    }
    const ::sigwarp_transaction_context raw = context.raw();
    ::sigwarp_reports made{0};
    detail::call(::sigwarp_transactions_verify, engine.raw(), &raw, std::size_t{1},
                 static_cast<const std::uint32_t *>(nullptr), records.size(),
                 static_cast<const std::uint8_t *>(arena.data()), arena.size(),
                 static_cast<const std::uint64_t *>(offsets.data()), &made);
    return Reports(made);
}

/// The promise of the report on a record.
class TransactionTicket : public detail::Owner<::sigwarp_transaction_ticket, ::sigwarp_transaction_ticket_free> {
public:
    /// Owns a handle that a function of sigwarp.h made.
    explicit TransactionTicket(::sigwarp_transaction_ticket raw) noexcept { raw_ = raw; }
    /// Waits for the one report; throws where there is none, or not within the timeout in microseconds.
    Reports wait(std::uint64_t timeout_us = SIGWARP_FOREVER) const {
        ::sigwarp_reports made{0};
        detail::call(::sigwarp_transaction_ticket_wait, raw_, timeout_us, &made);
        return Reports(made);
    }
    /// Whether the record is not judged.
    bool cancel() {
        std::uint8_t cancelled = 0;
        detail::call(::sigwarp_transaction_ticket_cancel, raw_, &cancelled);
        return cancelled == 1;
    }
};

/// sigwarp_transaction_prevalidator_options, with their size.
struct TransactionPrevalidatorOptions : ::sigwarp_transaction_prevalidator_options {
    TransactionPrevalidatorOptions() noexcept : ::sigwarp_transaction_prevalidator_options{} {
        size = sizeof(::sigwarp_transaction_prevalidator_options);
    }
};

/// A queue of transactions in front of an engine; share one.
class TransactionPrevalidator
    : public detail::Owner<::sigwarp_transaction_prevalidator, ::sigwarp_transaction_prevalidator_free> {
public:
    explicit TransactionPrevalidator(
        const Engine &engine, const TransactionPrevalidatorOptions &options = TransactionPrevalidatorOptions()) {
        detail::call(::sigwarp_transaction_prevalidator_start, engine.raw(),
                     static_cast<const ::sigwarp_transaction_prevalidator_options *>(&options), &raw_);
    }
    /// Throws SIGWARP_ERROR_FULL where there is no room within the timeout in microseconds.
    TransactionTicket submit(const TransactionContext &context, Bytes record,
                             std::uint32_t priority = SIGWARP_PRIORITY_MEMPOOL, std::uint64_t timeout_us = 0) const {
        ::sigwarp_transaction_ticket made{0};
        detail::call(::sigwarp_transaction_submit, raw_, context.raw(), record.data(), record.size(), priority,
                     timeout_us, &made);
        return TransactionTicket(made);
    }
    void flush() { detail::call(::sigwarp_transaction_prevalidator_flush, raw_); }
    void close() { detail::call(::sigwarp_transaction_prevalidator_close, raw_); }
};

} // namespace sigwarp

#endif
