"""sppo.py - align a small Llama from Python, with a judge written in Python

    make lib
    PYTHONPATH=examples/bindings python3
    >>> import math, sppo
    >>> policy = sppo.Policy("tiny_models/policy")
    >>> prompts = ["tell me a story about a %s cat and a %s dog ." % (a, b)
    ...            for a in ("red", "old") for b in ("blue", "brave", "slow")]
    >>> policy.sample(prompts[0], temperature=0)
    >>> def to_the_point(prompt, responses):
    ...     on = [sum(w in r.split() for w in prompt.split())
    ...           - len(r.split()) / 10 for r in responses]
    ...     return [[1 / (1 + math.exp(b - a)) for b in on] for a in on]
    >>> policy.align(prompts * 8, to_the_point)
    >>> policy.sample(prompts[0], temperature=0)
    >>> policy.save("aligned")

or with a preference model, trained here, on texts of one's own:

    policy.train(prompts, responses)
    policy.train_preference(prompts, chosen, rejected)
    policy.align(prompts, policy.judge)

Standard library only; the shared library is SPPO_LIBRARY, or the one that make
lib built.  A failure is a sppo.Error with the library's sentence; what a judge
raises is raised again.
"""

import ctypes as c
import os

PHASES = ("sample", "judge", "select", "fit", "advance", "done")
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PATH = os.environ.get("SPPO_LIBRARY",
                      os.path.join(ROOT, "build", "libsppo.so"))


class Error(Exception):
    """What the library refused or could not do, in its words."""


JUDGE = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_char_p, c.POINTER(c.c_char_p),
                    c.POINTER(c.c_int), c.c_int, c.POINTER(c.c_double))
STEP = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_int, c.c_int, c.c_double)
PROGRESS = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_int, c.c_int, c.c_int,
                       c.c_int, c.c_double)


class _Run(c.Structure):
    """sppo_run of library.c, field by field."""
    _fields_ = [("eta", c.c_double), ("lr", c.c_double), ("k", c.c_int),
                ("iterations", c.c_int), ("epochs", c.c_int),
                ("batch", c.c_int), ("max_tokens", c.c_int),
                ("loss", c.c_char_p), ("seed", c.c_uint64),
                ("judge", JUDGE), ("progress", PROGRESS),
                ("user", c.c_void_p)]


class _Training(c.Structure):
    """sppo_training of library.c, field by field."""
    _fields_ = [("lr", c.c_double), ("warmup", c.c_double),
                ("clip", c.c_double), ("epochs", c.c_int), ("batch", c.c_int),
                ("seed", c.c_uint64), ("progress", STEP),
                ("user", c.c_void_p)]


def _load():
    lib = c.CDLL(PATH)
    handle = c.c_void_p
    texts = c.POINTER(c.c_char_p)
    calls = {
        "open": (handle, [c.c_char_p]),
        "message": (c.c_char_p, [handle]),
        "close": (None, [handle]),
        "sample": (c.c_int, [handle, c.c_char_p, c.c_int, c.c_double,
                             c.c_uint64, c.c_char_p, c.c_size_t]),
        "align": (c.c_int, [handle, texts, c.c_int, c.POINTER(_Run)]),
        "train": (c.c_int, [handle, texts, texts, c.c_int,
                            c.POINTER(_Training)]),
        "train_preference": (c.c_int, [
            handle, c.c_char_p, texts, texts, c.POINTER(c.c_double), c.c_int,
            c.POINTER(_Training)]),
        "judge": (c.c_int, [handle, c.c_char_p, texts, c.POINTER(c.c_int),
                            c.c_int, c.POINTER(c.c_double)]),
        "save": (c.c_int, [handle, c.c_char_p])}
    for name, (result, arguments) in calls.items():
        call = getattr(lib, "sppo_policy_" + name)
        call.restype, call.argtypes = result, arguments
    return lib


_lib = _load()


def _texts(texts):
    return (c.c_char_p * len(texts))(*[t.encode() for t in texts])


