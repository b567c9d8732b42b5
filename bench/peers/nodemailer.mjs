// Peer of `crier-bench smtp`: nodemailer's pool with messages that are ready to be sent.
// node nodemailer.mjs CACHE PORT CONNECTIONS MESSAGES MAIL-FILE; prints {"sent": N}.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [cache, port, connections, messages, file] = process.argv.slice(2);
const nodemailer = createRequire(`${cache}/`)('nodemailer');
const transport = nodemailer.createTransport({
  host: '127.0.0.1',
  port: Number(port),
  ignoreTLS: true,
  pool: true,
  maxConnections: Number(connections),
  maxMessages: Infinity,
});
const mail = readFileSync(file);
const idAt = mail.indexOf('############');
const envelope = { from: 'alerts@courier.example.org', to: ['reader@digest.example'] };
const deadline = Date.now() + 5000;
let next = 0;
let sent = 0;

async function sendUntilDone() {
  while (next < Number(messages) && Date.now() < deadline) {
    const raw = Buffer.from(mail);
    raw.write(String(next++).padStart(12, '0'), idAt);
    await transport.sendMail({ envelope, raw });
    sent++;
  }
}

await Promise.all(Array.from({ length: 2 * Number(connections) }, sendUntilDone));
transport.close();
console.log(JSON.stringify({ sent }));
