#!/usr/bin/env python3
"""make_values.py - reference values from PyTorch for the tests of sppo.h

Run     apt-get install python3-torch          (or any PyTorch >= 1.13, CPU)
        python3 tests/reference/make_values.py
Writes  tests/reference/values.h, beside this script, in a few seconds.
Made    with PyTorch 1.13 (Debian 12's package, which calls itself 1.13.0a0) and
        Python 3.11, one thread. The same machine gives the same bytes again;
        another BLAS or another PyTorch may differ in the last digits of the
        outputs. values.h holds the inputs too, so a test never depends on
        PyTorch's random numbers.

What    Two models of llama.py, a Llama that shares no code with sppo.h; the
        preference losses on one pair of responses, three steps of two
        optimisers, gradient clipping.

Tolerances, and why
        Everything is computed in float64 from inputs that are exact in float32,
        so inputs bring no error into either build of the library.
        (Hugging Face rounds rotary frequencies to float32; here they are not.)
        double build: both sides carry rounding of about 1e-14; 1e-10 is loose.
          Limits for gradients are relative to the largest entry of the tensor.
        float build: the script also runs its own model in float32 and writes
          the worst differences, some 1e-6, into values.h. Ten times these is a
          fair limit. Slips that are easily made move the logits by far more:
          ten times the norm epsilon by 2e-4 or more, a rotary base 20% larger
          by 1e-2 or more (both are printed by each run).
        Gradients compare SIGNED entries against the largest entry of their
          tensor: small entries are sums that cancel, their own relative error
          means nothing.
Before it writes, the script checks itself: later tokens do not change earlier
logits; only relative positions matter; gradients agree with finite differences.
"""

import math
import os
import sys

import torch

from llama import (draw_coefficients, forward, random_weights, tensor_shapes,
                   token_logprobs, weighted_sum, with_gradient)

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "values.h")


# ==== the models =============================================================

MODEL_A = dict(vocab=13, dim=12, layers=2, heads=4, kv_heads=2, head_dim=6,
               hidden=20, context=32, tied=0, rope_theta=500000.0,
               norm_eps=1e-6)
MODEL_B = dict(vocab=16, dim=16, layers=2, heads=4, kv_heads=4, head_dim=4,
               hidden=24, context=32, tied=1, rope_theta=10000.0,
               norm_eps=1e-5)


# ==== what is asked of each model ============================================

def model_values(c, weights, sequences, dtype=torch.float64):
    w = with_gradient(weights, dtype)
    runs = []
    for tokens, coef in sequences:
        logits = forward(c, w, tokens)
        runs.append(dict(tokens=tokens, coef=coef, logits=logits.detach(),
                         logprob=token_logprobs(logits, tokens).detach()))
    total = weighted_sum(c, w, sequences)
    total.backward()
    return dict(config=c, weights=weights, runs=runs, total=total.item(),
                grads={k: v.grad for k, v in w.items()})


# ==== the preference losses ==================================================

ETA, P_WIN, PHAT_W, PHAT_L = 1.7, 0.8, 0.7, 0.3
BETA = 1.0 / ETA


def pair_losses(a, b):
    """a, b: log [pi / pi_ref] of winner and loser. Equation numbers are those
    of arXiv 2405.00675 v5."""
    h = a - b
    tau = BETA / 2.0
    return {
        # (4.12): a sum of two squares, the probability of this very pair
        "pair": (a - ETA * (P_WIN - 0.5)) ** 2
        + (b - ETA * ((1.0 - P_WIN) - 0.5)) ** 2,
        # released code, loss_type "sppo": average win rates, half the sum
        "half": 0.5 * ((a - ETA * (PHAT_W - 0.5)) ** 2
                       + (b - ETA * (PHAT_L - 0.5)) ** 2),
        # TRL, loss_type "sppo_hard": (4.12) with P = 1
        "hard": (a - 0.5 / BETA) ** 2 + (b + 0.5 / BETA) ** 2,
        # (4.13)
        "dpo": -torch.nn.functional.logsigmoid(BETA * h),
        # eta^2 times (4.14)
        "ipo": (h - 1.0 / (2.0 * tau)) ** 2,
    }


def response_logprobs(c, w, prompt, response):
    """log p of each response token; the first follows the prompt's last."""
    tokens = prompt + response
    return token_logprobs(forward(c, w, tokens), tokens)[len(prompt) - 1:]


