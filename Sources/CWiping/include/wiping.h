// Nothing to call: linking this replaces `free` and `realloc` of the whole process.
#pragma once
