// tests/bench/peers/rust/src/beside_others.rs: b7, b13, b14, and what b6 needs: what goes on beside the crossings.
// SPDX-License-Identifier: MIT

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyTuple};
use serde_json::json;
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;

use crate::measure::counted_by_python;
use crate::native;
use crate::request::Request;
use crate::side::{Side, number};
use crate::stopwatch::{Measured, Stopwatch};

/// Another Python thread that computes (scenario.Burner).
pub struct Burner(Py<PyAny>);

impl Burner {
    pub fn start(side: &Side) -> PyResult<Self> {
        Python::attach(|py| {
            let burner = side.call(py, "Burner", ())?;
            burner.call_method0("start")?;
            Ok(Burner(burner.unbind()))
        })
    }

    pub fn iterations(&self) -> PyResult<u64> {
        Python::attach(|py| self.0.bind(py).getattr("iterations")?.extract())
    }

    pub fn stop(self) -> PyResult<()> {
        Python::attach(|py| self.0.into_bound(py).call_method0("stop").map(drop))
    }
}

const DELAY: Duration = Duration::from_millis(1);

/// The lateness of a timer of Rust's while the asyncio thread computes. tokio's own timer counts in whole milliseconds;
/// way=timerfd is what a user takes who needs it finer. A timer is counted as an operation with the next number for a
/// value.
pub async fn b7(request: Request) -> PyResult<Measured> {
    let side = Side::get()?;
    let busy = Busy::start(side, 10.0 + request.count as f64 * 0.02).await?;
    let timer = match request.way {
        "timerfd" => Timer::Fd(TimerFd::new()?),
        _ => Timer::Tokio,
    };
    lateness(&timer, request.warm_up(1)).await?;
    native::restart();
    let stopwatch = Stopwatch::start();
    let (checksum, samples) = lateness(&timer, request.count).await?;
    let measured = stopwatch.stop(request.count).returned(checksum, native::crossings());
    busy.stop(side).await?;
    Ok(measured.percentiles(samples))
}

async fn lateness(timer: &Timer, count: u64) -> PyResult<(u64, Vec<f64>)> {
    let mut total = 0;
    let mut samples = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let due = Instant::now() + DELAY;
        timer.sleep().await?;
        samples.push(Instant::now().saturating_duration_since(due).as_secs_f64());
        total += native::next_number();
    }
    Ok((total, samples))
}

/// The asyncio thread while it runs scenario.busy.
struct Busy {
    rounds: oneshot::Receiver<PyResult<u64>>,
}

impl Busy {
    /// Returns when the asyncio thread has begun. `seconds` is when it ends by itself.
    async fn start(side: &'static Side, seconds: f64) -> PyResult<Self> {
        let (begun, has_begun) = oneshot::channel();
        let (done, rounds) = oneshot::channel();
        let senders = Mutex::new(Some((begun, done)));
        Python::attach(|py| -> PyResult<()> {
            let work = PyCFunction::new_closure(
                py,
                None,
                None,
                move |arguments: &Bound<PyTuple>, _: Option<&Bound<PyDict>>| {
                    if let Some((begun, done)) = senders.lock().unwrap().take() {
                        let _ = begun.send(());
                        let _ = done
                            .send(side.call(arguments.py(), "busy", (seconds,)).and_then(|rounds| rounds.extract()));
                    }
                },
            )?;
            side.locals.event_loop(py).call_method1("call_soon_threadsafe", (work,)).map(drop)
        })?;
        has_begun.await.map_err(|_| PyRuntimeError::new_err("the asyncio thread has not begun to compute"))?;
        Ok(Busy { rounds })
    }

    /// Ends it; an error if it had ended before, for then what was measured is not what it says.
    async fn stop(mut self, side: &'static Side) -> PyResult<()> {
        if self.rounds.try_recv().is_ok() {
            return Err(PyRuntimeError::new_err("the asyncio thread was not busy until the end"));
        }
        Python::attach(|py| side.call(py, "stop", ()).map(drop))?;
        match self.rounds.await {
            Ok(rounds) => rounds.map(drop),
            Err(_) => Err(PyRuntimeError::new_err("the asyncio thread has not computed")),
        }
    }
}

enum Timer {
    Tokio,
    Fd(TimerFd),
}

impl Timer {
    async fn sleep(&self) -> io::Result<()> {
        match self {
            Timer::Tokio => tokio::time::sleep(DELAY).await,
            Timer::Fd(timer) => timer.sleep(DELAY).await?,
        }
        Ok(())
    }
}