def sppo_values(c, weights, prompt, winner, loser, seed, dtype=torch.float64):
    gen = torch.Generator().manual_seed(seed)
    reference = {k: v + 0.04 * torch.randn(v.shape, generator=gen,
                                           dtype=torch.float64)
                 for k, v in weights.items()}
    with torch.no_grad():
        ref_w = response_logprobs(c, reference, prompt, winner)
        ref_l = response_logprobs(c, reference, prompt, loser)
    w = with_gradient(weights, dtype)
    new_w = response_logprobs(c, w, prompt, winner)
    new_l = response_logprobs(c, w, prompt, loser)

    lp_w = new_w.detach().double().sum().requires_grad_(True)
    lp_l = new_l.detach().double().sum().requires_grad_(True)
    losses = []
    for name, loss in pair_losses(lp_w - ref_w.sum(),
                                  lp_l - ref_l.sum()).items():
        grad_w, grad_l = torch.autograd.grad(loss, [lp_w, lp_l])
        losses.append((name, loss.item(), grad_w.item(), grad_l.item()))

    loss = pair_losses(new_w.sum() - ref_w.sum(),
                       new_l.sum() - ref_l.sum())["half"]
    loss.backward()
    return dict(prompt=prompt, winner=winner, loser=loser,
                new_w=new_w.detach(), new_l=new_l.detach(),
                ref_w=ref_w.sum().item(), ref_l=ref_l.sum().item(),
                losses=losses, grads={k: v.grad for k, v in w.items()})


# ==== the optimisers =========================================================

# Multiples of powers of two, exact in float. The gradients hold a tiny
# component (2^-20, so that the place of epsilon is seen), a zero first step
# (0 / 0 without epsilon), a change of sign and large and small neighbours.
START = [1.5, -0.75, 0.03125, 2.0, -0.5]
GRADS = [[0.5, -2.0 ** -20, 0.0, 64.0, -0.125],
         [0.25, -2.0 ** -21, 0.75, -32.0, -0.125],
         [-1.0, 2.0 ** -22, 0.5, 16.0, 0.375]]
CLIP = [0.5, -1.25, 0.0, 2.0, -0.0625, 0.75, -1.5]
CLIP_SMALL = [0.25, -0.5, 0.0, 0.125, -0.0625, 0.375, 0.25]


def optimiser_values(make):
    p = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimiser = make([p])
    after = []
    for g in GRADS:
        p.grad = torch.tensor(g, dtype=torch.float64)
        optimiser.step()
        after.append(p.detach().clone())
    return torch.stack(after)


def clip_values(gradient):
    p = torch.nn.Parameter(torch.zeros(len(gradient), dtype=torch.float64))
    p.grad = torch.tensor(gradient, dtype=torch.float64)
    norm = torch.nn.utils.clip_grad_norm_([p], 1.0)
    return norm.item(), p.grad


# ==== the script checks itself ===============================================

def check_model(c, weights, sequences, grads):
    tokens = sequences[0][0]
    logits = forward(c, weights, tokens)
    for t in range(1, len(tokens)):
        changed = list(tokens)
        changed[t] = (tokens[t] + 1) % c["vocab"]
        other = forward(c, weights, changed)
        assert torch.equal(other[:t], logits[:t]), "a later token was seen"
        assert not torch.equal(other[t:], logits[t:]), "a token was not seen"
    moved = forward(c, weights, tokens, first_position=11)
    shift = (moved - logits).abs().max().item()
    assert shift < 1e-11, "absolute position matters"

    gen = torch.Generator().manual_seed(99)
    step, worst = 1e-5, 0.0
    for name, value in weights.items():
        scale = grads[name].abs().max().item()
        for _ in range(4):
            at = int(torch.randint(value.numel(), (1,), generator=gen))
            sums = []
            for s in (step, -step):
                w = dict(weights)
                w[name] = value.clone()
                w[name].view(-1)[at] += s
                sums.append(weighted_sum(c, w, sequences).item())
            slope = (sums[0] - sums[1]) / (2.0 * step)
            worst = max(worst,
                        abs(slope - grads[name].reshape(-1)[at].item()) / scale)
    assert worst < 1e-7, "gradient differs from finite differences: %g" % worst

    def moves(**change):
        return (forward(dict(c, **change), weights, tokens)
                - logits).abs().max().item()
    print("  causal: yes; positions moved by 11: logits differ by %.1e" % shift)
    print("  finite differences: worst error %.1e of the tensor's largest"
          % worst)
    print("  logits move by %.1e with a rotary base 20%% larger, by %.1e with "
          "ten times the norm epsilon"
          % (moves(rope_theta=1.2 * c["rope_theta"]),
             moves(norm_eps=10.0 * c["norm_eps"])))


