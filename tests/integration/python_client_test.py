"""What existing Python clients of the orion protocol do must work with only host and token changed."""

import asyncio
import json
import unittest

import websockets

from harness import Carillon, mint_token


class PythonClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Carillon().__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)

    def run_with_client(self, act, **options):
        async def main():
            async with websockets.connect(self.server.url(mint_token()), **options) as connection:
                return await asyncio.wait_for(act(connection), 20)
        return asyncio.run(main())

    async def publish(self, channel, data):
        return await asyncio.to_thread(self.server.publish, channel, data)

    def test_it_iterates_messages_and_reads_channel_and_payload(self):
        async def act(connection):
            for number in range(20):
                await self.publish("orion.trend.detected", {"trend_id": number, "topic": "AI agents in production"})
            seen = []
            async for message in connection:
                event = json.loads(message)
                seen.append((event["channel"], event["payload"]["trend_id"]))
                if len(seen) == 20:
                    return seen
        self.assertEqual(self.run_with_client(act), [("orion.trend.detected", n) for n in range(20)])

    def test_its_default_offer_of_deflate_is_declined_without_harm(self):
        async def act(connection):
            return connection.response_headers.get("Sec-WebSocket-Extensions")
        self.assertIsNone(self.run_with_client(act, compression="deflate"))

    def test_its_own_pings_are_answered(self):
        async def act(connection):
            await (await connection.ping(b"are you there?"))
            return True
        self.assertTrue(self.run_with_client(act))

    def test_a_bad_token_is_a_401_that_it_can_read(self):
        async def main():
            async with websockets.connect(self.server.url("bad")):
                pass
        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            asyncio.run(main())
        self.assertEqual(refused.exception.status_code, 401)

    def test_over_512_bytes_it_is_closed_with_1009(self):
        async def act(connection):
            await connection.send("x" * 513)
            await connection.wait_closed()
            return connection.close_code
        self.assertEqual(self.run_with_client(act), 1009)

    def test_its_close_is_answered_with_the_same_code(self):
        async def act(connection):
            await connection.close(1000, "done")
            return connection.close_code
        self.assertEqual(self.run_with_client(act), 1000)


if __name__ == "__main__":
    unittest.main()
