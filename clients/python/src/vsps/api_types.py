"""The types of the control plane. Made by `python generate_types.py`; do not edit."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class Error(TypedDict):
    pointer: str
    detail: str


class Problem(TypedDict):
    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list[Error]]


RuleValue: TypeAlias = str | float | bool


RuleValues: TypeAlias = RuleValue | list[RuleValue]


class Armed(TypedDict):
    id: str
    url: str
    profile: str
    seed: int


class Fired(TypedDict):
    name: str
    times: int


class Sample(TypedDict):
    age_ms: float
    buffer_ms: float


class MeasuredBuffer(TypedDict):
    samples: NotRequired[list[Sample]]


class Link(TypedDict):
    name: str
    sharing: Literal['fair', 'first-come']


class Session(TypedDict):
    id: str
    ordinal: int
    label: str | None
    url: str
    seed: int
    profile: str
    rate: str | None
    rate_set: str | None
    rtt_set: str | None
    loss_set: float | None
    link: NotRequired[Link]
    uplink_rate: str | None
    limits: int
    origin: str
    age_seconds: float
    time_seconds: float | None
    idle_seconds: float
    exchanges: int
    delivered_bytes: int
    armed_faults: int
    paused: bool
    requests: int
    buffer_ms: float | None
    rebuffers: int
    rung: dict[str, int]


class Revert(TypedDict):
    member: str
    in_seconds: float


class LadderItem(TypedDict):
    protocol: str
    media: str
    rung: int | None
    bandwidth: str | None
    name: str | None


class Result(TypedDict):
    id: str
    version: NotRequired[int]
    fault: NotRequired[str]
    problem: NotRequired[str]


class ProfileSummary(TypedDict):
    name: str
    summary: str


class Log(TypedDict):
    version: str
    creator: dict[str, Any]
    entries: list[dict[str, Any]]
    field_vsps: dict[str, Any]


class Har(TypedDict):
    log: Log


class Plot(TypedDict):
    seed: int
    seconds: int
    rates: list[list[float]]
    stalls: list[list[float]]
    latencies: list[list[float]]


class FaultSummary(TypedDict):
    name: str
    id: str | None
    summary: str
    source: str
    text: str


class Status(TypedDict):
    version: str
    players_url: str
    profile: str
    seed: int
    origin: str
    built_in_origin: bool
    sessions: int
    draining: bool


class AnalyticsSession(TypedDict):
    id: str
    ordinal: int
    label: str | None
    seed: int
    profile: str
    started_unix_ms: float
    now_ms: float
    ended: bool


class Split(TypedDict):
    latency: float
    fault: float
    origin: float
    token: float
    stall: float
    transfer: float


class Fault1(TypedDict):
    rule: str
    effect: str
    at_byte: int | None


class TimelineRequest(TypedDict):
    id: int
    start_ms: float
    end_ms: float
    under_way: bool
    method: str
    path: str
    attempt: int
    status: int
    outcome: Literal['complete', 'cut', 'player-gone', 'origin-cut'] | None
    bytes: int
    protocol: str
    kind: str
    media: str
    rendition: str | None
    rung: int | None
    bandwidth_bps: int | None
    index: int | None
    number: int | None
    media_ms: float | None
    duration_ms: float | None
    ttfb_ms: float | None
    parts: Split | None
    faults: list[Fault1]
    drops: int
    upstream_failure: str | None


class Bin(TypedDict):
    at_ms: float
    granted_bps: float | None
    delivered_bps: float


class Link2(TypedDict):
    bin_ms: float
    bins: list[Bin]


class Rendition(TypedDict):
    at_ms: float
    media: str
    rung: int | None
    bandwidth_bps: int | None
    rendition: str | None


class Point(TypedDict):
    at_ms: float
    estimated_ms: float | None
    cmcd_ms: float | None
    media: str | None


class PlayerItem(TypedDict):
    at_ms: float
    buffer_ms: float


class Buffer(TypedDict):
    source: Literal['cmcd', 'estimated', 'none']
    points: list[Point]
    player: list[PlayerItem]


class Stall(TypedDict):
    at_ms: float
    lasts_ms: float


class Rebuffer(TypedDict):
    at_ms: float
    lasts_ms: float | None
    source: Literal['cmcd', 'estimated', 'none']


class ThroughputItem(TypedDict):
    at_ms: float
    delivered_bps: float | None
    mtp_bps: float | None


class LiveLatencyItem(TypedDict):
    at_ms: float
    latency_ms: float
    source: Literal['cmcd', 'estimated', 'none']


class Mark(TypedDict):
    at_ms: float
    kind: Literal['command', 'link', 'switch', 'stall', 'session', 'error', 'fault', 'drop']
    text: str
    rule: str | None
    request: int | None


class Timeline(TypedDict):
    schema: int
    session: AnalyticsSession
    requests: list[TimelineRequest]
    requests_left_off: int
    link: Link2
    renditions: list[Rendition]
    buffer: Buffer
    stalls: list[Stall]
    rebuffers: list[Rebuffer]
    throughput: list[ThroughputItem]
    live_latency: list[LiveLatencyItem]
    marks: list[Mark]


class QoeFigures(TypedDict):
    startup_seconds: float | None
    rebuffer_count: int
    rebuffer_seconds: float
    rebuffer_ratio: float | None
    mean_bitrate_bps: float | None
    switches: int
    switches_up: int
    switches_down: int
    played_seconds: float
    wall_seconds: float
    segments: int
    bytes: int
    errors: int
    retries: int
    live_latency_seconds: float | None
    qoe_linear: float | None


class Source(TypedDict):
    buffer: Literal['cmcd', 'estimated', 'none']
    rebuffer: Literal['cmcd', 'estimated', 'none']
    startup: Literal['cmcd', 'estimated', 'none']
    live_latency: Literal['cmcd', 'estimated', 'none']


class Switch(TypedDict):
    media: str
    up: int
    down: int
    mean_amplitude: float
    max_amplitude: int


class Rebuffers(TypedDict):
    cmcd: int | None
    estimated: int


class Storm(TypedDict):
    path: str
    attempts: int
    first_ms: float
    last_ms: float


class Retries(TypedDict):
    requests: int
    storms: list[Storm]


class Link3(TypedDict):
    granted_bytes: int
    delivered_bytes: int
    used_ratio: float | None


class Mtp(TypedDict):
    samples: int
    mean_ratio: float | None
    mean_abs_error: float | None


class Buffer1(TypedDict):
    samples: int
    mean_error_ms: float | None
    mean_abs_error_ms: float | None


class PlayerError(TypedDict):
    mtp: Mtp
    buffer: Buffer1


class Stalls(TypedDict):
    count: int
    total_ms: float


class Qoe(TypedDict):
    schema: int
    session: AnalyticsSession
    qoe: QoeFigures
    source: Source
    switches: list[Switch]
    rebuffers: Rebuffers
    retries: Retries
    link: Link3
    player_error: PlayerError
    split_ms: Split
    faults: int
    drops: int
    stalls: Stalls
    requests: int


class Timelines(TypedDict):
    schema: int
    sessions: list[Timeline]


class Qoes(TypedDict):
    schema: int
    together: QoeFigures
    sessions: list[Qoe]


class Meta(TypedDict):
    vsps: str
    saved_unix_ms: float
    label: str | None
    profile: str | None
    seed: int | None


class Session1(TypedDict):
    timeline: Timeline
    qoe: Qoe
    events: list[dict[str, Any]]


class Run(TypedDict):
    format: Literal['vsps-run']
    version: int
    meta: Meta
    sessions: list[Session1]


RuleWhen = TypedDict(
    'RuleWhen',
    {
        'kind': NotRequired[RuleValues],
        'media': NotRequired[RuleValues],
        'protocol': NotRequired[RuleValues],
        'rung': NotRequired[RuleValues],
        'rendition': NotRequired[RuleValues],
        'bandwidth': NotRequired[RuleValues],
        'height': NotRequired[RuleValues],
        'codec': NotRequired[RuleValues],
        'language': NotRequired[RuleValues],
        'role': NotRequired[RuleValues],
        'index': NotRequired[RuleValues],
        'number': NotRequired[RuleValues],
        'behind-live': NotRequired[RuleValues],
        'after-join': NotRequired[RuleValues],
        'media-time': NotRequired[RuleValue],
        'media-cycle': NotRequired[RuleValue],
        'discontinuity': NotRequired[bool],
        'during': NotRequired[RuleValue],
        'pattern': NotRequired[RuleValue],
        'epoch-pattern': NotRequired[RuleValue],
        'attempt': NotRequired[RuleValues],
        'host': NotRequired[RuleValues],
        'path': NotRequired[RuleValues],
        'method': NotRequired[RuleValues],
        'range': NotRequired[bool],
        'blocking': NotRequired[bool],
        'connection': NotRequired[RuleValue],
        'not': NotRequired[list["RuleWhen"]],
        'nth': NotRequired[RuleValues],
        'first': NotRequired[RuleValue],
        'every': NotRequired[RuleValue],
        'probability': NotRequired[RuleValue],
    },
)


RuleBudget = TypedDict(
    'RuleBudget',
    {
        'times': NotRequired[RuleValue],
        'for': NotRequired[RuleValue],
        'cooldown': NotRequired[RuleValue],
        'ttl': NotRequired[RuleValue],
        'scope': NotRequired[RuleValue],
    },
)


RuleHang = TypedDict(
    'RuleHang',
    {
        'at': NotRequired[RuleValue],
        'for': NotRequired[RuleValue],
        'length': NotRequired[RuleValue],
    },
)


RuleStatus = TypedDict(
    'RuleStatus',
    {
        'code': NotRequired[RuleValue],
        'retry-after': NotRequired[RuleValue],
        'body': NotRequired[RuleValue],
        'content-type': NotRequired[RuleValue],
    },
)


class RuleRedirect(TypedDict):
    to: NotRequired[RuleValue]
    host: NotRequired[RuleValue]
    chain: NotRequired[RuleValue]
    loop: NotRequired[bool]
    status: NotRequired[RuleValue]


RuleBody = TypedDict(
    'RuleBody',
    {
        'text': NotRequired[RuleValue],
        'file': NotRequired[RuleValue],
        'junk': NotRequired[RuleValue],
        'rung': NotRequired[RuleValue],
        'content-type': NotRequired[RuleValue],
    },
)


RuleStall = TypedDict(
    'RuleStall',
    {
        'at': NotRequired[RuleValues],
        'for': NotRequired[RuleValue],
    },
)


RuleDrip = TypedDict(
    'RuleDrip',
    {
        'bytes': NotRequired[RuleValue],
        'every': NotRequired[RuleValue],
        'from': NotRequired[RuleValue],
    },
)


RuleCorrupt = TypedDict(
    'RuleCorrupt',
    {
        'damage': NotRequired[RuleValue],
        'rate': NotRequired[RuleValue],
        'from': NotRequired[RuleValue],
        'to': NotRequired[RuleValue],
    },
)


RuleFraming = TypedDict(
    'RuleFraming',
    {
        'bad-chunk': NotRequired[RuleValue]
    },
)


RuleCut = TypedDict(
    'RuleCut',
    {
        'at': NotRequired[RuleValue],
        'end': NotRequired[RuleValue],
        'for': NotRequired[RuleValue],
        'length': NotRequired[RuleValue],
    },
)


class RuleHeaders(TypedDict):
    set: NotRequired[dict[str, RuleValues]]
    remove: NotRequired[RuleValues]


class RuleDiscontinuity(TypedDict):
    insert: NotRequired[RuleValue]
    shift: NotRequired[RuleValue]


RuleDurations = TypedDict(
    'RuleDurations',
    {
        'scale': NotRequired[RuleValue],
        'target': NotRequired[RuleValue],
        'date-shift': NotRequired[RuleValue],
        'date-drift': NotRequired[RuleValue],
    },
)


class RuleReport(TypedDict):
    stale: NotRequired[RuleValue]
    ahead: NotRequired[RuleValue]


RuleManifest = TypedDict(
    'RuleManifest',
    {
        'freeze': NotRequired[RuleValue],
        'go-back': NotRequired[RuleValue],
        'lag': NotRequired[RuleValue],
        'endlist': NotRequired[RuleValue],
        'empty': NotRequired[bool],
        'truncate': NotRequired[RuleValue],
        'discontinuity': NotRequired[RuleValue | RuleDiscontinuity],
        'gap': NotRequired[RuleValue],
        'durations': NotRequired[RuleDurations],
        'drop-rungs': NotRequired[RuleValues],
        'strip': NotRequired[RuleValues],
        'bandwidth': NotRequired[RuleValue],
        'resolution': NotRequired[RuleValue],
        'publish-time': NotRequired[RuleValue],
        'utc-timing': NotRequired[RuleValue],
        'host': NotRequired[RuleValue],
        'preload-hint': NotRequired[RuleValue],
        'rendition-report': NotRequired[RuleValue | RuleReport],
        'skip': NotRequired[RuleValue],
    },
)


RuleThen = TypedDict(
    'RuleThen',
    {
        'delay': NotRequired[RuleValue | dict[str, Any]],
        'refuse': NotRequired[RuleValue],
        'hang': NotRequired[RuleValue | RuleHang],
        'status': NotRequired[RuleValue | RuleStatus],
        'redirect': NotRequired[RuleValue | RuleRedirect],
        'body': NotRequired[RuleValue | RuleBody],
        'range': NotRequired[RuleValue],
        'reload': NotRequired[RuleValue],
        'rate': NotRequired[RuleValue],
        'profile': NotRequired[RuleValue],
        'stall': NotRequired[RuleStall],
        'drip': NotRequired[RuleDrip],
        'coalesce': NotRequired[RuleValue],
        'corrupt': NotRequired[RuleValue | RuleCorrupt],
        'framing': NotRequired[RuleValue | RuleFraming],
        'cut': NotRequired[RuleCut],
        'reset': NotRequired[RuleValue],
        'truncate': NotRequired[RuleValue],
        'headers': NotRequired[RuleHeaders],
        'cors': NotRequired[RuleValue],
        'date-skew': NotRequired[RuleValue],
        'keep-errors': NotRequired[RuleValue],
        'close': NotRequired[RuleValue],
        'manifest': NotRequired[RuleManifest],
    },
)


class Rule(TypedDict):
    name: NotRequired[RuleValue]
    when: NotRequired[RuleWhen]
    then: NotRequired[RuleThen]
    budget: NotRequired[RuleBudget]


RuleItem: TypeAlias = str | Rule


class Arming(TypedDict):
    profile: NotRequired[str]
    rate: NotRequired[str]
    rtt: NotRequired[str]
    loss: NotRequired[float | str]
    seed: NotRequired[int | str]
    rules: NotRequired[str | list[RuleItem]]
    origin: NotRequired[str]
    link: NotRequired[str]
    label: NotRequired[str]


class Change(TypedDict):
    profile: NotRequired[str | None]
    rate: NotRequired[str | None]
    rtt: NotRequired[str | None]
    loss: NotRequired[str | float | None]
    rules: NotRequired[str | list[RuleItem] | None]
    paused: NotRequired[bool | None]
    ttl: NotRequired[str | None]


class Fire(TypedDict):
    fault: NotRequired[str]
    rule: NotRequired[RuleItem]
    name: NotRequired[str]
    times: NotRequired[int]
    ttl: NotRequired[str]


class Fault(TypedDict):
    name: str
    times: int
    applied: int
    rules: list[Rule]


class Rules(TypedDict):
    rules: str | list[RuleItem]


class FullSession(TypedDict):
    id: str
    ordinal: int
    label: str | None
    url: str
    seed: int
    profile: str
    rate: str | None
    rate_set: str | None
    rtt_set: str | None
    loss_set: float | None
    link: NotRequired[Link]
    uplink_rate: str | None
    limits: int
    origin: str
    age_seconds: float
    time_seconds: float | None
    idle_seconds: float
    exchanges: int
    paused: bool
    faults: list[Fault]
    reverts: list[Revert]
    undoable: int
    rules: list[Rule]
    ladder: list[LadderItem]
    delivered_bytes: int
    armed_faults: int
    requests: int
    buffer_ms: float | None
    rebuffers: int
    rung: dict[str, int]
