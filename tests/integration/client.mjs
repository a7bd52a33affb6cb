// Drives the official TypeScript client by the order on stdin, and prints what it saw as JSON. See tests/support/real_clients.py.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const HANDSHAKE = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'];

let input = '';
for await (const chunk of process.stdin) input += chunk;
const { modules, endpoint, revision, steps } = JSON.parse(input);

const require = createRequire(`${modules}/`);
const load = name => import(pathToFileURL(require.resolve(name)).href).then(module => module.default ?? module);
const { Client, SSEClientTransport, StreamableHTTPClientTransport } = await load('@modelcontextprotocol/client');
const { StdioClientTransport } = await load('@modelcontextprotocol/client/stdio');

function options() {
  if (HANDSHAKE.includes(revision)) return { supportedProtocolVersions: [revision] };
  return { versionNegotiation: { mode: revision === 'auto' ? 'auto' : { pin: revision } } };
}

function transport() {
  if (endpoint.url !== null) {
    const Transport = endpoint.sse ? SSEClientTransport : StreamableHTTPClientTransport;
    return new Transport(new URL(endpoint.url), { requestInit: { headers: endpoint.headers } });
  }
  const [command, ...args] = endpoint.command;
  return new StdioClientTransport({ command, args, env: endpoint.env });
}

const texts = parts => parts.map(part => part.text ?? '').join('');

const others = {
  list: async client => ({ tools: (await client.listTools()).tools.map(tool => tool.name) }),
  resources: async client => ({ tools: (await client.listResources()).resources.map(resource => resource.uri) }),
  templates: async client => {
    const { resourceTemplates } = await client.listResourceTemplates();
    return { tools: resourceTemplates.map(template => template.uriTemplate) };
  },
  prompts: async client => ({ tools: (await client.listPrompts()).prompts.map(prompt => prompt.name) }),
  read: async (client, step) => ({ text: texts((await client.readResource({ uri: step.name })).contents) }),
  subscribe: async (client, step) => (await client.subscribeResource({ uri: step.name }), {}),
  unsubscribe: async (client, step) => (await client.unsubscribeResource({ uri: step.name }), {}),
  get: async (client, step) => {
    const { messages } = await client.getPrompt({ name: step.name, arguments: step.arguments });
    return { text: texts(messages.map(message => message.content)) };
  },
  complete: async (client, step) => {
    const settled = Object.entries(step.arguments);
    const [name, value] = settled.pop();
    const template = step.name.includes(':');
    const ref = template ? { type: 'ref/resource', uri: step.name } : { type: 'ref/prompt', name: step.name };
    const context = settled.length ? { context: { arguments: Object.fromEntries(settled) } } : {};
    return { tools: (await client.complete({ ref, argument: { name, value }, ...context })).completion.values };
  },
};

async function carryOut(client, step) {
  try {
    if (step.op !== 'call') return await others[step.op](client, step);
    const progress = [];
    const call = { name: step.name, arguments: step.arguments };
    const result = await client.callTool(call, { onprogress: update => progress.push(update.progress) });
    const text = result.content.filter(part => part.type === 'text').map(part => part.text).join('');
    return { text, is_error: result.isError === true, meta: result._meta ?? {}, progress };
  } catch (error) {
    if (typeof error.code !== 'number') throw error;
    return { error_code: error.code, error_message: error.message, error_data: error.data ?? null };
  }
}

const client = new Client({ name: 'yett-tests', version: '1' }, options());
await client.connect(transport());
const seen = [];
for (const step of steps) seen.push(await carryOut(client, step));
const negotiated = client.getNegotiatedProtocolVersion();
await client.close();
process.stdout.write(JSON.stringify({ revision: negotiated, seen }));
