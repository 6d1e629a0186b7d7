// npm `@fye/netsuite-rest-api` (got with HTTP/2 asked for, oauth-1.0a): a stream of SuiteQL rows
// that goes on by the link it is given; `prefer: transient` on every request, also on records.
"use strict";
const assert = require("node:assert/strict");
const path = require("node:path");
const api = require(path.join(process.argv[2], "@fye/netsuite-rest-api"));

const E = process.env;
const config = {
  netsuiteApiHost: E.HOST, netsuiteAccountId: E.ACCOUNT, netsuiteQueryLimit: 50,
  consumerKey: E.CONSUMER_KEY, consumerSecret: E.CONSUMER_SECRET,
  netsuiteTokenKey: E.TOKEN_ID, netsuiteTokenSecret: E.TOKEN_SECRET,
};
const root = "services/rest/record/v1";
const send = (method, where, query, as = config) =>
  api.makeRequest(as, { method, path: where, query, requestType: "record" });

async function main() {
  const body = { companyName: "Acme", externalId: "F-1", subsidiary: { id: "1" } };
  assert.equal((await send("PUT", `${root}/customer/eid:F-1`, body)).statusCode, 204);
  const changed = await api.update(config, {
    path: `${root}/customer`, id: "eid:F-1", updateValues: { email: "f@example.org" },
  });
  assert.equal(changed.statusCode, 204);
  const read = await send("GET", `${root}/customer/eid:F-1?${api.expandAbleSubResourcesQueryParam}`);
  assert.equal(read.body.email, "f@example.org");

  const rows = [];
  const query = "SELECT id FROM accountingperiod ORDER BY id";
  const stream = api.suiteqlSearch(config, { query });
  let announced;
  stream.on("totalResults", (total) => { announced = total; });
  for await (const row of stream) rows.push(row.id);
  assert.equal(rows.length, announced);
  assert.ok(new Set(rows).size > 150);

  const failed = api.suiteqlSearch(config, { query: "SELECT nosuch FROM customer" });
  await assert.rejects(async () => { for await (const _ of failed); }, /nosuch/);
  const gone = await send("GET", `${root}/customer/987654`);
  assert.equal(gone.body["o:errorDetails"][0]["o:errorCode"], "NONEXISTENT_ID");
  const stranger = { ...config, netsuiteTokenSecret: "0".repeat(64) };
  assert.equal((await send("GET", `${root}/customer`, undefined, stranger)).statusCode, 401);
  console.log("done");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
