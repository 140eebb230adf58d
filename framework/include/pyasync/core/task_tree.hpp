// framework/include/pyasync/core/task_tree.hpp: the tree of who waits for whom, as text.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <pyasync/core/task_report.hpp>

namespace pyasync::detail {

/// A task of whatever language, as `tree_of` prints it.
struct task_node {
    /// Who it waits for.
    struct edge {
        report_id id;
        std::string otherwise;  ///< what is printed where nobody is known by that; empty for no line
    };

    std::vector<report_id> known_as;
    std::string name;                        ///< with its kind
    std::string home;                        ///< its loop; empty where it has none
    std::string state;                       ///< what it does, or waits for
    std::vector<std::string> places;         ///< that it stands at, innermost first
    std::size_t places_left_out = 0;         ///< after these
    const char* further_out = "awaited at";  ///< what is said before all of them but the first
    std::string started;                     ///< where; empty where that is not known
    std::vector<edge> awaits;
};

/// The tree: tasks below those that wait for them, a line each, as `dump_tasks` describes it. Those that nobody waits for
/// come first, in their order, then those that wait for one another. Takes no more stack for a deep tree.
[[nodiscard]] std::string tree_of(const std::vector<task_node>& tasks);

}  // namespace pyasync::detail
