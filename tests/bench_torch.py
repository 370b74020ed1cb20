"""bench_torch.py - sppo.h beside PyTorch, the two in turn

    make bench-torch
    python3 tests/bench_torch.py build/bench [--only NAME] [--rounds N]
                                             [--threads N] [--csv FILE]

The PyTorch side is a plain Llama: whole batches in every call, fused q|k|v and
gate|up products, a cache of keys and values for sampling, the classifier only
on rows that are scored.  It may use 1 thread or all and gets what suits it;
--threads N holds both sides to N.  A row's figures are medians over rounds in
which PyTorch and build/bench run one after the other; what takes PyTorch more
than ten seconds is run once.
"""
import json
import math
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    print("bench_torch: skipped, this python3 has no torch")
    sys.exit(0)

SHAPES = {  # vocab, dim, layers, heads, kv_heads, hidden
    "A": (512, 64, 5, 8, 4, 172),
    "B": (4096, 256, 6, 8, 8, 688),
}


class Llama:
    def __init__(self, vocab, dim, layers, heads, kv_heads, hidden):
        self.heads, self.kv_heads, self.d = heads, kv_heads, dim // heads
        qkv = (heads + 2 * kv_heads) * self.d

        def linear(rows, cols):
            return (torch.randn(rows, cols) / math.sqrt(cols)).requires_grad_()

        def gain():
            return torch.ones(dim, requires_grad=True)

        self.embedding = (0.1 * torch.randn(vocab, dim)).requires_grad_()
        self.layers = [(gain(), linear(qkv, dim), linear(dim, dim), gain(),
                        linear(2 * hidden, dim), linear(dim, hidden))
                       for _ in range(layers)]
        self.norm = gain()
        angle = torch.outer(torch.arange(2048.), 10000. ** (
            -torch.arange(0, self.d, 2) / self.d)).repeat(1, 2)
        self.cos, self.sin = angle.cos(), angle.sin()

    def parameters(self):
        return [self.embedding, self.norm] + [w for l in self.layers for w in l]

    def rotate(self, x, position):
        """x [rows, heads, time, d]; position [time] or [rows, 1, time]"""
        a, b = x.chunk(2, -1)
        return (x * self.cos[position]
                + torch.cat((-b, a), -1) * self.sin[position])

    def attend(self, q, k, v, mask):
        group = self.heads // self.kv_heads
        if group > 1:
            k = k.repeat_interleave(group, 1)
            v = v.repeat_interleave(group, 1)
        if hasattr(F, "scaled_dot_product_attention"):
            return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        score = q @ k.transpose(-1, -2) / math.sqrt(self.d)
        return torch.softmax(score if mask is None else score + mask, -1) @ v

    def forward(self, token, position=None, mask=None, cache=None, at=0):
        """Final hidden states; with a cache the tokens stand at `at`."""
        rows, n = token.shape
        position = torch.arange(n) if position is None else position
        if mask is None and n > 1:
            mask = torch.full((n, n), -1e9).triu(1)
        x = self.embedding[token]
        for l, (norm1, qkv, o, norm2, gate_up, down) in enumerate(self.layers):
            y = F.linear(rmsnorm(x, norm1), qkv)
            y = y.view(rows, n, -1, self.d).transpose(1, 2)
            q, k, v = y.split((self.heads, self.kv_heads, self.kv_heads), 1)
            q, k = self.rotate(q, position), self.rotate(k, position)
            if cache is not None:
                cache[l, 0, :rows, :, at:at + n] = k
                cache[l, 1, :rows, :, at:at + n] = v
                k = cache[l, 0, :rows, :, :at + n]
                v = cache[l, 1, :rows, :, :at + n]
            y = self.attend(q, k, v, mask).transpose(1, 2).reshape(rows, n, -1)
            x = x + F.linear(y, o)
            gate, up = F.linear(rmsnorm(x, norm2), gate_up).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, down)
        return rmsnorm(x, self.norm)

    def new_cache(self, rows, length):
        return torch.empty(len(self.layers), 2, rows, self.kv_heads, length,
                           self.d)


def rmsnorm(x, gain):
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5) * gain


def optimiser(model, lr):
    return torch.optim.RMSprop(model.parameters(), lr=lr, alpha=0.99)


# ---- what build/bench measures under the same names ----

