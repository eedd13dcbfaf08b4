//! Relays both directions of a tunnel until it ends.

use super::{
    direction::{Direction, Ended},
    flow::{Step, Towards},
};
use crate::{event::Outcome, model::OnDrop};
use std::{future::poll_fn, task::Poll, time::Duration};
use tokio::io::{AsyncRead, AsyncWrite};

/// How a tunnel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    /// The player's connection is to be reset, as that of the origin was, or as a loss requires.
    pub(super) reset: bool,
}

/// Relays bytes until both directions have ended, or one of them fails. Calls `report` for what happens to the bytes of
/// each direction at the link.
///
/// When one direction has ended, the other goes on for as long as there is something to relay: it ends after `idle`
/// without bytes. When one side fails, the other still gets what came before. A loss that ends the tunnel ends both
/// directions at once.
pub(super) async fn relay<R, W, S, V>(
    down: &mut Direction<R, W>,
    up: &mut Direction<S, V>,
    idle: Duration,
    mut report: impl FnMut(Towards, Step),
) -> End
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    S: AsyncRead + Unpin,
    V: AsyncWrite + Unpin,
{
    use Towards::{Origin, Player};
    let (towards, ended) = poll_fn(|cx| {
        if let Poll::Ready(ended) = down.poll(cx, &mut |step| report(Player, step)) {
            return Poll::Ready((Player, ended));
        }
        up.poll(cx, &mut |step| report(Origin, step)).map(|ended| (Origin, ended))
    })
    .await;
    let origin_failed = (towards, ended) == (Origin, Ended::ReceiverFailed);
    if origin_failed {
        down.sender_failed();
    }
    let second = match (ended, towards) {
        // The other direction has no receiver any more.
        (Ended::SenderFailed | Ended::Lost(_), _) => None,
        (_, Player) => finish(up, idle, |step| report(Origin, step)).await.map(|e| (Origin, e)),
        (_, Origin) => finish(down, idle, |step| report(Player, step)).await.map(|e| (Player, e)),
    };
    let ends = [Some((towards, ended)), second];
    let failed = ends.into_iter().flatten().find_map(|(towards, ended)| outcome(towards, ended));
    let origin_reset =
        ends.contains(&Some((Player, Ended::SenderFailed))) || (origin_failed && second.is_none());
    let lost = |end: &Option<(Towards, Ended)>| {
        end.is_some_and(|(_, ended)| ended == Ended::Lost(OnDrop::Reset))
    };
    End {
        outcome: failed.unwrap_or(Outcome::Complete),
        reset: origin_reset || ends.iter().any(lost),
    }
}

/// Relays the rest of one direction after the other has ended. `None`: no byte came for `idle`. It may take up to twice as
/// long until this is seen.
async fn finish<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
    rest: &mut Direction<R, W>,
    idle: Duration,
    mut report: impl FnMut(Step),
) -> Option<Ended> {
    loop {
        let before = rest.moved();
        let ended = poll_fn(|cx| rest.poll(cx, &mut report));
        match tokio::time::timeout(idle, ended).await {
            Ok(ended) => return Some(ended),
            Err(_) if rest.moved() == before && !rest.waits_for_link() => return None,
            Err(_) => {}
        }
    }
}

/// The outcome of a tunnel one of whose directions has ended like this; `None` = not decided by it.
const fn outcome(towards: Towards, ended: Ended) -> Option<Outcome> {
    match (ended, towards) {
        (Ended::Complete, _) => None,
        (Ended::Lost(_), _) => Some(Outcome::Cut),
        (Ended::SenderFailed, Towards::Origin) | (Ended::ReceiverFailed, Towards::Player) => {
            Some(Outcome::PlayerGone)
        }
        (Ended::SenderFailed, Towards::Player) | (Ended::ReceiverFailed, Towards::Origin) => {
            Some(Outcome::OriginCut)
        }
    }
}
