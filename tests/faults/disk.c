/* disk.c - the functions of disk.h */

#define _DEFAULT_SOURCE
#include "system.h"

#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INODES = 20000, NAMES = 64, CHANGES = 64, NAME = 64, FDS = 1024,
       WAYS = 6, SEEN = 1 << 20 };
enum { LOST, KEPT, ZEROS, HALF, HOLE, EMPTY };

typedef struct text { unsigned char *data; size_t size; } text;

/* What a file was given since the last fsync. */
typedef struct piece {
    long offset;
    size_t size;
    const unsigned char *data;
    int given;  // to the system, not in a stream's buffer
    int cut;    // to nothing, first
} piece;

typedef struct names {
    int count;
    struct { char name[NAME]; int inode; } of[NAMES];
} names;

/* from: the name that goes; "" none.  to: the one that comes; "": none. */
typedef struct change {
    char from[NAME], to[NAME];
    int inode;
} change;

typedef struct inode {
    int folder;
    text disk;          // of a file
    piece *piece;
    int pieces, room;
    uint64_t hash[WAYS];
    int hashed;         // bits, by way
    names *now, *kept;  // of a folder: in memory, on the disk
    change *change;
    int changes;
} inode;

static inode node[INODES];
static int nodes;
static int open_as[FDS];  // inode of a descriptor, or -1

/* The state that is looked at. */
static uint64_t keep[INODES];
static unsigned char way[INODES];

static void give_up(const char *why)
{
    fprintf(stderr, "disk.c: %s\n", why);
    abort();
}

static void *need(void *block)
{
    if (!block)
        give_up("memory");
    return block;
}

static int node_new(int folder)
{
    inode *n = &node[nodes];

    if (nodes == INODES)
        give_up("too many files");
    memset(n, 0, sizeof *n);
    n->folder = folder;
    if (folder) {
        n->now = (names *)need(calloc(1, sizeof *n->now));
        n->kept = (names *)need(calloc(1, sizeof *n->kept));
        n->change = (change *)need(calloc(CHANGES, sizeof *n->change));
    }
    return nodes++;
}

static void node_free(inode *n)
{
    free(n->disk.data);
    free(n->piece);
    free(n->now);
    free(n->kept);
    free(n->change);
}

/* ---- names ---- */

static int names_find(const names *all, const char *name)
{
    int i;

    for (i = 0; i < all->count; i++)
        if (!strcmp(all->of[i].name, name))
            return i;
    return -1;
}

static void names_drop(names *all, const char *name)
{
    const int i = names_find(all, name);

    if (i >= 0)
        all->of[i] = all->of[--all->count];
}

static void names_put(names *all, const char *name, int which)
{
    names_drop(all, name);
    if (all->count == NAMES || strlen(name) >= NAME)
        give_up("too many names");
    snprintf(all->of[all->count].name, NAME, "%s", name);
    all->of[all->count++].inode = which;
}

static void names_change(names *all, const change *c)
{
    if (c->from[0])
        names_drop(all, c->from);
    if (c->to[0])
        names_put(all, c->to, c->inode);
}

/* The folder that a path's last name stands in, as processes see it, and that
 * name; paths are relative to the root.  -1: there is none.                 */
static int walk(const char *path, char name[NAME])
{
    int at = 0, i;
    size_t n;

    for (;;) {
        path += strspn(path, "/");
        n = strcspn(path, "/");
        if (n >= NAME)
            give_up("a long name");
        snprintf(name, NAME, "%.*s", (int)n, path);
        if (!path[n + strspn(path + n, "/")])
            return at;
        path += n;
        if (!strcmp(name, "."))
            continue;
        i = names_find(node[at].now, name);
        if (i < 0 || !node[node[at].now->of[i].inode].folder)
            return -1;
        at = node[at].now->of[i].inode;
    }
}

static int lookup(const char *path)
{
    char name[NAME];
    const int folder = walk(path, name);
    int i;

    if (folder < 0 || !strcmp(name, ".") || !name[0])
        return folder;
    i = names_find(node[folder].now, name);
    return i < 0 ? -1 : node[folder].now->of[i].inode;
}

