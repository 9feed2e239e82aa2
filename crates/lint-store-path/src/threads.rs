//! The threads that do the work.

use rayon::ThreadPoolBuilder;

/// Does `work` with a thread for each processor; with this thread alone if no others are to be had
/// (`RLIMIT_NPROC`, `pids.max`). rayon's own pool would be a panic then.
pub(crate) fn with_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if rayon::current_thread_index().is_some() {
        return work();
    }
    match ThreadPoolBuilder::new().build() {
        Ok(pool) => pool.install(work),
        Err(_) => alone(work),
    }
}

/// Does `work` with this thread alone.
fn alone<T>(work: impl FnOnce() -> T) -> T {
    // From now on this thread is the one of this pool, as long as it lives.
    let pool = ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    std::mem::forget(pool.build());
    work()
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;

    fn work() -> (usize, u32) {
        rayon::broadcast(|_| ());
        let mut numbers: Vec<u32> = (0..1000).collect();
        numbers.par_sort_by(|one, other| other.cmp(one));
        (rayon::current_num_threads(), numbers.par_iter().sum())
    }

    #[test]
    fn one_thread_is_enough() {
        // A thread belongs to one pool for good.
        let done = std::thread::spawn(|| {
            let once = alone(work);
            assert_eq!(with_threads(work), once);
            once
        });
        assert_eq!(done.join().unwrap(), (1, 499_500));
        assert_eq!(with_threads(work).1, 499_500);
    }
}
