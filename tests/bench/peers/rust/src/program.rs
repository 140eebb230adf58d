// tests/bench/peers/rust/src/program.rs: sets up tokio and Python, and runs a bench on them.
// SPDX-License-Identifier: MIT

use std::process::ExitCode;
use std::sync::{OnceLock, mpsc};

use pyo3::prelude::*;
use pyo3_async_runtimes::tokio as tokio_of_python;
use tokio::runtime::Builder;

use crate::request::{Loop, Request, Runtime};

/// Nothing takes so long. What does has come to a standstill, and the alarm ends it.
const LONGEST_SECONDS: u32 = 900;

/// Runs the bench and prints its line of JSON.
pub fn run(request: Request) -> ExitCode {
    // SAFETY: no other thread runs yet, and nothing handles the signal.
    unsafe { libc::alarm(LONGEST_SECONDS) };
    name_python();
    let succeeded = if request.way == "full" {
        // SAFETY: the only use of Python in this process, and no other thread attaches to it when the closure returns.
        unsafe {
            pyo3::with_embedded_python_interpreter(|py| {
                let succeeded = run_on_both(py, Request { blocking: 1, ..request });
                py.detach(await_blocking_thread);
                succeeded
            })
        }
    } else {
        Python::initialize();
        Python::attach(|py| run_on_both(py, request))
    };
    if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The Python that this program was built for, whatever is first in PATH.
fn name_python() {
    static PROGRAM: OnceLock<Vec<libc::wchar_t>> = OnceLock::new();
    let program =
        PROGRAM.get_or_init(|| env!("PYO3_PYTHON").chars().chain(['\0']).map(|c| c as libc::wchar_t).collect());
    // SAFETY: before Python is initialized, with a string that ends with a zero and is never freed.
    #[allow(deprecated)] // for an initialization with a PyConfig, which PyO3 does not do
    unsafe {
        pyo3::ffi::Py_SetProgramName(program.as_ptr())
    };
}

fn run_on_both(py: Python, request: Request) -> bool {
    start_tokio(request);
    run_on_loop(py, request).map_err(|error| error.print(py)).is_ok()
}

/// tokio as the library does it: its default runtime, or one thread that runs everything.
fn start_tokio(request: Request) {
    let mut builder = match request.runtime {
        Runtime::Multi => Builder::new_multi_thread(),
        Runtime::Current => Builder::new_current_thread(),
    };
    builder.enable_all().max_blocking_threads(request.blocking);
    if request.keep_thread_states {
        builder.on_thread_start(keep_thread_state);
    }
    tokio_of_python::init(builder);
    if request.runtime == Runtime::Current {
        std::thread::spawn(move || {
            if request.keep_thread_states {
                keep_thread_state();
            }
            tokio_of_python::get_runtime().block_on(std::future::pending::<()>())
        });
    }
}

/// Returns when the one blocking thread has nothing left to do: what hands the last result to Python holds the GIL a
/// little longer than until the result is there, and Python 3.11 kills a thread that waits for the GIL while Python
/// ends.
fn await_blocking_thread() {
    let (done, is_done) = mpsc::channel();
    tokio_of_python::get_runtime().spawn_blocking(move || done.send(()));
    let _ = is_done.recv();
}

/// Makes the Python thread state of this thread, which lasts as long as the thread, as no one releases it.
fn keep_thread_state() {
    // SAFETY: Python runs before tokio is started, and this thread has not attached yet.
    unsafe {
        pyo3::ffi::PyGILState_Ensure();
        pyo3::ffi::PyEval_SaveThread();
    }
}

/// The main thread gives itself to asyncio until the bench is done.
fn run_on_loop(py: Python, request: Request) -> PyResult<()> {
    if request.event_loop == Loop::Uvloop {
        py.import("uvloop")?.call_method0("install")?;
    }
    tokio_of_python::run(py, async move {
        let measured = (request.bench.run)(request).await?;
        println!("{}", measured.to_json(request.bench.name));
        Ok(())
    })
}
