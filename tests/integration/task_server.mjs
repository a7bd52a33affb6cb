// A server of the handshake era whose tasks are of no session: what a restart of whoever stands before it must not lose.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.argv[2]}/`);
const load = name => import(pathToFileURL(require.resolve(`@modelcontextprotocol/sdk/${name}`)).href).then(found => found.default ?? found);
const { McpServer } = await load('server/mcp.js');
const { StreamableHTTPServerTransport } = await load('server/streamableHttp.js');
const { InMemoryTaskStore, InMemoryTaskMessageQueue } = await load('experimental/tasks/index.js');

const taskStore = new InMemoryTaskStore();
const waiting = [];
let calls = 0;

function build() {
  const tasks = { list: {}, cancel: {}, requests: { tools: { call: {} } } };
  const server = new McpServer(
    { name: 'tasks', version: '1' },
    { capabilities: { tools: {}, tasks }, taskStore, taskMessageQueue: new InMemoryTaskMessageQueue() }
  );
  server.experimental.tasks.registerToolTask(
    'slow',
    { description: 'Waits until it is told to end.', execution: { taskSupport: 'required' } },
    {
      createTask: async extra => {
        const task = await extra.taskStore.createTask({ ttl: 300000, pollInterval: 50 });
        calls += 1;
        waiting.push(task.taskId);
        return { task };
      },
      getTask: async extra => await extra.taskStore.getTask(extra.taskId),
      getTaskResult: async extra => await extra.taskStore.getTaskResult(extra.taskId)
    }
  );
  return server;
}

async function answer(request, response) {
  if (request.url === '/end') {
    for (const id of waiting.splice(0)) {
      await taskStore.storeTaskResult(id, 'completed', { content: [{ type: 'text', text: `done in ${calls} call` }] });
    }
    return response.end('{}');
  }
  if (request.method !== 'POST') return response.writeHead(405).end();
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
  await build().connect(transport);
  return await transport.handleRequest(request, response);
}

const listener = createServer((request, response) => answer(request, response));
listener.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${listener.address().port}/mcp`));
