/* SPDX-License-Identifier: MIT */
/**
 * @file escape.h
 * Strings of any bytes in the notations of reports. Bytes that are not UTF-8 become U+FFFD, as does
 * what a notation cannot hold.
 */
#ifndef WHVTRACE_BASE_ESCAPE_H
#define WHVTRACE_BASE_ESCAPE_H

#include "text.h"

/** XML 1.0 character data. */
void wht_escape_xml(struct wht_text *text, const char *string);
/** The value of an XML attribute in double quotes; line ends and tabs survive. */
void wht_escape_xml_attribute(struct wht_text *text, const char *string);

#define WHT_ESCAPE_MAX 8

/**
 * @param buf for an escape that is no constant.
 * @return what stands for a character in a JSON string (RFC 8259, section 7), NULL if it does
 * itself.
 */
const char *wht_json_escape(unsigned char c, char buf[WHT_ESCAPE_MAX]);

/** A JSON string with its quotes. It is a double-quoted scalar of YAML, too. */
void wht_escape_json(struct wht_text *text, const char *string);

/** The description on a line of TAP: `\` and `#` are escaped, line ends become blanks. */
void wht_escape_tap(struct wht_text *text, const char *string);

/** The message of a GitHub workflow command. */
void wht_escape_github(struct wht_text *text, const char *string);
/** A property of a GitHub workflow command. */
void wht_escape_github_property(struct wht_text *text, const char *string);

/** Words of Markdown, also within a table's cell: nothing of it is markup. */
void wht_escape_markdown(struct wht_text *text, const char *string);

#endif
