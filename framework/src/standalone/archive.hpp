// framework/src/standalone/archive.hpp: the modules and files that an executable has in it, read in place.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pyasync::detail {

/// What cmake/standalone/archive.py writes, whose docstring has the layout; it lies in the executable's read-only memory,
/// aligned by 16 bytes. Nothing is copied or checked: the linker has put there what was written. Any thread.
class archive {
public:
    enum class kind : std::uint32_t {
        module,
        package,
        extension,
        extension_package,
        namespace_package,
        built_in,
        library,
        unusable,
        frozen  ///< its code is CPython's own
    };

    struct module {
        std::string_view name;
        std::string_view code;  ///< marshalled; empty where there is none
        std::string_view source;
        std::string_view data;  ///< a shared library
        std::string_view file;  ///< its path below the executable
        std::string_view
            needs;  ///< names of libraries, a line each, in the order to load them; or why it cannot be used
        archive::kind kind;
        bool has_packed_source;  ///< by zlib
        bool is_packed;          ///< code and data are
    };
    struct file {
        std::string_view name;
        std::string_view data;
    };

    explicit archive(const unsigned char* begin) noexcept : begin_(reinterpret_cast<const char*>(begin)) {}

    [[nodiscard]] std::size_t modules() const noexcept { return number(modules_at); }
    [[nodiscard]] std::size_t files() const noexcept { return number(files_at); }
    /// In the order of their names, byte by byte.
    [[nodiscard]] module module_at(std::size_t index) const noexcept;
    [[nodiscard]] file file_at(std::size_t index) const noexcept;

    [[nodiscard]] std::optional<module> find_module(std::string_view name) const noexcept;
    [[nodiscard]] std::optional<file> find_file(std::string_view name) const noexcept;
    /// The first one whose name is not less; their number where there is none.
    [[nodiscard]] std::size_t first_module(std::string_view name) const noexcept;
    [[nodiscard]] std::size_t first_file(std::string_view name) const noexcept;

private:
    static constexpr std::size_t modules_at = 12;
    static constexpr std::size_t files_at = 16;
    static constexpr std::size_t header_size = 24;
    static constexpr std::size_t module_size = 56;
    static constexpr std::size_t file_size = 16;

    [[nodiscard]] std::uint32_t number(std::size_t at) const noexcept;
    [[nodiscard]] std::string_view text(std::size_t at) const noexcept;
    [[nodiscard]] std::size_t place_of_module(std::size_t index) const noexcept {
        return header_size + index * module_size;
    }
    [[nodiscard]] std::size_t place_of_file(std::size_t index) const noexcept {
        return header_size + modules() * module_size + index * file_size;
    }

    const char* begin_;
};

}  // namespace pyasync::detail
