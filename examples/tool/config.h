/* config.h - settings that come from a file of --config */

#ifndef SPPO_TOOL_CONFIG_H
#define SPPO_TOOL_CONFIG_H

#include "options.h"

/* Gives the settings that a settings.json has and the command line has not:
 * what was given wins, and with it goes what the file says that no longer has
 * an effect. The texts stay in p->kept.                                     */
sppo_result config_adopt(parser *p, const char *path);

#endif
