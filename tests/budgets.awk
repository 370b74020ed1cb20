# budgets.awk - what a reader of sppo.h has to go through, in figures
#
#     awk -f tests/budgets.awk sppo.h
#
# "figure NAME VALUE" for every budget of test_budgets.sh, VALUE "none" where
# what is counted was not found; "why NAME TEXT" is what the figure is made of;
# "place ..." is where test_budgets.sh plants its breaches.
#
# The second half is what follows "#ifdef SPPO_IMPLEMENTATION"; a section begins
# with a line "/* ==== title ==="; a function begins in column 0.  A function
# reaches every function that its body names, macros are not looked into.

function tell(name, value) { print "figure", name, value }
function why(name, text) { print "why", name, text }

# ---- lines: code without comments and strings, and what they are made of ----

function comment_part(part) {
    if (part ~ /[^ \t]/)
        has_comment[NR] = 1
    prose[NR] = prose[NR] " " part
}

# The code of a line; `inside`: a comment goes on.
function code_of(line,    out, at, mark, start) {
    out = ""
    while (line != "") {
        if (inside) {
            at = index(line, "*/")
            comment_part(at ? substr(line, 1, at + 1) : line)
            if (!at)
                return out
            line = substr(line, at + 2)
            inside = 0
        } else if (!match(line, /\/\*|\/\/|"|\047/)) {
            return out line
        } else {
            start = RSTART
            mark = substr(line, start, 2)
            out = out substr(line, 1, start - 1)
            if (mark == "//") {
                comment_part(substr(line, start))
                return out
            }
            if (mark == "/*") {
                inside = 1
                comment_part(mark)
                line = substr(line, start + 2)
                continue
            }
            mark = substr(mark, 1, 1)
            at = start + 1
            while (at <= length(line) && substr(line, at, 1) != mark)
                at += substr(line, at, 1) == "\\" ? 2 : 1
            prose[NR] = prose[NR] " " substr(line, start, at - start)
            out = out mark mark
            line = substr(line, at + 1)
        }
    }
    return out
}

/^#ifdef SPPO_IMPLEMENTATION/ && !start { start = NR }
/^\/\* ==== / {
    rest = substr($0, 9)
    sub(/ *=.*/, "", rest)
    sub(/^[A-Z][0-9]* +/, "", rest)
    section_at[++sections] = NR
    section_title[sections] = rest
}
/^\/\* ---- / {
    rest = substr($0, 9)
    sub(/ *-*( *\*\/)?$/, "", rest)
    part_title[NR] = rest
}
/\[(Sec|Eq|Alg|App|Thm) / && start && !formula { formula = NR }
/\/\* private/ { private_mark[NR] = 1 }
{
    text[NR] = code_of($0)
    empty[NR] = $0 == ""
    # A comment of whole lines, without a tag: one that may be taken away.
    if ($0 ~ /^\/\*/ && $0 !~ /====/)
        block = NR
    if (block && index($0, "["))
        block = 0
    if (block && index($0, "*/")) {
        block_end[block] = NR
        block = 0
    }
}

function section_of(line,    s) {
    for (s = sections; s > 0; s--)
        if (section_at[s] <= line)
            return s
    return 0
}
function section_end(s) { return s < sections ? section_at[s + 1] - 1 : NR }

# ---- functions ----

# What a declaration that begins at `line` ends with, ; { or =, at line `stop`;
# `head` is its text.
function declaration(line,    depth, rest, mark) {
    head = ""
    depth = 0
    for (stop = line; stop <= NR && stop < line + 40; stop++) {
        rest = text[stop]
        while (match(rest, /[();{=]/)) {
            mark = substr(rest, RSTART, 1)
            head = head substr(rest, 1, RSTART)
            rest = substr(rest, RSTART + 1)
            depth += (mark == "(") - (mark == ")")
            if (depth == 0 && mark ~ /[;{=]/)
                return mark
        }
        head = head rest " "
    }
    return ""
}

function braces(line,    opened, rest) {
    rest = text[line]
    opened = gsub(/[{]/, "", rest)
    return opened - gsub(/[}]/, "", rest)
}

function named(    rest) {  # the function that `head` declares
    rest = head
    gsub(/(SPPOI_FORMAT|__attribute__) *\(+[^)]*\)+/, "", rest)
    if (!match(rest, /[A-Za-z_][A-Za-z0-9_]* *\(/))
        return ""
    rest = substr(rest, RSTART, RLENGTH - 1)
    sub(/ *$/, "", rest)
    return rest
}

function find_functions(    i, mark, name, depth) {
    for (i = 1; i <= NR; i++) {
        if (text[i] !~ /^[A-Za-z_]/ ||
            text[i] ~ /^(typedef|enum|struct|union|extern ")/)
            continue
        mark = declaration(i)
        name = named()
        if (mark == "{" && name != "") {
            first[++functions] = i
            brace[functions] = stop
            depth = 0
            while ((depth += braces(stop)) > 0 && stop < NR)
                stop++
            last[functions] = stop
            called[functions] = name
            signature[functions] = head
            if (i > start)
                number[name] = functions
            i = stop
        } else if (mark == ";" && name != "") {
            if (head ~ /^static/ && i > start) {
                prototypes++
                why("prototypes", "line " i ": " name)
            }
            i = stop
        } else if (mark == "=") {
            while (stop < NR && text[stop] !~ /; *$/)
                stop++
            i = stop
        }
    }
}

# ---- words: calls, names of the house ----

# An entry is a part of a name, between underscores; =entry is a whole name.
function is_house_word(name,    i, low) {
    low = "_" tolower(name) "_"
    if (low ~ /_of_$/ && low !~ /_best_of_$/)  # best of n is the field's word
        return 1
    for (i = 1; i <= words; i++)
        if (index(low, "_" word[i] "_") || low == whole[i])
            return 1
    return 0
}

function read_names(line, f,    rest, name) {
    rest = text[line]
    if (rest ~ /^#define sppo_/)  # a name of 0.1, kept for its programs
        return
    while (match(rest, /[A-Za-z_][A-Za-z0-9_]*/)) {
        name = substr(rest, RSTART, RLENGTH)
        rest = substr(rest, RSTART + RLENGTH)
        if (!(name in known)) {
            known[name] = 1
            names++
            if (is_house_word(name)) {
                house_words++
                why("house_words", "line " line ": " name)
            }
        }
        if (f && line >= brace[f] && name in number && number[name] != f &&
            !((f, number[name]) in calls)) {
            calls[f, number[name]] = 1
            callee[f, ++callees[f]] = number[name]
        }
    }
}

function read_prose(line,    rest) {
    rest = tolower(prose[line]) " "
    while (match(rest, said)) {
        house_prose++
        why("house_prose", "line " line ":" substr(rest, RSTART, RLENGTH))
        rest = substr(rest, RSTART + RLENGTH - 1)
    }
}

function read_all(    i, f) {
    for (f in called)
        own[f] = called[f] in number && number[called[f]] == f
    f = 1
    for (i = 1; i <= NR; i++) {
        while (f <= functions && last[f] < i)
            f++
        read_names(i, f <= functions && first[f] <= i && own[f] ? f : 0)
        if (prose[i] != "")
            read_prose(i)
    }
}

# ---- what a function reaches ----

function reach(f,    i) {
    if (f in reached)
        return
    reached[f] = 1
    reached_count++
    reached_lines += last[f] - first[f] + 1
    for (i = 1; i <= callees[f]; i++)
        reach(callee[f, i])
}

function reach_anew(f,    g) {
    for (g in reached)
        delete reached[g]
    reached_count = reached_lines = 0
    if (f)
        reach(f)
}

# The longest chain of calls from f; one that comes back to itself ends there.
function deep(f,    i, g, most) {
    if (f in depth_of)
        return depth_of[f]
    on_path[f] = 1
    most = next_of[f] = 0
    for (i = 1; i <= callees[f]; i++) {
        g = callee[f, i]
        if (!(g in on_path) && deep(g) > most) {
            most = depth_of[g]
            next_of[f] = g
        }
    }
    delete on_path[f]
    return depth_of[f] = most + 1
}

function measure_reach(name, root,    f, g, chain, leaf) {
    if (!(root in number)) {
        tell(name "_functions", "none")
        tell(name "_lines", "none")
        tell(name "_depth", "none")
        return
    }
    f = number[root]
    reach_anew(f)
    tell(name "_functions", reached_count)
    tell(name "_lines", reached_lines)
    tell(name "_depth", deep(f))
    chain = root
    for (g = f; next_of[g]; g = next_of[g])
        chain = chain " > " called[next_of[g]]
    why(name "_depth", chain)
    print "place", name, first[f], brace[f], last[f]
    # A function without calls, one that most of the passes reach anyway.
    for (f = 1; f <= functions; f++)
        if (f in reached && !callees[f] && f != g && shared[f] > shared[leaf])
            leaf = f
    print "place", name "_depth", brace[g], called[leaf]
}

# ---- sections: the tour, the prelude, comments ----

function measure_tour(    from, s, i, n, step, f) {
    from = section_of(formula)
    n = split(steps, step, " ")
    for (i = 1; i <= n; i++) {
        if (!formula || !(step[i] in number)) {
            tell("tour_lines", "none")
            return
        }
        f = number[step[i]]
        if (section_of(first[f]) > s)
            s = section_of(first[f])
    }
    tell("tour_lines", section_end(s) - section_at[from] + 1)
    why("tour_lines", "lines " section_at[from] " to " section_end(s))
    print "place tour", section_at[from]
}

# Of the sections with such titles, or of the parts, headed by "/* ---- title",
# that these have: the one with the smallest share.
function measure_comments(name, titles, by_part,    s, i, n, share, least, at,
                          low, p, parts, from, end, called) {
    least = "none"
    for (s = 1; s <= sections; s++) {
        low = tolower(section_title[s])
        if (section_at[s] < start || low !~ titles)
            continue
        parts = 1
        from[1] = section_at[s]
        called[1] = section_title[s]
        for (i = section_at[s]; i <= section_end(s); i++)
            if (by_part && i in part_title) {
                from[++parts] = i
                called[parts] = part_title[i]
            }
        from[parts + 1] = section_end(s) + 1
        for (p = 1; p <= parts; p++) {
            n = 0
            for (i = from[p]; i < from[p + 1]; i++)
                n += has_comment[i] && text[i] !~ /[^ \t]/
            if (by_part && from[p + 1] - from[p] < 5)
                continue
            share = sprintf("%.1f", 100 * n / (from[p + 1] - from[p]))
            why(name, share " % of " called[p])
            if (least == "none" || share + 0 < least + 0) {
                least = share
                at = from[p]
                end = from[p + 1] - 1
            }
        }
    }
    tell(name, least)
    n = 0
    for (i = at + 1; at && i <= end; i++)
        if (block_end[i] && block_end[i] - i >= n) {
            n = block_end[i] - i + 1
            low = i
        }
    if (n)
        print "place", name, low, block_end[low]
}

# ---- the activations of a pass: fields, copies by value ----

function measure_fields(    i, on, all, part, n, total, marked) {
    for (i = 1; i <= NR && !on; i++)
        if (text[i] ~ "^(typedef )?struct " activations " *[{]")
            on = i
    if (!on) {
        tell("private_fields", "none")
        return
    }
    all = substr(text[on], index(text[on], "{") + 1)
    for (i = on + 1; i <= NR; i++) {
        if (private_mark[i])
            all = ""
        all = all " " text[i]
        if (text[i] ~ "[}] *" activations || text[i] ~ /^[}] *;/)
            break
    }
    sub(/[}][^}]*$/, "", all)
    while (gsub(/\([^()]*\)|\[[^]]*\]/, "", all))
        ;
    n = split(all, part, ";")
    while (n > 0)
        if (part[n--] ~ /[A-Za-z]/)
            total += 1 + gsub(/,/, "", part[n + 1])
    tell("private_fields", total + 0)
    print "place private_fields", i, activations_name(on)
}
function activations_name(line) {
    match(text[line], activations)
    return substr(text[line], RSTART, RLENGTH)
}

function copied(line) {
    copies++
    why("copies", "line " line)
}

# Notes what a declarator of that type declares, a value or a pointer to one.
function declare(part) {
    sub(/=.*/, "", part)
    if (!match(part, /[A-Za-z_][A-Za-z0-9_]* *(\[.*)?$/))
        return
    part = substr(part, 1, RSTART - 1) " " substr(part, RSTART)
    match(part, /[A-Za-z_][A-Za-z0-9_]*/)
    if (part ~ /[*]/)
        pointers = pointers "|[*]" substr(part, RSTART, RLENGTH)
    else
        values = values "|" substr(part, RSTART, RLENGTH)
}

# Results and parameters by value, and what takes another's fields.  X_init may
# give its caller what it made: nobody keeps the other one.
function measure_copies(    f, i, n, rest, part, takes) {
    for (f = 1; f <= functions; f++) {
        rest = signature[f]
        values = pointers = ""
        if (rest ~ "^[^(]*[^A-Za-z0-9_(]" activations " +[A-Za-z]" ||
            rest ~ "^" activations " ")
            copied(first[f])
        sub(/^[^(]*\(/, "", rest)
        sub(/\)[^)]*$/, "", rest)
        n = split(rest, part, ",")
        for (i = 1; i <= n; i++)
            if (sub("^ *(const +)?" activations "[^A-Za-z0-9_]", "", part[i])) {
                if (part[i] !~ /[*]/)
                    copied(first[f])
                declare(part[i])
            }
        for (i = brace[f]; i <= last[f]; i++) {
            rest = text[i]
            if (i == brace[f])
                sub(/^[^{]*[{]/, "", rest)
            if (!sub("^ *(const +)?" activations " +", "", rest))
                continue
            sub(/;.*/, "", rest)
            for (n = split(rest, part, ","); n > 0; n--)
                declare(part[n])
        }
        if (values pointers == "" || called[f] ~ /_init$/)
            continue
        takes = "(^|[^A-Za-z0-9_>.])(" substr(values pointers, 2) ") *= *"
        takes = takes "((" substr(values pointers, 2) ") *[;,]"
        if (values != "")
            takes = takes "|sppoi?_[a-z_0-9]* *[(]"
        takes = takes ")"
        for (i = brace[f]; i <= last[f]; i++)
            if (text[i] ~ takes)
                copied(i)
    }
    tell("copies", functions ? copies + 0 : "none")
}

# ---- nesting: four columns a level, by the statement that opens it ----

function measure_nesting(    f, i, level, most, at) {
    for (f = 1; f <= functions; f++)
        for (i = brace[f] + 1; i < last[f]; i++)
            if (text[i] ~ opener) {
                match(text[i], /^ */)
                level = int(RLENGTH / 4)
                if (level > most) {
                    most = level
                    at = i
                }
            }
    tell("nesting", functions ? most + 0 : "none")
    why("nesting", "line " at)
    print "place nesting", at
}

BEGIN {
    activations = "sppo_(trace|activations)"
    steps = "sppo_play_run sppo_play_sample sppo_play_judge sppo_play_select " \
            "sppo_play_fit sppo_play_advance"
    words = split("slope slopes grove groves desk desks band bands slice " \
        "slices group groups deal plan recall columns span keep_prompt sweep " \
        "stage watcher seen carver carve measured duel duels queue " \
        "under_way few_rows row_of team trace =sppoi_step =sppoi_rows " \
        "=sppoi_cols =sppoi_depth =sppo_take =sppo_give", word, " ")
    for (i = 1; i <= words; i++)
        if (word[i] ~ /^=/)
            whole[i] = "_" substr(word[i], 2) "_"
    opener = "^ *([}] *)?(else +)?(for|if|while|do|switch|else)( |$)"
    said = "[^a-z_](slope|grove|desk|band|slice|sweep|watcher|carver|duel)s?" \
           "[^a-z_]"
}

END {
    find_functions()
    read_all()
    measure_tour()
    passes = split("sppo_play_fit sppo_backward sppo_forward", root, " ")
    for (i = 1; i <= passes; i++)
        if (root[i] in number) {
            reach_anew(number[root[i]])
            for (f in reached)
                shared[f]++
        }
    measure_reach("training_step", "sppo_play_fit")
    measure_reach("backward", "sppo_backward")
    measure_reach("forward", "sppo_forward")
    prelude = section_at[section_of(formula)] - start
    tell("prelude_lines", formula ? prelude : "none")
    tell("prototypes", functions ? prototypes + 0 : "none")
    measure_comments("comments_algorithm", "^algorithm 1")
    measure_comments("comments_network",
        "network|layer|attention|logits|micro-batch", 1)
    measure_comments("comments_sampling", "sampling")
    tell("house_words", names ? house_words + 0 : "none")
    tell("house_prose", names ? house_prose + 0 : "none")
    measure_fields()
    measure_copies()
    measure_nesting()
    tell("header_lines", NR)
    print "place start", start
    for (i = NR; i > start && !empty[i]; i--)
        ;
    print "place blank", i
}
