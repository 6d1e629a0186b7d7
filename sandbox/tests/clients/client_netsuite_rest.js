// npm `netsuite-rest` (got, oauth-1.0a): sends `prefer: transient` with every body and no
// content type, and starts with OPTIONS on "*" as its own documentation does.
"use strict";
const assert = require("node:assert/strict");
const path = require("node:path");
const NetsuiteRest = require(path.join(process.argv[2], "netsuite-rest"));

const E = process.env;
const options = {
  consumer_key: E.CONSUMER_KEY, consumer_secret_key: E.CONSUMER_SECRET,
  token: E.TOKEN_ID, token_secret: E.TOKEN_SECRET, realm: E.ACCOUNT,
};
const api = new NetsuiteRest(options);
const send = (path, method, body) => api.request({ path, method, body: JSON.stringify(body) });

// The client copies an answer's own properties; on Node 15 and later `headers` is none of them.
function location(answer) {
  const at = answer.rawHeaders.findIndex((name) => name.toLowerCase() === "location");
  return at < 0 ? undefined : answer.rawHeaders[at + 1];
}

async function refused(promise) {
  try {
    await promise;
  } catch (error) {
    const body = JSON.parse(error.response.body);
    assert.equal(body.status, error.response.statusCode);
    return [body.status, body["o:errorDetails"][0]];
  }
  throw new assert.AssertionError({ message: "not refused" });
}

async function main() {
  assert.equal((await api.request({ path: "*", method: "OPTIONS" })).statusCode, 204);

  const made = await send("record/v1/customer", "POST", {
    companyName: "Acme", externalId: "N-1", email: "n@example.org", subsidiary: { id: "1" },
  });
  assert.equal(made.statusCode, 204);
  assert.equal(made.data, null);
  const number = location(made).split("/").pop();
  const read = await api.request({ path: `record/v1/customer/${number}` });
  assert.equal(read.data.companyName, "Acme");
  assert.equal(read.data.subsidiary.refName, "Parent Company");

  const put = await send("record/v1/customer/eid:N-1", "PUT", { companyName: "Acme & Co" });
  assert.equal(location(put), location(made));
  await send("record/v1/customer/eid:N-2", "PUT", { companyName: "Other", subsidiary: { id: "1" } });

  const list = await api.request({ path: "record/v1/customer/" });
  assert.equal(list.data.totalResults, 2);
  assert.equal(list.data.links[0].rel, "self");
  const q = encodeURIComponent('companyName IS "Acme & Co"');
  assert.equal((await api.request({ path: `record/v1/customer?q=${q}` })).data.count, 1);

  const ids = new Set();
  let page = { hasMore: true };
  for (let offset = 0; page.hasMore; offset += 60) {
    const where = `query/v1/suiteql?limit=60&offset=${offset}`;
    page = (await send(where, "POST", { q: "SELECT id FROM accountingperiod ORDER BY id" })).data;
    page.items.forEach((row) => ids.add(row.id));
  }
  assert.equal(ids.size, page.totalResults);
  assert.ok(ids.size > 150);
  // The query of its documentation: a date compared with text in the account's format.
  const documented = `{
    "q":
    "SELECT
      id, companyName, email, dateCreated
       FROM customer WHERE
          dateCreated >= '01/01/2019'
            AND dateCreated < '01/01/2999'"
  }`;
  const dated = await api.request({ path: "query/v1/suiteql?limit=5", method: "POST", body: documented });
  assert.deepEqual(dated.data.items.map((row) => row.email), ["n@example.org", undefined]);

  const metadata = await api.request({ path: "record/v1/metadata-catalog/" });
  assert.ok(metadata.data.items.some((item) => item.name === "customer"));

  let [status, detail] = await refused(api.request({ path: "record/v1/customer/987654" }));
  assert.deepEqual([status, detail["o:errorCode"]], [404, "NONEXISTENT_ID"]);
  [status, detail] = await refused(api.request({
    path: `record/v1/customer/${number}`, method: "PATCH", body: '{"noSuchField": 1}',
    heads: { "X-NetSuite-PropertyNameValidation": "Error" },
  }));
  assert.deepEqual([status, detail["o:errorPath"]], [400, "noSuchField"]);
  const stranger = new NetsuiteRest({ ...options, token_secret: "0".repeat(64) });
  [status, detail] = await refused(stranger.request({ path: "record/v1/customer" }));
  assert.deepEqual([status, detail["o:errorCode"]], [401, "INVALID_LOGIN"]);
  console.log("done");
}

main().catch((error) => {
  console.error(error, error.response && error.response.body);
  process.exit(1);
});