static void changed(int folder, const char *from, const char *to, int which)
{
    struct inode *f = &node[folder];
    change *c = &f->change[f->changes];

    if (f->changes + 1 >= CHANGES)
        give_up("too many changes of a folder that nobody syncs");
    snprintf(c->from, NAME, "%s", from);
    snprintf(c->to, NAME, "%s", to);
    c->inode = which;
    names_change(f->now, c);
    f->changes++;
}

/* ---- files ---- */

static void piece_add(inode *n, long offset, const unsigned char *data,
                      size_t size, int given, int cut)
{
    piece *p;

    if (n->pieces == n->room) {
        n->room = n->room ? 2 * n->room : 8;
        n->piece = (piece *)need(realloc(n->piece, sizeof *n->piece *
                                                   (size_t)n->room));
    }
    p = &n->piece[n->pieces++];
    p->offset = offset;
    p->data = data;
    p->size = size;
    p->given = given;
    p->cut = cut;
    n->hashed = 0;
}

static void text_put(text *t, size_t at, const unsigned char *data, size_t n)
{
    if (at + n > t->size) {
        t->data = (unsigned char *)need(realloc(t->data, at + n));
        memset(t->data + t->size, 0, at + n - t->size);
        t->size = at + n;
    }
    if (n && data)
        memcpy(t->data + at, data, n);
    else if (n)
        memset(t->data + at, 0, n);
}

static size_t pieces_size(const inode *n)
{
    size_t size = 0;
    int i;

    for (i = 0; i < n->pieces; i++)
        size += n->piece[i].size;
    return size;
}

/* A piece that is kept from byte `from` to byte `to` of all new bytes. */
static void piece_put(text *out, const piece *p, size_t *before, size_t from,
                      size_t to)
{
    const size_t at = p->offset < 0 ? out->size : (size_t)p->offset;
    size_t first, last;

    if (p->cut) {
        out->size = 0;
        return;
    }
    first = from > *before ? from - *before : 0;
    last = to < *before + p->size ? to - *before : p->size;
    if (to > *before && first < p->size && first < last) {
        if (at > out->size || first)
            text_put(out, at, NULL, first);
        text_put(out, at + first, p->data + first, last - first);
    }
    *before += p->size;
}

/* The bytes of a file in one of the ways. */
static text content(const inode *n, int how)
{
    const size_t all = pieces_size(n);
    const size_t from = how == HOLE ? all / 2 : 0;
    const size_t to = how == HALF ? all / 2 : all;
    size_t before = 0;
    text out = { NULL, 0 };
    int i;

    text_put(&out, 0, n->disk.data, n->disk.size);
    if (how == LOST)
        return out;
    for (i = 0; i < n->pieces; i++) {
        const piece *p = &n->piece[i];

        if (how == EMPTY && p->cut)
            out.size = 0;
        if (how == ZEROS && !p->cut)
            text_put(&out, p->offset < 0 ? out.size : (size_t)p->offset, NULL,
                     p->size);
        else if (how == ZEROS)
            out.size = 0;
        else if (how != EMPTY)
            piece_put(&out, p, &before, from, to);
    }
    return out;
}

/* On the disk is what the system was given. */
static void file_sync(inode *n)
{
    inode given = *n;
    int i, left = 0;

    given.piece = (piece *)need(calloc((size_t)n->pieces + 1, sizeof(piece)));
    given.pieces = 0;
    for (i = 0; i < n->pieces; i++)
        if (n->piece[i].given)
            given.piece[given.pieces++] = n->piece[i];
        else
            n->piece[left++] = n->piece[i];
    given.disk = content(&given, KEPT);
    free(given.piece);
    free(n->disk.data);
    n->disk = given.disk;
    n->pieces = left;
    n->hashed = 0;
}

static void folder_sync(inode *n)
{
    *n->kept = *n->now;
    n->changes = 0;
}

static void flush(inode *n)
{
    int i;

    for (i = 0; i < n->pieces; i++)
        n->piece[i].given = 1;
}