/// A timerfd on tokio's reactor.
struct TimerFd(AsyncFd<OwnedFd>);

impl TimerFd {
    fn new() -> io::Result<Self> {
        // SAFETY: a plain system call, whose result is checked before it becomes an owned descriptor.
        let fd = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_NONBLOCK | libc::TFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: nobody else has the descriptor, and it stays open and the same for as long as it is registered.
        let registered = unsafe { AsyncFd::register(OwnedFd::from_raw_fd(fd)) };
        registered.map(TimerFd).map_err(io::Error::from)
    }

    async fn sleep(&self, delay: Duration) -> io::Result<()> {
        let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let value = libc::timespec { tv_sec: delay.as_secs() as _, tv_nsec: delay.subsec_nanos().into() };
        let when = libc::itimerspec { it_interval: zero, it_value: value };
        // SAFETY: the descriptor is a timerfd that is open, and the last argument may be null.
        if unsafe { libc::timerfd_settime(self.0.as_raw_fd(), 0, &when, std::ptr::null_mut()) } < 0 {
            return Err(io::Error::last_os_error());
        }
        loop {
            let mut ready = self.0.readable().await?;
            let expired = ready.try_io(|fd| {
                let mut times = 0_u64;
                // SAFETY: a timerfd gives eight bytes.
                match unsafe { libc::read(fd.as_raw_fd(), (&raw mut times).cast(), 8) } {
                    8 => Ok(()),
                    _ => Err(io::Error::last_os_error()),
                }
            });
            if let Ok(expired) = expired {
                return expired;
            }
        }
    }
}

/// COUNT seconds of nothing to do.
pub async fn b13_idle(request: Request) -> PyResult<Measured> {
    let side = Side::get()?;
    let run = |seconds: f64| async move { Python::attach(|py| side.run(py, "idle", (seconds,)))?.await };
    run(0.1).await?;
    let stopwatch = Stopwatch::start();
    let values = run(request.count as f64).await?;
    let mut measured = stopwatch.stop(request.count);
    Python::attach(|py| -> PyResult<()> {
        for (name, value) in values.into_bound(py).cast_into::<PyDict>()? {
            measured.values.insert(name.extract()?, json!(value.extract::<f64>()?));
        }
        Ok(())
    })?;
    Ok(measured)
}

/// The CPU time of a crossing where there is one in a millisecond.
pub async fn b13_paced(request: Request) -> PyResult<Measured> {
    let side = Side::get()?;
    let begin = Arc::new(Mutex::new(Stopwatch::start()));
    let warm_up = Python::attach(|py| side.run(py, "paced", (native::nop(py, request.way)?, request.warm_up(1))))?;
    warm_up.await?;
    let cost = Python::attach(|py| {
        let begin = begin.clone();
        let restart =
            PyCFunction::new_closure(py, None, None, move |_: &Bound<PyTuple>, _: Option<&Bound<PyDict>>| {
                native::restart();
                *begin.lock().unwrap() = Stopwatch::start();
            })?;
        side.run(py, "paced_cost", (native::nop(py, request.way)?, request.count, restart))
    })?;
    let cost = cost.await?;
    let measured = begin.lock().unwrap().stop(request.count);
    let (checksum, cost): (u64, f64) = Python::attach(|py| cost.into_bound(py).extract())?;
    Ok(measured.returned(checksum, native::crossings()).value("cpu_us_per_crossing", cost))
}

/// The lateness of an asyncio timer while another task of asyncio's crosses without a pause. `count` are the timers,
/// `crossings` the crossings.
pub async fn b14_fair(request: Request) -> PyResult<Measured> {
    let side = Side::get()?;
    let run = |count| async move {
        let found = Python::attach(|py| side.run(py, "fair", (native::nop(py, request.way)?, count)))?.await?;
        Python::attach(|py| found.into_bound(py).extract::<(Vec<f64>, u64)>())
    };
    run(request.warm_up(1)).await?;
    native::restart();
    let stopwatch = Stopwatch::start();
    let (samples, checksum) = run(request.count).await?;
    Ok(stopwatch.stop(request.count).returned(checksum, native::crossings()).percentiles(samples))
}

/// Plain asyncio inside of this program.
pub async fn b14_plain(request: Request) -> PyResult<Measured> {
    let side = Side::get()?;
    counted_by_python(request.warm_up(100), request.count, |count| async move {
        number(Python::attach(|py| side.run(py, "plain", (count,)))?.await?)
    })
    .await
}
