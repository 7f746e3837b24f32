// libsodium: Argon2id, guarded and locked memory. Header only, no logic.
#pragma once
// As in CLinux: glibc's types must look alike in every module, or a file that sees two of them does not compile.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <sodium.h>