/* ---- what processes do ---- */

static void apply_open(const journal_record *r)
{
    char name[NAME];
    int folder, found = lookup(r->path);

    if (found < 0 && (r->flags & O_CREAT)) {
        folder = walk(r->path, name);
        if (folder < 0)
            give_up("a file in no folder");
        found = node_new(0);
        changed(folder, "", name, found);
    } else if (found >= 0 && (r->flags & O_TRUNC)) {
        piece_add(&node[found], 0, NULL, 0, 1, 1);
    }
    open_as[r->fd] = found;
}

/* Names of both ends stand in one folder. */
static void apply_names(const journal_record *r)
{
    char from[NAME], to[NAME] = "";
    const int folder = walk(r->path, from), found = lookup(r->path);

    if (r->op == JOURNAL_RENAME && walk(r->to, to) != folder)
        give_up("a rename into another folder");
    if (folder < 0 || (r->op != JOURNAL_MKDIR && found < 0))
        give_up(r->path);
    if (r->op == JOURNAL_MKDIR)
        changed(folder, "", from, node_new(1));
    else
        changed(folder, from, to, found);
}

void disk_apply(const journal_record *r)
{
    inode *n = r->fd >= 0 && r->fd < FDS && open_as[r->fd] >= 0 &&
               r->op != JOURNAL_OPEN ? &node[open_as[r->fd]] : NULL;
    int i;

    switch (r->op) {
    case JOURNAL_PROCESS:
        for (i = 0; i < FDS; i++)
            open_as[i] = -1;
        break;
    case JOURNAL_OPEN: apply_open(r); break;
    case JOURNAL_RENAME:
    case JOURNAL_REMOVE:
    case JOURNAL_MKDIR: apply_names(r); break;
    case JOURNAL_BUFFER:
    case JOURNAL_WRITE:
        if (n)
            piece_add(n, r->offset, journal_bytes(r), r->bytes,
                      r->op == JOURNAL_WRITE, 0);
        break;
    case JOURNAL_SYNC:
        if (n && n->folder)
            folder_sync(n);
        else if (n)
            file_sync(n);
        break;
    case JOURNAL_FLUSH:
    case JOURNAL_CLOSE:
        if (n && !n->folder)
            flush(n);
        if (r->op == JOURNAL_CLOSE)
            open_as[r->fd] = -1;
        break;
    case JOURNAL_DONE: break;
    }
}

/* ---- folders of the system ---- */

static void read_file(const char *path, text *out)
{
    unsigned char block[65536];
    FILE *file = (FILE *)need(fopen(path, "rb"));
    size_t n;

    while ((n = fread(block, 1, sizeof block, file)) > 0)
        text_put(out, out->size, block, n);
    fclose(file);
}

static void read_folder(const char *path, int into)
{
    DIR *folder = (DIR *)need(opendir(path));
    const struct dirent *entry;
    struct stat info;
    char below[1024];
    int i;

    while ((entry = readdir(folder)) != NULL) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (stat(below, &info))
            give_up(below);
        i = node_new(S_ISDIR(info.st_mode));
        names_put(node[into].now, entry->d_name, i);
        if (node[i].folder)
            read_folder(below, i);
        else
            read_file(below, &node[i].disk);
    }
    closedir(folder);
    folder_sync(&node[into]);
}

void disk_read(const char *folder)
{
    while (nodes > 0)
        node_free(&node[--nodes]);
    node_new(1);
    read_folder(folder, 0);
}

void folder_clear(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    char below[1024];

    if (!folder)
        return;
    while ((entry = readdir(folder)) != NULL) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (unlink(below) != 0) {
            folder_clear(below);
            rmdir(below);
        }
    }
    closedir(folder);
}

/* ---- states ---- */

/* Names of a folder in the state. */
static void state_names(int folder, names *out)
{
    const inode *f = &node[folder];
    int i;

    *out = *f->kept;
    for (i = 0; i < f->changes; i++)
        if (keep[folder] >> i & 1)
            names_change(out, &f->change[i]);
}

