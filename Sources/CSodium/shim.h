// libsodium: Argon2id, guarded and locked memory. Header only, no logic.
#pragma once
#include <sodium.h>
