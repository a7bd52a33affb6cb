// A real identity provider: `oidc-provider` with the accounts that it is told of. Prints its address as JSON.
// The order on stdin: {modules, redirect, accounts: {name: claims}, inToken?}.
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

let input = '';
for await (const chunk of process.stdin) {
  input += chunk;
  if (input.endsWith('\n')) break;
}
const order = JSON.parse(input);
const require = createRequire(`${order.modules}/`);
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href);

const server = createServer();
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [{
    client_id: 'yett',
    client_secret: 'a secret / of the client',
    redirect_uris: [order.redirect],
    application_type: 'native',
    token_endpoint_auth_method: 'client_secret_basic',
  }],
  cookies: { keys: ['test'] },
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  conformIdTokenClaims: !order.inToken,
  findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, ...order.accounts[id] }) }),
  features: { devInteractions: { enabled: true } },
});
server.on('request', provider.callback());
console.log(JSON.stringify({ issuer }));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