def check_slopes(sppo, eta=ETA):
    """The slopes again, from the formulas by hand."""
    a = sppo["new_w"].sum().item() - sppo["ref_w"]
    b = sppo["new_l"].sum().item() - sppo["ref_l"]
    sig = 1.0 / (1.0 + math.exp((a - b) / eta))
    by_hand = {
        "pair": (2 * (a - eta * 0.3), 2 * (b + eta * 0.3)),
        "half": (a - eta * 0.2, b + eta * 0.2),
        "hard": (2 * (a - eta / 2), 2 * (b + eta / 2)),
        "dpo": (-sig / eta, sig / eta),
        "ipo": (2 * (a - b - eta), -2 * (a - b - eta)),
    }
    for name, _, grad_w, grad_l in sppo["losses"]:
        assert abs(grad_w - by_hand[name][0]) < 1e-12, name
        assert abs(grad_l - by_hand[name][1]) < 1e-12, name
    print("sppo: log ratios %.4f (winner) %.4f (loser); slopes as by hand"
          % (a, b))


def worst_difference(exact, rough):
    return (exact - rough.double()).abs().max().item()


def float_cost(exact, rough):
    """The same model in float32: logits, log-probabilities (absolute) and
    gradients (of each tensor's largest entry)."""
    runs = list(zip(exact["runs"], rough["runs"]))
    return (max(worst_difference(e["logits"], r["logits"]) for e, r in runs),
            max(worst_difference(e["logprob"], r["logprob"]) for e, r in runs),
            gradient_cost(exact["grads"], rough["grads"]))


def gradient_cost(exact, rough):
    return max(worst_difference(exact[k], rough[k])
               / exact[k].abs().max().item() for k in exact)


# ==== writing C ==============================================================

def c_float(x):
    assert torch.tensor(x, dtype=torch.float32).item() == x
    s = "%.9g" % x
    return (s if any(ch in s for ch in ".e") else s + ".0") + "f"


def c_double(x):
    assert math.isfinite(x)
    return repr(x + 0.0)                # + 0.0 turns -0.0 into 0.0


def c_array(name, kind, values, width=0):
    """One array; a matrix starts each of its rows on a new line. The text is
    the shortest that reads back as the same number (float: at most 9 digits,
    double: at most 17)."""
    text = {"float": c_float, "double": c_double, "int": str}[kind]
    items = [text(v) for v in values]
    width = width or len(items)
    lines = ["static const %s %s[%d] = {" % (kind, name, len(items))]
    for start in range(0, len(items), width):
        line = ""
        for k in range(start, min(start + width, len(items))):
            piece = items[k] + ("," if k + 1 < len(items) else "};")
            if line and len(line) + 1 + len(piece) > 80:
                lines.append(line)
                line = piece
            else:
                line = line + " " + piece if line else piece
        lines.append(line)
    return "\n".join(lines) + "\n"


def flat(x):
    return x.reshape(-1).tolist()


def short_name(hf_name):
    """model.layers.0.self_attn.q_proj.weight -> l0_q_proj"""
    parts = hf_name.split(".")[:-1]
    if parts[0] == "model":
        parts = parts[1:]
    if parts[0] == "layers":
        return "l%s_%s" % (parts[1], parts[-1])
    return parts[-1]


def c_tensor_table(table, weight_prefix, grad_prefix, shapes):
    lines = ["static const ref_tensor %s[%d] = {" % (table, len(shapes))]
    for name, shape in shapes.items():
        lines.append('  {"%s", %d, %d,\n    %s%s,\n    %s%s},' % (
            name, shape[0], shape[1] if len(shape) > 1 else 0,
            weight_prefix, short_name(name), grad_prefix, short_name(name)))
    lines[-1] = lines[-1][:-1]
    return "\n".join(lines) + "};\n"


