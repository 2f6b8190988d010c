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

} // namespace sigwarp

#endif
