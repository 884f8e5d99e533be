"""Orion clients of Python's websockets: URL, how many, how many events each must get.

Prints "connected" when all are, and at the end one line of JSON: what each noted, and what is wrong with it.
"""

import asyncio
import json
import sys

import websockets


async def follow(url, expected, connected):
    numbers, faults = [], []
    async with websockets.connect(url, max_queue=None) as connection:
        connected.release()
        async for message in connection:
            event = json.loads(message)
            if not isinstance(message, str) or list(event) != ["channel", "payload", "timestamp"]:
                faults.append(f"frame {message[:80]!r}")
            numbers.append(event["payload"]["n"])
            if len(numbers) >= expected:
                break
    faults += [f"{number} at {index}" for index, number in enumerate(numbers) if number != index]
    return {"received": len(numbers), "faults": faults[:5]}


async def main(url, count, expected):
    connected = asyncio.Semaphore(0)
    clients = [asyncio.create_task(follow(url, expected, connected)) for _ in range(count)]
    for _ in range(count):
        waiting = asyncio.create_task(connected.acquire())
        await asyncio.wait([waiting, *clients], return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            break  # a client failed: gather has the reason
    else:
        print("connected", flush=True)
    print(json.dumps(await asyncio.gather(*clients)), flush=True)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
