/* report_page.c - one page of text, tables and pictures, as HTML or Markdown */

#include "report_page.h"

#include <stdarg.h>
#include <string.h>

/* ==== text =============================================================== */

size_t page_letter(const char *text, size_t left)
{
    const unsigned char *u = (const unsigned char *)text;
    const size_t n = *u < 0x80 ? 1 : *u < 0xc2 ? 0 : *u < 0xe0 ? 2
                   : *u < 0xf0 ? 3 : *u < 0xf5 ? 4 : 0;
    size_t i;

    if (n > left || (n == 1 && *u < 32 && !strchr("\t\n\r", *u)) || !*u)
        return 0;
    for (i = 1; i < n; i++)
        if ((u[i] & 0xc0) != 0x80)
            return 0;
    if ((*u == 0xe0 && u[1] < 0xa0) || (*u == 0xed && u[1] > 0x9f) ||
        (*u == 0xf0 && u[1] < 0x90) || (*u == 0xf4 && u[1] > 0x8f) ||
        (*u == 0xef && u[1] == 0xbf && u[2] > 0xbd))
        return 0;
    return n;
}

/* In Markdown a backslash takes the meaning from any mark; a line's end would
 * end a table's row.                                                        */
static void escape_markdown(report_page *p, char c)
{
    if (c == '\n')
        fputs("<br>", p->out);
    else if (c == '<' || c == '>' || c == '&')
        fputs(c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&amp;", p->out);
    else if (strchr("\\`*_[]|#~$!", c))
        fprintf(p->out, "\\%c", c);
    else
        fputc(c == '\r' ? ' ' : c, p->out);
}

static void escape_html(report_page *p, char c)
{
    if (c == '<' || c == '>')
        fputs(c == '<' ? "&lt;" : "&gt;", p->out);
    else if (c == '&' || c == '"')
        fputs(c == '&' ? "&amp;" : "&quot;", p->out);
    else
        fputc(c == '\r' ? ' ' : c, p->out);
}

void page_escape(report_page *p, const char *text, size_t length)
{
    size_t i, n;

    for (i = 0; i < length; i += n ? n : 1) {
        n = page_letter(text + i, length - i);
        if (n == 0)
            fputs("\xef\xbf\xbd", p->out);
        else if (n > 1)
            fprintf(p->out, "%.*s", (int)n, text + i);
        else if (p->markdown)
            escape_markdown(p, text[i]);
        else
            escape_html(p, text[i]);
    }
}

static void put(report_page *p, const char *text)
{
    page_escape(p, text, strlen(text));
}

static void put_format(report_page *p, const char *format, va_list list)
{
    char text[2 * PATH_ROOM];

    vsnprintf(text, sizeof text, format, list);
    put(p, text);
}

/* What only one of the two has. */
static void html(report_page *p, const char *text)
{
    if (!p->markdown)
        fputs(text, p->out);
}

static void markdown(report_page *p, const char *text)
{
    if (p->markdown)
        fputs(text, p->out);
}

/* ==== the page =========================================================== */

/* Colours as in svg_page.h.  Text keeps its size where the page is narrow, and
 * what stands side by side goes one below the other.                        */
static const char style[] =
    ":root{color-scheme:light dark;--page:#fff;--ink:#222;--dim:#59636e;"
    "--line:#d5d9de;--card:#f6f8fa;--mark:#0b3c6f}\n"
    "@media (prefers-color-scheme:dark){:root{--page:#0d1117;--ink:#e6e6e6;"
    "--dim:#9ba5b0;--line:#333a42;--card:#161b22;--mark:#9ecbff}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:88rem;padding:1.5rem 1rem 4rem;"
    "background:var(--page);color:var(--ink);"
    "font:1rem/1.5 system-ui,sans-serif;overflow-wrap:break-word}\n"
    "@media (min-width:48rem){body{padding:2rem 3rem 5rem}}\n"
    "h1{font-size:1.7rem;line-height:1.2;margin:0 0 1.2rem;"
    "overflow-wrap:anywhere}\n"
    "h2{font-size:1.25rem;margin:3rem 0 .7rem;padding-top:1rem;"
    "border-top:1px solid var(--line)}\n"
    ".runs h2{margin-top:0;padding-top:0;border:0}\n"
    "h3{font-size:1rem;margin:1.4rem 0 .5rem;overflow-wrap:anywhere}\n"
    "p{margin:.5rem 0;max-width:46rem}\n"
    ".dim,figcaption,dt,caption{color:var(--dim);font-size:.875rem}\n"
    "figure,blockquote,dl,dd{margin:0}\n"
    ".runs{display:grid;gap:1rem 2rem;grid-template-columns:"
    "repeat(auto-fit,minmax(min(100%,26rem),1fr))}\n"
    ".pictures{display:grid;gap:1.5rem 2rem;margin:1rem 0;"
    "grid-template-columns:repeat(auto-fill,minmax(min(100%,24rem),1fr))}\n"
    ".pair{display:grid;gap:.8rem;grid-template-columns:"
    "repeat(auto-fit,minmax(min(100%,17rem),1fr))}\n"
    ".item{min-width:0}\n"
    ".sample{margin-bottom:2rem}.sample>figure{margin-bottom:.6rem}\n"
    ".sample>figure blockquote{background:none}\n"
    "svg{display:block;width:100%;height:auto;max-width:34rem}\n"
    "dl{display:grid;gap:1px;background:var(--line);border:1px solid "
    "var(--line);border-radius:.5rem;overflow:hidden;grid-template-columns:"
    "repeat(auto-fit,minmax(min(100%,11rem),1fr))}\n"
    "dl>div{background:var(--card);padding:.7rem .9rem}\n"
    "dd{font-size:1.35rem;font-variant-numeric:tabular-nums}\n"
    "dd small{display:block;font-size:.8125rem;line-height:1.35;"
    "color:var(--dim);overflow-wrap:anywhere}\n"
    ".scroll{overflow-x:auto;margin:.7rem 0}\n"
    "table{border-collapse:collapse;font-size:.9rem;"
    "font-variant-numeric:tabular-nums}\n"
    "caption{text-align:left;padding-bottom:.3rem}\n"
    "th,td{padding:.3rem 1.1rem .3rem 0;text-align:left;vertical-align:top;"
    "border-bottom:1px solid var(--line)}\n"
    "th{font-weight:600}tbody th{font-weight:400}\n"
    "th,td{white-space:nowrap}td.long{white-space:normal;min-width:9rem;"
    "max-width:34rem;overflow-wrap:anywhere}\n"
    "blockquote{background:var(--card);border-left:3px solid var(--line);"
    "padding:.6rem .9rem;white-space:pre-wrap;overflow-wrap:anywhere}\n"
    ".after blockquote{border-left-color:var(--mark)}\n"
    "ol{margin:.4rem 0 0;padding-left:1.6rem;font-size:.875rem}\n"
    "li{white-space:pre-wrap;overflow-wrap:anywhere;margin:.15rem 0}\n"
    "pre{background:var(--card);border:1px solid var(--line);"
    "border-radius:.5rem;padding:.9rem 1rem;overflow-x:auto;"
    "font:.85rem/1.5 ui-monospace,monospace}\n"
    ":focus-visible{outline:2px solid var(--mark);outline-offset:2px}\n";

void page_begin(report_page *p, const char *title)
{
    if (p->markdown) {
        fputs("# ", p->out);
        put(p, title);
        fputs("\n\n", p->out);
        return;
    }
    fputs("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" "
          "lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width\"/>\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
          "'none'; style-src 'unsafe-inline'; img-src data:\"/>\n"
          "<link rel=\"icon\" href=\"data:,\"/>\n<title>", p->out);
    put(p, title);
    fprintf(p->out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n"
            "<h1>", style);
    put(p, title);
    fputs("</h1>\n", p->out);
}

void page_end(report_page *p)
{
    html(p, "</main>\n</body>\n</html>\n");
}

void page_heading(report_page *p, int level, const char *text)
{
    if (p->markdown)
        fputs(level == 2 ? "## " : "### ", p->out);
    else
        fprintf(p->out, "<h%d>", level);
    put(p, text);
    if (p->markdown)
        fputs("\n\n", p->out);
    else
        fprintf(p->out, "</h%d>\n", level);
}

void page_say(report_page *p, const char *format, ...)
{
    va_list list;

    html(p, "<p>");
    va_start(list, format);
    put_format(p, format, list);
    va_end(list);
    fputs(p->markdown ? "\n\n" : "</p>\n", p->out);
}

/* In Markdown each line is indented: no line of the text can end that. */
void page_code(report_page *p, const char *text)
{
    size_t n;

    html(p, "<pre tabindex=\"0\">");
    for (; *text; text += n) {
        n = strcspn(text, "\n");
        n += text[n] == '\n';
        if (p->markdown)
            fprintf(p->out, "    %.*s", (int)n, text);
        else
            page_escape(p, text, n);
    }
    fputs(p->markdown ? "\n" : "</pre>\n", p->out);
}

/* ==== tables ============================================================= */

void page_table(report_page *p, const char *caption)
{
    if (p->markdown) {
        put(p, caption);
        fputs("\n\n", p->out);
        return;
    }
    fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
          "aria-label=\"", p->out);
    put(p, caption);
    fputs("\">\n<table>\n<caption>", p->out);
    put(p, caption);
    fputs("</caption>\n", p->out);
}

