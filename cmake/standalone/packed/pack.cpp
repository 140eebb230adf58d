// cmake/standalone/packed/pack.cpp: `pack LAUNCHER PROGRAM` puts the program, compressed, behind the launcher, in the program's place.
// SPDX-License-Identifier: MIT
#include <zstd.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "trailer.hpp"

namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error(path.string() + " cannot be read");
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string compressed(const std::string& whole) {
    constexpr int best = 19;
    constexpr int window = 25;  // as large as the programs are, so that all of one is looked at
    std::string result(ZSTD_compressBound(whole.size()), '\0');
    ZSTD_CCtx* const context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, best);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    const std::size_t size = ZSTD_compress2(context, result.data(), result.size(), whole.data(), whole.size());
    ZSTD_freeCCtx(context);
    if (ZSTD_isError(size) != 0U) throw std::runtime_error(ZSTD_getErrorName(size));
    result.resize(size);
    return result;
}

void pack(const fs::path& launcher, const fs::path& program) {
    const std::string whole = content_of(program);
    if (trailer_of(whole.data(), whole.size()) != nullptr) return;  // it is packed already
    const std::string inside = compressed(whole);
    // Padded, so that the launcher can read the trailer in place.
    const std::string launching = content_of(launcher);
    const std::size_t padding = -(launching.size() + inside.size()) % alignof(trailer);
    trailer end{inside.size(), whole.size(), {}};
    std::memcpy(end.mark.data(), trailer::magic.data(), trailer::magic.size());

    const fs::path made = program.string() + ".packed";
    std::ofstream to(made, std::ios::binary);
    to << launching << std::string(padding, '\0') << inside;
    to.write(reinterpret_cast<const char*>(&end), sizeof end);
    to.close();
    if (!to) throw std::runtime_error(made.string() + " cannot be written");
    fs::permissions(made, fs::status(program).permissions());
    fs::rename(made, program);
}

}  // namespace

int main(int count, char** arguments) try {
    if (count != 3) throw std::runtime_error("usage: pack LAUNCHER PROGRAM");
    pack(arguments[1], arguments[2]);
    return EXIT_SUCCESS;
} catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
}
