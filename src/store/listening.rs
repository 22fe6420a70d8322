//! Who waits for a long reading is told how far it is, and may end it: without a word of it in what reads.
//!
//! A reading runs on one thread from its beginning to its end, so that the one who listens is kept with the
//! thread.

use std::cell::RefCell;

type Listener = Box<dyn FnMut(usize, usize) -> bool>;

thread_local! {
    /// Who listens on this thread.
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
}

/// Forgets who listened, also when the work panics: threads are used again.
struct Listening;

impl Drop for Listening {
    fn drop(&mut self) {
        LISTENER.take();
    }
}

/// Does `work`; of each day that it reads `listen` is told how many are done and of how many, and says
/// whether the reading goes on.
pub fn listening<T>(
    listen: impl FnMut(usize, usize) -> bool + 'static,
    work: impl FnOnce() -> T,
) -> T {
    LISTENER.set(Some(Box::new(listen)));
    let _listening = Listening;
    work()
}

/// Tells how far a reading is; whether it goes on.
pub(super) fn go_on(done: usize, of: usize) -> bool {
    LISTENER.with_borrow_mut(|listener| listener.as_mut().is_none_or(|listen| listen(done, of)))
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn who_listens_hears_it_and_ends_it_and_is_forgotten() {
        assert!(go_on(1, 2), "nobody listens");
        let heard = Rc::new(RefCell::new(Vec::new()));
        let ear = Rc::clone(&heard);
        let listen = move |done, of| {
            ear.borrow_mut().push((done, of));
            done < 2
        };
        let last = listening(listen, || (0..5).take_while(|n| go_on(*n, 5)).last());
        assert_eq!(last, Some(1));
        assert_eq!(*heard.borrow(), [(0, 5), (1, 5), (2, 5)]);
        assert!(go_on(3, 5));
        assert_eq!(heard.borrow().len(), 3);
        let panicked = std::panic::catch_unwind(|| listening(|_, _| false, || panic!("ended")));
        assert!(panicked.is_err());
        assert!(go_on(0, 1), "who listened is forgotten");
    }
}
