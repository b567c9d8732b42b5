// A webhook receiver that knows signatures only by the package "standardwebhooks". It prints one JSON line for
// its port and one for each request: the event it verified, or why it did not.
// Usage: node receiver.mjs SECRET_FILE
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const print = (value) => process.stdout.write(JSON.stringify(value) + "\n");

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    // Read at each request: the daemon makes the secret when it first starts.
    const webhook = new Webhook(readFileSync(process.argv[2], "utf8").trim());
    const event = webhook.verify(Buffer.concat(chunks), request.headers);
    response.writeHead(204).end();
    print({ verified: true, id: request.headers["webhook-id"], event });
  } catch (error) {
    response.writeHead(400).end();
    print({ verified: false, id: request.headers["webhook-id"], error: String(error) });
  }
});
server.listen(0, "127.0.0.1", () => print({ port: server.address().port }));
