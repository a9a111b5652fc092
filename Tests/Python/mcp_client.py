"""Speaks to `ongrid mcp` with the official SDK: once by discovery, once with the handshake before it.

Usage: mcp_client.py CALLS COMMAND [ARGUMENT...]
CALLS is JSON: [[tool, arguments], ...]. Prints JSON: by mode the revision, the tools and what each call came to, and how
many tokens the list of tools takes.
"""

import asyncio
import json
import sys

import bpe_openai
import mcp_types
from mcp import Client, StdioServerParameters


async def speak(mode, calls, command):
    # The environment of the SDK's own choice, and the server's errors beside ours.
    server = StdioServerParameters(command=command[0], args=command[1:])
    async with Client(server, mode=mode, read_timeout_seconds=60) as client:
        listed = await client.list_tools()
        answers = []
        for name, arguments in calls:
            answer = await client.call_tool(name, arguments)
            answers.append({"error": bool(answer.is_error), "text": "".join(part.text for part in answer.content)})
        again = [await client.call_tool(name, arguments) for name, arguments in calls]
        return {
            "revision": client.session.protocol_version,
            "tools": [tool.name for tool in listed.tools],
            "schemas": [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in listed.tools],
            "answers": answers,
            "same": [a["text"] == b.content[0].text for a, b in zip(answers, again)],
        }


async def main():
    calls, command = json.loads(sys.argv[1]), sys.argv[2:]
    result = {mode: await speak(mode, calls, command) for mode in ("auto", "legacy")}
    text = json.dumps(result["auto"]["schemas"], separators=(",", ":"))
    result["tokens"] = len(bpe_openai.get_encoding("o200k_base").encode(text))
    result["newest"] = mcp_types.version.LATEST_MODERN_VERSION
    print(json.dumps(result))


asyncio.run(main())
