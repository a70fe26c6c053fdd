// The points of the workload: ids of both kinds, payloads of every type.

const uuids = ['6e1f4d2a-0b1c-4d3e-8f5a-6b7c8d9e0f1a', 'a3bb189e-8bf9-3888-9912-ace4e6543002'];
const numbers = [1, 2, 3, 4, 5, 42, 1000, Number.MAX_SAFE_INTEGER];
const colors = ['red', 'green', 'blue'];

// direction is a vector of the given size that points mostly along one axis, so that neighbours are known.
export function direction(size, axis, tilt) {
  const v = new Array(size).fill(0.01);
  v[axis % 4] = 1;
  v[(axis + 1) % 4] = tilt;
  return v;
}

export function makePoints({dense, size, sparse}) {
  return [...numbers, ...uuids].map((id, i) => {
    const vector = direction(size, i, i / 32);
    const terms = {indices: [i, 100], values: [1, 0.5]};
    return {
      id,
      vector: {[dense]: vector, [sparse]: terms},
      payload: {
        color: colors[i % 3],
        n: i,
        price: i + 0.5,
        whole: 2.0,
        on: i % 2 === 0,
        none: null,
        tags: ['a', `t${i}`],
        nested: {deep: {text: 'ünï "quoted" \u0000 \\ 😀'}},
        big: Number.MAX_SAFE_INTEGER,
        negative: -1 - i,
      },
    };
  });
}

// byId orders ids of both kinds.
export const byId = (a, b) => (String(a) < String(b) ? -1 : 1);
export const idsOf = (list) => list.map(({id}) => id).sort(byId);
