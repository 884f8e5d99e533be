"""Fan-out with uWebSockets, through socketify: what is posted goes to a topic that every client is subscribed to.

    python3 server.py PORT

The handlers do nothing but subscribe and publish. The loop is libuv's own: socketify's App.run() would put asyncio
around it, which polls without waiting as long as there is traffic, and sleeps up to 10 ms when there was none.
"""

import sys

from socketify import App, CompressOptions, OpCode

TOPIC = "bench"
BACKPRESSURE_BYTES_MAX = 16 * 1024 * 1024  # by default 64 KiB, beyond which it drops events of a client without a word


def subscribe(client):
    client.subscribe(TOPIC)


def publish_to(app):
    def on_post(response, _):
        pieces = []

        def on_data(_, piece, is_last):
            if piece is not None:
                pieces.append(piece)
            if is_last:
                app.publish(TOPIC, b"".join(pieces), OpCode.TEXT)
                response.end(b"{}")
        response.on_data(on_data)
    return on_post


def main():
    app = App()
    app.ws("/", {"compression": CompressOptions.DISABLED, "open": subscribe, "max_backpressure": BACKPRESSURE_BYTES_MAX})
    app.post("/", publish_to(app))
    app.listen({"host": "127.0.0.1", "port": int(sys.argv[1])}, lambda config: None)
    app.loop.uv_loop.run()


if __name__ == "__main__":
    main()