uint64_t disk_mix(uint64_t hash, const void *data, size_t n)
{
    const unsigned char *byte = (const unsigned char *)data;
    size_t i;

    for (i = 0; i < n; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3u;
    return hash ^ hash >> 29;
}

static uint64_t file_hash(inode *n, int how)
{
    text bytes;

    if (!(n->hashed >> how & 1)) {
        bytes = content(n, how);
        n->hash[how] = disk_mix(0xcbf29ce484222325u + bytes.size, bytes.data,
                                bytes.size);
        n->hashed |= 1 << how;
        free(bytes.data);
    }
    return n->hash[how];
}

/* The sum of what is there, in whatever order. */
static uint64_t folder_hash(int folder, uint64_t above)
{
    names all;
    uint64_t sum = 0;
    int i;

    state_names(folder, &all);
    for (i = 0; i < all.count; i++) {
        const int at = all.of[i].inode;
        uint64_t one = disk_mix(above, all.of[i].name,
                                strlen(all.of[i].name) + 1);

        if (node[at].folder) {
            sum += disk_mix(one, "/", 1) + folder_hash(at, one);
        } else {
            const uint64_t bytes = file_hash(&node[at], way[at]);

            sum += disk_mix(one, &bytes, sizeof bytes);
        }
    }
    return sum;
}

static void write_folder(int folder, const char *path)
{
    names all;
    char below[1024];
    int i;

    mkdir(path, 0777);
    state_names(folder, &all);
    for (i = 0; i < all.count; i++) {
        const int at = all.of[i].inode;

        snprintf(below, sizeof below, "%s/%s", path, all.of[i].name);
        if (node[at].folder) {
            write_folder(at, below);
        } else {
            const text bytes = content(&node[at], way[at]);
            FILE *file = (FILE *)need(fopen(below, "wb"));

            fwrite(bytes.data, 1, bytes.size, file);
            fclose(file);
            free(bytes.data);
        }
    }
}

void disk_write(const char *folder)
{
    folder_clear(folder);
    write_folder(0, folder);
}

/* ---- which states ---- */

static int folder[INODES], folders, file[INODES], files;  // that differ
static uint64_t seen[SEEN];
static int seen_count;
static uint64_t chance = 88172645463325252u;

static struct {
    uint64_t word;
    disk_look look;
    void *user;
    disk_order order;
    long count;
} at;

static uint64_t draw(void)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return chance >> 11;
}

void disk_seen_clear(void)
{
    memset(seen, 0, sizeof seen);
    seen_count = 0;
}

static int is_new(uint64_t hash)
{
    size_t i;

    for (i = hash % SEEN; seen[i]; i = (i + 1) % SEEN)
        if (seen[i] == hash)
            return 0;
    seen[i] = hash;
    if (++seen_count > SEEN / 2)
        give_up("too many states");
    return 1;
}

/* Folders and files whose disk and memory differ; a file that no name leads to,
 * now or in a state, does not matter.                                       */
static void find_dirty(void)
{
    static unsigned char named[INODES];
    int i, j;

    memset(named, 0, sizeof named);
    folders = files = 0;
    for (i = 0; i < nodes; i++) {
        const inode *f = &node[i];

        if (f->folder && f->changes)
            folder[folders++] = i;
        for (j = 0; f->folder && j < f->kept->count; j++)
            named[f->kept->of[j].inode] = 1;
        for (j = 0; f->folder && j < f->changes; j++)
            named[f->change[j].inode] = 1;
    }
    for (i = 0; i < nodes; i++)
        if (!node[i].folder && node[i].pieces && named[i])
            file[files++] = i;
}

static int shares(const change *a, const change *b)
{
    return (a->from[0] && (!strcmp(a->from, b->from) ||
                           !strcmp(a->from, b->to))) ||
           (a->to[0] && (!strcmp(a->to, b->from) || !strcmp(a->to, b->to)));
}

