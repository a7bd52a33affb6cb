// The official TypeScript SDK of the handshake era: one connection, one step about a task; prints what it saw as JSON.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

let input = '';
for await (const chunk of process.stdin) input += chunk;
const { modules, endpoint, steps } = JSON.parse(input);

const require = createRequire(`${modules}/`);
const load = name => import(pathToFileURL(require.resolve(`@modelcontextprotocol/sdk/${name}`)).href).then(found => found.default ?? found);
const { Client } = await load('client/index.js');
const { StreamableHTTPClientTransport } = await load('client/streamableHttp.js');
const { CallToolResultSchema, CreateTaskResultSchema } = await load('types.js');

const client = new Client({ name: 'yett-tests', version: '1' }, { capabilities: { tasks: { cancel: {} } } });
await client.connect(new StreamableHTTPClientTransport(new URL(endpoint.url), { requestInit: { headers: endpoint.headers } }));
const tasks = client.experimental.tasks;
const start = { method: 'tools/call', params: { name: 'slow', arguments: {}, task: { ttl: 60000 } } };
const can = {
  start: async () => {
    const made = await client.request(start, CreateTaskResultSchema.or(CallToolResultSchema));
    return made.task?.taskId ?? made.content[0].text;
  },
  get: async id => (await tasks.getTask(id)).status,
  result: async id => (await tasks.getTaskResult(id, CallToolResultSchema)).content[0].text,
  cancel: async id => (await tasks.cancelTask(id)).status,
  list: async () => (await tasks.listTasks()).tasks.map(task => task.taskId)
};
const seen = [];
for (const [step, id] of steps) {
  try {
    seen.push(await can[step](id));
  } catch (failure) {
    seen.push(`${failure.code} ${failure.message}`);
  }
}
await client.close();
process.stdout.write(JSON.stringify(seen));