void page_row(report_page *p, int heads)
{
    p->column = heads ? -1 : 0;
    html(p, heads ? "<thead>\n<tr>" : "<tr>");
    markdown(p, "|");
}

/* is_long: text, that may go over several lines. */
static void cell_begin(report_page *p, int is_long)
{
    if (p->markdown)
        fputs(" ", p->out);
    else if (p->column < 0)
        fputs("<th scope=\"col\">", p->out);
    else
        fputs(!p->column ? "<th scope=\"row\">"
              : is_long ? "<td class=\"long\">" : "<td>", p->out);
}

static void cell_end(report_page *p)
{
    if (p->markdown)
        fputs(" |", p->out);
    else
        fputs(p->column > 0 ? "</td>" : "</th>", p->out);
    p->column += p->column < 0 ? -1 : 1;
}

void page_cell(report_page *p, const char *format, ...)
{
    va_list list;

    cell_begin(p, 0);
    va_start(list, format);
    put_format(p, format, list);
    va_end(list);
    cell_end(p);
}

void page_cell_text(report_page *p, const char *text, size_t length)
{
    cell_begin(p, 1);
    page_escape(p, text, length);
    cell_end(p);
}

void page_row_end(report_page *p, int heads)
{
    html(p, heads ? "</tr>\n</thead>\n<tbody>\n" : "</tr>\n");
    markdown(p, heads ? "\n|" : "\n");
    for (; heads && p->markdown && p->column < -1; p->column++)
        fputs("---|", p->out);
    markdown(p, heads ? "\n" : "");
}