/* What a change needs is kept with it (needs 1), or it goes too (0). */
static void settle(int f, int needs)
{
    const inode *n = &node[f];
    int i, j;

    for (i = 0; i < n->changes; i++) {
        const int later = needs ? n->changes - 1 - i : i;

        for (j = 0; j < later; j++)
            if (shares(&n->change[j], &n->change[later]) &&
                (keep[f] >> later & 1) && !(keep[f] >> j & 1)) {
                if (needs)
                    keep[f] |= (uint64_t)1 << j;
                else
                    keep[f] &= ~((uint64_t)1 << later);
            }
    }
}

static void keep_all(int yes)
{
    int i;

    for (i = 0; i < folders; i++)
        keep[folder[i]] = yes ? ~(uint64_t)0 : 0;
}

static void way_all(int how)
{
    int i;

    for (i = 0; i < files; i++)
        way[file[i]] = (unsigned char)how;
}

static void visit(void)
{
    at.count++;
    if (is_new(disk_mix(at.word, "", 1) + folder_hash(0, 1)))
        at.look(at.user, at.order);
}

static void visit_ways(void)
{
    int i, how;

    for (how = 0; how < (files ? WAYS : 1); how++) {
        way_all(how);
        visit();
    }
    for (i = 0; i < files && files > 1; i++)
        for (how = 0; how < WAYS; how++) {
            way_all(KEPT);
            way[file[i]] = (unsigned char)how;
            visit();
        }
}

static void visit_in_order(void)
{
    int i, others, first;

    for (others = 0; others < 2; others++) {
        keep_all(others);
        visit_ways();
        for (i = 0; i < folders; i++)
            for (first = 0; first <= node[folder[i]].changes; first++) {
                keep_all(others);
                keep[folder[i]] = ((uint64_t)1 << first) - 1;
                visit_ways();
            }
    }
}

static void visit_single(int f, int which, int lost)
{
    static const unsigned char ways[] = { LOST, KEPT, ZEROS };
    const uint64_t one = (uint64_t)1 << which;
    int i, others;

    for (others = 0; others < 2; others++) {
        keep_all(others);
        keep[f] = lost ? ~one : one;
        settle(f, !lost);
        for (i = 0; i < 3; i++) {
            way_all(ways[i]);
            visit();
        }
    }
}

static void visit_random(void)
{
    int i;

    for (i = 0; i < folders; i++) {
        keep[folder[i]] = draw();
        settle(folder[i], (int)(draw() & 1));
    }
    for (i = 0; i < files; i++)
        way[file[i]] = (unsigned char)(draw() % WAYS);
    visit();
}

long disk_states(uint64_t word, int random, disk_look look, void *user)
{
    int i, j;

    find_dirty();
    at.word = word;
    at.look = look;
    at.user = user;
    at.count = 0;
    at.order = DISK_IN_ORDER;
    visit_in_order();
    at.order = DISK_ANY_ORDER;
    for (i = 0; i < folders; i++)
        for (j = 0; j < node[folder[i]].changes; j++) {
            visit_single(folder[i], j, 0);
            visit_single(folder[i], j, 1);
        }
    for (i = 0; i < random && folders + files > 0; i++)
        visit_random();
    keep_all(1);
    way_all(KEPT);
    return at.count;
}

const char *disk_story(void)
{
    static const char *const ways[] = { "lost", "kept", "zeros", "half",
                                        "hole", "empty" };
    static char out[4096];
    size_t n = 0;
    int i, j;

    out[0] = 0;
    for (i = 0; i < folders && n < 3000; i++)
        for (j = 0; j < node[folder[i]].changes && n < 3000; j++) {
            const change *c = &node[folder[i]].change[j];

            n += (size_t)snprintf(out + n, sizeof out - n, " %s%s%s%s%s",
                                  keep[folder[i]] >> j & 1 ? "+" : "-",
                                  c->from, c->from[0] && c->to[0] ? ">" : "",
                                  c->to, c->from[0] && !c->to[0] ? "!" : "");
        }
    for (i = 0; i < files && n < 3500; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, " #%d:%s", file[i],
                              ways[way[file[i]]]);
    return out;
}
