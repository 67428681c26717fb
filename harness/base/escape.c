/* SPDX-License-Identifier: MIT */
#include "escape.h"

#include <stdio.h>
#include <string.h>

#include "utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* Adds what stands for a character of its own in a notation. @return false to have it added as is.
 */
typedef bool escape_fn(struct wht_text *text, uint32_t code);

static void escape(struct wht_text *text, const char *string, escape_fn *special)
{
    while (*string) {
        uint32_t code;
        size_t length = wht_utf8_next(string, &code);
        if (length == 0) {
            wht_text_add(text, REPLACEMENT);
            string++;
            continue;
        }
        if (!special(text, code))
            wht_text_add_bytes(text, string, length);
        string += length;
    }
}

static bool add(struct wht_text *text, const char *string)
{
    wht_text_add(text, string);
    return true;
}

/* XML 1.0, production 2: few control characters exist in it, by reference or otherwise. */
static bool xml(struct wht_text *text, uint32_t code)
{
    switch (code) {
    case '&':
        return add(text, "&amp;");
    case '<':
        return add(text, "&lt;");
    case '>': /* "]]>" must not occur */
        return add(text, "&gt;");
    case '"':
        return add(text, "&quot;");
    case '\r':
        return add(text, "&#13;");
    case '\t':
    case '\n':
        return false;
    default:
        return (code < 0x20 || code == 0xfffe || code == 0xffff) && add(text, REPLACEMENT);
    }
}

static bool xml_attribute(struct wht_text *text, uint32_t code)
{
    if (code == '\n')
        return add(text, "&#10;");
    if (code == '\t')
        return add(text, "&#9;");
    return xml(text, code);
}

const char *wht_json_escape(unsigned char c, char buf[WHT_ESCAPE_MAX])
{
    static const char letters[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (c == '"')
        return "\\\"";
    if (c == '\\')
        return "\\\\";
    if (c >= 0x20)
        return NULL;
    if (c < sizeof(letters) && letters[c])
        snprintf(buf, WHT_ESCAPE_MAX, "\\%c", letters[c]);
    else
        snprintf(buf, WHT_ESCAPE_MAX, "\\u%04x", c);
    return buf;
}

/* DEL and the C1 characters are escaped for YAML's sake. */
static bool json(struct wht_text *text, uint32_t code)
{
    char buf[WHT_ESCAPE_MAX];
    const char *escaped = code < 0x7f ? wht_json_escape((unsigned char)code, buf) : NULL;
    if (escaped)
        return add(text, escaped);
    if (code < 0x7f || code >= 0xa0)
        return false;
    wht_text_addf(text, "\\u%04x", (unsigned)code);
    return true;
}

static bool tap(struct wht_text *text, uint32_t code)
{
    if (code == '#')
        return add(text, "\\#");
    if (code == '\\')
        return add(text, "\\\\");
    return (code < 0x20 || code == 0x7f) && add(text, " ");
}

static bool github(struct wht_text *text, uint32_t code)
{
    if (code == '%')
        return add(text, "%25");
    if (code == '\r')
        return add(text, "%0D");
    if (code == '\n')
        return add(text, "%0A");
    return code < 0x20 && code != '\t' && add(text, REPLACEMENT);
}

static bool github_property(struct wht_text *text, uint32_t code)
{
    if (code == ':')
        return add(text, "%3A");
    if (code == ',')
        return add(text, "%2C");
    return github(text, code);
}

static bool markdown(struct wht_text *text, uint32_t code)
{
    if (code == '&')
        return add(text, "&amp;");
    if (code == '<')
        return add(text, "&lt;");
    if (code == '>')
        return add(text, "&gt;");
    if (code < 0x20 || code == 0x7f)
        return add(text, " ");
    if (code < 0x7f && strchr("\\`*_{}[]()#+-.!|~@", (int)code))
        wht_text_add(text, "\\");
    return false;
}

void wht_escape_xml(struct wht_text *text, const char *string)
{
    escape(text, string, xml);
}

void wht_escape_xml_attribute(struct wht_text *text, const char *string)
{
    escape(text, string, xml_attribute);
}

void wht_escape_json(struct wht_text *text, const char *string)
{
    wht_text_add(text, "\"");
    escape(text, string, json);
    wht_text_add(text, "\"");
}

void wht_escape_tap(struct wht_text *text, const char *string)
{
    escape(text, string, tap);
}

void wht_escape_github(struct wht_text *text, const char *string)
{
    escape(text, string, github);
}

void wht_escape_github_property(struct wht_text *text, const char *string)
{
    escape(text, string, github_property);
}

void wht_escape_markdown(struct wht_text *text, const char *string)
{
    escape(text, string, markdown);
}
