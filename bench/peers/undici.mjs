// Peer of `crier-bench webhook`: undici's pool, request by request, with bodies that are ready and not signed.
// node undici.mjs CACHE PORT CONNECTIONS REQUESTS BODY-BYTES; prints {"sent": N}.
import { createRequire } from 'node:module';

const [cache, port, connections, requests, bytes] = process.argv.slice(2);
const { Pool } = createRequire(`${cache}/`)('undici');
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: Number(connections), pipelining: 1 });
const body = Buffer.from(JSON.stringify({ type: 'story.published', data: 'x'.repeat(Number(bytes) - 40) }));
const deadline = Date.now() + 5000;
let next = 0;
let sent = 0;

async function sendUntilDone() {
  while (next < Number(requests) && Date.now() < deadline) {
    const answer = await pool.request({
      path: '/hook',
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': `peer-${next++}`,
        'webhook-timestamp': '1697657820',
        'webhook-signature': 'v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
      },
      body,
    });
    await answer.body.dump();
    if (answer.statusCode === 204) sent++;
  }
}

await Promise.all(Array.from({ length: Number(connections) }, sendUntilDone));
await pool.close();
console.log(JSON.stringify({ sent }));
