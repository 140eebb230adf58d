// framework/include/pyasync/py/convert_containers.hpp: the standard library's containers between C++ and Python.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <pyasync/py/convert.hpp>

namespace pyasync::py {

namespace detail {

/// An iterable that holds values rather than characters or keys: no str, no bytes, no mapping.
void require_items(const bound& source, const char* what);

/// As many items as `count`, else a ValueError.
[[nodiscard]] std::vector<bound> exactly(const bound& source, std::size_t count, const char* what);

template <typename T>
[[nodiscard]] T item_to(const bound& item, std::size_t index) {
    return with_subject(item.py(), [index] { return "item " + std::to_string(index); }, [&] { return item.to<T>(); });
}

/// The types of a container's items, for its annotation.
template <typename... Ts>
[[nodiscard]] std::string annotations_of(const std::string& separator = ", ") {
    std::string joined;
    for (const std::string& each : {annotation_of<Ts>()...}) {
        joined += (joined.empty() ? "" : separator) + (each.empty() ? "Any" : each);
    }
    return joined;
}

template <typename Range>
[[nodiscard]] bound list_of(python py, const Range& range) {
    bound list = bound::steal(py, PyList_New(static_cast<Py_ssize_t>(range.size())));
    Py_ssize_t index = 0;
    for (const auto& item : range) PyList_SET_ITEM(list.ptr(), index++, py.value(item).release());
    return list;
}

/// A std::map or std::unordered_map: a dict, in its order.
template <typename Map>
struct map_converter {
    static std::string annotation() {
        return "dict[" + annotations_of<typename Map::key_type, typename Map::mapped_type>() + "]";
    }
    static bound to_python(python py, const Map& value) {
        bound dict = bound::steal(py, PyDict_New());
        for (const auto& [key, item] : value) {
            raise_if_negative(py, PyDict_SetItem(dict.ptr(), py.value(key).ptr(), py.value(item).ptr()));
        }
        return dict;
    }
    static Map from_python(const bound& source) {
        if (!PyMapping_Check(source.ptr()) || !source.has_attr("items")) expected("dict", source);
        Map map;
        for (const bound& pair : source.call_method("items")) {
            const bound key = pair[0];
            map.insert_or_assign(
                with_subject(
                    source.py(), [] { return std::string("key"); }, [&] { return key.to<typename Map::key_type>(); }),
                with_subject(
                    source.py(), [&] { return "value of " + key.repr(); },
                    [&] { return pair[1].template to<typename Map::mapped_type>(); }));
        }
        return map;
    }
};

}  // namespace detail

template <typename T>
struct converter<std::optional<T>> {
    static std::string annotation() { return detail::annotations_of<T>() + " | None"; }
    static bound to_python(python py, const std::optional<T>& value) { return value ? py.value(*value) : py.none(); }
    static std::optional<T> from_python(const bound& source) {
        if (source.is_none()) return std::nullopt;
        return source.to<T>();
    }
};

/// The first alternative that fits.
template <typename... Ts>
struct converter<std::variant<Ts...>> {
    static std::string annotation() { return detail::annotations_of<Ts...>(" | "); }
    static bound to_python(python py, const std::variant<Ts...>& value) {
        return std::visit([py](const auto& held) { return py.value(held); }, value);
    }
    static std::variant<Ts...> from_python(const bound& source) { return first_of<Ts...>(source); }

private:
    template <typename Head, typename... Tail>
    static std::variant<Ts...> first_of(const bound& source) {
        if constexpr (sizeof...(Tail) == 0) {
            return source.to<Head>();
        } else {
            try {
                return source.to<Head>();
            } catch (const python_error& error) {
                if (!error.matches("Exception")) throw;  // a KeyboardInterrupt says nothing of the type
                return first_of<Tail...>(source);
            }
        }
    }
};

template <>
struct converter<std::nullopt_t> {
    static bound to_python(python py, std::nullopt_t) { return py.none(); }
};

template <>
struct converter<std::monostate> {
    static std::string annotation() { return "None"; }
    static bound to_python(python py, std::monostate) { return py.none(); }
    static std::monostate from_python(const bound& source) {
        if (!source.is_none()) detail::expected("None", source);
        return {};
    }
};

template <typename... Ts>
struct converter<std::tuple<Ts...>> {
    static std::string annotation() {
        if constexpr (sizeof...(Ts) == 0) {
            return "tuple[()]";
        } else {
            return "tuple[" + detail::annotations_of<Ts...>() + "]";
        }
    }
    static bound to_python(python py, const std::tuple<Ts...>& value) {
        bound tuple = bound::steal(py, PyTuple_New(sizeof...(Ts)));
        Py_ssize_t index = 0;
        std::apply(
            [&](const auto&... item) { (PyTuple_SET_ITEM(tuple.ptr(), index++, py.value(item).release()), ...); },
            value);
        return tuple;
    }
    static std::tuple<Ts...> from_python(const bound& source) {
        const std::vector<bound> items = detail::exactly(source, sizeof...(Ts), "tuple");
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::tuple<Ts...>{detail::item_to<Ts>(items[I], I)...};
        }(std::index_sequence_for<Ts...>{});
    }
};

template <typename A, typename B>
struct converter<std::pair<A, B>> {
    static std::string annotation() { return "tuple[" + detail::annotations_of<A, B>() + "]"; }
    static bound to_python(python py, const std::pair<A, B>& value) {
        return bound::steal(py, PyTuple_Pack(2, py.value(value.first).ptr(), py.value(value.second).ptr()));
    }
    static std::pair<A, B> from_python(const bound& source) {
        const std::vector<bound> items = detail::exactly(source, 2, "pair");
        return {detail::item_to<A>(items[0], 0), detail::item_to<B>(items[1], 1)};
    }
};

template <typename T>
struct converter<std::vector<T>> {
    static std::string annotation() { return "list[" + detail::annotations_of<T>() + "]"; }
    static bound to_python(python py, const std::vector<T>& value) { return detail::list_of(py, value); }
    static std::vector<T> from_python(const bound& source) {
        detail::require_items(source, "list");
        std::vector<T> items;
        for (const bound& item : source) items.push_back(detail::item_to<T>(item, items.size()));
        return items;
    }
};

template <typename T, std::size_t Count>
struct converter<std::array<T, Count>> {
    static std::string annotation() { return "list[" + detail::annotations_of<T>() + "]"; }
    static bound to_python(python py, const std::array<T, Count>& value) { return detail::list_of(py, value); }
    static std::array<T, Count> from_python(const bound& source) {
        const std::vector<bound> items = detail::exactly(source, Count, "list");
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::array<T, Count>{detail::item_to<T>(items[I], I)...};
        }(std::make_index_sequence<Count>{});
    }
};

template <typename Key, typename T>
struct converter<std::map<Key, T>> : detail::map_converter<std::map<Key, T>> {};
template <typename Key, typename T>
struct converter<std::unordered_map<Key, T>> : detail::map_converter<std::unordered_map<Key, T>> {};

template <typename T>
struct converter<std::set<T>> {
    static std::string annotation() { return "set[" + detail::annotations_of<T>() + "]"; }
    static bound to_python(python py, const std::set<T>& value) {
        bound set = bound::steal(py, PySet_New(nullptr));
        for (const T& item : value) detail::raise_if_negative(py, PySet_Add(set.ptr(), py.value(item).ptr()));
        return set;
    }
    static std::set<T> from_python(const bound& source) {
        if (!PyAnySet_Check(source.ptr())) detail::expected("set", source);
        std::set<T> items;
        for (const bound& item : source) items.insert(item.to<T>());
        return items;
    }
};

}  // namespace pyasync::py
