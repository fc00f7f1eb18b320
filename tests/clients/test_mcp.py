"""The Model Context Protocol's own client library, over HTTP and over standard input and output."""

import os
import re
import unittest

import httpx2
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

ADDRESS = os.environ["CESOU_ADDRESS"]


class Tools(unittest.IsolatedAsyncioTestCase):
    async def ask(self, client):
        tools = (await client.list_tools()).tools
        self.assertEqual(len(tools), 5)
        self.assertTrue(all(tool.annotations.read_only_hint for tool in tools))
        found = await client.call_tool("search_passages", {"query": "教师交流", "limit": 2})
        self.assertFalse(found.is_error)
        text = found.content[0].text
        self.assertRegex(text, r"^共 \d+ 个段落")
        first = re.search(r"id: ([A-Za-z0-9_-]+)", text).group(1)
        whole = await client.call_tool("get_passage", {"id": first})
        self.assertIn(f"/passages/{first}", whole.content[0].text)
        wrong = await client.call_tool("get_passage", {"id": "nothing"})
        self.assertTrue(wrong.is_error)

    async def test_over_http(self):
        key = {"Authorization": "Bearer " + os.environ["CESOU_SEARCH_KEY"]}
        async with httpx2.AsyncClient(headers=key, trust_env=False) as http:
            for mode in ["auto", "legacy"]:
                transport = streamable_http_client(ADDRESS + "/mcp", http_client=http)
                async with Client(transport, mode=mode) as client:
                    await self.ask(client)

    async def test_without_a_key(self):
        async with httpx2.AsyncClient(trust_env=False) as http:
            with self.assertRaises(Exception):
                async with Client(streamable_http_client(ADDRESS + "/mcp", http_client=http)) as client:
                    await client.list_tools()

    async def test_over_standard_input_and_output(self):
        program = StdioServerParameters(
            command=os.environ["CESOU_PROGRAM"],
            args=["mcp", "--corpus", os.environ["CESOU_CORPUS"], "--index", os.environ["CESOU_INDEX"]],
        )
        async with Client(stdio_client(program)) as client:
            await self.ask(client)


if __name__ == "__main__":
    unittest.main()
