// Verifies a batch with one bad item and says which it is and why, through sigwarp.hpp.
//
//   c++ -std=c++17 batch.cpp $(pkg-config --cflags --libs sigwarp_c) -o batch && ./batch
#include <cstdio>
#include <iostream>
#include <thread>

#include <sigwarp.hpp>

// RFC 8032, section 7.1, tests 1 to 3.
struct Vector {
    const char *key, *message, *signature;
};
static const Vector VECTORS[] = {
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

static std::vector<std::uint8_t> unhex(const std::string &hex) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

int main() try {
    constexpr std::size_t items = 30, bad = 17;
    sigwarp::Engine engine;
    sigwarp::Suite suite("ed25519", "strict");
    std::cout << suite.name() << " on " << engine.explain() << '\n';

    sigwarp::Batch batch;
    for (std::size_t i = 0; i < items; i++) {
        const Vector &vector = VECTORS[i % 3];
        auto signature = unhex(vector.signature);
        if (i == bad) {
            signature[63] |= 0xe0; // S is not below the group order
        }
        batch.push(suite, unhex(vector.key), unhex(vector.message), signature);
    }

    // Two threads with one engine and one batch.
    std::vector<sigwarp::Status> statuses, again;
    std::thread other([&] { again = batch.verify(engine); });
    statuses = batch.verify(engine);
    other.join();

    std::size_t valid = 0;
    for (std::size_t i = 0; i < items; i++) {
        if (statuses[i].code() != again[i].code()) {
            return 1;
        }
        valid += statuses[i].valid();
        if (!statuses[i].valid()) {
            std::cout << "item " << i << " is invalid: " << statuses[i].name() << '\n';
        }
    }
    std::cout << valid << " of " << items << " valid\n";

    // Errors are exceptions, and owners move.
    sigwarp::Engine moved = std::move(engine);
    try {
        batch.verify(engine);
        return 1;
    } catch (const sigwarp::Error &error) {
        std::cout << "moved from: " << error.what() << '\n';
        if (error.code() != SIGWARP_ERROR_HANDLE) {
            return 1;
        }
    }
    const bool one = sigwarp::verify(moved, suite, unhex(VECTORS[1].key), std::string("r"), unhex(VECTORS[1].signature)).valid();
    return one && valid == items - 1 && statuses[bad].code() == SIGWARP_STATUS_SCALAR_OUT_OF_RANGE ? 0 : 1;
} catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return 3;
}
