// tests/bench/peers/rust/src/side.rs: the Python side as Rust sees it: scenario.py and asyncio, looked up once.
// SPDX-License-Identifier: MIT

use std::future::Future;
use std::sync::OnceLock;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pyo3::call::PyCallArgs;
use pyo3::prelude::*;
use pyo3_async_runtimes::TaskLocals;
use pyo3_async_runtimes::tokio::get_current_locals;

/// What the benches need of Python. Never dropped, so that a task may hold it without the GIL.
pub struct Side {
    /// The event loop and the context of the task that runs the bench.
    pub locals: TaskLocals,
    pub nop: Py<PyAny>,
    pub pending: Py<PyAny>,
    pub sleep: Py<PyAny>,
    scenario: Py<PyModule>,
}

impl Side {
    /// The one of this process. The first call comes from a bench's own task, which knows the event loop.
    pub fn get() -> PyResult<&'static Side> {
        static SIDE: OnceLock<Side> = OnceLock::new();
        if let Some(side) = SIDE.get() {
            return Ok(side);
        }
        let side = Python::attach(|py| -> PyResult<_> {
            let scenario = py.import("scenario")?;
            Ok(Side {
                locals: get_current_locals(py)?,
                nop: scenario.getattr("nop")?.unbind(),
                pending: scenario.getattr("pending")?.unbind(),
                sleep: py.import("asyncio")?.getattr("sleep")?.unbind(),
                scenario: scenario.unbind(),
            })
        })?;
        Ok(SIDE.get_or_init(|| side))
    }

    /// Calls a function of scenario.py.
    pub fn call<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        arguments: impl PyCallArgs<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.scenario.bind(py).getattr(name)?.call1(arguments)
    }

    /// Calls a coroutine function of scenario.py: the future is what it returns.
    pub fn run<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        arguments: impl PyCallArgs<'py>,
    ) -> PyResult<BoxFuture<'static, PyResult<Py<PyAny>>>> {
        Ok(self.future_of(self.call(py, name, arguments)?)?.boxed())
    }

    /// The library's conversion, with the loop and context given, as tasks of their own need it.
    pub fn future_of(
        &self,
        awaitable: Bound<PyAny>,
    ) -> PyResult<impl Future<Output = PyResult<Py<PyAny>>> + Send + use<>> {
        pyo3_async_runtimes::into_future_with_locals(&self.locals, awaitable)
    }

    /// Counts the crossings to Python from 1 again.
    pub fn restart(&self) -> PyResult<()> {
        Python::attach(|py| self.call(py, "restart", ()).map(drop))
    }

    /// How many crossings Python has counted since `restart`.
    pub fn crossings(&self) -> PyResult<u64> {
        Python::attach(|py| self.call(py, "crossings", ())?.extract())
    }
}

/// The number that came from Python. Attached only once: for the conversion, and for the reference that ends here.
pub fn number(value: Py<PyAny>) -> PyResult<u64> {
    Python::attach(|py| value.into_bound(py).extract())
}
