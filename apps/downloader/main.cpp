// apps/downloader/main.cpp: downloads files side by side; each has a bar, and what fails does not end the others.
// SPDX-License-Identifier: MIT
#include <fmt/chrono.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <pyasync/pyasync.hpp>

#include "http.hpp"
#include "progress_board.hpp"

namespace uv = pyasync::uv;
using namespace std::chrono_literals;
using std::filesystem::path;

namespace {

using seconds = std::chrono::duration<double>;

struct order {
    std::vector<http::url> urls{};
    path folder = ".";
    std::size_t at_once = 4;
    seconds patience = 10s;  ///< with a server that says nothing
};

/// Behind the name of what is not there in full.
constexpr const char* partial = ".part";

/// Writes down what comes, as `part`; what is complete, is called `whole`.
pyasync::task<> receive(http::response& from, const path& part, const path& whole, seconds patience,
                        progress_board& board, std::size_t which) {
    using uv::open_mode;
    uv::file file = co_await uv::file::open(part, open_mode::write | open_mode::create | open_mode::truncate);
    std::string room(65536, '\0');
    while (const std::size_t size = co_await pyasync::timeout(patience, from.read_some(room))) {
        co_await file.write(std::string_view(room).substr(0, size));
        board.received(which, size);
    }
    co_await file.close();
    co_await uv::rename(part, whole);
}

pyasync::task<> remove_if_there(path file) {
    try {
        co_await uv::unlink(std::move(file));
    } catch (const uv::error&) {
    }
}

/// A file gets its name when all of it is there; until then it has another one, and does not outlive a failure.
pyasync::task<> save(http::url from, path to, seconds patience, progress_board& board, std::size_t which) {
    http::response answer = co_await pyasync::timeout(patience, http::response::get(std::move(from)));
    board.begun(which, answer.length());
    path part = to;
    part += partial;
    co_await pyasync::finally(receive(answer, part, to, patience, board, which),
                              [&part] { return remove_if_there(part); });
}

pyasync::task<> download(http::url from, path to, seconds patience, pyasync::semaphore& places, progress_board& board,
                         std::size_t which) {
    const auto place = co_await places.acquire();
    try {
        co_await save(std::move(from), std::move(to), patience, board, which);
        board.done(which);
    } catch (const pyasync::cancelled&) {
        throw;
    } catch (const pyasync::timed_out&) {
        board.failed(which, fmt::format("the server has said nothing for {}", patience));
    } catch (const std::exception& error) {
        board.failed(which, error.what());
    }
}

/// What to call each, no two the same, nor one as another that is not there in full.
std::vector<std::string> names_of(const std::vector<http::url>& urls) {
    std::vector<std::string> names;
    std::set<std::string> taken;
    const auto is_taken = [&](const std::string& name) {
        return taken.contains(name) || taken.contains(name + partial);
    };
    for (const http::url& each : urls) {
        std::string name = each.file_name();
        for (int number = 2; is_taken(name); ++number) name = fmt::format("{}.{}", each.file_name(), number);
        taken.insert(name);
        taken.insert(name + partial);
        names.push_back(name);
    }
    return names;
}

/// Gives the exit code.
pyasync::task<int> download_all(const order& what) {
    co_await uv::mkdirs(what.folder);
    const std::vector<std::string> names = names_of(what.urls);
    progress_board board(names);
    pyasync::semaphore places(what.at_once);
    co_await pyasync::with_task_group([&](pyasync::task_group& downloads) -> pyasync::task<> {
        for (std::size_t i = 0; i < names.size(); ++i) {
            downloads.spawn(download(what.urls[i], what.folder / names[i], what.patience, places, board, i));
        }
        co_await board.show();
    });
    co_return board.any_failed() ? 1 : 0;
}

pyasync::task<> remove_folder(path folder) {
    auto entries = uv::scandir(folder);
    while (const auto entry = co_await entries.next()) co_await uv::unlink(folder / entry->name());
    co_await uv::rmdir(folder);
}

/// From a server of our own, which is Python's, on the other loop of this process.
pyasync::task<int> download_and_check(const path& folder) {
    const auto urls = co_await pyasync::call<std::vector<std::string>>("file_server:start");
    order what;
    for (const std::string& url : urls) what.urls.emplace_back(url);
    what.folder = folder;
    what.at_once = 3;
    const int code = co_await download_all(what);
    co_await pyasync::call("file_server:check", folder);
    co_await pyasync::call("file_server:stop");
    co_return code;
}

pyasync::task<int> demonstrate() {
    const path folder = co_await uv::mkdtemp(std::filesystem::temp_directory_path() / "downloader-");
    co_return co_await pyasync::finally(download_and_check(folder), [&folder] { return remove_folder(folder); });
}

template <typename Number>
Number positive(const std::string& text) {
    Number number{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || *end != '\0' || !(number > 0)) throw std::invalid_argument("no such number: " + text);
    return number;
}

order order_in(const pyasync::arguments& command_line) {
    order what;
    for (std::size_t i = 1; i < command_line.size(); ++i) {
        const std::string& word = command_line[i];
        if (!word.starts_with('-')) {
            what.urls.emplace_back(word);
            continue;
        }
        if (++i == command_line.size()) throw std::invalid_argument(word + " of what?");
        if (word == "-o") {
            what.folder = command_line[i];
        } else if (word == "-n") {
            what.at_once = positive<std::size_t>(command_line[i]);
        } else if (word == "-t") {
            what.patience = seconds(positive<double>(command_line[i]));
        } else {
            throw std::invalid_argument("no such option: " + word);
        }
    }
    return what;
}

pyasync::task<int> run(pyasync::arguments command_line) {
    if (command_line.size() < 2) co_return co_await demonstrate();
    order what;
    try {
        what = order_in(command_line);
    } catch (const std::invalid_argument& error) {
        fmt::print(stderr, "{}\nusage: downloader [-o FOLDER] [-n AT_ONCE] [-t SECONDS] http://HOST[:PORT]/PATH...\n",
                   error.what());
        co_return 2;
    }
    co_return co_await download_all(what);
}

}  // namespace

PYASYNC_MAIN(run)
