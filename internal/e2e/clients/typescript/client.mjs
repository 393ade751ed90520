// Lists and calls every tool of a Rowgate server with the official TypeScript client. Arguments: the server's /mcp address, a
// connection key, the number of identical writes. Prints what it found as one line of JSON.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [url, key, writes] = process.argv.slice(2);
const client = new Client({ name: "rowgate-test", version: "1" });
await client.connect(new StreamableHTTPClientTransport(new URL(url), {
  requestInit: { headers: { Authorization: `Bearer ${key}` } },
}));
const { tools } = await client.listTools();
const failed = [];
for (const { name } of tools) {
  try {
    await client.callTool({ name, arguments: {} });
  } catch (error) {
    failed.push(`${name}: ${error.message}`);
  }
}
const write = (title, options) => client.callTool(
  { name: "write_records", arguments: { records: [{ 主题: title }] } }, undefined, options);
let replays = 0;
for (let i = 0; i < Number(writes); i++) {
  const { structuredContent } = await write("identical");
  if (structuredContent.created !== 1 || structuredContent.idempotent_replay) replays++;
}
let gaveUp = false;
try {
  await write("cancelled", { timeout: 3000 });
} catch {
  gaveUp = true;
}
const repeat = await write("cancelled");
await client.close();
console.log(JSON.stringify({ tools: tools.length, failed, replays, gaveUp, repeat: repeat.structuredContent.idempotent_replay }));
