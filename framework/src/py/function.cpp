// framework/src/py/function.cpp: the Python type of C++ functions.
// SPDX-License-Identifier: MIT
#include <pyasync/py/function.hpp>

#include <cstddef>

#include <pyasync/py/into_python.hpp>
#include <pyasync/py/let_go.hpp>

namespace pyasync::py::detail {
namespace {

struct function_object {
    PyObject_HEAD vectorcallfunc vectorcall;
    function_body* body;
    PyObject* name;
    PyObject* qualified_name;
    PyObject* module;
    PyObject* doc;
    PyObject* dict;
    PyObject* weak_references;
    bool coroutine;
};

function_object& as_function(PyObject* self) noexcept { return *reinterpret_cast<function_object*>(self); }

PyObject* call_function(PyObject* self, PyObject* const* values, std::size_t flagged, PyObject* keywords) noexcept {
    const python py = token_maker::make();
    try {
        function_body& body = *as_function(self).body;
        const auto given = static_cast<std::size_t>(PyVectorcall_NARGS(flagged));
        return into_python([&] {  // it may give up the GIL by itself
            if (keywords == nullptr && given == body.parameters().size())
                return body.call(py, {values, given}).release();
            const auto arranged = body.parameters().arrange(py, body.name(), values, given, keywords);
            return body.call(py, arranged).release();
        });
    } catch (...) {
        set_raised_from(py, std::current_exception());
        return nullptr;
    }
}

/// What inspect.signature() returns.
bound make_signature(python py, const function_body& body) {
    const bound inspect = py.import("inspect");
    const bound kinds = inspect.attr("Parameter");
    const bound kind = kinds.attr(body.parameters().named() ? "POSITIONAL_OR_KEYWORD" : "POSITIONAL_ONLY");
    const std::vector<std::string> annotations = body.annotations();
    const auto annotation = [&](const std::string& text) {
        return text.empty() ? kinds.attr("empty") : py.value(text);
    };
    const bound parameters = bound::steal(py, PyList_New(0));
    for (std::size_t i = 0; i < body.parameters().size(); ++i) {
        const std::string name = body.parameters().named() ? body.parameters().name(i) : "arg" + std::to_string(i + 1);
        PyObject* const otherwise = body.parameters().default_value(i);
        const bound parameter =
            kinds(name, kind, kw("default") = otherwise == nullptr ? kinds.attr("empty") : bound::borrow(py, otherwise),
                  kw("annotation") = annotation(annotations[i]));
        raise_if_negative(py, PyList_Append(parameters.ptr(), parameter.ptr()));
    }
    return inspect.attr("Signature")(parameters, kw("return_annotation") = annotation(annotations.back()));
}

PyObject* function_signature(PyObject* self, void*) noexcept {
    const python py = token_maker::make();
    try {
        return make_signature(py, *as_function(self).body).release();
    } catch (...) {
        set_raised_from(py, std::current_exception());
        return nullptr;
    }
}

/// A mark by which Python knows a function for one that makes coroutines; `find(py)` looks it up.
template <typename Find>
PyObject* coroutine_mark(PyObject* self, const char* name, Find&& find) noexcept {
    const python py = token_maker::make();
    try {
        if (as_function(self).coroutine) return find(py).release();
        raise(py, PyExc_AttributeError, name);
    } catch (const python_error& error) {
        return raise_object(error.value().ptr());
    }
}
PyObject* mark_of_asyncio(PyObject* self, void*) noexcept {
    return coroutine_mark(self, "_is_coroutine",
                          [](python py) { return py.import("asyncio.coroutines").attr("_is_coroutine"); });
}
/// What inspect.markcoroutinefunction() sets, from Python 3.12 on.
PyObject* mark_of_inspect(PyObject* self, void*) noexcept {
    return coroutine_mark(self, "_is_coroutine_marker", [](python py) {
        const bound marked = py.import("types").attr("SimpleNamespace")();
        py.import("inspect").call_method("markcoroutinefunction", marked);
        return marked.attr("_is_coroutine_marker");
    });
}

/// Bound to an instance where it is an attribute of its class.
PyObject* function_get(PyObject* self, PyObject* instance, PyObject*) noexcept {
    return instance == nullptr || instance == Py_None ? Py_NewRef(self) : PyMethod_New(self, instance);
}

/// The two names; `closure` is the offset of the one.
PyObject*& name_at(PyObject* self, void* closure) noexcept {
    return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(self) + reinterpret_cast<std::ptrdiff_t>(closure));
}
PyObject* get_name(PyObject* self, void* closure) noexcept { return Py_NewRef(name_at(self, closure)); }
int set_name(PyObject* self, PyObject* value, void* closure) noexcept {
    if (value == nullptr || !PyUnicode_Check(value)) {
        PyErr_SetString(PyExc_TypeError, "the name of a function must be set to a string object");
        return -1;
    }
    detail::replace(name_at(self, closure), Py_NewRef(value));
    return 0;
}

/// Pickled by its name.
PyObject* function_reduce(PyObject* self, PyObject*) noexcept { return Py_NewRef(as_function(self).qualified_name); }

PyObject* function_repr(PyObject* self) noexcept {
    return PyUnicode_FromFormat(as_function(self).coroutine ? "<C++ async function %U>" : "<C++ function %U>",
                                as_function(self).qualified_name);
}

int function_traverse(PyObject* self, visitproc visit, void* arg) noexcept {
    Py_VISIT(as_function(self).module);
    Py_VISIT(as_function(self).doc);
    Py_VISIT(as_function(self).dict);
    return 0;
}

int function_clear(PyObject* self) noexcept {
    detail::clear(as_function(self).module);
    detail::clear(as_function(self).doc);
    detail::clear(as_function(self).dict);
    return 0;
}

void function_dealloc(PyObject* self) noexcept {
    function_object& me = as_function(self);
    PyObject_GC_UnTrack(self);
    if (me.weak_references != nullptr) PyObject_ClearWeakRefs(self);
    function_clear(self);
    delete me.body;
    detail::clear(me.name);
    detail::clear(me.qualified_name);
    Py_TYPE(self)->tp_free(self);
}

/// Not a heap type: those have one `__module__` for all their objects.
PyTypeObject* make_type(python py) {
    static PyMethodDef methods[] = {{"__reduce__", &function_reduce, METH_NOARGS, nullptr},
                                    {nullptr, nullptr, 0, nullptr}};
    static PyMemberDef members[] = {{"__module__", T_OBJECT, offsetof(function_object, module), 0, nullptr},
                                    {"__doc__", T_OBJECT, offsetof(function_object, doc), 0, nullptr},
                                    {nullptr, 0, 0, 0, nullptr}};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the setters' one argument is a pointer
    const auto at = [](std::size_t offset) { return reinterpret_cast<void*>(offset); };
    static PyGetSetDef attributes[] = {
        {"__name__", &get_name, &set_name, nullptr, at(offsetof(function_object, name))},
        {"__qualname__", &get_name, &set_name, nullptr, at(offsetof(function_object, qualified_name))},
        {"__dict__", &PyObject_GenericGetDict, &PyObject_GenericSetDict, nullptr, nullptr},
        {"__signature__", &function_signature, nullptr, nullptr, nullptr},
        {"_is_coroutine", &mark_of_asyncio, nullptr, nullptr, nullptr},
        {"_is_coroutine_marker", &mark_of_inspect, nullptr, nullptr, nullptr},
        {nullptr, nullptr, nullptr, nullptr, nullptr}};
    static PyTypeObject type{};
    Py_SET_REFCNT(reinterpret_cast<PyObject*>(&type), 1);
    type.tp_name = "pyasync.function";
    type.tp_basicsize = sizeof(function_object);
    type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL |
                    Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_DISALLOW_INSTANTIATION;
    type.tp_vectorcall_offset = offsetof(function_object, vectorcall);
    type.tp_dictoffset = offsetof(function_object, dict);
    type.tp_weaklistoffset = offsetof(function_object, weak_references);
    type.tp_call = &PyVectorcall_Call;
    type.tp_descr_get = &function_get;
    type.tp_repr = &function_repr;
    type.tp_traverse = &function_traverse;
    type.tp_clear = &function_clear;
    type.tp_dealloc = &function_dealloc;
    type.tp_methods = methods;
    type.tp_members = members;
    type.tp_getset = attributes;
    raise_if_negative(py, PyType_Ready(&type));
    return &type;
}

}  // namespace

bound make_function(python py, std::unique_ptr<function_body> body, const function_traits& traits) {
    static PyTypeObject* const type = make_type(py);
    bound made = bound::steal(py, PyType_GenericAlloc(type, 0));
    function_object& content = as_function(made.ptr());
    content.name = py.value(body->name()).release();
    content.qualified_name = Py_NewRef(content.name);
    content.doc = *traits.doc == '\0' ? Py_NewRef(Py_None) : py.value(traits.doc).release();
    content.coroutine = traits.coroutine;
    content.body = body.release();
    content.vectorcall = &call_function;
    return made;
}

}  // namespace pyasync::py::detail
