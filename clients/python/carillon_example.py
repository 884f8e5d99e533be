"""Receives events from a Carillon gateway, and shows how a client resumes: docs/protocols/carillon.md.

    CARILLON_TOKEN=… python3 carillon_example.py ws://localhost:8000/v1/connect orders.42 orders.43

It reconnects with back-off and jitter, continues each channel after its last position, drops events that it has
received before, and reports every gap. It needs the package `websockets`, 10.4 or newer.
"""

import asyncio
import collections
import json
import os
import random
import sys
import urllib.parse

import websockets

OPEN_S = 10  # for the token, the connection and the first frame
SILENCE_S = 60  # two heartbeats of 25 s, and 10 s more
STABLE_S = 5  # a connection that lasted so long resets the back-off
DELAY_S, DELAY_S_MAX, AFTER_S_MAX = 0.1, 5.0, 300.0
CHANNELS_MAX = 32  # in one message
SEEN_MAX = 1024  # positions that are remembered to drop duplicates


class Refused(Exception):
    """The server does not accept the token."""


class Client:
    """One connection at a time, in one task. The callbacks are plain functions.

    token() returns a token or None and is called before each connect, in a thread; an OSError of it counts as a
    failed attempt. on_event(channel, data, position) gets each
    event once, on_gap(channel, reason) reports missed events; a channel of None means all of them."""

    def __init__(self, url, channels, token, on_event, on_gap):
        self.url = url
        self.positions = dict.fromkeys(channels)  # opaque: never compared, only sent back
        self.token, self.on_event, self.on_gap = token, on_event, on_gap
        self.live = set()  # the channels whose subscribe was answered on this connection
        self.seen = collections.OrderedDict()
        self.after_s = 0.0

    async def run(self):
        """Returns only by an exception: Refused, or what a callback raises."""
        loop, attempt, refused = asyncio.get_running_loop(), 0, None
        while True:
            started = loop.time()
            try:
                token = await asyncio.wait_for(asyncio.to_thread(self.token), OPEN_S)
                if refused == [token]:
                    raise Refused("the server refused this token, and there is no other")
                await self.connection(token)
            except websockets.InvalidStatusCode as error:
                refused = [token] if error.status_code in (401, 403) else None
                print(f"refused: HTTP {error.status_code}", file=sys.stderr)
            except websockets.ConnectionClosed as error:
                refused = [token] if error.code == 4001 else None
                print(f"closed: {error.code} {error.reason}", file=sys.stderr)
            except (OSError, asyncio.TimeoutError, websockets.WebSocketException) as error:
                print(f"lost: {error!r}", file=sys.stderr)
            if loop.time() - started >= OPEN_S + STABLE_S:
                attempt = 0
            most = min(DELAY_S_MAX, DELAY_S * 2 ** min(attempt, 10))
            await asyncio.sleep(self.after_s + random.random() * most)
            attempt += 1

    async def connection(self, token):
        """From connect to close, which is an exception."""
        self.live, self.after_s = set(), 0.0
        url = self.url + ("?" + urllib.parse.urlencode({"token": token}) if token else "")
        async with websockets.connect(url, open_timeout=OPEN_S, max_size=2**24) as socket:
            while True:
                try:
                    frame = json.loads(await asyncio.wait_for(socket.recv(), SILENCE_S))
                except ValueError:
                    continue  # not a frame of the protocol
                if not isinstance(frame, dict) or not all(
                        isinstance(frame.get(name), str | None) for name in ("channel", "position")):
                    continue
                if frame.get("type") == "welcome":
                    await self.subscribe(socket)
                else:
                    self.take(frame)

    async def subscribe(self, socket):
        """Channels that share a position share messages."""
        groups = {}
        for channel, position in self.positions.items():
            groups.setdefault(position, []).append(channel)
        for position, channels in groups.items():
            for first in range(0, len(channels), CHANNELS_MAX):
                message = {"type": "subscribe", "channels": channels[first:first + CHANNELS_MAX]}
                if position is not None:
                    message["position"] = position
                await socket.send(json.dumps(message))

    def take(self, frame):
        kind, channel, position = frame.get("type"), frame.get("channel"), frame.get("position")
        if kind is None:
            self.event(channel, frame.get("data"), position)
        elif kind == "subscribed" and channel in self.positions:
            self.live.add(channel)
            self.positions[channel] = position or self.positions[channel]
            if frame.get("recovered") is False:
                self.on_gap(channel, frame.get("reason"))
        elif kind == "heartbeat" and position:
            # Only for channels that the server has on its list; another one would skip what it missed.
            self.positions.update(dict.fromkeys(self.live, position))
        elif kind == "gap":
            self.on_gap(channel, frame.get("reason"))
        elif kind == "reconnect":
            after_ms = frame.get("after_ms")
            self.after_s = min(max(after_ms, 0) / 1000, AFTER_S_MAX) if isinstance(after_ms, int | float) else 0.0
        elif kind in ("error", "degraded", "restored"):
            print(f"{kind}: {frame.get('message') or frame.get('reason') or ''}", file=sys.stderr)

    def event(self, channel, data, position):
        if channel not in self.live or (channel, position) in self.seen:
            return
        self.seen[channel, position] = True
        if len(self.seen) > SEEN_MAX:
            self.seen.popitem(last=False)
        self.positions[channel] = position or self.positions[channel]
        self.on_event(channel, data, position)


def main():
    url, *channels = sys.argv[1:]
    client = Client(
        url, channels,
        token=lambda: os.environ.get("CARILLON_TOKEN"),
        on_event=lambda channel, data, _: print(channel, json.dumps(data), flush=True),
        on_gap=lambda channel, reason: print("GAP", channel or "all channels", reason, flush=True))
    asyncio.run(client.run())


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main()
