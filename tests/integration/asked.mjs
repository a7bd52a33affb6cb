// The official TypeScript client as one that can be asked: carries out the order on stdin, prints what it heard and saw as JSON.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

let input = '';
for await (const chunk of process.stdin) input += chunk;
const { modules, endpoint, revision, calls, subscribe, heard_min: heardMin } = JSON.parse(input);

const require = createRequire(`${modules}/`);
const load = name => import(pathToFileURL(require.resolve(name)).href).then(module => module.default ?? module);
const { Client, SSEClientTransport, StreamableHTTPClientTransport } = await load('@modelcontextprotocol/client');
const { StdioClientTransport } = await load('@modelcontextprotocol/client/stdio');

function transport() {
  if (endpoint.url !== null) {
    const Transport = endpoint.sse ? SSEClientTransport : StreamableHTTPClientTransport;
    return new Transport(new URL(endpoint.url), { requestInit: { headers: endpoint.headers } });
  }
  const [command, ...args] = endpoint.command;
  return new StdioClientTransport({ command, args, env: endpoint.env });
}

const asked = [];
const heard = [];
const client = new Client(
  { name: 'yett-tests', version: '1' },
  { supportedProtocolVersions: [revision], capabilities: { sampling: {}, elicitation: { form: {} }, roots: { listChanged: true } } },
);
client.setRequestHandler('sampling/createMessage', () => {
  asked.push('sampling');
  return { role: 'assistant', model: 'm', content: { type: 'text', text: 'sampled by the client' } };
});
client.setRequestHandler('elicitation/create', () => {
  asked.push('elicitation');
  return { action: 'decline' };
});
client.setRequestHandler('roots/list', () => {
  asked.push('roots');
  return { roots: [{ uri: 'file:///of-the-client', name: 'mine' }] };
});
for (const method of ['notifications/message', 'notifications/resources/updated', 'notifications/tools/list_changed']) {
  client.setNotificationHandler(method, () => void heard.push(method));
}
await client.connect(transport());
const texts = [];
for (const uri of subscribe) await client.subscribeResource({ uri });
for (const [name, args] of calls) {
  try {
    const result = await client.callTool({ name, arguments: args });
    texts.push(result.content.filter(part => part.type === 'text').map(part => part.text).join(''));
  } catch (error) {
    texts.push(`${error.code} ${error.message}`);
  }
}
const late = Date.now() + 12_000;
while (new Set(heard).size < heardMin && Date.now() < late) await new Promise(resolve => setTimeout(resolve, 50));
await client.close();
process.stdout.write(JSON.stringify({ texts, asked, heard }));