def c_model(letter, m):
    c, shapes, p = m["config"], tensor_shapes(m["config"]), "ref_%s_" % letter
    out = ["\n/* ==== model %s %s */\n\n" % (letter, "=" * 58)]
    out.append("static const ref_config %sconfig = {\n" % p
               + "  %d, %d, %d, %d, %d, %d, %d, %d, %d, %s, %s};\n" % (
                   c["vocab"], c["dim"], c["layers"], c["heads"],
                   c["kv_heads"], c["head_dim"], c["hidden"], c["context"],
                   c["tied"], c_double(c["rope_theta"]), repr(c["norm_eps"])))
    out.append("\n/* weights, [out, in] */\n")
    for name, shape in shapes.items():
        out.append(c_array(p + "w_" + short_name(name), "float",
                           flat(m["weights"][name]), shape[-1]))
    out.append("\n/* gradients of %sweighted_sum */\n" % p)
    for name, shape in shapes.items():
        out.append(c_array(p + "g_" + short_name(name), "double",
                           flat(m["grads"][name]), shape[-1]))
    out.append("\n")
    out.append(c_tensor_table(p + "tensors", p + "w_", p + "g_", shapes))
    out.append("static const int %stensor_count = %d;\n" % (p, len(shapes)))
    rows = []
    for i, run in enumerate(m["runs"]):
        q = "%ss%d_" % (p, i)
        out.append("\n/* sequence %d */\n" % i)
        out.append(c_array(q + "tokens", "int", run["tokens"]))
        out.append(c_array(q + "coef", "double", flat(run["coef"])))
        out.append(c_array(q + "logits", "double", flat(run["logits"]),
                           c["vocab"]))
        out.append(c_array(q + "logprob", "double",
                           [0.0] + flat(run["logprob"])))
        rows.append("  {%d, %stokens, %scoef,\n    %slogits, %slogprob}"
                    % (len(run["tokens"]), q, q, q, q))
    out.append("\nstatic const ref_sequence %ssequences[%d] = {\n%s};\n"
               % (p, len(rows), ",\n".join(rows)))
    out.append("static const int %ssequence_count = %d;\n" % (p, len(rows)))
    out.append("static const double %sweighted_sum = %s;\n"
               % (p, c_double(m["total"])))
    return "".join(out)


def c_sppo(s):
    shapes = tensor_shapes(MODEL_A)
    out = ["\n/* ==== preference losses on model a %s */\n\n" % ("=" * 39)]
    for name, value in (("eta", ETA), ("p_win", P_WIN), ("phat_w", PHAT_W),
                        ("phat_l", PHAT_L)):
        out.append("static const double ref_sppo_%s = %r;\n" % (name, value))
    for name in ("prompt", "winner", "loser"):
        out.append("static const int ref_sppo_%s_length = %d;\n"
                   % (name, len(s[name])))
        out.append(c_array("ref_sppo_" + name, "int", s[name]))
    out.append("\n/* log pi of each response token, and their sums */\n")
    out.append(c_array("ref_sppo_winner_logprob", "double", flat(s["new_w"])))
    out.append(c_array("ref_sppo_loser_logprob", "double", flat(s["new_l"])))
    for name, value in (("lp_w", s["new_w"].sum().item()),
                        ("lp_l", s["new_l"].sum().item()),
                        ("ref_lp_w", s["ref_w"]), ("ref_lp_l", s["ref_l"])):
        out.append("static const double ref_sppo_%s = %s;\n"
                   % (name, c_double(value)))
    out.append("\nstatic const ref_pair_loss ref_sppo_losses[%d] = {\n"
               % len(s["losses"]))
    out.append(",\n".join('  {"%s", %s,\n    %s, %s}' % (
        name, c_double(loss), c_double(grad_w), c_double(grad_l))
        for name, loss, grad_w, grad_l in s["losses"]) + "};\n")
    out.append("static const int ref_sppo_loss_count = %d;\n"
               % len(s["losses"]))
    out.append("\n/* gradients of the loss \"half\" */\n")
    for name, shape in shapes.items():
        out.append(c_array("ref_sppo_g_" + short_name(name), "double",
                           flat(s["grads"][name]), shape[-1]))
    out.append("\n")
    out.append(c_tensor_table("ref_sppo_tensors", "ref_a_w_", "ref_sppo_g_",
                              shapes))
    out.append("static const int ref_sppo_tensor_count = %d;\n" % len(shapes))
    return "".join(out)


