/* SPDX-License-Identifier: MIT */
#include <whvemu/emulator.h>
