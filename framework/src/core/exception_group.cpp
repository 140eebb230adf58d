// framework/src/core/exception_group.cpp: what several exceptions say together.
// SPDX-License-Identifier: MIT
#include <pyasync/core/exception_group.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace pyasync {
namespace {

std::string message_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& known) {
        return known.what();
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

std::string report_of(const std::vector<std::exception_ptr>& errors) {
    std::string report = std::to_string(errors.size()) + " tasks have failed:";
    for (const std::exception_ptr& error : errors) report += "\n" + message_of(error);
    return report;
}

}  // namespace

struct exception_group::content {
    std::vector<std::exception_ptr> errors;
    std::vector<detail::exception_trail> trails;
    std::string report = report_of(errors);
};

exception_group::exception_group(std::vector<std::exception_ptr> errors, std::vector<detail::exception_trail> trails) {
    if (errors.empty()) throw std::invalid_argument("pyasync: an exception_group needs an exception");
    content_ = std::make_shared<const content>(content{std::move(errors), std::move(trails)});
}

const std::vector<std::exception_ptr>& exception_group::errors() const noexcept { return content_->errors; }

const char* exception_group::what() const noexcept { return content_->report.c_str(); }

const detail::exception_trail* exception_group::trail_of(const std::exception_ptr& error) const noexcept {
    const auto found = std::ranges::find(content_->trails, error, &detail::exception_trail::subject);
    return found == content_->trails.end() ? nullptr : &*found;
}

}  // namespace pyasync
