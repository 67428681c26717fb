/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "paths.h"

char *wht_absolute_path(const char *path)
{
    return realpath(path, NULL);
}
