import assert from 'node:assert/strict';
import {direction, idsOf} from './points.mjs';

// one fetches a point that must exist.
async function one(client, collection, id, with_vector = false) {
  const found = await client.retrieve(collection, {ids: [id], with_vector});
  assert.equal(found.length, 1);
  assert.deepEqual(found[0].id, id);
  return found[0];
}

async function load({client, shape, points, step}) {
  const {collection, dense, sparse} = shape;
  await step('upsert of points', async () => {
    const result = await client.upsert(collection, {points: points.slice(0, 6)});
    assert.equal(result.status, 'completed');
  });
  await step('upsert of a batch', async () => {
    const rest = points.slice(6);
    const result = await client.upsert(collection, {
      batch: {
        ids: rest.map(({id}) => id),
        payloads: rest.map(({payload}) => payload),
        vectors: {
          [dense]: rest.map(({vector}) => vector[dense]),
          [sparse]: rest.map(({vector}) => vector[sparse]),
        },
      },
    });
    assert.equal(result.status, 'completed');
  });
  await step('count', async () => {
    assert.equal((await client.count(collection)).count, points.length);
    const filter = {must: [{key: 'color', match: {value: 'red'}}]};
    const red = points.filter(({payload}) => payload.color === 'red').length;
    assert.equal((await client.count(collection, {filter})).count, red);
  });
}

async function edit({client, shape, points, step}) {
  const {collection, dense, size, sparse} = shape;
  const [a, b, c] = points.map(({id}) => id);
  const uuid = points.at(-1).id;
  await step('set payload', async () => {
    await client.setPayload(collection, {payload: {extra: {x: 1}, color: 'grey'}, points: [a, uuid]});
    const {payload} = await one(client, collection, a);
    assert.equal(payload.color, 'grey');
    assert.deepEqual(payload.extra, {x: 1});
    assert.equal(payload.n, 0);
    assert.equal((await one(client, collection, uuid)).payload.color, 'grey');
  });
  await step('set payload under a key', async () => {
    await client.setPayload(collection, {payload: {y: [1, 2]}, key: 'extra', points: [a]});
    assert.deepEqual((await one(client, collection, a)).payload.extra, {x: 1, y: [1, 2]});
  });
  await step('overwrite payload', async () => {
    await client.overwritePayload(collection, {payload: {color: 'white', n: 7}, points: [b]});
    assert.deepEqual((await one(client, collection, b)).payload, {color: 'white', n: 7});
  });
  await step('delete payload', async () => {
    await client.deletePayload(collection, {keys: ['extra', 'price'], filter: {must: [{has_id: [a]}]}});
    const {payload} = await one(client, collection, a);
    assert.ok(!('extra' in payload) && !('price' in payload) && payload.n === 0);
  });
  await step('clear payload', async () => {
    await client.clearPayload(collection, {points: [c]});
    assert.deepEqual((await one(client, collection, c)).payload, {});
  });
  await step('update and delete vectors', async () => {
    await client.updateVectors(collection, {points: [{id: a, vector: {[sparse]: {indices: [7], values: [2]}}}]});
    await client.deleteVectors(collection, {points: [c], vector: [sparse]});
    const {vector} = await one(client, collection, a, [sparse]);
    assert.deepEqual(vector[sparse], {indices: [7], values: [2]});
    assert.ok(!(sparse in (await one(client, collection, c, true)).vector));
  });
  await step('batch of updates', async () => {
    const results = await client.batchUpdate(collection, {
      operations: [
        {upsert: {points: [{id: 77, vector: {[dense]: direction(size, 0, 0)}, payload: {color: 'black'}}]}},
        {set_payload: {payload: {n: 1}, points: [77]}},
        {overwrite_payload: {payload: {color: 'pink', n: 2}, points: [77]}},
        {delete_payload: {keys: ['n'], points: [77]}},
        {update_vectors: {points: [{id: 77, vector: {[sparse]: {indices: [1], values: [1]}}}]}},
        {delete_vectors: {points: [77], vector: [sparse]}},
      ],
    });
    assert.equal(results.length, 6);
    assert.deepEqual((await one(client, collection, 77)).payload, {color: 'pink'});
    await client.batchUpdate(collection, {operations: [{clear_payload: {points: [77]}}, {delete: {points: [77]}}]});
    assert.deepEqual(await client.retrieve(collection, {ids: [77]}), []);
  });
}

async function clear({client, shape, points, step}) {
  const {collection} = shape;
  await step('delete by ids', async () => {
    const gone = [points[0].id, points.at(-1).id];
    await client.delete(collection, {wait: true, points: gone});
    const {points: left} = await client.scroll(collection, {limit: 100});
    assert.deepEqual(idsOf(left), idsOf(points.slice(1, -1)));
  });
  await step('delete by a filter', async () => {
    await client.delete(collection, {wait: true, filter: {must: [{key: 'color', match: {any: ['green', 'blue']}}]}});
    await client.delete(collection, {wait: true, filter: {must: [{has_id: points.map(({id}) => id)}]}});
    assert.equal((await client.count(collection)).count, 0);
  });
}

export const writes = {load, edit, clear};
