// Drives the official TypeScript client by the order on stdin, and prints what it saw as JSON. See tests/support/real_clients.py.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const HANDSHAKE = ['2025-06-18', '2025-11-25'];

let input = '';
for await (const chunk of process.stdin) input += chunk;
const { modules, endpoint, revision, steps } = JSON.parse(input);

const require = createRequire(`${modules}/`);
const load = name => import(pathToFileURL(require.resolve(name)).href).then(module => module.default ?? module);
const { Client, StreamableHTTPClientTransport } = await load('@modelcontextprotocol/client');
const { StdioClientTransport } = await load('@modelcontextprotocol/client/stdio');

function options() {
  if (HANDSHAKE.includes(revision)) return { supportedProtocolVersions: [revision] };
  return { versionNegotiation: { mode: revision === 'auto' ? 'auto' : { pin: revision } } };
}

function transport() {
  if (endpoint.url !== null) {
    return new StreamableHTTPClientTransport(new URL(endpoint.url), { requestInit: { headers: endpoint.headers } });
  }
  const [command, ...args] = endpoint.command;
  return new StdioClientTransport({ command, args, env: endpoint.env });
}

async function carryOut(client, step) {
  try {
    if (step.op === 'list') return { tools: (await client.listTools()).tools.map(tool => tool.name) };
    const progress = [];
    const call = { name: step.name, arguments: step.arguments };
    const result = await client.callTool(call, { onprogress: update => progress.push(update.progress) });
    const text = result.content.filter(part => part.type === 'text').map(part => part.text).join('');
    return { text, is_error: result.isError === true, meta: result._meta ?? {}, progress };
  } catch (error) {
    if (typeof error.code !== 'number') throw error;
    return { error_code: error.code, error_message: error.message };
  }
}

const client = new Client({ name: 'yett-tests', version: '1' }, options());
await client.connect(transport());
const seen = [];
for (const step of steps) seen.push(await carryOut(client, step));
const negotiated = client.getNegotiatedProtocolVersion();
await client.close();
process.stdout.write(JSON.stringify({ revision: negotiated, seen }));