def c_optimisers():
    n, steps = len(START), len(GRADS)
    rmsprop = optimiser_values(lambda p: torch.optim.RMSprop(
        p, lr=1e-2, alpha=0.99, eps=1e-8))
    adamw = optimiser_values(lambda p: torch.optim.AdamW(
        p, lr=1e-2, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1))
    out = ["\n/* ==== optimisers and clipping %s */\n\n" % ("=" * 44)]
    out.append("static const int ref_optim_count = %d;\n" % n)
    out.append("static const int ref_optim_steps = %d;\n" % steps)
    out.append(c_array("ref_optim_start", "double", START))
    out.append(c_array("ref_optim_grads", "double", sum(GRADS, []), n))
    out.append(c_array("ref_rmsprop_after", "double", flat(rmsprop), n))
    out.append(c_array("ref_adamw_after", "double", flat(adamw), n))
    out.append("\nstatic const int ref_clip_count = %d;\n" % len(CLIP))
    for name, vector in (("ref_clip", CLIP), ("ref_clip_small", CLIP_SMALL)):
        norm, clipped = clip_values(vector)
        out.append(c_array(name + "_before", "double", vector))
        out.append("static const double %s_norm = %s;\n"
                   % (name, c_double(norm)))
        out.append(c_array(name + "_after", "double", flat(clipped)))
    return "".join(out)


HEAD = """\
/* values.h - reference values from PyTorch {version} for the tests of sppo.h
 *
 * Written by make_values.py in this folder; do not edit, run it again.
 * Inputs are exact in float; outputs are float64, each with as many digits as
 * it needs to be read back to the bit. C99 and C++.
 * A test need not use every table: unused static const tables are no fault.
 *
 * TYPES  ref_config, ref_tensor, ref_sequence, ref_pair_loss: see below
 *
 * MODELS  a: untied, grouped queries, head_dim not dim / heads, rope 500000
 *         b: tied, as many key heads as heads, rope 10000
 *   ref_a_config           ref_config
 *   ref_a_tensors[]        ref_tensor: weights, and gradients of weighted_sum
 *   ref_a_tensor_count
 *   ref_a_sequences[]      ref_sequence: tokens, coefficients, logits, log p
 *   ref_a_sequence_count   2, of lengths 9 and 6
 *   ref_a_weighted_sum     sum of coef[t] log p(tokens[t] | tokens[0..t-1])
 *                          over both sequences, t >= 1
 *   ref_b_...              the same for model b
 *
 * PREFERENCE LOSSES  model a is the policy; equation numbers: 2405.00675 v5
 *   ref_sppo_eta, _p_win, _phat_w, _phat_l      1.7, 0.8, 0.7, 0.3
 *   ref_sppo_prompt[], _winner[], _loser[]      int tokens, no BOS, no EOS
 *   ref_sppo_prompt_length, _winner_length, _loser_length          4, 5, 3
 *   ref_sppo_winner_logprob[], _loser_logprob[] log pi of each response token
 *   ref_sppo_lp_w, _lp_l             their sums, log pi(y_w|x), log pi(y_l|x)
 *   ref_sppo_ref_lp_w, _ref_lp_l     the same under the reference policy
 *   ref_sppo_losses[]                ref_pair_loss, ref_sppo_loss_count = 5
 *     with a = lp_w - ref_lp_w, b = lp_l - ref_lp_l, h = a - b, beta = 1/eta
 *     0 "pair"  (4.12)  (a - eta (p_win - 1/2))^2 + (b + eta (p_win - 1/2))^2
 *     1 "half"  released code, ((a - eta (phat_w - 1/2))^2
 *                             + (b - eta (phat_l - 1/2))^2) / 2
 *     2 "hard"  TRL sppo_hard, (a - eta/2)^2 + (b + eta/2)^2
 *     3 "dpo"   (4.13)  -log sigma(beta h)
 *     4 "ipo"   (h - 1/(2 tau))^2, tau = beta/2: eta^2 times (4.14)
 *   ref_sppo_tensors[]     ref_tensor: the weights of a, gradients of "half"
 *   ref_sppo_tensor_count
 *
 * OPTIMISERS  three steps on five parameters; row s = step s, double
 *   ref_optim_count 5, ref_optim_steps 3
 *   ref_optim_start[5], ref_optim_grads[3*5]
 *   ref_rmsprop_after[3*5]  RMSprop lr 1e-2, alpha .99, eps 1e-8 (after sqrt)
 *   ref_adamw_after[3*5]    AdamW lr 1e-2, betas .9 .99, eps 1e-8, decay 0.1
 * CLIPPING  clip_grad_norm_ to 1. PyTorch multiplies by
 *   min(1, 1 / (norm + 1e-6)), so the clipped norm is a little below 1.
 *   ref_clip_count 7
 *   ref_clip_before[7], ref_clip_norm, ref_clip_after[7]     norm above 1
 *   ref_clip_small_before[7], _norm, _after[7]               below: unchanged
 *
 * WHAT FLOAT COSTS  this script's own model run in float32 differs from these
 * values by at most (logits, log p: absolute; gradients: of the largest entry
 * of the same tensor)
 *   model a: logits {a[0]:.1e}  log p {a[1]:.1e}  gradients {a[2]:.1e}
 *   model b: logits {b[0]:.1e}  log p {b[1]:.1e}  gradients {b[2]:.1e}
 *   "half":                                  gradients {s:.1e}             */

#ifndef SPPO_TESTS_REFERENCE_VALUES_H
#define SPPO_TESTS_REFERENCE_VALUES_H

typedef struct ref_config {{
  int vocab, dim, layers, heads, kv_heads, head_dim, hidden, context, tied;
  double rope_theta, norm_eps;
}} ref_config;

typedef struct ref_tensor {{
  const char *name;             /* of Hugging Face */
  int rows, cols;               /* cols 0: a vector of rows entries */
  const float *weight;          /* row by row, [out, in] */
  const double *grad;           /* same shape */
}} ref_tensor;

typedef struct ref_sequence {{
  int length;
  const int *tokens;            /* [length] */
  const double *coef;           /* [length], multiples of 1/64; coef[0] = 0 */
  const double *logits;         /* [length * vocab]; row t sees tokens[0..t] */
  const double *logprob;        /* [length]: log p(tokens[t] | tokens[0..t-1]),
                                   the full distribution, natural logarithm;
                                   logprob[0] = 0: nothing predicts it */
}} ref_sequence;

typedef struct ref_pair_loss {{
  const char *name;
  double loss;
  double grad_w, grad_l;      /* d loss / d lp_w, d loss / d lp_l */
}} ref_pair_loss;
"""


