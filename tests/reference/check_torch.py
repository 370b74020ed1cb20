"""check_torch.py - model folders and numbers, compared with PyTorch's

Run     by tests/test_torch.sh:  check_torch.py PEER REALS WORK POLICY
        PEER is llama_peer.c compiled, REALS "float" or "double", WORK a scratch
        folder, POLICY a model folder that sppo.h wrote.
What    Folders that this side writes are read by sppo.h, and the other way, in
        shapes where slips show: grouped queries, one key head, tied, untied,
        head_dim given apart, several rotary bases, types of numbers, parts.
        Compared are the logits of every row, the gradient of a weighted sum of
        log-probabilities, the weights written back (to the bit), their
        bfloat16 (to the bit, with PyTorch's rounding), torch_dtype.
Limits  logits: 1e-4 in float, 1e-9 in double, absolute; gradients: 1e-3 and
        1e-8 of the largest entry of the tensor.
"""

import array
import os
import subprocess
import sys

import torch

import llama

PEER, REALS, WORK, POLICY = sys.argv[1:5]
LOGITS, GRADIENT = (1e-4, 1e-3) if REALS == "float" else (1e-9, 1e-8)
REAL = torch.float32 if REALS == "float" else torch.float64
passed = failed = 0


def say(name, good, remark):
    global passed, failed
    print("%s %s_%s (%s)" % ("ok" if good else "FAIL", name, REALS, remark))
    passed, failed = passed + good, failed + (not good)


def peer(*words):
    done = subprocess.run([PEER] + [str(w) for w in words],
                          stderr=subprocess.PIPE)
    if done.returncode:
        print(done.stderr.decode().strip())
    return done.returncode == 0


def sequences_of(c, lengths):
    gen = torch.Generator().manual_seed(5)
    return [(torch.randint(c["vocab"], (n,), generator=gen).tolist(),
             llama.draw_coefficients(n, 7 + n)) for n in lengths]


def numbers_agree(name, c, weights, sequences, out):
    """weights: those of the file, exact in float64."""
    w = llama.with_gradient(weights)
    logits = [llama.forward(c, w, tokens) for tokens, _ in sequences]
    sum((coef[1:] * llama.token_logprobs(x, tokens)).sum()
        for x, (tokens, coef) in zip(logits, sequences)).backward()
    ours = array.array("d")
    with open(os.path.join(out, "logits"), "rb") as f:
        ours.frombytes(f.read())
    theirs = torch.cat(logits).detach().reshape(-1)
    ours = torch.tensor(ours, dtype=torch.float64)
    worst = ((ours - theirs).abs().max().item()
             if ours.shape == theirs.shape else float("nan"))
    say(name + "_logits", worst <= LOGITS, "%d rows, off by %.1e; largest %.3g"
        % (len(theirs) // c["vocab"], worst, theirs.abs().max().item()))
    _, dtype, grad = llama.read_folder(os.path.join(out, "grad"))
    worst = max(((grad[k].double() - w[k].grad).abs().max()
                 / w[k].grad.abs().max()).item() for k in w)
    say(name + "_gradient", dtype == REAL and worst <= GRADIENT,
        "%d tensors, off by %.1e of the largest" % (len(w), worst))


def files_agree(name, c, weights, out):
    config, dtype, same = llama.read_folder(os.path.join(out, "same"))
    good = (config == c and dtype == REAL
            and all(same[k].dtype == REAL for k in weights)
            and all(torch.equal(same[k].double(), weights[k])
                    for k in weights))
    say(name + "_written_back", good, "%d numbers"
        % sum(x.numel() for x in same.values()))
    config, dtype, half = llama.read_folder(os.path.join(out, "half"))
    good = (config == c and dtype == torch.bfloat16
            and all(torch.equal(half[k].view(torch.int16),
                                weights[k].to(torch.float32)
                                .to(torch.bfloat16).view(torch.int16))
                    for k in weights))
    say(name + "_bfloat16", good, "PyTorch's rounding, to the bit")


def compare(name, c, weights, folder, lengths):
    sequences = sequences_of(c, lengths)
    with open(os.path.join(folder, "sequences.txt"), "w") as f:
        for tokens, coef in sequences:
            print(*["%d %r" % (t, x.item()) for t, x in zip(tokens, coef)],
                  file=f)
    out = os.path.join(WORK, name + "_out")
    ran = peer("run", folder, out)
    say(name + "_read", ran, folder)
    if ran:
        numbers_agree(name, c, weights, sequences, out)
        files_agree(name, c, weights, out)


def config(vocab, dim, layers, heads, kv_heads, head_dim, hidden, context,
           tied, rope_theta, norm_eps):
    return dict(vocab=vocab, dim=dim, layers=layers, heads=heads,
                kv_heads=kv_heads, head_dim=head_dim, hidden=hidden,
                context=context, tied=tied, rope_theta=rope_theta,
                norm_eps=norm_eps)


# name, shape, type in the file, style of config.json, parts, lengths
THEIRS = [
    ("groups", config(61, 32, 2, 8, 2, 4, 48, 64, 0, 10000.0, 1e-5),
     torch.float32, "all", 1, [40, 7]),
    ("tied", config(50, 24, 3, 4, 4, 6, 40, 2048, 1, 10000.0, 1e-6),
     torch.float16, "short", 1, [64, 2]),
    ("one_key_head", config(37, 24, 2, 4, 1, 20, 64, 128, 0, 500000.0, 1e-6),
     torch.bfloat16, "all", 3, [100]),
    ("wide_heads", config(45, 20, 2, 3, 3, 16, 33, 64, 1, 500000.0, 1e-5),
     torch.float32, "short", 5, [33, 12]),
    ("repeated_head", config(300, 72, 4, 9, 3, 8, 192, 256, 1, 100000.0, 1e-5),
     torch.float32, "new", 2, [150, 30]),
    ("one_head", config(17, 6, 1, 1, 1, 6, 9, 16, 0, 1e6, 1e-6),
     torch.float64, "new", 1, [16, 5]),
]
OURS = [
    ("ours_groups", config(53, 40, 3, 10, 5, 4, 56, 96, 0, 500000.0, 1e-6)),
    ("ours_tied", config(64, 36, 2, 6, 2, 8, 48, 96, 1, 10000.0, 1e-5)),
]


def main():
    for name, c, dtype, style, parts, lengths in THEIRS:
        folder = os.path.join(WORK, name)
        weights = {k: v.to(dtype).to(REAL).double()
                   for k, v in llama.random_weights(c, 3).items()}
        llama.write_folder(folder, c, weights, dtype, style, parts)
        compare(name, c, weights, folder, lengths)
    for name, c in OURS:
        folder = os.path.join(WORK, name)
        values = dict(c, tied=1 - c["tied"]).values()
        say(name + "_made", peer("make", folder, *values), folder)
        read, _, weights = llama.read_folder(folder)
        say(name + "_config", read == c, "read by llama.py")
        compare(name, c, {k: v.double() for k, v in weights.items()}, folder,
                [60, 9])
    c, _, weights = llama.read_folder(POLICY)
    folder = os.path.join(WORK, "policy")
    llama.write_folder(folder, c, weights, torch.float32)
    compare("policy", c, {k: v.double() for k, v in weights.items()}, folder,
            [90])
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
