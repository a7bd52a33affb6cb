// A real authorization server: `oidc-provider`, with RFC 8693 and RFC 7523 added by its own extension mechanism. Prints its
// address as JSON. The order on stdin: {modules, resource, accessTokenTtl?, rotate?, clients?, trusted?, binds?}: `trusted` is the
// public key (JWK) of whoever signs assertions, with `binds` tokens are bound to keys, by proofs with a nonce. GET /counts tells how often each grant was asked for.
import { createRequire } from 'node:module';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

let input = '';
for await (const chunk of process.stdin) {
  input += chunk;
  if (input.endsWith('\n')) break;
}
const order = JSON.parse(input);
const require = createRequire(`${order.modules}/`);
const jose = await import(pathToFileURL(require.resolve('jose')).href);
const { Provider, errors } = await import(pathToFileURL(require.resolve('oidc-provider')).href);

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';
const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const server = createServer();
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
const ttl = order.accessTokenTtl ?? 3600;
const counts = {};
const requests = [];

const provider = new Provider(issuer, {
  clients: order.clients ?? [],
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
  cookies: { keys: ['test'] },
  pkce: { required: () => true },
  scopes: ['openid', 'offline_access', 'read', 'write'],
  ttl: { AccessToken: ttl, ClientCredentials: ttl, RefreshToken: 86400, Grant: 86400, Session: 86400, Interaction: 600 },
  rotateRefreshToken: order.rotate ?? true,
  issueRefreshToken: async (ctx, client, code) => client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access'),
  findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  features: {
    devInteractions: { enabled: true },
    registration: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    dPoP: { enabled: order.binds ?? false, nonceSecret: randomBytes(32), requireNonce: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => undefined,
      useGrantedResource: async () => true,
      getResourceServerInfo: async (ctx, resource) => {
        if (resource !== order.resource) throw new errors.InvalidTarget();
        return { scope: 'read write', audience: resource, accessTokenTTL: ttl, accessTokenFormat: 'opaque' };
      },
    },
  },
});

// Whose assertions are believed: a workload's identity provider outside, and we ourselves as an identity provider.
const own = await jose.generateKeyPair('ES256');
const trusted = order.trusted === undefined ? null : await jose.importJWK(order.trusted, 'ES256');

async function claimsOf(jwt, key, audience, what) {
  if (key === null) throw new errors.InvalidGrant(`${what} is signed by nobody known`);
  try {
    return (await jose.jwtVerify(jwt, key, { audience })).payload;
  } catch {
    throw new errors.InvalidGrant(`${what} is not good`);
  }
}

function tokenFor(client, scope) {
  const token = new provider.ClientCredentials({ client, scope: scope || undefined });
  token.resourceServer = new provider.ResourceServer(order.resource, { scope: 'read write', audience: order.resource });
  return token;
}

// What an identity provider does: a person's ID token for an assertion that a client may have tokens elsewhere.
async function grantAssertion(client, params) {
  const { sub } = await claimsOf(params.subject_token, trusted, client.clientId, 'subject_token');
  if (!params.audience || !params.resource) throw new errors.InvalidRequest('audience and resource are needed');
  return new jose.SignJWT({ sub, resource: params.resource, client_id: 'machine' })
    .setProtectedHeader({ alg: 'ES256', typ: 'oauth-id-jag+jwt' })
    .setIssuer(issuer).setAudience(params.audience).setIssuedAt().setExpirationTime('5m').sign(own.privateKey);
}

// RFC 7523 section 2.1: a token for an assertion.
provider.registerGrantType(JWT_BEARER, async ctx => {
  const { client, params } = ctx.oidc;
  const { typ } = jose.decodeProtectedHeader(params.assertion ?? '');
  await claimsOf(params.assertion, typ === 'oauth-id-jag+jwt' ? own.publicKey : trusted, issuer, 'assertion');
  if (params.resource !== order.resource) throw new errors.InvalidTarget();
  const token = tokenFor(client, params.scope);
  ctx.body = { access_token: await token.save(), token_type: 'Bearer', expires_in: token.expiration, scope: token.scope };
}, ['assertion', 'scope', 'resource']);

// RFC 8693: an access token of ours for another one, for a resource, by a client that is allowed it.
provider.registerGrantType(EXCHANGE, async ctx => {
  const { client, params } = ctx.oidc;
  if (params.subject_token_type === ID_TOKEN && params.requested_token_type === ID_JAG) {
    ctx.body = { access_token: await grantAssertion(client, params), issued_token_type: ID_JAG, token_type: 'N_A' };
    return;
  }
  if (params.subject_token_type !== ACCESS_TOKEN) throw new errors.InvalidRequest('subject_token_type is not supported');
  if (params.requested_token_type && params.requested_token_type !== ACCESS_TOKEN) {
    throw new errors.InvalidRequest('requested_token_type is not supported');
  }
  const subject = await provider.ClientCredentials.find(params.subject_token) ?? await provider.AccessToken.find(params.subject_token);
  if (!subject || subject.isExpired) throw new errors.InvalidGrant('subject_token is not good');
  if (params.resource !== order.resource) throw new errors.InvalidTarget();
  const wanted = (params.scope ?? '').split(' ').filter(Boolean);
  if (wanted.some(scope => !['read', 'write'].includes(scope))) throw new errors.InvalidScope('unknown scope', params.scope);
  const token = tokenFor(client, wanted.join(' '));
  ctx.body = {
    access_token: await token.save(),
    issued_token_type: ACCESS_TOKEN,
    token_type: 'Bearer',
    expires_in: token.expiration,
    scope: token.scope,
  };
}, ['audience', 'scope', 'resource', 'subject_token', 'subject_token_type', 'requested_token_type', 'actor_token', 'actor_token_type']);

provider.use(async (ctx, next) => {
  await next();
  if (ctx.oidc?.route === 'token') {
    const kind = ctx.oidc.params?.grant_type ?? 'none';
    counts[kind] = (counts[kind] ?? 0) + 1;
    requests.push({ ...ctx.oidc.params, status: ctx.status });
  }
});
provider.on('server_error', (ctx, error) => console.error(error));

const handle = provider.callback();
server.on('request', (request, response) => {
  if (request.url === '/counts') {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ counts, requests }));
    return;
  }
  handle(request, response);
});
console.log(JSON.stringify({ issuer }));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