def train(shape, rows, length):
    model = Llama(*SHAPES[shape])
    optim = optimiser(model, 1e-6)
    token = torch.randint(SHAPES[shape][0], (rows, length))

    def step():
        logits = F.linear(model.forward(token[:, :-1]), model.embedding)
        loss = F.cross_entropy(logits.flatten(0, 1), token[:, 1:].flatten())
        optim.zero_grad()
        loss.backward()
        optim.step()
    return step


def log_probability(model, token, first, last):
    """log pi of tokens [first, last) of each row."""
    hidden = model.forward(token[:, :last - 1])[:, first - 1:]
    logp = F.linear(hidden, model.embedding).log_softmax(-1)
    return logp.gather(-1, token[:, first:last, None])[..., 0]


def sppo(shape, rows, prompt, length):
    model = Llama(*SHAPES[shape])
    optim = optimiser(model, 1e-6)
    token = torch.randint(SHAPES[shape][0], (2 * rows, prompt + length))
    target = torch.tensor([7.5, -7.5]).repeat(rows)
    with torch.no_grad():
        old = log_probability(model, token, prompt, prompt + length).sum(-1)

    def step():
        lp = log_probability(model, token, prompt, prompt + length).sum(-1)
        optim.zero_grad()
        ((lp - old - target) ** 2).mean().backward()
        optim.step()
    return step


def sample(shape, rows, length):
    model = Llama(*SHAPES[shape])
    cache = model.new_cache(rows, length)

    @torch.inference_mode()
    def step():
        token = torch.ones(rows, 1, dtype=torch.long)
        for at in range(length):
            hidden = model.forward(token, torch.tensor([at]), None, cache, at)
            logits = F.linear(hidden[:, -1], model.embedding)
            token = torch.multinomial(logits.softmax(-1), 1)
    return step


# ---- one iteration of Algorithm 1 on tiny_models ----

