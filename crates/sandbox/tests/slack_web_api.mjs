// Drives the emulated Slack through every method that it has, with Slack's SDK for Node.
//
//     node slack_web_api.mjs http://127.0.0.1:PORT
//
// The SDK is looked for in SANDBOX_SDK_NODE_MODULES, else in node/node_modules beside this file.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const modules = process.env.SANDBOX_SDK_NODE_MODULES ?? join(here, 'node', 'node_modules');
const { resolve } = createRequire(join(modules, '..', 'anything.js'));
const { WebClient, ErrorCode, LogLevel } = await import(pathToFileURL(resolve('@slack/web-api')));
const { SocketModeClient } = await import(pathToFileURL(resolve('@slack/socket-mode')));

const CLIENT = { client_id: '1000000000001.2000000000002', client_secret: '5a6e0c1d9b8f47e2a3c4d5e6f7081920' };
const SIGNING_SECRET = '8f742231b10e8888abcd99yyyzzz85a5';
const APP_TOKEN = 'xapp-1-A0SANDBOX1-3000000000003-6e1b5f0a4c7d';
const REDIRECT = 'https://app.example/oauth/callback';
const EVENT_WITHIN_MS = 10_000;
const BOT_SCOPES =
  'channels:history,channels:join,channels:read,chat:write,emoji:read,files:read,files:write,groups:history,groups:read,im:history,im:read,im:write,mpim:history,mpim:read,mpim:write,reactions:read,reactions:write,team:read,users:read,users:read.email';
const USER_SCOPES = 'channels:history,channels:read,chat:write,im:history,im:read,im:write,users:read';

const base = process.argv[2].replace(/\/$/, '');

function client(token) {
  return new WebClient(token, {
    slackApiUrl: `${base}/api/`,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    logLevel: LogLevel.ERROR,
    logger: { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, getLevel() {}, setName() {} },
  });
}

