"""llama.py - a plain Llama in PyTorch, and Hugging Face's folders, for tests

What    A Llama written from the architecture's definition (it shares no code
        with sppo.h): RMSNorm before each block, rotary positions in the
        rotate-half layout of Hugging Face, grouped-query attention, SwiGLU, no
        biases, tied or untied classifier; gradients by autograd.
        A reader and a writer of model folders, from the formats' definitions:
        config.json, model.safetensors, and models in parts.
Used    by make_values.py, which stores values for the tests, and by
        check_torch.py, which compares files in both directions.
"""

import json
import math
import os
import struct

import torch

torch.set_num_threads(1)                # one order of addition, same digits


# ==== the model ==============================================================

def tensor_shapes(c):
    """Hugging Face name -> shape, [out, in], in the order of values.h."""
    q_width = c["heads"] * c["head_dim"]
    kv_width = c["kv_heads"] * c["head_dim"]
    shapes = {"model.embed_tokens.weight": (c["vocab"], c["dim"])}
    for i in range(c["layers"]):
        p = "model.layers.%d." % i
        shapes[p + "input_layernorm.weight"] = (c["dim"],)
        shapes[p + "self_attn.q_proj.weight"] = (q_width, c["dim"])
        shapes[p + "self_attn.k_proj.weight"] = (kv_width, c["dim"])
        shapes[p + "self_attn.v_proj.weight"] = (kv_width, c["dim"])
        shapes[p + "self_attn.o_proj.weight"] = (c["dim"], q_width)
        shapes[p + "post_attention_layernorm.weight"] = (c["dim"],)
        shapes[p + "mlp.gate_proj.weight"] = (c["hidden"], c["dim"])
        shapes[p + "mlp.up_proj.weight"] = (c["hidden"], c["dim"])
        shapes[p + "mlp.down_proj.weight"] = (c["dim"], c["hidden"])
    shapes["model.norm.weight"] = (c["dim"],)
    if not c["tied"]:
        shapes["lm_head.weight"] = (c["vocab"], c["dim"])
    return shapes


def random_weights(c, seed):
    """Scaled so that attention and SwiGLU are far from linear; gains not 1.
    Rounded to float32 so that the decimal text in values.h is exact."""
    gen = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in tensor_shapes(c).items():
        x = torch.randn(shape, generator=gen, dtype=torch.float64)
        if len(shape) == 1:
            x = 1.0 + 0.1 * x
        elif name == "model.embed_tokens.weight":
            x = 0.5 * x
        else:
            x = x * (1.5 / math.sqrt(shape[1]))
        weights[name] = x.to(torch.float32).to(torch.float64)
    return weights


def rms_norm(x, gain, eps):
    return gain * x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps)


def rotate(x, positions, theta):
    """x [T, heads, head_dim]. Channel i turns together with channel i + half
    by the angle position * theta^(-2i / head_dim)."""
    half = x.shape[-1] // 2
    i = torch.arange(half, dtype=x.dtype)
    angle = positions.to(x.dtype)[:, None] * theta ** (-i / half)
    cos, sin = torch.cos(angle)[:, None, :], torch.sin(angle)[:, None, :]
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)


