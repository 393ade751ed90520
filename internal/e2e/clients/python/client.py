"""Lists and calls every tool of a Rowgate server with the official Python client.

Arguments: the server's /mcp address, a connection key, the number of identical writes. Prints what it found as one line of JSON.
"""

import asyncio
import json
import sys
from datetime import timedelta

import mcp.client.streamable_http as http
from mcp import ClientSession


def transport(url, key):
    """Opens a connection in the way of the installed version."""
    headers = {"Authorization": f"Bearer {key}"}
    if hasattr(http, "streamablehttp_client"):
        return http.streamablehttp_client(url, headers=headers)
    from mcp.shared._httpx_utils import create_mcp_http_client

    return http.streamable_http_client(url, http_client=create_mcp_http_client(headers=headers))


def structured(result):
    """Returns the data of an answer."""
    return getattr(result, "structuredContent", None) or getattr(result, "structured_content", None)


async def main(url, key, writes):
    async with transport(url, key) as streams, ClientSession(streams[0], streams[1]) as session:
        await session.initialize()
        tools = (await session.list_tools()).tools
        failed = []
        for tool in tools:
            try:
                await session.call_tool(tool.name, {})
            except Exception as error:  # noqa: BLE001: whatever a client raises is a finding
                failed.append(f"{tool.name}: {error}")

        async def write(title, **options):
            return structured(await session.call_tool("write_records", {"records": [{"主题": title}]}, **options))

        replays = 0
        for _ in range(writes):
            answer = await write("identical")
            replays += answer["created"] != 1 or answer["idempotent_replay"]
        gave_up = False
        try:
            try:
                await write("cancelled", read_timeout_seconds=timedelta(seconds=3))
            except TypeError:
                await write("cancelled", read_timeout_seconds=3)
        except Exception:  # noqa: BLE001: the time-out's type differs between versions
            gave_up = True
        repeat = await write("cancelled")
        found.update({
            "tools": len(tools), "failed": failed, "replays": replays, "gaveUp": gave_up, "repeat": repeat["idempotent_replay"],
        })


found = {}
try:
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
except BaseException:  # 1.12.4 fails if the answer to the call that it gave up comes while it closes
    if not found:
        raise
print(json.dumps(found))
