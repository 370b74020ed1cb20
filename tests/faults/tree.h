/* tree.h - a folder and all files under it, in memory: what was there, what is
 * there now, and to put it back                                             */
#ifndef FAULTS_TREE_H
#define FAULTS_TREE_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TREE_FILES = 256, TREE_PATH = 400 };

typedef struct tree_file {
    char path[TREE_PATH];  // from the folder on
    int folder;
    size_t size;
    char *data;
} tree_file;

typedef struct tree {
    int count;
    tree_file file[TREE_FILES];
} tree;

static inline void tree_die(const char *what, const char *path)
{
    fprintf(stderr, "%s: %s\n", path, what);
    exit(2);
}

static inline char *tree_read(const char *path, size_t *size)
{
    FILE *in = fopen(path, "rb");
    struct stat info;
    char *data;

    if (!in || fstat(fileno(in), &info))
        tree_die("cannot be read", path);
    *size = (size_t)info.st_size;
    data = (char *)malloc(*size + 1);
    if (!data || fread(data, 1, *size, in) != *size)
        tree_die("cannot be read", path);
    data[*size] = 0;
    fclose(in);
    return data;
}

static inline void tree_add(tree *t, const char *root, const char *under)
{
    char path[2 * TREE_PATH];
    DIR *folder;
    struct dirent *entry;
    struct stat info;

    snprintf(path, sizeof path, "%s/%s", root, under);
    folder = opendir(path);
    if (!folder)
        tree_die("cannot be opened", path);
    while ((entry = readdir(folder)) != NULL) {
        tree_file *f = &t->file[t->count];

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (t->count == TREE_FILES)
            tree_die("too many files", path);
        snprintf(f->path, sizeof f->path, "%s%s%s", under, *under ? "/" : "",
                 entry->d_name);
        snprintf(path, sizeof path, "%s/%s", root, f->path);
        if (stat(path, &info))
            tree_die("cannot be looked at", path);
        f->folder = S_ISDIR(info.st_mode);
        f->size = 0;
        f->data = f->folder ? NULL : tree_read(path, &f->size);
        if (!strcmp(entry->d_name, "timing.csv"))
            f->size = 0;  // no two runs' are alike: only that it is there
        t->count++;
        if (f->folder)
            tree_add(t, root, t->file[t->count - 1].path);
    }
    closedir(folder);
}

static inline void tree_free(tree *t)
{
    while (t->count)
        free(t->file[--t->count].data);
}

static inline void tree_look(tree *t, const char *root)
{
    tree_free(t);
    tree_add(t, root, "");
}

static inline tree_file *tree_find(tree *t, const char *path)
{
    int i;

    for (i = 0; i < t->count; i++)
        if (!strcmp(t->file[i].path, path))
            return &t->file[i];
    return NULL;
}

static inline int tree_same(const tree_file *a, const tree_file *b)
{
    return a && b && a->folder == b->folder && a->size == b->size &&
           (!a->size || !memcmp(a->data, b->data, a->size));
}

/* The folder as `want` has it, from what `is` says is there. */
static inline void tree_restore(tree *want, tree *is, const char *root)
{
    char path[2 * TREE_PATH];
    FILE *out;
    int i;

    for (i = is->count - 1; i >= 0; i--) {
        const tree_file *w = tree_find(want, is->file[i].path);

        snprintf(path, sizeof path, "%s/%s", root, is->file[i].path);
        if ((!w || w->folder != is->file[i].folder) && remove(path))
            tree_die("cannot be removed", path);
    }
    for (i = 0; i < want->count; i++) {
        const tree_file *w = &want->file[i];

        snprintf(path, sizeof path, "%s/%s", root, w->path);
        if (tree_same(w, tree_find(is, w->path)))
            continue;
        if (w->folder) {
            if (mkdir(path, 0777))
                tree_die("cannot be made", path);
            continue;
        }
        out = fopen(path, "wb");
        if (!out || fwrite(w->data, 1, w->size, out) != w->size)
            tree_die("cannot be written", path);
        fclose(out);
    }
}

#endif