def forward(c, w, tokens, first_position=0):
    """Logits [T, vocab] of one sequence; row t sees tokens[0..t]."""
    n, d = len(tokens), c["head_dim"]
    positions = torch.arange(first_position, first_position + n)
    x = w["model.embed_tokens.weight"][torch.tensor(tokens)]
    later = torch.triu(torch.ones(n, n, dtype=torch.bool), diagonal=1)
    for layer in range(c["layers"]):
        def weight(name):
            return w["model.layers.%d.%s.weight" % (layer, name)]
        h = rms_norm(x, weight("input_layernorm"), c["norm_eps"])
        q = (h @ weight("self_attn.q_proj").T).view(n, c["heads"], d)
        k = (h @ weight("self_attn.k_proj").T).view(n, c["kv_heads"], d)
        v = (h @ weight("self_attn.v_proj").T).view(n, c["kv_heads"], d)
        q = rotate(q, positions, c["rope_theta"])
        k = rotate(k, positions, c["rope_theta"])
        mixed = []
        for head in range(c["heads"]):
            group = head * c["kv_heads"] // c["heads"]
            score = q[:, head] @ k[:, group].T / math.sqrt(d)
            score = score.masked_fill(later, -math.inf)
            mixed.append(torch.softmax(score, dim=-1) @ v[:, group])
        x = x + torch.cat(mixed, dim=-1) @ weight("self_attn.o_proj").T
        h = rms_norm(x, weight("post_attention_layernorm"), c["norm_eps"])
        gate, up = h @ weight("mlp.gate_proj").T, h @ weight("mlp.up_proj").T
        x = x + (gate * torch.sigmoid(gate) * up) @ weight("mlp.down_proj").T
    x = rms_norm(x, w["model.norm.weight"], c["norm_eps"])
    out = "model.embed_tokens.weight" if c["tied"] else "lm_head.weight"
    return x @ w[out].T


def token_logprobs(logits, tokens):
    """[T - 1]: log p(tokens[t] | tokens[0..t-1]) for t = 1 .. T - 1."""
    rows = torch.log_softmax(logits[:-1], dim=-1)
    return rows[torch.arange(len(tokens) - 1), torch.tensor(tokens[1:])]


def with_gradient(weights, dtype=torch.float64):
    return {k: v.to(dtype).detach().clone().requires_grad_(True)
            for k, v in weights.items()}


def draw_coefficients(n, seed):
    """One per token, multiples of 1/64: exact in float and short in text.
    The first token is predicted by nothing; its coefficient is 0."""
    gen = torch.Generator().manual_seed(seed)
    x = torch.randn(n, generator=gen, dtype=torch.float64)
    x = torch.round(64.0 * x) / 64.0
    x[0] = 0.0
    return x


def weighted_sum(c, w, sequences):
    total = 0.0
    for tokens, coef in sequences:
        lp = token_logprobs(forward(c, w, tokens), tokens)
        total = total + (coef[1:].to(lp.dtype) * lp).sum()
    return total


# ==== safetensors ============================================================

DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16,
          "BF16": torch.bfloat16}


def to_bytes(x):
    x = x.contiguous()
    if x.dtype == torch.bfloat16:       # which numpy does not know
        x = x.view(torch.int16)
    return x.numpy().tobytes()


