"""What a retained event takes: resident memory of the gateway, and what it counts itself."""

import dataclasses
import statistics

from harness.figures import slope, spread_of
from harness.gateway import NO_PINGS, configuration, event_of, gateway
from harness.processes import Failure, settled_resident_bytes

from .row import Figure, Row, at_most

BODY_BYTES, BATCH, WARM_UP_EVENTS = 256, 200, 4_000
TARGET_B = 320
RARE_CHANNELS, RARE_CHANNELS_QUICK = 10_000, 2_000
MANY_EVENTS, MANY_EVENTS_QUICK = 100_000, 10_000

TEMPLATES = {"$body": "frames.event = '$body'\n", "carillon": ""}
RULES = '[[endpoint.history]]\nevents = 1000000\nage = "1h"\nbytes = "1GiB"\n'


@dataclasses.dataclass(frozen=True)
class Load:
    channels: int
    events_each: int

    @property
    def name(self):
        channels = f"{self.channels:,} channels" if self.channels > 1 else "1 channel"
        return f"{channels} × {self.events_each:,}"

    def events(self):
        """In turns, as rare channels have them."""
        for number in range(self.events_each):
            for channel in range(self.channels):
                yield f"conversation.{channel:06d}", number


def loads(bench):
    rare = bench.pick(RARE_CHANNELS, RARE_CHANNELS_QUICK)
    return [Load(1, bench.pick(MANY_EVENTS, MANY_EVENTS_QUICK)), *(Load(rare, events) for events in (1, 3, 10))]


def endpoint(template):
    return f'profile = "carillon"\ntransports = ["websocket"]\nresume.parameter = ""\n{NO_PINGS}{TEMPLATES[template]}{RULES}'


def publish(server, channels, batch):
    event, waiting = event_of(BODY_BYTES), []
    for channel in channels:
        waiting.append((channel, event))
        if len(waiting) == batch:
            server.publish(waiting)
            waiting = []
    if waiting:
        server.publish(waiting)


def point(server):
    return {"resident": settled_resident_bytes(server.pid), "events": server.metric("carillon_history_events"),
            "counted": server.metric("carillon_history_bytes")}


def run(bench, template, load, batch=BATCH):
    bench.log(f"history: {load.name} events, frames of {template}")
    with gateway(bench, configuration(endpoint(template), server='history_bytes_max = "4GiB"')) as server:
        publish(server, ["warm-up"] * WARM_UP_EVENTS, batch)
        before = point(server)
        publish(server, (channel for channel, _ in load.events()), batch)
        after = point(server)
        if after["events"] - before["events"] != load.channels * load.events_each:
            raise Failure(f"{after['events']} events are retained, {before['events']} were before")
    return {"channels": load.channels, "events_each": load.events_each, "template": template, "batch": batch, "before": before, "after": after}


def measure(bench):
    rounds = bench.pick(3, 1)
    runs = [run(bench, template, load) for template in TEMPLATES for load in loads(bench) for _ in range(rounds)]
    return {"runs": [*runs, run(bench, "$body", loads(bench)[-1], batch=1)]}


def bytes_an_event(each, what):
    before, after = each["before"], each["after"]
    return slope([(before["events"], before[what]), (after["events"], after[what])])


def figures(seen):
    groups = {}
    for each in seen["runs"]:
        groups.setdefault((each["template"], each["channels"], each["events_each"], each["batch"]), []).append(each)
    for (template, channels, events_each, batch), runs in groups.items():
        resident = [bytes_an_event(each, "resident") for each in runs]
        counted = statistics.median(bytes_an_event(each, "counted") for each in runs)
        least = template == "$body" and (channels == 1 or events_each == 10)
        published = "" if batch > 1 else ", one event per request"
        yield Figure(f"{Load(channels, events_each).name} events, {template}{published}: memory of a retained event",
                     statistics.median(resident), "B", at_most(TARGET_B) if least else None, spread_of(resident),
                     f"`carillon_history_bytes` counts {counted:.1f} B")


HISTORY = Row(
    "history", "Memory of retained events",
    f"Events of {BODY_BYTES} bytes (JSON, as published) that one endpoint with WebSockets only retains: growth of the resident "
    "memory of `carillon serve` divided by the number of events, the channels' own memory included; names of channels have "
    f"19 bytes. A gateway of its own for each figure. Published in requests of {BATCH} events, unless the figure says "
    "otherwise. `$body`: frames.event is the body alone. `carillon`: the frame of that "
    'protocol, `{"channel":$channel,"data":$body,"position":$position}`.',
    measure, figures)