def load(folder):
    with open(folder + "/config.json") as f:
        c = json.load(f)
    with open(folder + "/model.safetensors", "rb") as f:
        index = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = bytearray(f.read())

    def get(name):
        entry = index[name]
        first, last = entry["data_offsets"]
        flat = torch.frombuffer(data, dtype=torch.float32, offset=first,
                                count=(last - first) // 4)
        return flat.reshape(entry["shape"]).clone()

    def join(l, *names):
        part = [get("model.layers.%d.%s.weight" % (l, n)) for n in names]
        return torch.cat(part).requires_grad_()

    model = Llama(c["vocab_size"], c["hidden_size"], c["num_hidden_layers"],
                  c["num_attention_heads"], c["num_key_value_heads"],
                  c["intermediate_size"])
    model.embedding = get("model.embed_tokens.weight").requires_grad_()
    model.norm = get("model.norm.weight").requires_grad_()
    model.layers = [
        (join(l, "input_layernorm"),
         join(l, "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
         join(l, "self_attn.o_proj"), join(l, "post_attention_layernorm"),
         join(l, "mlp.gate_proj", "mlp.up_proj"), join(l, "mlp.down_proj"))
        for l in range(c["num_hidden_layers"])]
    if "sppo_head" in c:
        model.head = [get("head.%s.weight" % n)
                      for n in ("read", "logprob", "last")]
    return model


def encode(text, piece):
    """Byte-pair merges by score, BOS in front, as in llama2.c."""
    symbols = [piece[c][0] for c in " " + text]
    name = {i: p for p, (i, _) in piece.items()}
    while True:
        best = max(((piece.get(name[a] + name[b], (0, -1e30))[1], -i)
                    for i, (a, b) in enumerate(zip(symbols, symbols[1:]))),
                   default=(-1e30, 0))
        if best[0] <= -1e30:
            return [1] + symbols
        i = -best[1]
        symbols[i:i + 2] = [piece[name[symbols[i]] + name[symbols[i + 1]]][0]]


def read_prompts(count):
    piece = {}
    with open("tiny_models/policy/tokenizer.bin", "rb") as f:
        f.read(4)
        for i in range(680):
            score, size = struct.unpack("<fi", f.read(8))
            text = f.read(size).decode("utf-8", "replace")
            if i > 258 or text not in piece:
                piece[text] = (i, score)
    with open("tiny_models/prompts.jsonl") as f:
        rows = [json.loads(line)["prompt"] for line in f][:count]
    return [encode(text, piece) for text in rows]


def padded(rows, left=False):
    n = max(len(r) for r in rows)
    return torch.tensor([[0] * (n - len(r)) + r if left else
                         r + [0] * (n - len(r)) for r in rows])


@torch.no_grad()
def respond(model, prompts, k, length):
    """k responses to each prompt; prompts padded on the left, read once."""
    token = padded(prompts, True)
    rows, n = token.shape
    pad = torch.tensor([n - len(p) for p in prompts])
    hidden = torch.arange(n + length)[None] < pad[:, None]
    hidden = hidden[:, None, None].float() * -1e9
    cache = model.new_cache(rows * k, n + length)
    place = (torch.arange(n)[None] - pad[:, None]).clamp(min=0)[:, None]
    mask = hidden[..., :n] + torch.full((n, n), -1e9).triu(1)
    last = model.forward(token, place, mask, cache, 0)[:, -1]
    cache[:, :, :, :, :n] = cache[:, :, :rows, :, :n].repeat_interleave(k, 2)
    hidden, pad = hidden.repeat_interleave(k, 0), pad.repeat_interleave(k)
    last = last.repeat_interleave(k, 0)
    out, live = [], torch.ones(rows * k, dtype=torch.bool)
    for at in range(n, n + length):
        logits = F.linear(last, model.embedding)
        out.append(torch.multinomial(logits.softmax(-1), 1))
        live &= out[-1][:, 0] != 2
        if not live.any() or at == n + length - 1:
            break
        last = model.forward(out[-1], (at - pad)[:, None, None],
                             hidden[..., :at + 1], cache, at)[:, -1]
    rows = torch.cat(out, 1).tolist()
    return [r[:r.index(2) + 1] if 2 in r else r for r in rows]


def response_log_probability(model, prompts, responses):
    """[rows, time] log pi of response tokens, 0 elsewhere; hidden states."""
    token = padded([p + r for p, r in zip(prompts, responses)])
    hidden = model.forward(token)
    logp = F.linear(hidden[:, :-1], model.embedding).log_softmax(-1)
    logp = logp.gather(-1, token[:, 1:, None])[..., 0]
    at = torch.arange(1, token.shape[1])[None]
    first = torch.tensor([len(p) for p in prompts])[:, None]
    size = torch.tensor([len(r) for r in responses])[:, None]
    return logp * ((at >= first) & (at < first + size)), hidden


@torch.no_grad()
def judge(model, prompts, responses, k):
    """P(i > j) of the k responses to each prompt: the embed head."""
    rows = [p for p in prompts for _ in range(k)]
    logp, hidden = response_log_probability(model, rows, responses)
    read, slope, last = model.head
    inside = torch.zeros(hidden.shape[:2])
    for i, (p, r) in enumerate(zip(rows, responses)):
        inside[i, len(p):len(p) + len(r)] = 1
    size = inside.sum(1)
    score = ((hidden @ read[0]) * inside).sum(1) / 16
    score = score + slope[0] * logp.clamp(min=-8).sum(1) / 4
    score = (score * (32 / size).clamp(max=1)).view(-1, k)
    end = torch.tensor([len(p) + len(r) - 1 for p, r in zip(rows, responses)])
    e = F.linear(hidden[torch.arange(len(rows)), end], last).view(
        len(prompts), k, -1)
    a, b = e[..., 0::2], e[..., 1::2]
    skew = a @ b.transpose(1, 2) - b @ a.transpose(1, 2)
    return torch.sigmoid(score[:, :, None] - score[:, None] + skew)


def align(count, k, length):
    prompts = read_prompts(count)
    preference = load("tiny_models/preference")

    def fit(policy, rows, old, target):
        epochs, batch, eta = 4, 32, 30.0
        optim, total = optimiser(policy, 3e-4), epochs * count // batch
        warm = max(1, total // 10)
        for step in range(total):
            if step % (count // batch) == 0:
                order = torch.randperm(count).tolist()
            at = step % (count // batch) * batch
            pick = [2 * p + i for p in order[at:at + batch] for i in (0, 1)]
            lp, _ = response_log_probability(
                policy, [rows[i][0] for i in pick], [rows[i][1] for i in pick])
            optim.param_groups[0]["lr"] = 3e-4 * min(
                (step + 1) / warm, (total - step) / (total - warm))
            optim.zero_grad()
            ((lp.sum(1) - old[pick] - eta * target[pick]) ** 2).mean(
                ).backward()
            torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
            optim.step()

    def iteration():
        policy = load("tiny_models/policy")
        rows, old, target = [], [], []
        for at in range(0, count, 64):
            some = prompts[at:at + 64]
            said = respond(policy, some, k, length)
            win = judge(preference, some, said, k).mean(2)
            for p, x in enumerate(some):
                for y in (win[p].argmax().item(), win[p].argmin().item()):
                    rows.append((x, said[p * k + y]))
                    target.append(win[p, y].item() - 0.5)
        with torch.no_grad():
            for at in range(0, 2 * count, 64):
                some = rows[at:at + 64]
                old.append(response_log_probability(
                    policy, [r[0] for r in some],
                    [r[1] for r in some])[0].sum(1))
        fit(policy, rows, torch.cat(old), torch.tensor(target))
    return iteration


WORK = [  # name in build/bench, what PyTorch does for it
    ("train A 64x64", lambda: train("A", 64, 64)),
    ("train A 16x128", lambda: train("A", 16, 128)),
    ("train B 64x64", lambda: train("B", 64, 64)),
    ("train B 16x128", lambda: train("B", 16, 128)),
    ("sppo A 16x(32+2x64)", lambda: sppo("A", 16, 32, 64)),
    ("sppo B 16x(32+2x64)", lambda: sppo("B", 16, 32, 64)),
    ("sample A 64x64", lambda: sample("A", 64, 64)),
    ("sample B 64x64", lambda: sample("B", 64, 64)),
    ("align tiny 512x5", lambda: align(512, 5, 64)),
]


# ---- measuring ----

def torch_seconds(step, threads):
    torch.set_num_threads(threads)
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def bench_seconds(bench, name, threads):
    with tempfile.NamedTemporaryFile("r", suffix=".csv") as out:
        subprocess.run([bench, "--align", "--only", name, "--rounds", "1",
                        "--threads", str(threads), "--csv", out.name],
                       check=True, stdout=subprocess.DEVNULL)
        return float(out.read().splitlines()[1].split(",")[4])


def option(name, default):
    return (sys.argv[sys.argv.index(name) + 1] if name in sys.argv
            else default)


def blas():
    with open("/proc/self/maps") as f:
        files = {line.split()[-1] for line in f if "blas" in line}
    return ", ".join(sorted(os.path.realpath(p) for p in files)) or "built in"


def main():
    bench = sys.argv[1]
    most = int(option("--threads", os.cpu_count()))
    rounds = int(option("--rounds", 5))
    teams = [most] if "--threads" in sys.argv else sorted({1, most})
    torch.manual_seed(1)
    torch_seconds(train("A", 8, 16), most)
    print("PyTorch %s, BLAS %s" % (torch.__version__, blas()))
    print("%-20s  %17s  %17s  %5s" % ("milliseconds", "PyTorch (threads)",
                                      "sppo.h (threads)", "ratio"))
    for name, make in WORK:
        if option("--only", "") not in name:
            continue
        step = make()
        first = {n: torch_seconds(step, n) for n in reversed(teams)}
        if min(first.values()) < 10:  # else warming up changes nothing
            first = {n: torch_seconds(step, n) for n in teams}
        best = min(first, key=first.get)
        theirs, ours = [first[best]], [bench_seconds(bench, name, most)]
        while len(ours) < rounds and theirs[0] < 10:
            theirs.append(torch_seconds(step, best))
            ours.append(bench_seconds(bench, name, most))
        ratio = statistics.median(a / b for a, b in zip(theirs, ours))
        a, b = statistics.median(theirs), statistics.median(ours)
        print("%-20s  %11.1f (%d)    %11.1f (%d)    %5.2f"
              % (name, 1e3 * a, best, 1e3 * b, most, ratio), flush=True)
        if "--csv" in sys.argv:
            with open(option("--csv", ""), "a") as f:
                f.write("torch %s,%d,%d,%.6g,%.6g,%.4f\n"
                        % (name, best, most, a, b, ratio))


main()