class Policy:
    """A model directory with a tokenizer.bin."""

    def __init__(self, folder):
        self._handle = _lib.sppo_policy_open(os.fsencode(folder))
        if not self._handle:
            raise MemoryError(folder)
        if _lib.sppo_policy_message(self._handle):
            self._check(1)

    def __del__(self):
        if getattr(self, "_handle", None):
            _lib.sppo_policy_close(self._handle)

    def _check(self, code):
        if code:
            raise Error(_lib.sppo_policy_message(self._handle).decode())

    def sample(self, prompt, max_tokens=64, temperature=1.0, seed=1):
        """A response; temperature 0: the likeliest tokens."""
        out = c.create_string_buffer(64 * max(max_tokens, 0) + 1)
        self._check(_lib.sppo_policy_sample(
            self._handle, prompt.encode(), max_tokens, temperature, seed, out,
            len(out)))
        return out.value.decode(errors="replace")

    def align(self, prompts, judge, eta=30.0, lr=3e-4, k=5, iterations=3,
              epochs=4, batch=32, max_tokens=64, loss="sppo", seed=1,
              progress=None):
        """Self-play on the prompts.

        judge(prompt, responses) gives P(response i is better than j) as k rows
        of k numbers; with a parameter `finished` it is also told which of them
        ended by themselves.  progress(iteration, phase, done, total, loss) may
        return True to stop.
        """
        raised = []
        wants = "finished" in getattr(judge, "__code__",
                                      type(self).align.__code__).co_varnames

        def ask(_, prompt, responses, finished, count, pairwise):
            try:
                texts = [responses[i].decode(errors="replace")
                         for i in range(count)]
                more = ({"finished": [bool(finished[i]) for i in range(count)]}
                        if wants else {})
                rows = judge(prompt.decode(errors="replace"), texts, **more)
                if len(rows) != count or any(len(r) != count for r in rows):
                    raise ValueError("a judge gives %d rows of %d numbers"
                                     % (count, count))
                for i, row in enumerate(rows):
                    for j, value in enumerate(row):
                        pairwise[i * count + j] = float(value)
                return 0
            except BaseException as e:  # nothing may be raised through C
                raised.append(e)
                return 1

        def report(_, iteration, phase, done, total, value):
            try:
                return int(bool(progress and progress(
                    iteration, PHASES[phase], done, total, value)))
            except BaseException as e:
                raised.append(e)
                return 1

        run = _Run(eta, lr, k, iterations, epochs, batch, max_tokens,
                   loss.encode(), seed, JUDGE(ask), PROGRESS(report), None)
        code = _lib.sppo_policy_align(self._handle, _texts(prompts),
                                      len(prompts), c.byref(run))
        if raised:
            raise raised[0]
        self._check(code)

    def _train(self, call, lr, epochs, batch, seed, progress):
        """call(settings), with a progress callback that may raise."""
        raised = []

        def report(_, step, steps, loss):
            try:
                return int(bool(progress and progress(step, steps, loss)))
            except BaseException as e:
                raised.append(e)
                return 1

        code = call(c.byref(_Training(lr, 0.05, 1.0, epochs, batch, seed,
                                      STEP(report), None)))
        if raised:
            raise raised[0]
        self._check(code)

    def train(self, prompts, responses=None, lr=1e-3, epochs=1, batch=16,
              seed=1, progress=None):
        """Learns to answer prompts so, or, without responses, these texts.

        progress(step, steps, loss) may return True to stop.
        """
        if responses is not None and len(responses) != len(prompts):
            raise ValueError("there are %d prompts and %d responses"
                             % (len(prompts), len(responses)))
        self._train(lambda how: _lib.sppo_policy_train(
            self._handle, _texts(prompts),
            None if responses is None else _texts(responses), len(prompts),
            how), lr, epochs, batch, seed, progress)

    def train_preference(self, prompts, chosen, rejected, label=None,
                         head="pair", lr=1e-3, epochs=1, batch=16, seed=1,
                         progress=None):
        """A preference model, for judge; label: P(chosen is better), or 1."""
        label = [1.0] * len(prompts) if label is None else label
        if not len(prompts) == len(chosen) == len(rejected) == len(label):
            raise ValueError("there are %d prompts, %d chosen, %d rejected, "
                             "%d labels" % (len(prompts), len(chosen),
                                            len(rejected), len(label)))
        both = [text for pair in zip(chosen, rejected) for text in pair]
        self._train(lambda how: _lib.sppo_policy_train_preference(
            self._handle, head.encode(), _texts(prompts), _texts(both),
            (c.c_double * len(label))(*label), len(prompts), how),
            lr, epochs, batch, seed, progress)

    def judge(self, prompt, responses, finished=None):
        """What the preference model of train_preference says, for align."""
        k = len(responses)
        ended = (c.c_int * k)(*(finished or [True] * k))
        pairwise = (c.c_double * (k * k))()
        self._check(_lib.sppo_policy_judge(
            self._handle, prompt.encode(), _texts(responses), ended, k,
            pairwise))
        return [list(pairwise[i * k:i * k + k]) for i in range(k)]

    def save(self, folder):
        """A model directory, which is made."""
        self._check(_lib.sppo_policy_save(self._handle, os.fsencode(folder)))
