import assert from 'node:assert/strict';
import {direction, idsOf} from './points.mjs';

const red = {must: [{key: 'color', match: {value: 'red'}}]};

export async function reads({client, shape, points, step}) {
  const {collection, dense, sparse} = shape;
  const using = dense || undefined;
  const all = idsOf(points);
  const first = points[0];
  const near = first.vector[dense];
  const ids = new Set(points.map(({id}) => id));

  // known checks that points are ours, with ids as they were given, best first.
  function known(found, order = (a, b) => a.score >= b.score) {
    assert.ok(found.length > 0, 'nothing was found');
    found.forEach(({id, version, score}, i) => {
      assert.ok(ids.has(id), `id ${JSON.stringify(id)} was never stored`);
      assert.equal(typeof version, 'number');
      assert.equal(typeof score, 'number');
      assert.ok(i === 0 || order(found[i - 1], found[i]), 'not in order');
    });
  }

  await step('retrieve', async () => {
    const found = await client.retrieve(collection, {ids: points.map(({id}) => id), with_vector: true});
    assert.deepEqual(idsOf(found), all);
    for (const p of points) {
      const {payload, vector} = found.find(({id}) => id === p.id);
      assert.deepEqual(payload, p.payload);
      assert.deepEqual(vector[sparse], p.vector[sparse]);
      assert.equal((dense in vector ? vector[dense] : vector).length, p.vector[dense].length);
    }
    assert.deepEqual(await client.retrieve(collection, {ids: [999999]}), []);
  });
  await step('scroll in pages', async () => {
    const seen = [];
    let offset;
    for (let page = 0; page < 10 && offset !== null; page++) {
      const {points: part, next_page_offset} = await client.scroll(collection, {limit: 3, offset, with_payload: ['n']});
      part.forEach(({payload}) => assert.deepEqual(Object.keys(payload), ['n']));
      seen.push(...part);
      offset = next_page_offset;
    }
    assert.equal(offset, null);
    assert.deepEqual(idsOf(seen), all);
  });
  await step('scroll in order', async () => {
    const {points: found} = await client.scroll(collection, {limit: 5, order_by: {key: 'n', direction: 'desc'}});
    assert.deepEqual(found.map(({id}) => id), points.slice(-5).reverse().map(({id}) => id));
  });
  await step('query a dense vector', async () => {
    const {points: found} = await client.query(collection, {query: near, using, limit: 4, with_payload: true});
    known(found);
    assert.equal(found[0].id, first.id);
    assert.deepEqual(found[0].payload, first.payload);
    const {points: bare} = await client.query(collection, {query: near, using, limit: 1});
    assert.ok(!('payload' in bare[0]));
  });
  await step('query with a filter and a threshold', async () => {
    const {points: found} = await client.query(collection, {query: near, using, filter: red, with_payload: {exclude: ['nested']}});
    known(found);
    found.forEach(({payload}) => assert.ok(payload.color === 'red' && !('nested' in payload)));
    const {points: few} = await client.query(collection, {query: near, using, score_threshold: found[0].score, limit: 5});
    few.forEach(({score}) => assert.ok(score >= found[0].score - 1e-6));
  });
  await step('query by an id', async () => {
    for (const id of [first.id, points.at(-1).id]) {
      const {points: found} = await client.query(collection, {query: id, using, limit: 3});
      known(found);
      assert.ok(found.every((p) => p.id !== id), 'the point itself is not among its neighbours');
    }
  });
  await step('query a sparse vector', async () => {
    const {points: found} = await client.query(collection, {query: {indices: [2], values: [3]}, using: sparse, limit: 3});
    known(found);
    assert.equal(found[0].id, points[2].id);
  });
  await step('hybrid query', async () => {
    const {points: found} = await client.query(collection, {
      prefetch: [
        {query: near, using, limit: 5},
        {query: {indices: [0, 100], values: [1, 1]}, using: sparse, limit: 5, filter: red},
      ],
      query: {fusion: 'rrf'},
      limit: 3,
      with_payload: ['color'],
    });
    known(found);
    assert.equal(found[0].id, first.id);
  });
  await step('batch of queries', async () => {
    const results = await client.queryBatch(collection, {
      searches: [{query: near, using, limit: 1, with_payload: true}, {query: near, using, filter: red, limit: 2}],
    });
    assert.equal(results.length, 2);
    assert.equal(results[0].points[0].id, first.id);
    assert.ok('payload' in results[0].points[0] && !('payload' in results[1].points[0]));
  });
  await step('recommend', async () => {
    const positive = [first.id, points.at(-1).id];
    const {points: found} = await client.query(collection, {query: {recommend: {positive, negative: [points[1].id]}}, using, limit: 3});
    known(found);
    assert.ok(found.every(({id}) => !positive.includes(id)));
    known(await client.recommend(collection, {positive, negative: [], using, limit: 3, with_payload: true}));
  });
  await step('search', async () => {
    const vector = dense ? {name: dense, vector: near} : near;
    const found = await client.search(collection, {vector, limit: 2, with_vector: dense ? [dense] : true});
    known(found);
    assert.equal(found[0].id, first.id);
    assert.ok(found[0].vector);
  });
  await step('groups', async () => {
    const {groups} = await client.queryGroups(collection, {query: near, using, group_by: 'color', group_size: 2, limit: 3, with_payload: true});
    assert.deepEqual(groups.map(({id}) => id).sort(), ['blue', 'green', 'red']);
    groups.forEach(({id, hits}) => {
      known(hits);
      assert.ok(hits.length <= 2 && hits.every(({payload}) => payload.color === id));
    });
  });
  await step('facet', async () => {
    const {hits} = await client.facet(collection, {key: 'color'});
    assert.deepEqual(Object.fromEntries(hits.map(({value, count}) => [value, count])), {red: 4, green: 3, blue: 3});
  });
  await step('matrix', async () => {
    const {pairs} = await client.searchMatrixPairs(collection, {sample: 10, limit: 2, using});
    assert.ok(pairs.length > 0 && pairs.every(({a, b}) => ids.has(a) && ids.has(b)));
    const {ids: rows, offsets_row, scores} = await client.searchMatrixOffsets(collection, {sample: 10, limit: 2, using});
    assert.ok(rows.every((id) => ids.has(id)) && offsets_row.length === scores.length);
  });
  await step('filters', async () => {
    const matching = async (filter) => (await client.count(collection, {filter})).count;
    assert.equal(await matching({must: [{key: 'n', range: {gte: 2, lt: 5}}]}), 3);
    assert.equal(await matching({must: {has_id: [points[0].id, points.at(-1).id]}}), 2);
    assert.equal(await matching({must_not: [{key: 'color', match: {any: ['red', 'blue']}}]}), 3);
    assert.equal(await matching({min_should: {conditions: [red.must[0], {has_id: [points[1].id]}], min_count: 1}}), 5);
  });
  await step('nearest with an axis of its own', async () => {
    const {points: found} = await client.query(collection, {query: direction(shape.size, 1, 0), using, limit: 1});
    assert.equal(found[0].id, points[1].id);
  });
}