def write_safetensors(path, tensors, metadata=None):
    """The order is that of the dictionary, not that of sppo.h's writer."""
    header, at = {}, 0
    if metadata is not None:
        header["__metadata__"] = metadata
    names = {v: k for k, v in DTYPES.items()}
    for name, x in tensors.items():
        size = x.numel() * x.element_size()
        header[name] = {"dtype": names[x.dtype], "shape": list(x.shape),
                        "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for x in tensors.values():
            f.write(to_bytes(x))


def read_safetensors(path):
    """Tensors by name, as they are; the rules of the format are asserted."""
    with open(path, "rb") as f:
        data = bytearray(f.read())
    length, = struct.unpack("<Q", data[:8])
    text = data[8:8 + length].decode("utf-8")
    assert text[0] == "{" and (8 + length) % 8 == 0
    header = json.loads(text)
    assert header.pop("__metadata__")["format"] == "pt"
    tensors, end = {}, 0
    for name, entry in sorted(header.items(),
                              key=lambda e: e[1]["data_offsets"]):
        begin, next_end = entry["data_offsets"]
        assert begin == end, "a hole or an overlap"
        end = next_end
        dtype, shape = DTYPES[entry["dtype"]], entry["shape"]
        x = torch.frombuffer(data, dtype=dtype, offset=8 + length + begin,
                             count=math.prod(shape))
        assert end - begin == x.numel() * x.element_size()
        tensors[name] = x.reshape(shape).clone()
    assert 8 + length + end == len(data)
    return tensors


# ==== folders ================================================================

def config_json(c, dtype, style):
    """style "all": every field. "short": what has a default is left out.
    "new": rotary base and type of numbers as transformers 5 writes them."""
    j = {"architectures": ["LlamaForCausalLM"], "model_type": "llama",
         "vocab_size": c["vocab"], "hidden_size": c["dim"],
         "intermediate_size": c["hidden"], "num_hidden_layers": c["layers"],
         "num_attention_heads": c["heads"],
         "max_position_embeddings": c["context"],
         "rms_norm_eps": c["norm_eps"], "bos_token_id": None,
         "tie_word_embeddings": bool(c["tied"])}
    if c["kv_heads"] != c["heads"] or style != "short":
        j["num_key_value_heads"] = c["kv_heads"]
    if c["head_dim"] * c["heads"] != c["dim"] or style != "short":
        j["head_dim"] = c["head_dim"]
    if style == "short":
        for name, default in (("tie_word_embeddings", False),
                              ("rms_norm_eps", 1e-6),
                              ("max_position_embeddings", 2048)):
            if j[name] == default:
                del j[name]
    if style == "new":
        j["rope_parameters"] = {"rope_theta": c["rope_theta"],
                                "rope_type": "default"}
        j["dtype"] = str(dtype)[6:]
    elif style == "all" or c["rope_theta"] != 10000.0:
        j.update(rope_theta=c["rope_theta"], rope_scaling=None,
                 hidden_act="silu", attention_bias=False, mlp_bias=False,
                 attention_dropout=0.0, initializer_range=0.02, use_cache=True,
                 pretraining_tp=1, torch_dtype=str(dtype)[6:],
                 transformers_version="4.57.1", eos_token_id=[2, 0])
    return j


def write_folder(folder, c, weights, dtype, style="all", parts=1):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "config.json"), "w") as f:
        json.dump(config_json(c, dtype, style), f, indent=2)
    stored = {k: v.to(dtype) for k, v in weights.items()}
    if style == "new" and c["tied"]:    # some writers repeat it
        stored["lm_head.weight"] = stored["model.embed_tokens.weight"]
    if parts == 1:
        write_safetensors(os.path.join(folder, "model.safetensors"), stored,
                          {"format": "pt"} if style == "all" else None)
        return
    place = {}
    for p in range(parts):
        name = "model-%05d-of-%05d.safetensors" % (p + 1, parts)
        part = {k: v for i, (k, v) in enumerate(stored.items())
                if i * parts // len(stored) == p}
        write_safetensors(os.path.join(folder, name), part, {"format": "pt"})
        place.update(dict.fromkeys(part, name))
    size = sum(x.numel() * x.element_size() for x in stored.values())
    with open(os.path.join(folder, "model.safetensors.index.json"), "w") as f:
        json.dump({"metadata": {"total_size": size}, "weight_map": place}, f)


def read_folder(folder):
    """The config, its torch_dtype, and the tensors as they are."""
    with open(os.path.join(folder, "config.json")) as f:
        j = json.load(f)
    assert j["model_type"] == "llama" and j["hidden_act"] == "silu"
    assert j["rope_scaling"] is None
    assert not j["attention_bias"] and not j["mlp_bias"]
    c = dict(vocab=j["vocab_size"], dim=j["hidden_size"],
             layers=j["num_hidden_layers"], heads=j["num_attention_heads"],
             kv_heads=j["num_key_value_heads"], head_dim=j["head_dim"],
             hidden=j["intermediate_size"],
             context=j["max_position_embeddings"],
             tied=int(j["tie_word_embeddings"]), rope_theta=j["rope_theta"],
             norm_eps=j["rms_norm_eps"])
    tensors = read_safetensors(os.path.join(folder, "model.safetensors"))
    shapes = tensor_shapes(c)
    assert set(tensors) == set(shapes)
    for name, shape in shapes.items():
        assert tuple(tensors[name].shape) == shape, name
    return c, getattr(torch, j["torch_dtype"]), tensors
