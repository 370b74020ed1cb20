/* worker.js - the loop in a thread of its own: one request, one answer.
   A judge is JavaScript text, or the squares that the reader filled in. */
let E, judge = null, given = [], stop = false, wrong = '';

const jobs = {
  async load({ engine, models }) {
    E = await openEngine(engine, {
      judge(prompt, responses, P) {
        if (given.length) return P.set(given.shift());
        const k = responses.length;
        for (let i = 0; i < k; i++)
          for (let j = 0; j < k; j++)
            P[i * k + j] = i === j ? 0.5 : i < j
              ? chance(judge(prompt, responses[i], responses[j]))
              : 1 - P[j * k + i];
      },
      failed(e) { wrong = e.message; },
      progress(phase, done, total) {
        postMessage({ progress: { phase, done, total } });
        return stop;
      }
    });
    E.load(models);
    return { checksum: hex(E.raw.checksum()) };
  },
  begin({ settings, prompts, judge: text, reset }) {
    wrong = '';
    judge = text && text !== 'model' ? new Function('prompt', 'a', 'b', text) : null;
    E.raw.use_judge(text === 'model' ? 0 : 1);
    if (reset) E.raw.reset();
    E.prompts(prompts);
    E.set(settings);
    E.must(E.raw.begin());
  },
  /* one phase; steps: of a fit one step */
  next({ steps, squares }) {
    given = (squares || []).map(s => Float64Array.from(s));
    const phase = E.raw.next(steps ? 1 : 0);
    if (phase < 0) throw new Error(wrong || E.read(E.raw.message()));
    return { phase, ...numbers(['iteration', 'loss', 'margin', 'win_chosen',
      'win_rejected', 'length', 'finished']) };
  },
  round({ first, count }) {
    const k = E.number('k'), all = [];
    for (let p = first; p < first + count; p++)
      all.push({
        prompt: E.read(E.raw.prompt_text(p)),
        responses: range(k).map(i => E.read(E.raw.response(p * k + i))),
        lengths: range(k).map(i => E.raw.response_length(p * k + i)),
        P: doubles(E.raw.pairwise(p), k * k), win: doubles(E.raw.win(p), k),
        winner: E.raw.winner(p), loser: E.raw.loser(p)
      });
    return all;
  },
  /* the first prompt's square, as the reader edited it */
  edit({ P }) {
    new Float64Array(E.raw.memory.buffer, E.raw.pairwise(0), P.length).set(P);
  },
  logps() {
    return range(E.number('k')).map(i => E.raw.log_probability(i));
  },
  evaluate({ samples, seed, prompts }) {
    if (prompts) E.prompts(prompts);
    E.must(E.raw.evaluate(samples, seed));
    return { ...numbers(['win_rate', 'low', 'high', 'kl', 'length_policy',
      'length_first', 'bytes']), checksum: hex(E.raw.checksum()) };
  },
  answers({ prompts, seed }) {
    return prompts.map(p => [E.answer(p, 0, seed), E.answer(p, 1, seed)]);
  },
  /* seconds for 2 n^3 operations, the best of five, plainly and in tiles */
  product({ n }) {
    const apart = E.doubles(1), best = [Infinity, Infinity];
    for (const tiled of [0, 1])
      for (let run = 0; run < 5; run++) {
        const times = tiled ? 16 : 1, begun = performance.now();
        if (!E.raw.product(n, tiled, times, apart.at)) throw new Error('no memory');
        best[tiled] = Math.min(best[tiled], (performance.now() - begun) / times / 1000);
      }
    return { plain: best[0], tiled: best[1], apart: apart.all()[0] };
  },
  attention({ prompt, a, b }) {
    const n = E.bytes(12), most = 64, sees = E.bytes(most * most);
    const t = E.raw.attention(E.string(prompt), E.string(a), E.string(b), n.at, sees.at, most);
    if (t < 0) throw new Error(E.read(E.raw.message()));
    return { n: [...new Int32Array(E.raw.memory.buffer, n.at, 3)],
      sees: [...sees.all().subarray(0, t * t)],
      tokens: range(t).map(i => E.read(E.raw.tree_token(i)) || '\u2423') };
  }
};

const range = n => [...Array(n).keys()];
const hex = n => (n >>> 0).toString(16).padStart(8, '0');
const doubles = (at, n) => [...new Float64Array(E.raw.memory.buffer, at, n)];
const numbers = names => Object.fromEntries(names.map(n => [n, E.number(n)]));
function chance(p) {
  if (!(p >= 0 && p <= 1)) throw new Error(`the judge returned ${p}, not a number from 0 to 1`);
  return p;
}

onmessage = async ({ data }) => {
  try {
    postMessage({ id: data.id, result: await jobs[data.job](data) });
  } catch (e) {
    postMessage({ id: data.id, error: wrong || e.message });
  }
};
