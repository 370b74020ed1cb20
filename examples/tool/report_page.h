/* report_page.h - one page of text, tables and pictures, as HTML or Markdown
 *
 * All text passes page_escape, so that none becomes a tag or a table's end. The
 * HTML is XML as well; it has no script and names no file but itself, and a
 * policy of its own forbids both.                                           */

#ifndef SPPO_TOOL_REPORT_PAGE_H
#define SPPO_TOOL_REPORT_PAGE_H

#include "buffer.h"

#include <stdio.h>

typedef struct report_page {
    FILE *out;
    int markdown;
    int column;  // of a table's row
} report_page;

void page_begin(report_page *p, const char *title);
void page_end(report_page *p);

/* Bytes of the letter that text begins with; 0: it is none of UTF-8, or one
 * that XML does not take.                                                   */
size_t page_letter(const char *text, size_t left);

/* Text that others wrote; length counts, as it may hold any byte. */
void page_escape(report_page *p, const char *text, size_t length);

/* level 2: a section, 3: a part of one. */
void page_heading(report_page *p, int level, const char *text);

/* A paragraph: what printf would write, escaped. */
void page_say(report_page *p, const char *format, ...)
    SPPOI_FORMAT(2, 3);

/* Lines as they are, such as a command. */
void page_code(report_page *p, const char *text);

/* A table, whose first row names the columns; caption: what it is of. */
void page_table(report_page *p, const char *caption);
void page_row(report_page *p, int heads);
void page_cell(report_page *p, const char *format, ...)
    SPPOI_FORMAT(2, 3);
void page_cell_text(report_page *p, const char *text, size_t length);
void page_row_end(report_page *p, int heads);
void page_table_end(report_page *p);

/* A name, its value and a remark: page_fact between begin and end. */
void page_facts(report_page *p);
void page_fact(report_page *p, const char *name, const char *value,
               const char *remark);
void page_facts_end(report_page *p);

/* What stands beside its like, where there is room; kind: "runs", "pictures",
 * "pair", and "item" for each thing in one.                                 */
void page_block(report_page *p, const char *kind);
void page_block_end(report_page *p);

/* What somebody said, under a label; cut: it did not end by itself. */
void page_quote(report_page *p, const char *label, const char *text,
                size_t length, int cut);

/* A list whose items are numbered: page_item between begin and end. */
void page_list(report_page *p);
void page_item(report_page *p, const char *text, size_t length,
               const char *remark);
void page_list_end(report_page *p);

#endif
