use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use futures_util::future::{FutureExt, join_all};
use tokio::sync::Semaphore;

use super::{Place, Queues, Told, Unanswered};

type Numbers = Queues<u8, u32, u32>;
type Lead = super::Lead<u8, u32, u32>;

/// Twice the number: what comes of an item here.
fn tell(lead: &Lead) -> Vec<u32> {
    let (items, others) = lead.others();
    others.tell(items.iter().map(|n| n * 2));
    items
}

#[tokio::test]
async fn those_who_come_while_one_leads_go_together_with_the_next() {
    let queues = Arc::new(Numbers::default());
    let (gate, groups) = (Semaphore::new(0), Mutex::new(Vec::new()));
    let one = |n: u32| {
        let (queues, gate, groups) = (&queues, &gate, &groups);
        queues.come(1, n, async move |lead, n| {
            // The first one is kept until all the others have come.
            gate.acquire().await.unwrap().forget();
            let mut group = tell(&lead);
            group.insert(0, n);
            groups.lock().unwrap().push(group);
            n * 2
        })
    };
    let all = join_all((0..150).map(one));
    let open = async {
        tokio::task::yield_now().await;
        gate.add_permits(150);
    };
    let (answers, ()) = futures_util::future::join(all, open).await;
    assert_eq!(answers, (0..150).map(|n| Ok(n * 2)).collect::<Vec<_>>(), "each has its own");
    let groups: Vec<Vec<u32>> = groups.into_inner().unwrap();
    let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    assert_eq!(sizes, [64, 64, 22], "in order, and never more than 64");
    assert!(groups.concat().into_iter().eq(0..150), "first come, first served");
    assert!(queues.led().1.is_empty(), "nobody leads any more");
}

#[tokio::test]
async fn other_keys_wait_for_nothing() {
    let queues = Arc::new(Numbers::default());
    let Place::Lead(lead, _) = queues.join(1, 5) else { panic!("nobody leads") };
    let other = queues.come(2, 7, async |_, n| n).now_or_never();
    assert_eq!(other, Some(Ok(7)));
    let same = queues.come(1, 9, async |_, n| n);
    let mut same = std::pin::pin!(same);
    assert_eq!(same.as_mut().now_or_never(), None);
    drop(lead);
    assert_eq!(same.await, Ok(9), "it leads once the lead is free");
}

#[tokio::test]
async fn a_leader_that_goes_away_leaves_the_lead_to_the_next_who_is_still_there() {
    let queues = Arc::new(Numbers::default());
    let leads = AtomicUsize::new(0);
    let one = |n: u32| {
        queues.come(1, n, async |lead, n| {
            leads.fetch_add(1, Relaxed);
            tokio::task::yield_now().await;
            tell(&lead);
            n
        })
    };
    let mut first = Box::pin(one(1));
    let mut gone = Box::pin(one(2));
    let mut third = Box::pin(one(3));
    assert_eq!(first.as_mut().now_or_never(), None);
    assert_eq!(gone.as_mut().now_or_never(), None);
    assert_eq!(third.as_mut().now_or_never(), None);
    drop(gone);
    drop(first);
    assert_eq!(third.await, Ok(3));
    assert_eq!(leads.into_inner(), 2, "the second was gone before its turn");
    assert!(queues.led().1.is_empty());
}

#[tokio::test]
async fn who_was_told_to_lead_and_is_gone_leaves_the_lead_too() {
    let queues = Arc::new(Numbers::default());
    let Place::Lead(lead, _) = queues.join(1, 1) else { panic!("nobody leads") };
    let Place::Wait(_, mut second) = queues.join(1, 2) else { panic!("it leads") };
    let Place::Wait(_, third) = queues.join(1, 3) else { panic!("it leads") };
    drop(lead);
    let Ok(Told::Lead(lead, 2)) = second.try_recv() else { panic!("it does not lead") };
    drop(lead);
    let Ok(Told::Lead(lead, 3)) = third.await else { panic!("it does not lead") };
    assert!(lead.others().0.is_empty());
    drop(lead);
    assert!(queues.led().1.is_empty());
}

#[tokio::test]
async fn whose_item_was_taken_and_who_is_not_told_hears_it() {
    let queues = Arc::new(Numbers::default());
    let Place::Lead(lead, _) = queues.join(1, 1) else { panic!("nobody leads") };
    let waiting = queues.come(1, 2, async |_, n| n);
    let mut waiting = std::pin::pin!(waiting);
    assert_eq!(waiting.as_mut().now_or_never(), None);
    let (items, others) = lead.others();
    assert_eq!(items, [2]);
    drop((lead, others));
    assert_eq!(waiting.await, Err(Unanswered::Lost));
}

#[tokio::test]
async fn who_leaves_takes_its_item_along_unless_it_was_taken() {
    let queues = Arc::new(Numbers::default());
    let Place::Lead(lead, _) = queues.join(1, 1) else { panic!("nobody leads") };
    let Place::Wait(second, _told) = queues.join(1, 2) else { panic!("it leads") };
    let Place::Wait(third, _told_too) = queues.join(1, 3) else { panic!("it leads") };
    assert!(queues.leave(1, second));
    assert!(!queues.leave(1, second), "it has left");
    assert!(!queues.leave(2, third), "nobody waits under that key");
    let (items, _others) = lead.others();
    assert_eq!(items, [3]);
    assert!(!queues.leave(1, third), "it is too late");
}
