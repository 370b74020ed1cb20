"""read_gguf.py FILE.gguf MODEL_DIRECTORY TYPE - a reader of GGUF from the
format's description, which knows nothing of the writer: every byte of the file
is accounted for, keys and vocabulary are the directory's, and every number is
that of model.safetensors, in TYPE (float32, float16, bfloat16), rounded here.
Prints what it saw; the exit status is 1 where something differs."""
import json
import struct
import sys

path, folder, wanted = sys.argv[1:4]
data = open(path, 'rb').read()
at = 0


def take(form):
    global at
    value, = struct.unpack_from('<' + form, data, at)
    at += struct.calcsize('<' + form)
    return value


def text():
    global at
    n = take('Q')
    at += n
    return data[at - n:at].decode('utf-8')


def value(kind):
    scalars = {0: 'B', 1: 'b', 2: 'H', 3: 'h', 4: 'I', 5: 'i', 6: 'f', 7: 'B',
               10: 'Q', 11: 'q', 12: 'd'}
    if kind == 8:
        return text()
    if kind == 9:
        inner, count = take('I'), take('Q')
        return [value(inner) for _ in range(count)]
    return take(scalars[kind])


def check(what, is_so, should):
    if is_so != should:
        print('%s is %r, not %r' % (what, is_so, should))
        sys.exit(1)


check('magic', data[:4], b'GGUF')
at = 4
check('version', take('I'), 3)
tensors, keys = take('Q'), take('Q')
key = {}
for _ in range(keys):
    name = text()
    check('key %s again' % name, name in key, False)
    key[name] = value(take('I'))
infos = []
for _ in range(tensors):
    name = text()
    shape = [take('Q') for _ in range(take('I'))]
    infos.append((name, shape[::-1], take('I'), take('Q')))
begin = (at + 31) // 32 * 32
check('padding', data[at:begin], bytes(begin - at))

# ---- the directory, by Python's own reading ----
config = json.load(open(folder + '/config.json'))
raw = open(folder + '/model.safetensors', 'rb').read()
size, = struct.unpack_from('<Q', raw)
header = json.loads(raw[8:8 + size])
heads = config['num_attention_heads']
kv_heads = config.get('num_key_value_heads', heads)
width = config.get('head_dim') or config['hidden_size'] // heads


def rows_of(name):
    entry = header[name]
    b, e = entry['data_offsets']
    check(name + ' dtype', entry['dtype'], 'F32')
    numbers = struct.unpack('<%df' % ((e - b) // 4), raw[8 + size + b:
                                                         8 + size + e])
    cols = entry['shape'][-1]
    return entry['shape'], [numbers[i:i + cols]
                            for i in range(0, len(numbers), cols)]


