//! Lets the threads that make connections finish before the process ends.
//!
//! Connections are made on threads of the pool. A process that ends while one of them is in the middle
//! of it takes the TLS library away under its feet, and dies of that instead of ending.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Where whoever makes a connection goes through.
#[derive(Debug, Default)]
pub(crate) struct Doorway {
    closed: AtomicBool,
    inside: AtomicUsize,
    left: Condvar,
    leaving: Mutex<()>,
}

/// Somebody who makes a connection.
pub(crate) struct Inside<'a>(&'a Doorway);

/// Closes the doorway when the last pool is gone, and waits for those inside.
#[derive(Debug)]
pub(crate) struct Closing(pub(crate) Arc<Doorway>);

/// No connection takes longer; whoever hangs is left behind.
const PATIENCE: Duration = Duration::from_secs(3);

impl Doorway {
    /// `None` once it is closed.
    pub(crate) fn enter(&self) -> Option<Inside<'_>> {
        self.inside.fetch_add(1, Ordering::SeqCst);
        let inside = Inside(self);
        (!self.closed.load(Ordering::SeqCst)).then_some(inside)
    }
}

impl Inside<'_> {
    /// Whether the doorway was closed behind them: what they made is of no use to anybody.
    pub(crate) fn is_last(&self) -> bool {
        self.0.closed.load(Ordering::SeqCst)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let _leaving = self
            .0
            .leaving
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.0.inside.fetch_sub(1, Ordering::SeqCst);
        self.0.left.notify_all();
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let doorway = &*self.0;
        doorway.closed.store(true, Ordering::SeqCst);
        let leaving = doorway
            .leaving
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let somebody = |(): &mut ()| doorway.inside.load(Ordering::SeqCst) > 0;
        drop(doorway.left.wait_timeout_while(leaving, PATIENCE, somebody));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn closing_waits_for_those_inside_and_lets_nobody_in() {
        let doorway = Arc::new(Doorway::default());
        let (entered, hears_entered) = mpsc::channel();
        let (leave, hears_leave) = mpsc::channel::<()>();
        let inside = Arc::clone(&doorway);
        let maker = std::thread::spawn(move || {
            let place = inside.enter().unwrap();
            entered.send(()).unwrap();
            hears_leave.recv().unwrap();
            drop(place);
        });
        hears_entered.recv().unwrap();
        let closing = Closing(Arc::clone(&doorway));
        let closer = std::thread::spawn(move || drop(closing));
        while doorway.enter().is_some() {
            std::thread::yield_now();
        }
        assert!(!closer.is_finished(), "somebody is inside");
        leave.send(()).unwrap();
        closer.join().unwrap();
        maker.join().unwrap();
        assert_eq!(doorway.inside.load(Ordering::SeqCst), 0);
    }
}
