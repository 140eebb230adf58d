// framework/src/core/task_tree.cpp: walking the tree, and its lines.
// SPDX-License-Identifier: MIT
#include <pyasync/core/task_tree.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace pyasync::detail {
namespace {

constexpr std::size_t indentation = 2;
/// Further in, lines are not indented any more, but numbered: so a nest ten thousand deep is no square of that.
constexpr std::size_t most_levels = 40;

std::string first_line(const task_node& task) {
    std::string line = task.name;
    if (!task.home.empty()) line += " [" + task.home + "]";
    if (!task.state.empty()) line += " " + task.state;
    if (!task.places.empty()) line += ", at " + task.places.front();
    return line;
}

class printer {
public:
    explicit printer(const std::vector<task_node>& tasks) : tasks_(tasks), printed_(tasks.size()) {
        for (std::size_t i = 0; i < tasks.size(); ++i) {
            for (const report_id& id : tasks[i].known_as) numbers_.emplace(id, i);
        }
    }

    [[nodiscard]] std::string print() {
        std::vector<bool> is_awaited(tasks_.size());
        for (std::size_t i = 0; i < tasks_.size(); ++i) {
            for (const task_node::edge& each : tasks_[i].awaits) {
                if (const auto found = numbers_.find(each.id); found != numbers_.end() && found->second != i)
                    is_awaited[found->second] = true;
            }
        }
        for (std::size_t i = 0; i < tasks_.size(); ++i) {
            if (!is_awaited[i]) print_from(i);
        }
        for (std::size_t i = 0; i < tasks_.size(); ++i) {
            if (!printed_[i]) print_from(i);
        }
        return std::move(text_);
    }

private:
    /// A task whose line is printed, and how many of those that it waits for are.
    struct step {
        std::size_t task;
        std::size_t awaits = 0;
    };

    void print_from(std::size_t outermost) {
        std::vector<step> path;
        print_task(outermost, 0);
        path.push_back({outermost});
        while (!path.empty()) {
            step& last = path.back();
            const task_node& task = tasks_[last.task];
            if (last.awaits == task.awaits.size()) {
                path.pop_back();
                continue;
            }
            const task_node::edge& next = task.awaits[last.awaits++];
            const std::size_t level = path.size();
            const auto found = numbers_.find(next.id);
            if (found == numbers_.end()) {
                if (!next.otherwise.empty()) line(level, next.otherwise);
            } else if (printed_[found->second]) {
                const auto is_it = [&](const step& one) { return one.task == found->second; };
                const bool is_cycle = std::ranges::any_of(path, is_it);
                line(level, first_line(tasks_[found->second]) +
                                (is_cycle ? ": see above, they wait for each other" : ": see above"));
            } else {
                print_task(found->second, level);
                path.push_back({found->second});
            }
        }
    }

    void print_task(std::size_t number, std::size_t level) {
        const task_node& task = tasks_[number];
        printed_[number] = true;
        line(level, first_line(task));
        for (std::size_t i = 1; i < task.places.size(); ++i) {
            below(level, std::string(task.further_out) + " " + task.places[i]);
        }
        if (task.places_left_out != 0) {
            below(level, std::string(task.further_out) + " " + std::to_string(task.places_left_out) + " places more");
        }
        if (level == 0 && !task.started.empty()) below(level, "started at " + task.started);
    }

    void line(std::size_t level, const std::string& content) {
        text_.append(indentation * std::min(level, most_levels), ' ');
        text_ += "* ";
        if (level > most_levels) text_ += "(" + std::to_string(level) + ") ";
        text_ += content;
        text_ += '\n';
    }
    void below(std::size_t level, const std::string& content) {
        text_.append(indentation * (std::min(level, most_levels) + 2), ' ');
        text_ += content;
        text_ += '\n';
    }

    const std::vector<task_node>& tasks_;
    std::map<report_id, std::size_t> numbers_;
    std::vector<bool> printed_;
    std::string text_;
};

}  // namespace

std::string tree_of(const std::vector<task_node>& tasks) { return printer(tasks).print(); }

}  // namespace pyasync::detail
