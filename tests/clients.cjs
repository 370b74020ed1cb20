/* clients.cjs - a model's tokenizer as other programs read it
 *
 *   node clients.cjs texts COUNT SEED           rows {"response"} of all kinds
 *   node clients.cjs ids CLIENT FOLDER TEXTS    a line of ids for each row
 *
 * CLIENT is "tokenizers" (Hugging Face's, in Rust), "@huggingface/tokenizers" or
 * "@huggingface/transformers"; NODE_PATH leads to them.  BOS is not among the
 * ids, but of transformers it must have come first.                         */
'use strict';
const fs = require('fs');

let state = 1;
function below(n) {  // a 32-bit generator of numbers that follow no pattern
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 4294967296 * n);
}
const of = (list) => list[below(list.length)];
const times = (most, make) =>
    Array.from({ length: 1 + below(most) }, make).join('');
const letter = () => String.fromCharCode(97 + below(26));
const word = () => times(8, letter);
function point(low, high) {
    for (;;) {
        const c = low + below(high - low);
        if (c < 0xd800 || c >= 0xe000) return String.fromCodePoint(c);
    }
}
const blocks = [[0x20, 0x7f], [0xa0, 0x250], [0x370, 0x530], [0x590, 0x700],
    [0x900, 0xe00], [0x1e00, 0x2000], [0x2000, 0x2581], [0x3040, 0x3100],
    [0x4e00, 0xa000], [0xac00, 0xd7a4], [0xfb00, 0x10000], [0x1f300, 0x1fb00],
    [0x20000, 0x32000]];
const blanks = [' ', '  ', '   ', '\t', '\n', '\r\n', '\n\n', '\v', '\f',
    '\u0085', '\u00a0', '\u2003', '\u2028', '\u3000', '\u200b'];
const marks = '.,;:!?-_()[]{}<>/\\|@#$%^&*~`"\'=+';
const odd = ['<0x41>', '\n<s>\n', '<s', '/s>', '<unk', 'e\u0301', '\u2764\ufe0f',
    '\u{1f468}\u200d\u{1f469}', '\u{1f44d}\u{1f3fd}', '\ufb01'];
const kinds = [
    () => times(8, () => word() + ' '),
    () => times(6, () => of(blanks) + of(['', word()])),
    () => { const b = of(blocks); return times(20, () => point(...b)); },
    () => times(12, () => point(0, 0x110000)),
    () => times(16, () => String.fromCharCode(of([below(33), 127, 128, 159]))),
    () => times(12, () => of([word(), of(blanks), of([...marks]), of(odd),
        String(below(10000)), point(...of(blocks)), ' '])),
    () => of([' ', '']) + times(5, () => below(1e6) + of([' ', '.', ','])),
    () => of(['a', ' ', '\n', '=', 'ha', '\u4e00', '\u{1f600}']).repeat(
        1 + below(40)),
    () => '{ int ' + word() + ' = ' + below(99) + '; }\n    return ' + word()];
// what no two programs agree on: see the script
const apart = /<s>|<\/s>|<unk>|\u2581/;

function texts(count, seed) {
    state = seed;
    const edge = ['', ' ', '  ', 'a', '\0', ' a', 'a ', ' a b', '\n'];
    while (edge.length < count) {
        const text = of(kinds)();
        if (!apart.test(text) && Buffer.byteLength(text) < 200) edge.push(text);
    }
    for (const text of edge)
        console.log(JSON.stringify({ prompt: '', response: text,
            finished: true }));
}

async function client(name, folder) {
    const file = folder + '/tokenizer.json';
    const module = require(name);
    if (name === 'tokenizers') {
        const t = module.Tokenizer.fromFile(file);
        return async (s) => Array.from(
            (await t.encode(s, null, { addSpecialTokens: false })).getIds());
    }
    if (name === '@huggingface/tokenizers') {
        const read = (f) => JSON.parse(fs.readFileSync(folder + '/' + f));
        const t = new module.Tokenizer(read('tokenizer.json'),
            read('tokenizer_config.json'));
        return async (s) =>
            Array.from(t.encode(s, { add_special_tokens: false }).ids);
    }
    module.env.allowRemoteModels = false;
    module.env.localModelPath = '';
    const t = await module.AutoTokenizer.from_pretrained(folder);
    return async (s) => {
        const ids = t.encode(s);
        if (ids[0] !== 1) throw new Error('BOS does not come first');
        return ids.slice(1);
    };
}

async function ids(name, folder, file) {
    const encode = await client(name, folder);
    for (const line of fs.readFileSync(file, 'utf8').split('\n'))
        if (line)
            console.log(JSON.stringify(await encode(JSON.parse(line).response)));
}

const [what, ...rest] = process.argv.slice(2);
if (what === 'texts')
    texts(Number(rest[0]), Number(rest[1]));
else
    ids(...rest).catch((e) => {
        console.error(String(e));
        process.exit(1);
    });
