"""Live commands, documents and events of a session."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import vsps

from .conftest import MANIFEST, Relay, fetch, segment_of


def test_live_commands(vsps_session: vsps.Session) -> None:
    assert vsps_session.change(rate="500 kbit/s")["rate_set"] == "500 kbit/s"
    assert vsps_session.pause("30 s")["paused"] is True
    assert vsps_session.state()["reverts"][0]["member"] == "paused"
    assert vsps_session.resume()["paused"] is False
    assert vsps_session.undo()["paused"] is True
    assert vsps_session.reset()["rate_set"] is None
    vsps_session.end()
    with pytest.raises(vsps.ApiError, match="404"):
        vsps_session.state()


def test_a_fault_happens_as_often_as_asked_for(vsps_session: vsps.Session) -> None:
    added = vsps_session.add_fault(rule={"when": {"kind": "segment"}, "then": {"status": 404}}, name="lost", times=2)
    assert (added["name"], added["times"]) == ("lost", 2)
    segment = segment_of(vsps_session.address("demo/hls/v1.m3u8"))
    assert [fetch(segment)[0] for _ in range(3)] == [404, 404, 200]
    vsps.expect(vsps_session).to_have_applied_fault("lost")
    with pytest.raises(AssertionError, match="applied 2 times, not 1"):
        vsps.expect(vsps_session).to_have_applied_fault("lost", 1)
    vsps_session.remove_fault("lost")
    assert vsps_session.faults() == []


def test_a_ready_fault_has_a_name(vsps_session: vsps.Session) -> None:
    assert vsps_session.add_fault("segment-404", times=1)["times"] == 1
    with pytest.raises(vsps.ApiError) as refused:
        vsps_session.add_fault("segment-440")
    assert refused.value.status in (400, 404, 422)
    assert "segment-404" in str(refused.value)


def test_wrong_values_are_told_with_their_place(vsps_arm: Callable[..., vsps.Session]) -> None:
    with pytest.raises(vsps.ApiError, match="/rate"):
        vsps_arm(rate="fast")


def test_addresses(vsps_session: vsps.Session) -> None:
    assert vsps_session.address("/a/b.m3u8?c=d") == f"{vsps_session.url}a/b.m3u8?c=d"
    assert vsps_session.address("https://cdn.example:8443/a?b") == f"{vsps_session.url}-/o/https/cdn.example:8443/a?b"
    assert vsps_session.address("HTTP://cdn.example") == f"{vsps_session.url}-/o/http/cdn.example/"
    # A scheme is at the beginning, and nowhere else.
    for path in ("a.m3u8?next=https://cdn.example/b", "a/https://cdn.example/b", "1://x"):
        assert vsps_session.address(f"/{path}") == vsps_session.address(path) == vsps_session.url + path
    for target in ("ftp://cdn.example/a", "https://user:secret@cdn.example/a"):
        with pytest.raises(ValueError, match="write a path, or an http or https URL without a user name"):
            vsps_session.address(target)


@pytest.mark.parametrize("seed", [2**53 + 1, 2**64 - 1])
def test_a_seed_has_64_bits(vsps_arm: Callable[..., vsps.Session], seed: int) -> None:
    session = vsps_arm(seed=seed)
    assert session.seed == session.state()["seed"] == session.qoe()["session"]["seed"] == seed
    assert vsps_arm(seed=str(seed)).seed == seed


def test_documents(vsps_session: vsps.Session) -> None:
    fetch(segment_of(vsps_session.address("demo/hls/v1.m3u8")))
    assert [request["kind"] for request in vsps_session.timeline()["requests"]][-1] == "segment"
    assert vsps_session.qoe()["requests"] >= 2
    assert len(vsps_session.har()["log"]["entries"]) >= 2
    assert vsps_session.run_file()["sessions"][0]["timeline"]["session"]["id"] == vsps_session.id


def test_a_group(vsps_proxy: vsps.Proxy, vsps_arm: Callable[..., vsps.Session]) -> None:
    sessions = [vsps_arm(label="pair") for _ in range(2)]
    group = vsps_proxy.group("pair")
    assert {result["id"] for result in group.change(rate="1 Mbit/s")} == {session.id for session in sessions}
    group.add_fault(fault="segment-404")
    assert [len(session.faults()) for session in sessions] == [1, 1]
    group.undo()
    group.reset()
    assert [session.state()["rate_set"] for session in sessions] == [None, None]
    assert len(group.qoe()["sessions"]) == 2


def test_an_event_is_awaited(vsps_session: vsps.Session) -> None:
    with vsps_session.expect_event("request_finished", lambda event: event.data["path"] == f"/{MANIFEST}") as caught:
        fetch(vsps_session.address(MANIFEST))
    assert caught.event.data["status"] == 200
    earlier = vsps_session.wait_for_event("request_planned", after=0, timeout=10)
    assert earlier.id is not None and caught.event.id is not None and earlier.id < caught.event.id


def test_an_event_that_does_not_come_is_told(vsps_session: vsps.Session) -> None:
    with vsps_session.events() as stream:
        fetch(vsps_session.address(MANIFEST))
        with pytest.raises(vsps.EventTimeoutError, match=r"no stalled within 0.3 s; events meanwhile: .*request_planned"):
            stream.wait_for("stalled", timeout=0.3)
        # The stream goes on.
        fetch(vsps_session.address("demo/hls/v1.m3u8"))
        assert stream.wait_for("request_finished", timeout=10).data["path"] == "/demo/hls/v1.m3u8"


def test_events_end_with_the_session(vsps_session: vsps.Session) -> None:
    with vsps_session.events() as stream:
        fetch(vsps_session.address(MANIFEST))
        vsps_session.end()
        assert [event.name for event in stream][-1] == "session_ended"


def test_no_event_is_missed_where_a_connection_is_lost(
    vsps_proxy: vsps.Proxy, vsps_session: vsps.Session, relay_to: Callable[[int], Relay]
) -> None:
    relay = relay_to(int(vsps_proxy.admin_url.rsplit(":", 1)[1]))
    far = vsps.connect(f"http://127.0.0.1:{relay.port}").session(vsps_session.id)
    asked_so_far = relay.accepted
    with far.events() as stream:
        fetch(vsps_session.address(MANIFEST))
        first = stream.wait_for("request_finished", timeout=10)
        relay.cut()
        fetch(vsps_session.address("demo/hls/v2.m3u8"))
        second = stream.wait_for("request_finished", timeout=10)
        assert second.data["path"] == "/demo/hls/v2.m3u8"
        assert first.id is not None and second.id is not None and first.id < second.id
    assert relay.accepted == asked_so_far + 2


def test_no_event_is_missed_where_a_connection_is_lost_before_the_first_one(
    vsps_proxy: vsps.Proxy, vsps_session: vsps.Session, relay_to: Callable[[int], Relay]
) -> None:
    relay = relay_to(int(vsps_proxy.admin_url.rsplit(":", 1)[1]))
    with vsps.connect(f"http://127.0.0.1:{relay.port}").session(vsps_session.id).events() as stream:
        with pytest.raises(vsps.EventTimeoutError):
            stream.next(0.3)
        relay.cut()
        fetch(vsps_session.address(MANIFEST))
        assert stream.wait_for("request_planned", timeout=10).data["path"] == f"/{MANIFEST}"
