// tests/bench/peers/rust/src/native.rs: the functions that Python awaits, and the counter of the crossings to Rust.
// SPDX-License-Identifier: MIT

use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3_async_runtimes::tokio::{future_into_py, get_runtime};

static CROSSINGS: AtomicU64 = AtomicU64::new(0);

/// The next number, 1 first.
pub fn next_number() -> u64 {
    CROSSINGS.fetch_add(1, Ordering::Relaxed) + 1
}

/// How many numbers were taken since `restart`.
pub fn crossings() -> u64 {
    CROSSINGS.load(Ordering::Relaxed)
}

pub fn restart() {
    CROSSINGS.store(0, Ordering::Relaxed);
}

/// How a function that Python awaits can be written, beside the library's `future_into_py`: as `async fn` of PyO3 (its
/// feature "experimental-async") that spawns on tokio and awaits that. Its waker goes to asyncio from tokio's thread,
/// with no thread between; it is a coroutine and not a Future, so that gather makes a Task of it.
pub const WAYS: &[&str] = &["async_fn"];

/// The no-op coroutine in one of the ways.
pub fn nop<'py>(py: Python<'py>, way: &str) -> PyResult<Bound<'py, PyAny>> {
    Ok(match way {
        "async_fn" => wrap_pyfunction!(nop_async_fn, py)?.into_any(),
        _ => wrap_pyfunction!(nop_future, py)?.into_any(),
    })
}

/// What never ends, in one of the ways; it has begun when it has taken its number.
pub fn pending<'py>(py: Python<'py>, way: &str) -> PyResult<Bound<'py, PyAny>> {
    Ok(match way {
        "async_fn" => wrap_pyfunction!(pending_async_fn, py)?.into_any(),
        _ => wrap_pyfunction!(pending_future, py)?.into_any(),
    })
}

/// A function that returns how many numbers were taken.
pub fn begun(py: Python) -> PyResult<Bound<PyAny>> {
    Ok(wrap_pyfunction!(numbers_taken, py)?.into_any())
}

/// PyO3's own coroutine, which is polled on the asyncio thread and does not suspend.
pub fn trivial(py: Python) -> PyResult<Bound<PyAny>> {
    Ok(wrap_pyfunction!(trivial_async_fn, py)?.into_any())
}

#[pyfunction]
fn nop_future(py: Python) -> PyResult<Bound<PyAny>> {
    future_into_py(py, async { Ok(next_number()) })
}

#[pyfunction]
async fn nop_async_fn() -> PyResult<u64> {
    get_runtime().spawn(async { next_number() }).await.map_err(|error| PyRuntimeError::new_err(error.to_string()))
}

#[pyfunction]
fn pending_future(py: Python) -> PyResult<Bound<PyAny>> {
    future_into_py(py, async {
        next_number();
        std::future::pending::<PyResult<()>>().await
    })
}

#[pyfunction]
async fn pending_async_fn() -> PyResult<()> {
    let task = get_runtime().spawn(async {
        next_number();
        std::future::pending::<()>().await
    });
    task.await.map_err(|error| PyRuntimeError::new_err(error.to_string()))
}

#[pyfunction]
fn numbers_taken() -> u64 {
    crossings()
}

#[pyfunction]
async fn trivial_async_fn() -> u64 {
    next_number();
    1
}