def neighbours(rows, count):
    """Rotary pairs: row j and j + half of a head become 2 j and 2 j + 1."""
    out = []
    for h in range(count):
        head = rows[h * width:(h + 1) * width]
        for j in range(width // 2):
            out += [head[j], head[j + width // 2]]
    return out


def bfloat(x):
    word, = struct.unpack('<I', struct.pack('<f', x))
    low = word & 0xffff
    word >>= 16
    if low > 0x8000 or (low == 0x8000 and word & 1):
        word += 1
    return struct.pack('<H', word)


pack = {'float32': lambda r: struct.pack('<%df' % len(r), *r),
        'float16': lambda r: struct.pack('<%de' % len(r), *r),
        'bfloat16': lambda r: b''.join(map(bfloat, r))}
names = {'token_embd': 'model.embed_tokens', 'output_norm': 'model.norm',
         'output': 'lm_head', 'attn_norm': 'input_layernorm',
         'attn_q': 'self_attn.q_proj', 'attn_k': 'self_attn.k_proj',
         'attn_v': 'self_attn.v_proj', 'attn_output': 'self_attn.o_proj',
         'ffn_norm': 'post_attention_layernorm', 'ffn_gate': 'mlp.gate_proj',
         'ffn_up': 'mlp.up_proj', 'ffn_down': 'mlp.down_proj'}
seen, where = set(), 0
for name, shape, kind, offset in infos:
    part = name.split('.')
    layer = 'model.layers.%s.' % part[1] if part[0] == 'blk' else ''
    source = layer + names[part[-2]] + '.' + part[-1]
    seen.add(source)
    there, rows = rows_of(source)
    check(name + ' shape', shape, there)
    if part[-2] in ('attn_q', 'attn_k'):
        rows = neighbours(rows, heads if part[-2] == 'attn_q' else kv_heads)
    form = wanted if len(shape) == 2 else 'float32'
    check(name + ' type', kind, {'float32': 0, 'float16': 1,
                                 'bfloat16': 30}[form])
    check(name + ' offset', offset, where)
    bytes_ = b''.join(map(pack[form], rows))
    stored = data[begin + offset:begin + offset + len(bytes_)]
    check(name + ' has its bytes', stored == bytes_, True)
    where = (offset + len(bytes_) + 31) // 32 * 32
    gap = data[begin + offset + len(bytes_):begin + where]
    check(name + ' gap', gap, bytes(len(gap)))
check('length', len(data), begin + where)
check('tensors', seen, set(n for n in header if n != '__metadata__'))

# ---- keys ----
expected = {
    'general.architecture': 'llama',
    'general.name': folder.rstrip('/').split('/')[-1],
    'general.file_type': {'float32': 0, 'float16': 1, 'bfloat16': 32}[wanted],
    'llama.context_length': config['max_position_embeddings'],
    'llama.embedding_length': config['hidden_size'],
    'llama.block_count': config['num_hidden_layers'],
    'llama.feed_forward_length': config['intermediate_size'],
    'llama.vocab_size': config['vocab_size'],
    'llama.attention.head_count': heads,
    'llama.attention.head_count_kv': kv_heads,
    'llama.attention.key_length': width,
    'llama.attention.value_length': width,
    'llama.rope.dimension_count': width,
    'llama.rope.freq_base': config.get('rope_theta', 10000.0),
    'tokenizer.ggml.model': 'llama', 'tokenizer.ggml.pre': 'default',
    'tokenizer.ggml.bos_token_id': config['bos_token_id'],
    'tokenizer.ggml.eos_token_id': config['eos_token_id'],
    'tokenizer.ggml.unknown_token_id': 0, 'tokenizer.ggml.add_bos_token': 1,
    'tokenizer.ggml.add_eos_token': 0, 'tokenizer.ggml.add_space_prefix': 1}
for name, should in expected.items():
    check(name, key.get(name), should)
check('eps', key['llama.attention.layer_norm_rms_epsilon'],
      struct.unpack('<f', struct.pack('<f', config['rms_norm_eps']))[0])
pieces, scores, kinds = [], [], []
tok = open(folder + '/tokenizer.bin', 'rb').read()
place = 4
while place < len(tok):
    score, n = struct.unpack_from('<fi', tok, place)
    piece = tok[place + 8:place + 8 + n].decode('utf-8')
    place += 8 + n
    i = len(pieces)
    pieces.append(['<unk>', '<s>', '</s>'][i] if i < 3 else
                  '<0x%02X>' % (i - 3) if i < 259 else
                  piece.replace(' ', '\u2581'))
    scores.append(score)
    kinds.append(2 if i == 0 else 3 if i < 3 else 6 if i < 259 else 1)
known = len(pieces)
check('tokens', key['tokenizer.ggml.tokens'][:known], pieces)
check('scores', key['tokenizer.ggml.scores'][:known], scores)
check('kinds', key['tokenizer.ggml.token_type'][:known], kinds)
for name in 'tokens', 'scores', 'token_type':
    check(name, len(key['tokenizer.ggml.' + name]), config['vocab_size'])
check('names are each one', len(set(key['tokenizer.ggml.tokens'])),
      config['vocab_size'])
check('keys', keys, len(expected) + 4)
print('%d tensors, %d keys, %d bytes' % (tensors, keys, len(data)))
