/* engine.js - sppo.h as WebAssembly: its calls, with strings and arrays.
   The page and its worker both run this text. */
'use strict';

async function unpacked(base64) {
  const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/* models.bin: a line of JSON, [[name, bytes], ..], then the files. */
function filesOf(bytes) {
  const end = bytes.indexOf(10), files = {};
  let at = end + 1;
  for (const [name, size] of JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)))) {
    files[name] = bytes.subarray(at, at + size);
    at += size;
  }
  return files;
}

/* page.judge(texts, k, P) fills P, a Float64Array; page.progress(phase, done,
   total) may return true to stop. */
async function openEngine(bytes, page = {}) {
  let engine;
  const texts = at => {               // the prompt and k responses
    const heap = new Uint8Array(engine.memory.buffer);
    return n => {
      const all = [];
      for (let i = 0; i < n; i++) {
        const end = heap.indexOf(0, at);
        all.push(decoder.decode(heap.subarray(at, end)));
        at = end + 1;
      }
      return all;
    };
  };
  const decoder = new TextDecoder(), encoder = new TextEncoder();
  const { instance } = await WebAssembly.instantiate(bytes, {
    page: {
      judge(at, k, out) {
        try {
          const [prompt, ...responses] = texts(at)(k + 1);
          page.judge(prompt, responses,
            new Float64Array(engine.memory.buffer, out, k * k));
          return 0;
        } catch (e) {
          if (page.failed) page.failed(e);
          return 1;
        }
      },
      progress: (phase, done, total) =>
        page.progress && page.progress(phase, done, total) ? 1 : 0
    },
    /* of printf, which never gets as far as a file */
    wasi_snapshot_preview1: new Proxy({}, { get: () => () => 0 })
  });
  engine = instance.exports;
  if (engine._initialize) engine._initialize();

  const put = data => {
    const at = engine.room(data.length + 1);
    new Uint8Array(engine.memory.buffer).set(data, at);
    return at;
  };
  const names = {};
  const name = s => names[s] || (names[s] = put(encoder.encode(s)));
  const read = at => at === 0 ? '' : texts(at)(1)[0];
  const must = code => {
    if (code) throw new Error(read(engine.message()));
  };
  return {
    raw: engine, name, read, must,
    /* room for n doubles: .at to pass on, .all() to read and write */
    doubles(n) {
      const at = engine.room(8 * n);
      return { at, all: () => new Float64Array(engine.memory.buffer, at, n) };
    },
    bytes(n) {
      const at = engine.room(n);
      return { at, all: () => new Uint8Array(engine.memory.buffer, at, n) };
    },
    number: what => engine.number(name(what)),
    set(settings) {
      engine.clear_settings();
      for (const key in settings)
        if (!engine.set(name(key), settings[key])) throw new Error(`no setting ${key}`);
    },
    load(files) {
      const policy = ['policy.json', 'policy.weights', 'tokenizer']
        .flatMap(f => [put(files[f]), files[f].length]);
      const preference = ['preference.json', 'preference.weights']
        .flatMap(f => [put(files[f]), files[f].length]);
      must(engine.load_policy(...policy));
      must(engine.load_preference(...preference));
    },
    prompts(list) {
      engine.clear_prompts();
      for (const p of list) {
        const at = put(encoder.encode(p));
        must(engine.add_prompt(at));
        engine.leave(at);
      }
    },
    answer(prompt, whose, seed) {
      const at = put(encoder.encode(prompt)), text = engine.answer(at, whose, seed);
      engine.leave(at);
      if (!text) throw new Error(read(engine.message()));
      return read(text);
    },
    text: at => read(at),
    string: s => put(encoder.encode(s))
  };
}
