/* names.c - names that rows mention again and again, each once */

#include "names.h"

#include <string.h>

const char *name_text(const names *n, int which)
{
    return n->text.data + n->at[which];
}

sppo_result names_row(names *n, row_reader *r, const char *key, int *which)
{
    int i;

    TRY(rows_text(r, key, &r->text));
    for (i = 0; i < n->count && strcmp(name_text(n, i), r->text.data); i++) {
    }
    *which = i;
    if (i < n->count)
        return SPPO_OK;
    if (i == NAMES_MOST)
        return rows_fail(r, "\"%s\" is \"%.60s\", one name more than the %d "
                         "that are read", key, r->text.data, NAMES_MOST);
    n->at[n->count++] = n->text.length;
    buffer_add(&n->text, r->text.data, strlen(r->text.data) + 1);
    return buffer_check(&n->text);
}
