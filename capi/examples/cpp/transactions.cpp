// Judges transactions of Ethereum: in one batch, and one by one through a pre-validator.
//
//   c++ -std=c++17 transactions.cpp $(pkg-config --cflags --libs sigwarp_c)
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include <sigwarp.hpp>

namespace {

using Record = std::vector<std::uint8_t>;

Record unhex(const std::string &text) {
    Record bytes;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
        bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

std::string hex(const std::uint8_t *bytes, std::size_t length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(bytes[i]));
        text += digits;
    }
    return text;
}

// The transaction that EIP-155 shows, and its sender.
const char *const EXAMPLE = "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080"
                            "25a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"
                            "a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83";
const char *const SENDER = "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f";

int run() {
    const sigwarp::Engine engine;
    const sigwarp::TransactionContext context("ethereum", {"chain_id=1", "fork=prague"});
    const Record whole = unhex(EXAMPLE);
    const Record cut(whole.begin(), whole.end() - 1);

    const sigwarp::Reports reports = sigwarp::verify(engine, context, {whole, cut});
    const sigwarp::Report good = reports.at(0), bad = reports.at(1);
    std::printf("transaction 0: sender %s\n", hex(good.sender, good.sender_length).c_str());
    std::printf("transaction 1 is invalid: %s at byte %lld\n", bad.reason, static_cast<long long>(bad.at));
    if (reports.size() != 2 || !good.valid() || hex(good.sender, good.sender_length) != SENDER || bad.valid() ||
        bad.verdict != SIGWARP_VERDICT_INVALID || std::string(bad.reason) != "Truncated") {
        return 1;
    }
    const auto signatures = reports.signatures(0);
    if (signatures.size() != 1 || std::string(signatures[0].role) != "tx" || signatures[0].key_length != 65 ||
        reports.transactions(0).size() != 0) {
        return 1;
    }

    const sigwarp::TransactionPrevalidator pre(engine);
    const sigwarp::TransactionTicket first = pre.submit(context, whole), second = pre.submit(context, cut);
    if (first.wait().json(0) != reports.json(0) || second.wait().json(0) != reports.json(1)) {
        return 1;
    }

    // What is missing is named.
    try {
        const sigwarp::TransactionContext nothing("ethereum");
        return 1;
    } catch (const sigwarp::Error &error) {
        std::printf("without a chain: %s\n", error.what());
        return error.code() == SIGWARP_ERROR_ARGUMENT ? 0 : 1;
    }
}

} // namespace

int main() {
    try {
        return run();
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
