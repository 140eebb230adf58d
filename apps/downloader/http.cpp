// apps/downloader/http.cpp: a request, and the head of the answer.
// SPDX-License-Identifier: MIT
#include "http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <stdexcept>

namespace uv = pyasync::uv;

namespace http {
namespace {

constexpr std::string_view scheme = "http://";
constexpr int most_headers = 100;

/// A number that is all of the text.
template <typename Number>
std::optional<Number> number_in(std::string_view text) {
    Number number{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

bool is_visible(char letter) { return letter > ' ' && letter < '\x7f'; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && !is_visible(text.front())) text.remove_prefix(1);
    while (!text.empty() && !is_visible(text.back())) text.remove_suffix(1);
    return text;
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](unsigned char letter) { return std::tolower(letter); });
    return lower;
}

pyasync::task<std::string> read_line(uv::tcp& connection) {
    auto line = co_await connection.read_until("\n");
    if (!line || !line->ends_with('\n')) throw std::runtime_error("the server has hung up instead of answering");
    co_return std::string(trimmed(*line));
}

/// `HTTP/1.1 200 OK`; anything else is not what has been asked for.
void require_ok(std::string_view status_line) {
    if (!status_line.starts_with("HTTP/1.")) throw std::runtime_error("the server does not speak HTTP/1.1");
    const std::string_view status = trimmed(status_line.substr(std::min(status_line.find(' '), status_line.size())));
    if (!status.starts_with("200")) throw std::runtime_error(fmt::format("the server says {}", status));
}

}  // namespace

url::url(std::string_view text) {
    const auto refuse = [whole = text] { throw std::invalid_argument(fmt::format("not http://host/path: {}", whole)); };
    if (!text.starts_with(scheme) || !std::ranges::all_of(text, is_visible)) refuse();
    text.remove_prefix(scheme.size());
    text = text.substr(0, text.find('#'));

    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    std::string_view place = text.substr(0, end);
    path_ = text.substr(end);
    if (!path_.starts_with('/')) path_.insert(0, "/");

    // The colons of an IPv6 address are in brackets.
    const std::size_t colon = place.rfind(':');
    if (colon != std::string_view::npos && place.find(']', colon) == std::string_view::npos) {
        const auto port = number_in<std::uint16_t>(place.substr(colon + 1));
        if (!port) refuse();
        port_ = *port;
        place = place.substr(0, colon);
    }
    if (place.starts_with('[') && place.ends_with(']')) place = place.substr(1, place.size() - 2);
    if (place.empty() || place.find('@') != std::string_view::npos) refuse();
    host_ = place;
}

std::string url::authority() const {
    const bool is_ipv6 = host_.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", is_ipv6 ? "[" : "", host_, is_ipv6 ? "]" : "", port_);
}

std::string url::file_name() const {
    const std::string path = path_.substr(0, path_.find('?'));
    std::string name = path.substr(path.rfind('/') + 1);
    return name.empty() || name == "." || name == ".." ? "index.html" : name;
}

pyasync::task<response> response::get(url from) {
    uv::tcp connection = co_await uv::tcp::connect(from.host(), from.port());
    co_await connection.write("GET ", from.path(), " HTTP/1.1\r\nHost: ", from.authority(),
                              "\r\nUser-Agent: downloader\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n");

    require_ok(co_await read_line(connection));
    std::optional<std::uint64_t> length;
    for (int headers = 0;; ++headers) {
        const std::string line = co_await read_line(connection);
        if (line.empty()) break;
        if (headers == most_headers) throw std::runtime_error("the server's answer has too many headers");
        const std::size_t colon = std::min(line.find(':'), line.size() - 1);
        const std::string name = lower_case(line.substr(0, colon));
        const std::string_view value = trimmed(std::string_view(line).substr(colon + 1));
        if (name == "content-length" && !(length = number_in<std::uint64_t>(value))) {
            throw std::runtime_error(fmt::format("the server gives a length of \"{}\"", value));
        }
        if (name == "transfer-encoding") throw std::runtime_error(fmt::format("the server sends it {}", value));
    }
    co_return response(std::move(connection), length);
}

pyasync::task<std::size_t> response::read_some(uv::mutable_buffer room) {
    if (length_) {
        room = uv::mutable_buffer(room.data(), std::min<std::uint64_t>(room.size(), *length_ - come_));
        if (room.size() == 0) co_return 0;
    }
    const std::size_t size = co_await connection_.read_some(room);
    come_ += size;
    if (size == 0 && length_) {
        throw std::runtime_error(fmt::format("the server has hung up after {} of {} bytes", come_, *length_));
    }
    co_return size;
}

}  // namespace http