def main():
    # Repeated tokens (their embedding gradients add up) and tokens that never
    # occur (gradient exactly 0 in the untied model) are both wanted.
    setups = {
        "a": (MODEL_A, 1, [[3, 7, 0, 7, 12, 5, 3, 9, 1],
                           [11, 4, 4, 8, 0, 12]]),
        "b": (MODEL_B, 2, [[15, 2, 2, 9, 0, 6, 13, 2, 8],
                           [1, 14, 5, 0, 10, 3]]),
    }
    models, costs = {}, {}
    for letter, (c, seed, tokens) in setups.items():
        weights = random_weights(c, seed)
        sequences = [(t, draw_coefficients(len(t), 10 * seed + i))
                     for i, t in enumerate(tokens)]
        m = models[letter] = model_values(c, weights, sequences)
        print("model %s: %d weights" % (
            letter, sum(v.numel() for v in weights.values())))
        check_model(c, weights, sequences, m["grads"])
        costs[letter] = float_cost(
            m, model_values(c, weights, sequences, torch.float32))
        print("  float32 costs: logits %.1e, log p %.1e, gradients %.1e"
              % costs[letter])

    pair = (MODEL_A, models["a"]["weights"], [2, 9, 5, 10], [1, 6, 6, 3, 12],
            [8, 0, 11], 7)
    sppo = sppo_values(*pair)
    check_slopes(sppo)
    sppo_cost = gradient_cost(sppo["grads"],
                              sppo_values(*pair, torch.float32)["grads"])

    text = HEAD.format(version=torch.__version__, a=costs["a"], b=costs["b"],
                       s=sppo_cost)
    text += c_model("a", models["a"]) + c_model("b", models["b"])
    text += c_sppo(sppo) + c_optimisers()
    text += "\n#endif /* SPPO_TESTS_REFERENCE_VALUES_H */\n"
    with open(OUT, "w") as f:
        f.write(text)
    print("%s: %d bytes" % (OUT, len(text)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
