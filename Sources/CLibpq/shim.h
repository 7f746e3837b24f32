// PostgreSQL's reference client. Header only, no logic.
#pragma once
#include <libpq-fe.h>
