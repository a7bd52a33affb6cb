// The official TypeScript SDK of the handshake era, with tasks: carries out the order on stdin, prints what it saw as JSON.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

let input = '';
for await (const chunk of process.stdin) input += chunk;
const { modules, endpoint, call, foreign } = JSON.parse(input);

const require = createRequire(`${modules}/`);
const load = name => import(pathToFileURL(require.resolve(`@modelcontextprotocol/sdk/${name}`)).href).then(found => found.default ?? found);
const { Client } = await load('client/index.js');
const { StreamableHTTPClientTransport } = await load('client/streamableHttp.js');
const { SSEClientTransport } = await load('client/sse.js');
const { StdioClientTransport } = await load('client/stdio.js');
const { CallToolResultSchema, ElicitRequestSchema } = await load('types.js');

function transport() {
  if (endpoint.url !== null) {
    const Transport = endpoint.sse ? SSEClientTransport : StreamableHTTPClientTransport;
    return new Transport(new URL(endpoint.url), { requestInit: { headers: endpoint.headers } });
  }
  const [command, ...args] = endpoint.command;
  return new StdioClientTransport({ command, args, env: endpoint.env });
}

const asked = [];
const client = new Client({ name: 'yett-tests', version: '1' }, { capabilities: { elicitation: {}, tasks: { cancel: {} } } });
client.setRequestHandler(ElicitRequestSchema, request => {
  asked.push(request.params._meta['io.modelcontextprotocol/related-task'].taskId);
  return { action: 'accept', content: { interpretation: 'snake' } };
});
await client.connect(transport());
const capabilities = client.getServerCapabilities();
const seen = [];
let id = null;
let text = null;
let error = null;
const options = { task: { ttl: 60000, pollInterval: 100 } };
for await (const message of client.experimental.tasks.callToolStream(call, CallToolResultSchema, options)) {
  seen.push(message.type);
  if (message.type === 'taskCreated') id = message.task.taskId;
  if (message.type === 'result') text = message.result.content.map(part => part.text ?? '').join('');
  if (message.type === 'error') error = message.error.message;
}
const attempt = async work => {
  try {
    return await work();
  } catch (failure) {
    return `${failure.code} ${failure.message}`;
  }
};
const listed = (await client.experimental.tasks.listTasks()).tasks.map(task => task.taskId);
const strange = await attempt(() => client.experimental.tasks.getTask(foreign ?? 'never'));
let cancelled = null;
if (foreign === null) {
  const other = await client.request({ method: 'tools/call', params: { ...call, task: { ttl: 60000 } } }, (await load('types.js')).CreateTaskResultSchema);
  cancelled = (await client.experimental.tasks.cancelTask(other.task.taskId)).status;
}
await client.close();
process.stdout.write(JSON.stringify({ capabilities, seen, id, text, error, listed, strange, cancelled, asked }));