async function control(path, body, method = body ? 'POST' : 'GET') {
  const answer = await fetch(`${base}/control/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  return answer.json();
}

async function refused(error, call) {
  const refusal = await call().then(
    () => assert.fail(`was not refused with ${error}`),
    (refusal) => refusal,
  );
  assert.equal(refusal.code, ErrorCode.PlatformError, String(refusal));
  assert.equal(refusal.data.error, error);
  return refusal.data;
}

/** All items of all pages, fetched by the SDK's own pagination. */
async function all(pages, items) {
  const found = [];
  for await (const page of pages) found.push(...page[items]);
  return found;
}

/** The app's address: checks each signature as documented, and keeps the event. */
function listen() {
  const heard = [];
  const waiting = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks).toString();
    const timestamp = request.headers['x-slack-request-timestamp'];
    const expected = `v0=${createHmac('sha256', SIGNING_SECRET).update(`v0:${timestamp}:${raw}`).digest('hex')}`;
    const body = JSON.parse(raw);
    body.signed = request.headers['x-slack-signature'] === expected;
    response.end(body.challenge ?? '');
    heard.push(body);
    for (const look of waiting.splice(0)) look();
  });
  const hear = async (wanted) => {
    const until = Date.now() + EVENT_WITHIN_MS;
    for (;;) {
      const index = heard.findIndex((body) => wanted(body));
      if (index >= 0) {
        const [body] = heard.splice(index, 1);
        assert.ok(body.signed, 'the signature is wrong');
        return body;
      }
      assert.ok(Date.now() < until, `the event did not come: ${wanted}`);
      await new Promise((look) => {
        waiting.push(look);
        setTimeout(look, until - Date.now()).unref();
      });
    }
  };
  return new Promise((ready) => server.listen(0, '127.0.0.1', () => ready({ server, hear })));
}

async function install(person) {
  const wish = { client_id: CLIENT.client_id, scope: BOT_SCOPES, user_scope: USER_SCOPES, redirect_uri: REDIRECT, state: 's' };
  const allowed = await fetch(`${base}/oauth/v2/authorize`, {
    method: 'POST',
    body: new URLSearchParams({ ...wish, user: person, decision: 'allow' }),
    redirect: 'manual',
  });
  const answer = new URL(allowed.headers.get('location')).searchParams;
  assert.equal(answer.get('state'), 's');
  const exchange = { ...CLIENT, code: answer.get('code'), redirect_uri: REDIRECT };
  await refused('bad_redirect_uri', () => client().oauth.v2.access({ ...exchange, redirect_uri: `${REDIRECT}/x` }));
  const tokens = await client().oauth.v2.access(exchange);
  await refused('invalid_code', () => client().oauth.v2.access(exchange));
  assert.equal(tokens.authed_user.id, person);
  return tokens;
}

async function checkLists(bot) {
  assert.equal((await bot.api.test({ foo: 'bar' })).args.foo, 'bar');
  const { team } = await bot.team.info();
  const me = await bot.auth.test();
  assert.equal(me.team_id, team.id);
  assert.deepEqual((await bot.auth.teams.list()).teams, [{ id: team.id, name: 'Acme' }]);
  const { emoji } = await bot.emoji.list();
  assert.ok(emoji.acme.startsWith('https://'));
  assert.equal(emoji.acme_logo, 'alias:acme');
  assert.equal((await bot.bots.info({ bot: me.bot_id })).bot.user_id, me.user_id);
  const users = await all(bot.paginate('users.list', { limit: 3 }), 'members');
  assert.ok(users.length > 3 && new Set(users.map((user) => user.id)).size === users.length);
  assert.ok((await bot.users.info({ user: users[0].id })).user.profile.email);
  const channels = await all(bot.paginate('conversations.list', { limit: 2 }), 'channels');
  await refused('invalid_cursor', () => bot.users.list({ cursor: 'bm9uc2Vuc2U=' }));
  await refused('user_not_found', () => bot.users.info({ user: 'U0' }));
  return { me, channel: channels.find((channel) => channel.name === 'support').id };
}

async function checkMessages(bot, me, channel, hear) {
  const message = (fields) =>
    hear(({ event }) => event?.type === 'message' && Object.entries(fields).every(([name, value]) => event[name] === value));
  await refused('not_in_channel', () => bot.conversations.history({ channel }));
  await bot.conversations.join({ channel });
  assert.equal((await bot.conversations.join({ channel })).warning, 'already_in_channel');
  const members = await all(bot.paginate('conversations.members', { channel, limit: 2 }), 'members');
  assert.ok(members.includes(me.user_id));
  assert.ok((await bot.users.conversations()).channels.some(({ id }) => id === channel));
  assert.equal((await bot.conversations.info({ channel })).channel.is_member, true);
  const metadata = { event_type: 'mark', event_payload: { id: '7' } };
  const blocks = [{ type: 'section', text: { type: 'mrkdwn', text: '*Hello*' } }];
  const posted = await bot.chat.postMessage({ channel, text: 'Hello', blocks, metadata });
  assert.equal(posted.message.blocks[0].type, 'section');
  assert.deepEqual((await message({ ts: posted.ts })).event.metadata, metadata);
  const updated = await bot.chat.update({ channel, ts: posted.ts, text: 'Hello again' });
  assert.equal(updated.message.edited.user, me.bot_id);
  assert.equal(updated.message.blocks[0].type, 'rich_text');
  assert.equal((await message({ subtype: 'message_changed' })).event.message.text, 'Hello again');
  const bold = { type: 'text', text: 'bold', style: { bold: true } };
  const rich = [{ type: 'rich_text', elements: [{ type: 'rich_text_quote', elements: [bold] }] }];
  const formatted = await bot.chat.postMessage({ channel, text: '*bold*', blocks: rich });
  assert.deepEqual(formatted.message.blocks[0].elements, rich[0].elements);
  const wiped = await bot.chat.update({ channel, ts: formatted.ts, text: 'plain' });
  assert.deepEqual(wiped.message.blocks[0].elements[0].elements, [{ type: 'text', text: 'plain' }]);
  await bot.chat.delete({ channel, ts: formatted.ts });
  const reply = await bot.chat.postMessage({ channel, text: 'A reply', thread_ts: posted.ts, reply_broadcast: true });
  assert.equal((await message({ subtype: 'thread_broadcast' })).event.root.ts, posted.ts);
  const replies = await all(bot.paginate('conversations.replies', { channel, ts: posted.ts, limit: 1 }), 'messages');
  assert.deepEqual(replies.map(({ ts }) => ts), [posted.ts, reply.ts]);
  const history = await all(bot.paginate('conversations.history', { channel, limit: 7 }), 'messages');
  const times = history.map(({ ts }) => ts);
  assert.ok(times.length > 7);
  assert.deepEqual(times, [...new Set(times)].sort().reverse());
  assert.match((await bot.chat.getPermalink({ channel, message_ts: posted.ts })).permalink, /\/archives\//);
  await checkReactions(bot, channel, posted.ts, hear);
  await bot.chat.delete({ channel, ts: posted.ts });
  const buried = ({ event }) => event?.message?.subtype === 'tombstone' && event.message.ts === posted.ts;
  assert.equal((await hear(buried)).event.previous_message.text, 'Hello again');
  await refused('message_not_found', () => bot.chat.delete({ channel, ts: posted.ts }));
  await refused('thread_not_found', () => bot.conversations.replies({ channel, ts: '1.000000' }));
  await refused('channel_not_found', () => bot.chat.postMessage({ channel: 'C0', text: 'x' }));
}

async function checkReactions(bot, channel, timestamp, hear) {
  await bot.reactions.add({ channel, timestamp, name: 'thumbsup' });
  await refused('already_reacted', () => bot.reactions.add({ channel, timestamp, name: '+1' }));
  assert.equal((await bot.reactions.get({ channel, timestamp })).message.reactions[0].count, 1);
  await bot.reactions.remove({ channel, timestamp, name: 'thumbsup' });
  assert.equal((await hear(({ event }) => event?.type === 'reaction_removed')).event.reaction, '+1');
  await refused('no_reaction', () => bot.reactions.remove({ channel, timestamp, name: 'thumbsup' }));
}

async function checkFiles(bot, channel, hear) {
  const file_uploads = [
    { filename: 'one.txt', content: 'first' },
    { filename: 'two.txt', content: 'second' },
  ];
  await bot.filesUploadV2({ channel_id: channel, file_uploads, initial_comment: 'Two files' });
  const { event } = await hear(({ event }) => event?.subtype === 'file_share');
  assert.deepEqual([event.text, event.files.length], ['Two files', 2]);
  const { file } = await bot.files.info({ file: event.files[1].id });
  assert.equal(file.shares.public[channel][0].ts, event.ts);
  const page = await fetch(file.url_private_download);
  assert.match(await page.text(), /^<!DOCTYPE html>/);
  const headers = { authorization: `Bearer ${bot.token}` };
  assert.equal(await (await fetch(file.url_private_download, { headers })).text(), 'second');
  await bot.files.delete({ file: file.id });
  await refused('file_deleted', () => bot.files.info({ file: file.id }));
}

async function checkChats(bot, person, someone, another) {
  const { channel } = await bot.conversations.open({ users: someone, return_im: true });
  assert.equal(channel.user, someone);
  const group = await bot.conversations.open({ users: `${someone},${another}`, return_im: true });
  assert.equal(group.channel.is_mpim, true);
  const sent = await person.chat.postMessage({ channel: someone, text: 'As myself' });
  await person.conversations.mark({ channel: sent.channel, ts: sent.ts });
  assert.equal((await person.conversations.info({ channel: sent.channel })).channel.last_read, sent.ts);
  await refused('channel_not_found', () => bot.conversations.history({ channel: sent.channel }));
  const { needed } = await refused('missing_scope', () => person.team.info());
  assert.equal(needed, 'team:read');
}

async function checkTheEnd(bot, person, hear) {
  await control('faults', { kind: 'rate_limited', retry_after_secs: 3, method: 'users.list' });
  const limited = await bot.users.list().catch((error) => error);
  assert.equal(limited.code, ErrorCode.RateLimitedError);
  assert.equal(limited.retryAfter, 3);
  await control('faults', { kind: 'answer_lost', method: 'chat.postMessage' });
  const before = (await control('calls'))['chat.postMessage'];
  const lost = await bot.chat.postMessage({ channel: 'support', text: 'lost' }).catch((error) => error);
  assert.equal(lost.code, ErrorCode.RequestError);
  assert.equal((await control('calls'))['chat.postMessage'], before + 1);
  await person.auth.revoke();
  await refused('token_revoked', () => person.auth.test());
  await bot.apps.uninstall(CLIENT);
  await hear(({ event }) => event?.type === 'app_uninstalled');
  await refused('invalid_auth', () => client('xoxb-none').auth.test());
}

async function checkRotation(person) {
  await control('rotation', { expires_in_secs: 43_200, grace_secs: 60 });
  const tokens = await install(person);
  assert.equal(tokens.expires_in, 43_200);
  const grant = (refresh_token) => client().oauth.v2.access({ ...CLIENT, grant_type: 'refresh_token', refresh_token });
  await control('expire', {});
  await refused('token_expired', () => client(tokens.access_token).auth.test());
  const bot = await grant(tokens.refresh_token);
  assert.equal(bot.token_type, 'bot');
  assert.equal((await client(bot.access_token).auth.test()).user_id, tokens.bot_user_id);
  const own = await grant(tokens.authed_user.refresh_token);
  assert.equal(own.token_type, 'user');
  assert.equal((await client(own.access_token).auth.test()).user_id, person);
  assert.notEqual((await grant(tokens.refresh_token)).refresh_token, bot.refresh_token);
  await refused('invalid_refresh_token', () => grant('xoxe-1-no'));
}

/** Slack's own client gets events through sockets, and another socket when one ends. */
async function checkSockets(person) {
  await refused('invalid_auth', () => client('xapp-none').apps.connections.open());
  await control('socket_mode', { on: true }, 'PUT');
  const sockets = new SocketModeClient({
    appToken: APP_TOKEN,
    clientOptions: { slackApiUrl: `${base}/api/` },
    logLevel: LogLevel.ERROR,
  });
  const told = (name) =>
    new Promise((found, lost) => {
      const timer = setTimeout(() => lost(new Error(`${name} was not told`)), EVENT_WITHIN_MS);
      sockets.on('slack_event', async ({ ack, body, retry_num }) => {
        await ack();
        if (body.event?.channel?.name !== name) return;
        clearTimeout(timer);
        found({ body, retry_num });
      });
      control('act', { as: person, do: 'create_channel', name });
    });
  await sockets.start();
  const first = await told('sockets');
  assert.equal(first.body.type, 'event_callback');
  assert.equal(first.retry_num, 0);
  assert.equal((await control('socket_mode')).open, 1);
  const connected = new Promise((found) => sockets.once('connected', found));
  await control('sockets', { goodbye: 'refresh_requested' });
  await connected;
  await told('sockets-again');
  await sockets.disconnect();
  await control('socket_mode', { on: false }, 'PUT');
}

const { server, hear } = await listen();
await control('events_url', { url: `http://127.0.0.1:${server.address().port}/` }, 'PUT');
await hear(({ type }) => type === 'url_verification');
const people = (await control('users')).filter((user) => !user.is_bot).map((user) => user.id);
const tokens = await install(people[0]);
const bot = client(tokens.access_token);
const person = client(tokens.authed_user.access_token);
const { me, channel } = await checkLists(bot);
await checkMessages(bot, me, channel, hear);
await checkFiles(bot, channel, hear);
await checkChats(bot, person, people[1], people[2]);
await checkTheEnd(bot, person, hear);
await checkRotation(people[0]);
await checkSockets(people[0]);
server.close();
console.log('@slack/web-api found the Slack that it knows');