void page_table_end(report_page *p)
{
    fputs(p->markdown ? "\n" : "</tbody>\n</table>\n</div>\n", p->out);
}

/* ==== what stands side by side =========================================== */

void page_facts(report_page *p)
{
    html(p, "<dl>\n");
}

void page_fact(report_page *p, const char *name, const char *value,
               const char *remark)
{
    fputs(p->markdown ? "* " : "<div><dt>", p->out);
    put(p, name);
    fputs(p->markdown ? ": **" : "</dt><dd>", p->out);
    put(p, value);
    markdown(p, "**");
    if (*remark) {
        fputs(p->markdown ? " " : " <small>", p->out);
        put(p, remark);
        html(p, "</small>");
    }
    fputs(p->markdown ? "\n" : "</dd></div>\n", p->out);
}

void page_facts_end(report_page *p)
{
    fputs(p->markdown ? "\n" : "</dl>\n", p->out);
}

void page_block(report_page *p, const char *kind)
{
    if (!p->markdown)
        fprintf(p->out, "<div class=\"%s\">\n", kind);
}

void page_block_end(report_page *p)
{
    html(p, "</div>\n");
}

void page_quote(report_page *p, const char *label, const char *text,
                size_t length, int cut)
{
    html(p, "<figure><figcaption>");
    put(p, label);
    put(p, cut ? " (cut)" : "");
    while (length > 0 && strchr(" \n", text[length - 1]))
        length--;
    fputs(p->markdown ? "\n\n> " : "</figcaption><blockquote dir=\"auto\">",
          p->out);
    page_escape(p, text, length);
    fputs(p->markdown ? "\n\n" : "</blockquote></figure>\n", p->out);
}

void page_list(report_page *p)
{
    html(p, "<ol>\n");
}

void page_item(report_page *p, const char *text, size_t length,
               const char *remark)
{
    fputs(p->markdown ? "1. " : "<li dir=\"auto\">", p->out);
    page_escape(p, text, length);
    html(p, " <span class=\"dim\">");
    markdown(p, " ");
    put(p, remark);
    fputs(p->markdown ? "\n" : "</span></li>\n", p->out);
}

void page_list_end(report_page *p)
{
    fputs(p->markdown ? "\n" : "</ol>\n", p->out);
}
