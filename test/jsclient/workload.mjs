// A tenant's normal life with the official JavaScript client, on a collection that exists, is empty and looks as the
// package documentation of jsclient.go says. It leaves the collection empty, and prints one line of JSON at the end.
//
// Environment: QDRANT_URL, QDRANT_API_KEY, COLLECTION, CLIENT_MODULES (the directory that holds node_modules).

import assert from 'node:assert/strict';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {reads} from './reads.mjs';
import {writes} from './writes.mjs';
import {makePoints} from './points.mjs';

const {QDRANT_URL: url, QDRANT_API_KEY: apiKey, COLLECTION: collection, CLIENT_MODULES: modules} = process.env;
const require = createRequire(join(modules, 'package.json'));
const {QdrantClient} = require('@qdrant/js-client-rest');

console.warn = () => {}; // the client warns of a key on an unencrypted connection
const client = new QdrantClient({url, apiKey, checkCompatibility: false, timeout: 60_000});

const steps = [];

// step runs one part of the workload under a name that an error carries.
async function step(name, run) {
  try {
    await run();
  } catch (e) {
    e.message = `${name}: ${e.message}${e.data ? ' ' + JSON.stringify(e.data) : ''}`;
    throw e;
  }
  steps.push(name);
}

// shapeOf learns the names of the vectors from the collection, as a tool would that was given only its name.
async function shapeOf() {
  const {config, status} = await client.getCollection(collection);
  assert.ok(['green', 'yellow', 'grey'].includes(status), `status ${status}`);
  const vectors = config.params.vectors ?? {};
  const unnamed = typeof vectors.size === 'number';
  const dense = unnamed ? '' : Object.keys(vectors)[0];
  const size = unnamed ? vectors.size : vectors[dense].size;
  const sparse = Object.keys(config.params.sparse_vectors ?? {})[0];
  assert.ok(size >= 4 && sparse, 'the collection needs a dense vector of 4 dimensions or more and a sparse vector');
  return {collection, dense, size, sparse};
}

await step('version', async () => {
  const {version} = await client.versionInfo();
  assert.match(version, /^\d+\.\d+\.\d+/);
});
await step('collections', async () => {
  const {collections} = await client.getCollections();
  assert.ok(collections.some(({name}) => name === collection), `${collection} is not listed`);
  assert.equal((await client.collectionExists(collection)).exists, true);
  assert.equal((await client.collectionExists(collection + '-not')).exists, false);
});
await step('a collection that does not exist', async () => {
  await assert.rejects(client.count(collection + '-not'), (e) => {
    assert.equal(e.status, 404);
    assert.equal(e.data.status.error, `Not found: Collection \`${collection}-not\` doesn't exist!`);
    return true;
  });
});

const shape = await shapeOf();
const points = makePoints(shape);
await writes.load({client, shape, points, step});
await reads({client, shape, points, step});
await writes.edit({client, shape, points, step});
await writes.clear({client, shape, points, step});

console.log(JSON.stringify({ok: true, collection, points: points.length, steps}));
